/** A whole ResourceManager on free ports, with NodeManagers and application masters that speak real RPC but run nothing. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pino from 'pino'
import { loadConfiguration, siteFileText } from '../../../common/config/configuration.js'
import type { ApplicationSubmissionContextProtoInit } from '../../../common/proto/gen/application-client.js'
import type { StartContainerRequestProto } from '../../../common/proto/gen/container-management.js'
import type { NodeHeartbeatResponseProto, RegisterNodeManagerResponseProto } from '../../../common/proto/gen/resource-tracker.js'
import { ContainerTokenIdentifierProto, NMTokenIdentifierProto } from '../../../common/proto/gen/yarn-security.js'
import type { ApplicationIdProto, ContainerIdProto, ContainerStatusProtoInit } from '../../../common/proto/gen/yarn.js'
import { applicationClientProtocol } from '../../../common/protocols/application-client.js'
import { applicationMasterProtocol } from '../../../common/protocols/application-master.js'
import { containerManagementProtocol } from '../../../common/protocols/container-management.js'
import { containerIdOfProto, resourceProto } from '../../../common/protocols/records.js'
import { resourceTracker } from '../../../common/protocols/resource-tracker.js'
import { resourceManagerAdministrationProtocol } from '../../../common/protocols/resourcemanager-administration.js'
import { haServiceProtocol } from '../../../common/protocols/ha-service.js'
import { formatContainerId } from '../../../common/records/ids.js'
import { RpcClient, type RpcToken, parseAddress } from '../../../common/rpc/client.js'
import type { Protocol } from '../../../common/rpc/protocol.js'
import { RpcServer } from '../../../common/rpc/server.js'
import { decodeCredentials } from '../../../common/security/credentials.js'
import { createGroups } from '../../../common/security/groups.js'
import { type MasterKey, tokenPassword } from '../../../common/security/tokens.js'
import { createAclCheck } from '../../../resourcemanager/runtime/acl.js'
import { startDaemon } from '../../../resourcemanager/runtime/daemon.js'
import { readSettings } from '../../../resourcemanager/runtime/settings.js'

const log = pino({ level: 'silent' })

export const QUEUES: Record<string, string> = {
  'yarn.scheduler.capacity.root.queues': 'default,hive',
  'yarn.scheduler.capacity.root.default.capacity': '50',
  'yarn.scheduler.capacity.root.default.maximum-capacity': '100',
  'yarn.scheduler.capacity.root.default.user-limit-factor': '2',
  'yarn.scheduler.capacity.root.hive.capacity': '50',
  'yarn.scheduler.capacity.root.hive.maximum-capacity': '100',
  'yarn.scheduler.capacity.maximum-am-resource-percent': '0.5',
}

const ADDRESSES = ['address', 'scheduler.address', 'resource-tracker.address', 'admin.address', 'webapp.address']

export class Folder {
  readonly dir = mkdtempSync(path.join(os.tmpdir(), 'rm-'))
  constructor(yarnSite: Record<string, string> = {}, queues: Record<string, string> = QUEUES) {
    this.set(yarnSite)
    this.write('capacity-scheduler.xml', queues)
    mkdirSync(path.join(this.dir, 'logs'), { recursive: true })
  }

  /** Writes yarn-site.xml with these properties over those that every test has. */
  set(yarnSite: Record<string, string>): void {
    this.write('yarn-site.xml', {
      ...Object.fromEntries(ADDRESSES.map((a) => [`yarn.resourcemanager.${a}`, 'localhost:0'])),
      'yarn.resourcemanager.recovery.enabled': 'true',
      'yarn.resourcemanager.fs.state-store.uri': path.join(this.dir, 'store'),
      'yarn.scheduler.minimum-allocation-mb': '128',
      'yarn.scheduler.include-port-in-node-name': 'true',
      'yarn.scheduler.capacity.schedule-asynchronously.enable': 'true',
      'yarn.resourcemanager.nodemanager-connect-retries': '0',
      ...yarnSite,
    })
  }

  write(file: string, properties: Record<string, string>): void {
    writeFileSync(path.join(this.dir, file), siteFileText(Object.entries(properties)))
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true })
  }
}

/** A ResourceManager that can be spoken to: ours within the test, or another. */
export interface Rm {
  /** http://HOST:PORT */
  readonly web: string
  connect<P extends Protocol>(protocol: P, service: 'client' | 'scheduler' | 'tracker' | 'admin', user: string, token?: RpcToken): RpcClient<P>['proxy']
}

export class TestRm implements Rm {
  readonly #clients: { close(): void }[] = []
  private constructor(
    private readonly daemon: Awaited<ReturnType<typeof startDaemon>>,
    readonly failures: unknown[],
  ) {}

  static async start(folder: Folder): Promise<TestRm> {
    const conf = loadConfiguration(folder.dir, 'resourcemanager')
    const groups = createGroups()
    const failures: unknown[] = []
    const daemon = await startDaemon({
      settings: readSettings(conf, folder.dir),
      groups,
      acl: createAclCheck(conf, groups),
      logDir: path.join(folder.dir, 'logs'),
      log,
      // A daemon's process would end here.
      fatal: ((e: unknown) => {
        failures.push(e)
      }) as (e: unknown) => never,
    })
    return new TestRm(daemon, failures)
  }

  get addresses(): Readonly<Record<string, string>> {
    return this.daemon.addresses
  }

  get web(): string {
    return `http://${this.addresses.web}`
  }

  connect<P extends Protocol>(protocol: P, service: 'client' | 'scheduler' | 'tracker' | 'admin', user: string, token?: RpcToken) {
    const client = new RpcClient(protocol, [parseAddress(this.addresses[service]!)], { user, ...(token && { token }) })
    this.#clients.push(client)
    return client.proxy
  }

  client(user = 'ann') {
    return this.connect(applicationClientProtocol, 'client', user)
  }

  admin(user = os.userInfo().username) {
    return this.connect(resourceManagerAdministrationProtocol, 'admin', user)
  }

  ha(user = os.userInfo().username) {
    return this.connect(haServiceProtocol, 'admin', user)
  }

  async stop(): Promise<void> {
    for (const c of this.#clients) c.close()
    await this.daemon.stop()
  }
}

/** Registers, beats when told, and takes containers over SASL with NMTokens that it checks with the key it was given. */
export class FakeNode {
  readonly started: StartContainerRequestProto[] = []
  readonly stopped: ContainerIdProto[] = []
  readonly #server: RpcServer
  #waiting: (() => void)[] = []
  #nmKey: MasterKey | undefined
  #responseId = 0
  registration!: RegisterNodeManagerResponseProto
  port = 0
  /** What startContainers answers with instead of starting. */
  refuse: string | undefined

  constructor(
    private rm: Rm,
    readonly memory = 8192,
    readonly vcores = 8,
  ) {
    this.#server = new RpcServer({
      tokenRequired: true,
      tokens: {
        passwordOf: (identifier) => {
          const { keyId } = NMTokenIdentifierProto.decode(identifier)
          if (keyId !== this.#nmKey?.keyId) throw new Error(`NMToken of key ${keyId}`)
          return tokenPassword(identifier, this.#nmKey)
        },
        userOf: (identifier) => NMTokenIdentifierProto.decode(identifier).appSubmitter ?? '',
      },
    }).serve(containerManagementProtocol, {
      startContainers: (request) => {
        if (this.refuse !== undefined) {
          return {
            failedRequests: [
              { containerId: containerOf(request.startContainerRequest[0]!), exception: { className: 'java.lang.Exception', message: this.refuse } },
            ],
          }
        }
        this.started.push(...request.startContainerRequest)
        for (const f of this.#waiting.splice(0)) f()
        return { succeededRequests: request.startContainerRequest.map(containerOf) }
      },
      stopContainers: (request) => {
        this.stopped.push(...request.containerId)
        for (const f of this.#waiting.splice(0)) f()
        return { succeededRequests: request.containerId }
      },
    })
  }

  get id() {
    return { host: 'localhost', port: this.port }
  }

  async register(containers: ContainerStatusProtoInit[] = []): Promise<this> {
    if (this.port === 0) this.port = await this.#server.listen(0)
    const resource = resourceProto({ memory: this.memory, vcores: this.vcores })
    this.registration = await this.rm.connect(resourceTracker, 'tracker', 'yarn').registerNodeManager({
      nodeId: this.id,
      httpPort: 8042,
      resource,
      nmVersion: '3.3.6',
      containerStatuses: containers.map((c) => ({
        containerId: c.containerId,
        containerState: c.state,
        resource: c.capability ?? resource,
        priority: { priority: 0 },
        containerExitStatus: c.exitStatus,
        creationTime: Date.now(),
      })),
    })
    const key = this.registration.nmTokenMasterKey
    this.#nmKey = key && { keyId: key.keyId!, bytes: key.bytes! }
    this.#responseId = 0
    return this
  }

  async heartbeat(containers: ContainerStatusProtoInit[] = [], healthy = true): Promise<NodeHeartbeatResponseProto> {
    const answer = await this.rm.connect(resourceTracker, 'tracker', 'yarn').nodeHeartbeat({
      nodeStatus: {
        nodeId: this.id,
        responseId: this.#responseId,
        containersStatuses: containers,
        nodeHealthStatus: { isNodeHealthy: healthy, healthReport: '', lastHealthReportTime: Date.now() },
        containersUtilization: { pmem: 100, vmem: 200, cpu: 0.25 },
        nodeUtilization: { pmem: 1000, vmem: 2000, cpu: 0.5 },
      },
    })
    if (answer.nodeAction === 'NORMAL') this.#responseId = answer.responseId ?? 0
    return answer
  }

  async unregister(): Promise<void> {
    await this.rm.connect(resourceTracker, 'tracker', 'yarn').unRegisterNodeManager({ nodeId: this.id })
  }

  /** Waits for startContainers or stopContainers to be called until the condition holds. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** The next ResourceManager to speak to, after a restart. */
  follow(rm: Rm): void {
    this.rm = rm
  }

  async stop(): Promise<void> {
    await this.#server.close()
  }
}

function containerOf(request: StartContainerRequestProto): ContainerIdProto {
  return idOfToken(request.containerToken!.identifier)
}

export function idOfToken(identifier: Uint8Array): ContainerIdProto {
  return ContainerTokenIdentifierProto.decode(identifier).containerId!
}

export const containerText = (id: ContainerIdProto | undefined) => formatContainerId(containerIdOfProto(id))

/** The AMRMToken in a launch context. */
export function amRmToken(start: StartContainerRequestProto): RpcToken {
  return decodeCredentials(start.containerLaunchContext!.tokens!).tokens.get('')!
}

export function connectMaster(rm: Rm, token: RpcToken | undefined) {
  return rm.connect(applicationMasterProtocol, 'scheduler', 'ann', token)
}

export async function submit(rm: Rm, more: ApplicationSubmissionContextProtoInit = {}, user = 'ann'): Promise<ApplicationIdProto> {
  const client = rm.connect(applicationClientProtocol, 'client', user)
  const { applicationId } = await client.getNewApplication({})
  await client.submitApplication({
    applicationSubmissionContext: {
      applicationId,
      applicationName: 'test',
      queue: 'default',
      amContainerSpec: { command: ['run'], environment: [{ key: 'A', value: 'b' }] },
      resource: resourceProto({ memory: 256, vcores: 1 }),
      maxAppAttempts: 1,
      ...more,
    },
  })
  return applicationId!
}

/** Asks again until the application is as wanted. */
export async function report(rm: Rm, applicationId: ApplicationIdProto, wanted: (state: string | undefined) => boolean = () => true) {
  for (const client = rm.connect(applicationClientProtocol, 'client', 'ann'); ; await new Promise((r) => setTimeout(r, 5))) {
    const { applicationReport } = await client.getApplicationReport({ applicationId })
    if (wanted(applicationReport?.yarnApplicationState)) return applicationReport!
  }
}
