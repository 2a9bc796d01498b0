/** One of two ResourceManagers, with our client library, an administrator, and NodeManagers and application masters that run nothing. */
import { writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { loadConfiguration } from '../../../common/config/configuration.js'
import { isException } from '../../../common/errors.js'
import type { AllocateResponseProto } from '../../../common/proto/gen/application-master.js'
import type { ApplicationSubmissionContextProtoInit } from '../../../common/proto/gen/application-client.js'
import type { ContainerIdProto, ContainerStatusProtoInit } from '../../../common/proto/gen/yarn.js'
import { resourceProto } from '../../../common/protocols/records.js'
import { resourceManagerAdministrationProtocol } from '../../../common/protocols/resourcemanager-administration.js'
import type { ApplicationId } from '../../../common/records/ids.js'
import { AMRMClient, type AllocateInit, YarnClient } from '../../../common/yarn-client/index.js'
import { FakeNode, type Folder, type Rm, amRmToken, containerText, idOfToken } from '../../integration/resourcemanager/harness.js'

const LIMIT = 30_000

export interface Master {
  readonly id: ApplicationId
  readonly client: AMRMClient
  readonly container: ContainerIdProto
  readonly node: FakeNode
  readonly token: ReturnType<typeof amRmToken>
}

export const ask = (
  priority: number,
  numContainers: number,
  memory = 512,
  more: { resourceName?: string; relaxLocality?: boolean; nodeLabelExpression?: string } = {},
) => ({
  priority: { priority },
  resourceName: '*',
  capability: resourceProto({ memory, vcores: 1 }),
  numContainers,
  ...more,
})

export class Stage {
  readonly yarn: YarnClient
  nodes: FakeNode[] = []
  readonly #masters: AMRMClient[] = []
  /** What each node runs, by container's text. */
  #running = new Map<FakeNode, Map<string, ContainerIdProto>>()

  constructor(
    readonly rm: Rm,
    readonly folder: Folder,
  ) {
    this.yarn = new YarnClient(loadConfiguration(folder.dir, 'resourcemanager'), { user: 'ann' })
  }

  get admin() {
    return this.rm.connect(resourceManagerAdministrationProtocol, 'admin', os.userInfo().username)
  }

  async addNodes(...memory: number[]): Promise<void> {
    for (const m of memory) this.nodes.push(await this.addNode(m))
  }

  async addNode(memory: number): Promise<FakeNode> {
    const node = await new FakeNode(this.rm, memory, 8).register()
    this.#running.set(node, new Map())
    return node
  }

  /** The scenario is over: its applications and nodes go. */
  async clear(): Promise<void> {
    const live = await this.yarn.getApplications({ applicationStates: ['NEW', 'SUBMITTED', 'ACCEPTED', 'RUNNING'] })
    for (const { applicationId } of live) {
      await this.yarn.proxy.forceKillApplication({ applicationId })
    }
    for (const node of this.nodes) {
      await node.unregister()
      await node.stop()
    }
    for (const m of this.#masters.splice(0)) m.close()
    this.nodes = []
    this.#running = new Map()
  }

  close(): void {
    this.yarn.close()
  }

  // ── nodes ──

  /** Every node beats, in order, saying what it runs. */
  async beat(): Promise<void> {
    for (const node of this.nodes) await this.heartbeat(node)
  }

  /** It says what it runs; what it was told to start runs. */
  heartbeat(node: FakeNode, healthy = true) {
    return node.heartbeat(this.#statuses(node), healthy)
  }

  #statuses(node: FakeNode): ContainerStatusProtoInit[] {
    for (const s of node.started.splice(0)) this.run(node, idOfToken(s.containerToken!.identifier))
    return [...this.#running.get(node)!.values()].map((containerId) => ({ containerId, state: 'C_RUNNING' as const, exitStatus: -1000, diagnostics: '' }))
  }

  /** It started the container, without having been told here. */
  run(node: FakeNode, id: ContainerIdProto): void {
    this.#running.get(node)!.set(containerText(id), id)
  }

  async complete(node: FakeNode, containerId: ContainerIdProto, exitStatus: number, diagnostics = ''): Promise<void> {
    const statuses = this.#statuses(node)
    this.#running.get(node)!.delete(containerText(containerId))
    const others = statuses.filter((c) => containerText(c.containerId as ContainerIdProto) !== containerText(containerId))
    await node.heartbeat([...others, { containerId, state: 'C_COMPLETE', exitStatus, diagnostics }])
  }

  /** Beats until it is so. */
  async until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
    const late = Date.now() + LIMIT
    for (;;) {
      const found = await look()
      if (found) return found
      if (Date.now() > late) throw new Error(`${what}: not within ${LIMIT / 1000} s`)
      await this.beat()
      await new Promise((r) => setTimeout(r, 20))
    }
  }

  /** n1, n2, … in the order in which they joined. */
  nodeName(id: { readonly port?: number } | undefined): string {
    return `n${this.nodes.findIndex((n) => n.port === id?.port) + 1}`
  }

  exclude(hosts: readonly string[]): void {
    writeFileSync(path.join(this.folder.dir, 'exclude'), hosts.join('\n'))
  }

  // ── applications ──

  async submit(more: ApplicationSubmissionContextProtoInit = {}): Promise<ApplicationId> {
    const { applicationId } = await this.yarn.getNewApplication()
    await this.yarn.submitApplication({
      applicationId,
      applicationName: 'test',
      queue: 'main',
      amContainerSpec: { command: ['run'] },
      resource: resourceProto({ memory: 256, vcores: 1 }),
      maxAppAttempts: 1,
      ...more,
    })
    return applicationId
  }

  /** Waits until the application's master is told to start on some node. */
  async started(id: ApplicationId, attempt = 1): Promise<Master> {
    const [node, begun] = await this.until('the master is started', async () => {
      for (const n of this.nodes) {
        for (const s of n.started) {
          const of = idOfToken(s.containerToken!.identifier).appAttemptId
          if (of?.applicationId?.id === id.id && of?.attemptId === attempt) return [n, s] as const
        }
      }
      return undefined
    })
    await this.until('the master is launched', async () => {
      const attempts = await this.yarn.getApplicationAttempts(id)
      return attempts.some((a) => a.applicationAttemptId?.attemptId === attempt && a.yarnApplicationAttemptState === 'APP_ATTEMPT_LAUNCHED')
    })
    const token = amRmToken(begun)
    const client = new AMRMClient(loadConfiguration(this.folder.dir, 'resourcemanager'), { token, user: 'ann' })
    this.#masters.push(client)
    return { id, client, container: idOfToken(begun.containerToken!.identifier), node, token }
  }

  /** An application whose master has registered. */
  async launch(more: ApplicationSubmissionContextProtoInit = {}): Promise<Master> {
    const master = await this.started(await this.submit(more))
    await this.register(master)
    return master
  }

  async register(master: Master): Promise<void> {
    await master.client.registerApplicationMaster({ host: 'here', rpcPort: 4711, trackingUrl: '' })
  }

  /** Asks, then goes on allocating until the answers together are as wanted. */
  async allocate(master: Master, request: AllocateInit, enough: (all: Gathered) => boolean): Promise<Gathered> {
    const all: Gathered = { allocated: [], completed: [], updated: [], ids: [] }
    this.#gather(all, await master.client.allocate({ progress: 0.5, ...request }))
    await this.until('the answer is whole', async () => {
      if (enough(all)) return true
      this.#gather(all, await master.client.allocate({ progress: 0.5 }))
      return enough(all)
    })
    return all
  }

  #gather(all: Gathered, answer: AllocateResponseProto): void {
    for (const c of answer.allocatedContainers) {
      all.ids.push(c.id!)
      all.allocated.push({ node: this.nodeName(c.nodeId), memory: c.resource?.memory, vcores: c.resource?.virtualCores, priority: c.priority?.priority })
    }
    for (const c of answer.completedContainerStatuses) all.completed.push({ exit: c.exitStatus, diagnostics: c.diagnostics, state: c.state })
    for (const u of answer.updatedContainers) {
      all.updated.push({ type: u.updateType, memory: u.container?.resource?.memory, version: u.container?.version })
    }
  }

  async reportOf(id: ApplicationId, state: string) {
    const report = await this.until(`the application is ${state}`, async () => {
      const r = await this.yarn.getApplicationReport(id)
      return r.yarnApplicationState === state && r
    })
    return {
      user: report.user,
      name: report.name,
      queue: report.queue,
      type: report.applicationType,
      host: report.host,
      rpcPort: report.rpcPort,
      state: report.yarnApplicationState,
      finalStatus: report.finalApplicationStatus,
      priority: report.priority?.priority,
      progress: report.progress,
      diagnostics: this.neutral(report.diagnostics ?? ''),
    }
  }

  /** Class and words of the error that a call ends with. */
  async failure(call: Promise<unknown>): Promise<unknown> {
    try {
      await call
      return 'no error'
    } catch (e) {
      if (!isException(e)) throw e
      return { class: e.className, message: this.neutral(e.message.split('\n')[0]!) }
    }
  }

  /** Without what differs from one ResourceManager to the other. */
  neutral(text: string): string {
    return this.nodes
      .reduce((t, n, i) => t.replaceAll(`:${n.port}`, `:n${i + 1}`), text)
      .replace(/(application|appattempt|container)(_e\d+)?_\d{13}_\d+/g, '$1_ID')
      .replace(/http:\/\/[^/ ]+\//g, 'http://rm/')
      .replace(/\[[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d [^\]]*\] ?/g, '')
      .replace(/ at \/?127\.0\.0\.1| at localhost(\/127\.0\.0\.1)?/g, ' at HERE')
  }
}

/** What one or more allocates brought. */
export interface Gathered {
  readonly ids: ContainerIdProto[]
  readonly allocated: { node: string; memory: number | undefined; vcores: number | undefined; priority: number | undefined }[]
  readonly completed: { exit: number | undefined; diagnostics: string | undefined; state: string | undefined }[]
  readonly updated: { type: string | undefined; memory: number | undefined; version: number | undefined }[]
}
