/**
 * The scenarios whose decisions are held against the real ResourceManager, with every heartbeat left out that the simulator would pass over: the
 * decisions are the same, step by step.
 */
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type Core, type CoreConfig, type Event, type NodeHeartbeat, type Outcome, createCore } from '../../../resourcemanager/core/index.js'
import { formatContainerId, type NodeId } from '../../../common/records/index.js'
import { generate } from '../../interop/differential/generate.js'
import { runOurs } from '../../interop/differential/ours.js'
import { loadScenarios } from '../../interop/differential/scenario.js'

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../interop/differential/scenarios')
const keyOf = (id: NodeId) => `${id.host}:${id.port}`

/** What is known of a node: what it last said, and whether there is something for it to hear. */
interface Known {
  said: string
  news: boolean
  heard: number
}

/** A core that is not told of heartbeats that change nothing. */
function passingOver(counted: { passed: number }): (config: CoreConfig) => Core {
  return (config) => {
    const known = new Map<string, Known>()
    const of = (id: NodeId): Known => {
      let k = known.get(keyOf(id))
      if (!k) known.set(keyOf(id), (k = { said: '', news: true, heard: 0 }))
      return k
    }
    const core = createCore(config, {
      masterHasNews: () => {},
      nodeHasNews: (id) => {
        of(id).news = true
      },
      nodeHeard: (id) => known.get(keyOf(id))?.heard ?? 0,
      masterHeard: () => 0,
      containerAllocated: () => {},
      containerEnded: () => {},
    })
    function step<E extends Event>(event: E, now: number): Outcome<E> {
      if (event.type !== 'nodeHeartbeat') {
        if (event.type === 'registerNode') of(event.nodeId).news = true
        return core.step(event, now)
      }
      const heartbeat: NodeHeartbeat = event
      const k = of(heartbeat.nodeId)
      const said = saying(heartbeat)
      const view = core.nodeView(heartbeat.nodeId)
      const mayPass = !k.news && said !== undefined && said === k.said && view !== undefined && core.node(heartbeat.nodeId)?.state === 'RUNNING'
      k.heard = now
      if (mayPass && !(core.offersMatter() && core.heartbeatMatters(view))) {
        counted.passed++
        return { effects: [], answer: { ...NOTHING, responseId: heartbeat.responseId }, error: undefined } as unknown as Outcome<E>
      }
      k.news = false
      k.said = said ?? ''
      return core.step(event, now)
    }
    return { ...core, step }
  }
}

/** Undefined: a report that is never passed over. */
function saying({ containers, health, increasedContainers, labels, attributes, logAggregation }: NodeHeartbeat): string | undefined {
  if (!health.healthy || increasedContainers?.length || labels || attributes || logAggregation?.length) return undefined
  if (containers.some((c) => c.state !== 'RUNNING')) return undefined
  return containers.map((c) => formatContainerId(c.containerId)).join()
}

const NOTHING = {
  action: 'NORMAL',
  labelsAccepted: false,
  containersToCleanup: [],
  applicationsToCleanup: [],
  containersToBeRemoved: [],
  containersToSignal: [],
  containersToUpdate: [],
  containersToDecrease: [],
} as const

describe('decisions without the heartbeats that change nothing', () => {
  const counted = { passed: 0 }
  it.each(loadScenarios(folder).map((s) => [s.name, s] as const))('%s', (_name, scenario) => {
    expect(runOurs(scenario, passingOver(counted))).toEqual(runOurs(scenario))
  })

  it('generated scenarios', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const scenario = generate(seed)
      expect(runOurs(scenario, passingOver(counted)), `seed ${seed}`).toEqual(runOurs(scenario))
    }
    expect(counted.passed).toBeGreaterThan(50)
  }, 60_000)
})
