/** A NodeManager in this process, a ResourceManager that only hands out tokens and listens, and a store on the local disk. */
import { createReadStream, createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { chmod, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import pino from 'pino'
import { Configuration } from '../../../common/config/configuration.js'
import type { RunningDaemon } from '../../../common/daemon/daemon.js'
import { exception } from '../../../common/errors.js'
import type { NodeHeartbeatRequestProto, NodeHeartbeatResponseProtoInit, RegisterNodeManagerRequestProto } from '../../../common/proto/gen/resource-tracker.js'
import { ContainerTokenIdentifierProto, type ContainerTokenIdentifierProtoInit, NMTokenIdentifierProto } from '../../../common/proto/gen/yarn-security.js'
import type { ContainerLaunchContextProtoInit, ContainerStatusProto, LocalResourceProtoInit } from '../../../common/proto/gen/yarn.js'
import { containerManagementProtocol } from '../../../common/protocols/container-management.js'
import { attemptIdProto, containerIdOfProto, containerIdProto } from '../../../common/protocols/records.js'
import { resourceTracker } from '../../../common/protocols/resource-tracker.js'
import { type ApplicationAttemptId, type ContainerId, containerIdOf, formatContainerId, parseNodeId } from '../../../common/records/ids.js'
import { RpcClient } from '../../../common/rpc/client.js'
import { RpcServer } from '../../../common/rpc/server.js'
import { newMasterKey, tokenPassword } from '../../../common/security/tokens.js'
import { type NodeStoreClient, startNodeManager } from '../../../nodemanager/node.js'

export const CLUSTER = 1_700_000_000_000
export const RM_IDENTIFIER = 4711

export async function until<T>(what: string, probe: () => T | undefined | false | Promise<T | undefined | false>, patience = 10_000): Promise<T> {
  const deadline = performance.now() + patience
  for (;;) {
    const found = await probe()
    if (found !== undefined && found !== false) return found
    if (performance.now() > deadline) throw new Error(`${what}: not within ${patience} ms`)
    await new Promise((r) => setTimeout(r, 5))
  }
}

export class FakeResourceManager {
  readonly containerKey = newMasterKey(11)
  readonly nmKey = newMasterKey(-7)
  readonly registrations: RegisterNodeManagerRequestProto[] = []
  readonly heartbeats: NodeHeartbeatRequestProto[] = []
  /** What the next heartbeats are answered with, one each. */
  readonly answers: NodeHeartbeatResponseProtoInit[] = []
  heartbeatInterval = 20
  #server = new RpcServer()
  port = 0

  async start(): Promise<this> {
    this.#server = new RpcServer().serve(resourceTracker, {
      registerNodeManager: (request) => {
        this.registrations.push(request)
        return {
          containerTokenMasterKey: { keyId: this.containerKey.keyId, bytes: this.containerKey.bytes },
          nmTokenMasterKey: { keyId: this.nmKey.keyId, bytes: this.nmKey.bytes },
          nodeAction: 'NORMAL',
          rmIdentifier: RM_IDENTIFIER,
          rmVersion: '3.3.6',
        }
      },
      nodeHeartbeat: (request) => {
        this.heartbeats.push(request)
        const answer = this.answers.shift() ?? {}
        return { responseId: (request.nodeStatus?.responseId ?? 0) + 1, nodeAction: 'NORMAL', nextHeartBeatInterval: this.heartbeatInterval, ...answer }
      },
      unRegisterNodeManager: () => ({}),
    })
    this.port = await this.#server.listen(this.port)
    return this
  }

  stop(): Promise<void> {
    return this.#server.close()
  }

  /** What was told of a container last. */
  lastStatus(id: ContainerId): ContainerStatusProto | undefined {
    const name = formatContainerId(id)
    for (const h of [...this.heartbeats].reverse()) {
      const found = h.nodeStatus?.containersStatuses.find((s) => formatContainerId(containerIdOfProto(s.containerId)) === name)
      if (found) return found
    }
    return undefined
  }

  completed(id: ContainerId): Promise<ContainerStatusProto> {
    return until(`${formatContainerId(id)} completed`, () => {
      const s = this.lastStatus(id)
      return s?.state === 'C_COMPLETE' && s
    })
  }

  /** All that was told of log aggregation for an application. */
  logStatuses(app: number): (string | undefined)[] {
    return this.heartbeats.flatMap((h) => h.logAggregationReportsForApps.filter((r) => r.applicationId?.id === app).map((r) => r.logAggregationStatus))
  }
}

/** The store's files below one folder of this machine. */
export class LocalStore implements NodeStoreClient {
  /** While set, everything fails with it. */
  away: Error | undefined
  refused = 0
  reads = 0

  constructor(readonly root: string) {}

  #at(p: string): string {
    if (this.away) {
      this.refused++
      throw this.away
    }
    return path.join(this.root, p.replace(/^hdfs:\/\/[^/]*/, ''))
  }

  async getFileStatus(p: string) {
    const s = await stat(this.#at(p)).catch(() => {
      throw exception('FileNotFoundException', `File does not exist: ${p}`)
    })
    return {
      path: p,
      type: s.isDirectory() ? ('DIRECTORY' as const) : ('FILE' as const),
      length: s.size,
      modificationTime: Math.floor(s.mtimeMs),
      permission: s.mode & 0o1777,
    }
  }

  async listStatus(p: string) {
    return Promise.all((await readdir(this.#at(p))).map((n) => this.getFileStatus(`${p}/${n}`)))
  }

  open(p: string) {
    this.reads++
    return createReadStream(this.#at(p))
  }

  async mkdirs(p: string, permission = 0o755) {
    await mkdir(this.#at(p), { recursive: true, mode: permission })
    return true
  }

  async setPermission(p: string, permission: number) {
    await chmod(this.#at(p), permission)
  }

  create(p: string, { permission = 0o644 }: { permission?: number }) {
    return createWriteStream(this.#at(p), { mode: permission })
  }

  async rename(from: string, to: string) {
    await rename(this.#at(from), this.#at(to))
    return true
  }

  async delete(p: string, recursive: boolean) {
    await rm(this.#at(p), { recursive, force: true })
    return true
  }

  close() {}
}

export const appAttempt = (app: number, attempt = 1): ApplicationAttemptId => ({ applicationId: { clusterTimestamp: CLUSTER, id: app }, attemptId: attempt })
export const containerId = (app: number, n: number): ContainerId => containerIdOf(appAttempt(app), n)

export type TokenChanges = Partial<ContainerTokenIdentifierProtoInit> & { readonly password?: Uint8Array }

export class TestNode {
  readonly rm = new FakeResourceManager()
  readonly dir = mkdtempSync(path.join(os.tmpdir(), 'nm-test-'))
  readonly store = new LocalStore(path.join(this.dir, 'store'))
  daemon!: RunningDaemon
  shutdown: string | undefined
  readonly #clients: RpcClient<typeof containerManagementProtocol>[] = []
  readonly #properties: Record<string, string> = {}

  static async start(properties: Record<string, string> = {}): Promise<TestNode> {
    const node = new TestNode()
    mkdirSync(node.store.root)
    await chmod(node.dir, 0o755)
    await node.rm.start()
    await node.startDaemon(properties)
    return node
  }

  get conf(): Configuration {
    const conf = new Configuration()
    const all = {
      'yarn.resourcemanager.resource-tracker.address': `127.0.0.1:${this.rm.port}`,
      'yarn.nodemanager.hostname': 'localhost',
      'yarn.nodemanager.address': 'localhost:0',
      'yarn.nodemanager.webapp.address': 'localhost:0',
      'yarn.nodemanager.local-dirs': this.local,
      'yarn.nodemanager.log-dirs': this.logs,
      'yarn.nodemanager.recovery.dir': path.join(this.dir, 'recovery'),
      'yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage': '100',
      'yarn.nodemanager.vmem-check-enabled': 'false',
      'yarn.log-aggregation-enable': 'true',
      'yarn.nodemanager.log-aggregation.retry-interval-ms': '5',
      'yarn.nodemanager.log-container-debug-info.enabled': 'false',
      ...this.#properties,
    }
    for (const [name, value] of Object.entries(all)) conf.set(name, value)
    return conf
  }

  get local(): string {
    return path.join(this.dir, 'local')
  }

  get logs(): string {
    return path.join(this.dir, 'logs')
  }

  /** @param properties what changes with this start */
  async startDaemon(properties: Record<string, string> = {}): Promise<void> {
    Object.assign(this.#properties, properties)
    const registered = this.rm.registrations.length
    this.daemon = await startNodeManager({
      conf: this.conf,
      logDir: path.join(this.dir, 'daemon-logs'),
      log: pino({ level: process.env.NM_TEST_LOG ?? 'silent' }),
      openStore: () => this.store,
      onShutdown: (message) => {
        this.shutdown = message
      },
    })
    await until('registration', () => this.rm.registrations.length > registered)
    await until('a heartbeat', () => this.rm.heartbeats.length > 0)
  }

  get nodeId() {
    return parseNodeId(this.daemon.addresses.node!)
  }

  /** A client with the NMToken that the ResourceManager would give the attempt. */
  client(attempt: ApplicationAttemptId, changes: { keyId?: number; password?: Uint8Array; port?: number } = {}) {
    const { host, port } = this.nodeId
    const identifier = NMTokenIdentifierProto.encode({
      appAttemptId: attemptIdProto(attempt),
      nodeId: { host, port: changes.port ?? port },
      appSubmitter: 'alice',
      keyId: changes.keyId ?? this.rm.nmKey.keyId,
    })
    const password = changes.password ?? tokenPassword(identifier, this.rm.nmKey)
    const client = new RpcClient(containerManagementProtocol, [{ host: '127.0.0.1', port }], { user: 'alice', token: { identifier, password } })
    this.#clients.push(client)
    return client.proxy
  }

  startRequest(id: ContainerId, launch: ContainerLaunchContextProtoInit, changes: TokenChanges = {}) {
    const { password, ...fields } = changes
    const identifier = ContainerTokenIdentifierProto.encode({
      containerId: containerIdProto(id),
      nmHostAddr: this.daemon.addresses.node!,
      appSubmitter: 'alice',
      resource: { memory: 256, virtualCores: 1 },
      expiryTimeStamp: Date.now() + 60_000,
      masterKeyId: this.rm.containerKey.keyId,
      rmIdentifier: RM_IDENTIFIER,
      containerType: 'TASK',
      ...fields,
    })
    return {
      containerLaunchContext: launch,
      containerToken: { identifier, password: password ?? tokenPassword(identifier, this.rm.containerKey), kind: 'ContainerToken', service: '' },
    }
  }

  /** Starts a container that runs a shell command. */
  async run(id: ContainerId, command: string, launch: ContainerLaunchContextProtoInit = {}, changes: TokenChanges = {}) {
    const am = this.client(id.applicationAttemptId)
    const answer = await am.startContainers({ startContainerRequest: [this.startRequest(id, { command: [command], ...launch }, changes)] })
    return { am, answer }
  }

  /** Tells the node that an application is over. */
  async finishApplication(app: number): Promise<void> {
    this.rm.answers.push({ applicationsToCleanup: [{ id: app, clusterTimestamp: CLUSTER }] })
  }

  logFile(id: ContainerId, name: string): string {
    const app = `application_${CLUSTER}_${String(id.applicationAttemptId.applicationId.id).padStart(4, '0')}`
    return readFileSync(path.join(this.logs, app, formatContainerId(id), name), 'utf8')
  }

  get web(): string {
    return `http://${this.daemon.addresses.web}`
  }

  async stop(): Promise<void> {
    for (const c of this.#clients) c.close()
    await this.daemon.stop()
    await this.rm.stop()
    rmSync(this.dir, { recursive: true, force: true })
  }
}

/** A local resource of the store, as a client that has just uploaded it describes it. */
export async function resource(store: LocalStore, p: string, changes: LocalResourceProtoInit = {}): Promise<LocalResourceProtoInit> {
  const s = await store.getFileStatus(p)
  return {
    resource: { scheme: 'hdfs', host: 'mycluster', port: -1, file: p },
    size: s.length,
    timestamp: s.modificationTime,
    type: 'FILE',
    visibility: 'APPLICATION',
    ...changes,
  }
}
