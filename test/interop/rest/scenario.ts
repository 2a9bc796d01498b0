/** The same life in any ResourceManager: two NodeManagers that run nothing, and applications in every state that a reader of REST meets. */
import { resourceProto } from '../../../common/protocols/records.js'
import type { ApplicationIdProto, ContainerProto } from '../../../common/proto/gen/yarn.js'
import { applicationClientProtocol } from '../../../common/protocols/application-client.js'
import { FakeNode, type Rm, amRmToken, connectMaster, containerText, idOfToken, report, submit } from '../../integration/resourcemanager/harness.js'

/** Of a capacity scheduler that `live` lives in. */
export const QUEUES = {
  'yarn.scheduler.capacity.root.queues': 'main,hive',
  'yarn.scheduler.capacity.root.main.capacity': '50',
  'yarn.scheduler.capacity.root.main.maximum-capacity': '100',
  'yarn.scheduler.capacity.root.main.user-limit-factor': '2',
  'yarn.scheduler.capacity.root.hive.capacity': '50',
  'yarn.scheduler.capacity.maximum-am-resource-percent': '0.5',
}

export interface Lived {
  readonly nodes: readonly FakeNode[]
  /** HOST:PORT of one that has shut down. */
  readonly gone: string
  /** Application ids by what became of them. */
  readonly apps: Readonly<Record<'running' | 'accepted' | 'finished' | 'killed' | 'refused' | 'failed', string>>
  /** The running one's attempt and master container. */
  readonly attempt: string
  readonly container: string
  /** The first node beats, or another. */
  beat(node?: number): Promise<void>
  /** The running one's master asks for more. */
  ask(asks: readonly Ask[], blacklist?: Blacklist): Promise<void>
  /** The newest of its containers ends. */
  endNewest(): Promise<void>
  stop(): Promise<void>
}

export interface Blacklist {
  readonly additions?: string[]
  readonly removals?: string[]
}

export interface Ask {
  readonly resourceName: string
  readonly priority: number
  readonly memory: number
  readonly count: number
  readonly relaxLocality?: boolean
}

const text = (id: ApplicationIdProto) => `application_${id.clusterTimestamp}_${String(id.id).padStart(4, '0')}`

export async function live(rm: Rm): Promise<Lived> {
  const nodes = [await new FakeNode(rm).register(), await new FakeNode(rm).register()]
  const gone = await new FakeNode(rm).register()
  await gone.unregister()
  const [first, second] = nodes as [FakeNode, FakeNode]
  await second.heartbeat()
  /** Beats until it is so: containers are given as nodes beat. */
  const until = async <T>(what: string, look: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> => {
    const late = Date.now() + 60_000
    for (;;) {
      const found = await look()
      if (found) return found
      if (Date.now() > late) throw new Error(`${what}: not within 60 s`)
      // Only the first: what is where is then the same each time.
      await first.heartbeat(running(first))
      await new Promise((r) => setTimeout(r, 50))
    }
  }
  const ended = new Set<string>()
  const running = (n: FakeNode) =>
    n.started
      .map((s) => idOfToken(s.containerToken!.identifier))
      .filter((id) => !ended.has(containerText(id)))
      .map((containerId) => ({ containerId, state: 'C_RUNNING' as const, exitStatus: -1000, diagnostics: '' }))

  /** Submits, and waits for the master's start. */
  const start = async (more: Parameters<typeof submit>[1]) => {
    const before = nodes.map((n) => n.started.length)
    const id = await submit(rm, { queue: 'main', ...more })
    const [node, begun] = await until('the master is started', () => {
      const i = nodes.findIndex((n, k) => n.started.length > before[k]!)
      return i >= 0 && ([nodes[i]!, nodes[i]!.started.at(-1)!] as const)
    })
    await until('the master is launched', async () => {
      const { currentApplicationAttemptId } = await report(rm, id)
      return currentApplicationAttemptId !== undefined
    })
    return { id, node, begun, master: connectMaster(rm, amRmToken(begun)), container: idOfToken(begun.containerToken!.identifier) }
  }
  const complete = async (node: FakeNode, containerId: ReturnType<typeof idOfToken>, exitStatus: number, diagnostics: string) => {
    ended.add(containerText(containerId))
    await node.heartbeat([...running(node), { containerId, state: 'C_COMPLETE', exitStatus, diagnostics }])
  }
  const client = rm.connect(applicationClientProtocol, 'client', 'ann')

  const finished = await start({ applicationName: 'finished', applicationType: 'MAPREDUCE', applicationTags: ['one', 'two'] })
  await finished.master.registerApplicationMaster({ host: 'here', rpcPort: 4711, trackingUrl: 'http://localhost:1/' })
  const finish = { finalApplicationStatus: 'APP_SUCCEEDED' as const, diagnostics: 'well done', trackingUrl: 'http://localhost:1/history' }
  await until('the master is unregistered', async () => (await finished.master.finishApplicationMaster(finish)).isUnregistered)
  await complete(finished.node, finished.container, 0, '')
  await until('it is finished', async () => (await report(rm, finished.id)).yarnApplicationState === 'FINISHED')

  const failed = await start({ applicationName: 'failed' })
  await complete(failed.node, failed.container, 1, 'Exception from container-launch.\n')
  await until('it has failed', async () => (await report(rm, failed.id)).yarnApplicationState === 'FAILED')

  const refused = await submit(rm, { applicationName: 'refused', queue: 'nosuch' }).catch(() => undefined)
  const killed = await start({ applicationName: 'killed' })
  await client.forceKillApplication({ applicationId: killed.id, diagnostics: 'no longer wanted' })
  await complete(killed.node, killed.container, -105, 'Container killed by the ApplicationMaster.')
  await until('it is killed', async () => (await report(rm, killed.id)).yarnApplicationState === 'KILLED')

  const accepted = await submit(rm, { applicationName: 'accepted', queue: 'hive', unmanagedAm: true })
  await until('it is accepted', async () => (await report(rm, accepted)).yarnApplicationState === 'ACCEPTED')

  const busy = await start({
    applicationName: 'running',
    applicationType: 'Apache Flink',
    applicationTags: ['flink'],
    applicationTimeouts: [{ applicationTimeoutType: 'APP_TIMEOUT_LIFETIME', timeout: 86_400 }],
  })
  await busy.master.registerApplicationMaster({ host: 'here', rpcPort: 4712, trackingUrl: 'http://localhost:1/' })
  const ask = (resourceName: string, priority: number, count: number, relaxLocality = true): Ask => ({
    priority,
    resourceName,
    memory: 512,
    count,
    relaxLocality,
  })
  let responseId = 0
  const got: ContainerProto[] = []
  const allocate: Lived['ask'] = async (asks, blacklist = {}) => {
    const answer = await busy.master.allocate({
      responseId,
      progress: 0.5,
      ask: asks.map((a) => ({
        priority: { priority: a.priority },
        resourceName: a.resourceName,
        capability: resourceProto({ memory: a.memory, vcores: 1 }),
        numContainers: a.count,
        relaxLocality: a.relaxLocality ?? true,
      })),
      blacklistRequest: { blacklistAdditions: blacklist.additions ?? [], blacklistRemovals: blacklist.removals ?? [] },
    })
    responseId = answer.responseId!
    got.push(...answer.allocatedContainers)
  }
  await allocate([ask('*', 1, 2)])
  await until('two containers are given', async () => {
    await allocate([])
    return got.length === 2
  })
  await allocate([ask('nohost', 2, 1), ask('/default-rack', 2, 1, false), ask('*', 2, 1, false)])
  for (let i = 0; i < 3; i++) await first.heartbeat(running(first))
  await allocate([])

  return {
    nodes,
    gone: `localhost:${gone.port}`,
    apps: {
      running: text(busy.id),
      accepted: text(accepted),
      finished: text(finished.id),
      killed: text(killed.id),
      refused: refused ? text(refused) : text({ ...failed.id, id: failed.id.id! + 1 }),
      failed: text(failed.id),
    },
    attempt: `appattempt_${busy.id.clusterTimestamp}_${String(busy.id.id).padStart(4, '0')}_000001`,
    container: containerText(busy.container),
    async beat(node = 0) {
      await nodes[node]!.heartbeat(running(nodes[node]!))
    },
    ask: allocate,
    async endNewest() {
      const { id, nodeId } = got.pop()!
      await complete(nodes.find((n) => n.port === nodeId!.port)!, id!, 0, '')
    },
    async stop() {
      for (const n of [...nodes, gone]) await n.stop()
    },
  }
}
