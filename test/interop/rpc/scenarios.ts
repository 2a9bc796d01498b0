/** What a ResourceManager is asked over RPC, and what of the answers must be the same whoever gives them. */
import { applicationMasterProtocol } from '../../../common/protocols/application-master.js'
import { resourceProto } from '../../../common/protocols/records.js'
import { ask, type Stage } from './stage.js'

export const SCENARIOS: Readonly<Record<string, (s: Stage) => Promise<unknown>>> = {
  'an application from submission to its end': async (s) => {
    await s.addNodes(4096)
    const id = await s.submit({ applicationName: 'first', applicationType: 'OURS', priority: { priority: 3 } })
    const accepted = await s.reportOf(id, 'ACCEPTED')
    const master = await s.started(id)
    await s.register(master)
    const running = await s.reportOf(id, 'RUNNING')
    const finish = master.client.finishApplicationMaster({ finalApplicationStatus: 'APP_SUCCEEDED', diagnostics: 'well done', trackingUrl: '' })
    await finish
    await s.complete(master.node, master.container, 0)
    const attempts = (await s.yarn.getApplicationAttempts(id)).length
    return { accepted: { ...accepted, diagnostics: '' }, running, finished: await s.reportOf(id, 'FINISHED'), attempts }
  },

  'containers are given and released': async (s) => {
    await s.addNodes(2048, 2048)
    const master = await s.launch()
    const got = await s.allocate(master, { ask: [ask(1, 3, 600), ask(2, 1, 256)] }, (all) => all.ids.length === 4)
    const given = await s.allocate(master, { release: got.ids.slice(0, 2) }, (all) => all.completed.length === 2)
    const sizes = got.allocated.map(({ memory, vcores, priority }) => ({ memory, vcores, priority })).sort((a, b) => a.priority! - b.priority!)
    return { sizes, completed: given.completed }
  },

  'a container that runs is told of when it ends': async (s) => {
    await s.addNodes(4096)
    const master = await s.launch()
    const [node] = s.nodes
    const got = await s.allocate(master, { ask: [ask(1, 2)] }, (all) => all.ids.length === 2)
    for (const id of got.ids) s.run(node!, id)
    await s.beat()
    await s.complete(node!, got.ids[0]!, 7, 'it broke')
    const after = await s.allocate(master, {}, (all) => all.completed.length === 1)
    return after.completed
  },

  'killing ends a running application': async (s) => {
    await s.addNodes(4096)
    const master = await s.launch()
    await s.allocate(master, { ask: [ask(1, 1)] }, (all) => all.ids.length === 1)
    await s.yarn.forceKillApplication(master.id, 'no longer wanted')
    const killed = await s.reportOf(master.id, 'KILLED')
    const again = await s.failure(s.yarn.forceKillApplication(master.id))
    return { killed, again, stopped: await s.until('the master is stopped', async () => master.node.stopped.length > 0) }
  },

  'an application moves to another queue': async (s) => {
    await s.addNodes(4096)
    const master = await s.launch()
    const nowhere = await s.failure(s.yarn.moveApplicationAcrossQueues(master.id, 'nosuch'))
    await s.yarn.moveApplicationAcrossQueues(master.id, 'hive')
    const { queue } = await s.reportOf(master.id, 'RUNNING')
    const info = await s.yarn.getQueueInfo('hive')
    return { nowhere, queue, applications: info?.applications.length, capacity: info?.capacity, maximum: info?.maximumCapacity, state: info?.state }
  },

  'a priority is changed, up to the cluster’s maximum': async (s) => {
    await s.addNodes(4096)
    const master = await s.launch({ priority: { priority: 1 } })
    const within = await s.yarn.updateApplicationPriority(master.id, 5)
    const above = await s.yarn.updateApplicationPriority(master.id, 99)
    const { priority } = await s.reportOf(master.id, 'RUNNING')
    return { within, above, priority, told: (await master.client.allocate({})).applicationPriority?.priority }
  },

  'what is blacklisted is left alone': async (s) => {
    await s.addNodes(4096, 4096)
    const master = await s.launch()
    const host = `localhost:${s.nodes[0]!.port}`
    const got = await s.allocate(master, { ask: [ask(1, 2)], blacklistRequest: { blacklistAdditions: [host] } }, (all) => all.ids.length === 2)
    return got.allocated
  },

  // Where names of nodes hold their ports, the real one never finds the node on which a container is to grow.
  'a container shrinks, of the version that it has': async (s) => {
    await s.addNodes(4096)
    const master = await s.launch()
    const got = await s.allocate(master, { ask: [ask(1, 1, 1024)] }, (all) => all.ids.length === 1)
    const [containerId] = got.ids
    s.run(s.nodes[0]!, containerId!)
    await s.beat()
    const update = (memory: number, containerVersion: number) => ({
      updateRequests: [
        { containerId: containerId!, containerVersion, updateType: 'DECREASE_RESOURCE' as const, capability: resourceProto({ memory, vcores: 1 }) },
      ],
    })
    const errors = ({ updateErrors }: Awaited<ReturnType<typeof master.client.allocate>>) =>
      updateErrors.map((e) => ({ reason: e.reason, version: e.currentContainerVersion, id: e.updateRequest?.containerId?.id }))
    const less = await s.allocate(master, update(512, 0), (all) => all.updated.length === 1)
    const stale = await master.client.allocate(update(256, 0))
    return { less: less.updated, stale: errors(stale) }
  },

  'labels lead containers to nodes': async (s) => {
    await s.addNodes(4096, 4096)
    const nodeId = { host: 'localhost', port: s.nodes[1]!.port }
    await s.admin.addToClusterNodeLabels({ nodeLabels: [{ name: 'gpu', isExclusive: true }] })
    await s.admin.replaceLabelsOnNodes({ nodeToLabels: [{ nodeId, nodeLabels: ['gpu'] }] })
    const master = await s.launch()
    const got = await s.allocate(master, { ask: [ask(1, 2, 512, { nodeLabelExpression: 'gpu' })] }, (all) => all.ids.length === 2)
    const unknown = await s.failure(master.client.allocate({ ask: [ask(2, 1, 512, { nodeLabelExpression: 'nosuch' })] }))
    const labels = (await s.yarn.getClusterNodeLabels()).map((l) => ({ name: l.name, exclusive: l.isExclusive }))
    const nodes = (await s.yarn.getNodeToLabels()).map((n) => ({ node: s.nodeName(n.nodeId), labels: n.nodeLabels }))
    await s.admin.replaceLabelsOnNodes({ nodeToLabels: [{ nodeId, nodeLabels: [] }] })
    return { got: got.allocated, unknown, labels, nodes }
  },

  'an unhealthy node loses what it ran, and may come back': async (s) => {
    await s.addNodes(4096, 4096)
    const [first, second] = s.nodes as [(typeof s.nodes)[0], (typeof s.nodes)[0]]
    const master = await s.launch()
    const other = master.node === first ? second : first
    const name = `localhost:${other.port}`
    const at = (resourceName: string, relaxLocality: boolean) => ask(1, 1, 512, { resourceName, relaxLocality })
    const got = await s.allocate(master, { ask: [at(name, true), at('/default-rack', false), at('*', false)] }, (all) => all.ids.length === 1)
    s.run(other, got.ids[0]!)
    await s.heartbeat(other)
    const { nodeAction } = await s.heartbeat(other, false)
    const state = async () => (await s.yarn.getClusterNodes()).find((n) => n.nodeId?.port === other.port)?.nodeState
    const lost: unknown[] = []
    const late = Date.now() + 30_000
    while (lost.length === 0 && Date.now() < late) {
      const answer = await master.client.allocate({})
      lost.push(...answer.completedContainerStatuses.map((c) => ({ exit: c.exitStatus, diagnostics: c.diagnostics })))
    }
    const ill = await state()
    await other.heartbeat([])
    const back = await s.until('the node is back', async () => (await state()) === 'NS_RUNNING' && (await state()))
    return { nodeAction, lost, ill, back }
  },

  'a master that dies is started again, then the application fails': async (s) => {
    await s.addNodes(4096)
    const id = await s.submit({ maxAppAttempts: 2 })
    const first = await s.started(id)
    await s.complete(first.node, first.container, 1, 'Exception from container-launch.\n')
    const second = await s.started(id, 2)
    await s.register(second)
    await s.complete(second.node, second.container, 137, '')
    const failed = await s.reportOf(id, 'FAILED')
    const attempts = (await s.yarn.getApplicationAttempts(id)).map((a) => ({
      state: a.yarnApplicationAttemptState,
      diagnostics: s.neutral(a.diagnostics ?? ''),
    }))
    return { failed, attempts: attempts.sort((a, b) => (a.diagnostics < b.diagnostics ? -1 : 1)) }
  },

  'what is asked wrongly is refused in Hadoop’s words': async (s) => {
    await s.addNodes(4096)
    const id = await s.submit()
    const master = await s.started(id)
    const raw = s.rm.connect(applicationMasterProtocol, 'scheduler', 'ann', master.token)
    const unregistered = await s.failure(raw.allocate({ responseId: 0 }))
    await raw.registerApplicationMaster({ host: '', rpcPort: 0, trackingUrl: '' })
    const twice = await s.failure(raw.registerApplicationMaster({ host: '', rpcPort: 0, trackingUrl: '' }))
    const { responseId } = await raw.allocate({ responseId: 0 })
    await raw.allocate({ responseId })
    const stale = await s.failure(raw.allocate({ responseId: 77 }))
    const large = await s.failure(raw.allocate({ responseId: responseId! + 1, ask: [ask(1, 1, 1_000_000)] }))
    const negative = await s.failure(raw.allocate({ responseId: responseId! + 1, ask: [ask(1, -1)] }))
    const foreign = { ...master.container, appAttemptId: { ...master.container.appAttemptId!, attemptId: 9 } }
    const release = await s.failure(raw.allocate({ responseId: responseId! + 1, release: [foreign] }))
    const absent = await s.failure(s.yarn.getApplicationReport({ ...id, id: 9999 }))
    const queue = await s.failure(s.submit({ queue: 'nosuch' }))
    const toLarge = await s.failure(s.submit({ resource: resourceProto({ memory: 1_000_000, vcores: 1 }) }))
    return { unregistered, twice, stale, large, negative, release, absent, queue, toLarge }
  },

  'a master of its own asks with the token of its report': async (s) => {
    await s.addNodes(4096)
    const id = await s.submit({ unmanagedAm: true })
    const token = await s.until('there is a token', async () => (await s.yarn.getApplicationReport(id)).amRmToken)
    const raw = s.rm.connect(applicationMasterProtocol, 'scheduler', 'ann', token)
    const { maximumCapability, queue } = await raw.registerApplicationMaster({ host: 'here', rpcPort: 1, trackingUrl: '' })
    const report = await s.reportOf(id, 'RUNNING')
    const { isUnregistered } = await raw.finishApplicationMaster({ finalApplicationStatus: 'APP_KILLED', diagnostics: 'enough' })
    return { maximumCapability: maximumCapability?.memory, queue, report, isUnregistered, after: await s.reportOf(id, 'FINISHED') }
  },

  'nodes of a host that is excluded go': async (s) => {
    await s.addNodes(4096, 4096)
    await s.beat()
    s.exclude(['localhost'])
    await s.admin.refreshNodes({})
    const states = async () => (await s.yarn.getClusterNodes()).filter((n) => s.nodes.some((m) => m.port === n.nodeId?.port)).map((n) => n.nodeState)
    const gone = await s.until('both are decommissioned', async () => {
      const all = await states()
      return all.length === 2 && all.every((state) => state === 'NS_DECOMMISSIONED') && all
    })
    const { nodeAction } = await s.heartbeat(s.nodes[0]!)
    s.exclude([])
    await s.admin.refreshNodes({})
    const again = await s.heartbeat(s.nodes[0]!)
    return { gone, nodeAction, again: again.nodeAction }
  },
}
