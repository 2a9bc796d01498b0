/**
 * A scenario: nodes, submissions, heartbeats, asks, releases and failures, in order. It runs step by step in the real ResourceManager (Driver.java) and
 * in our core (ours.ts); after every step both say what they decided.
 *
 * Applications go by a name of the scenario's own; containers by application and number (1 is the first attempt's master). Heartbeats report
 * containers; scheduling happens at heartbeats only (asynchronous scheduling is off on both sides).
 */
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { load } from 'js-yaml'
import type { PlacementConstraint } from '../../../resourcemanager/core/index.js'

export interface ContainerRef {
  readonly app: string
  readonly id: number
  /** Default: the current attempt. */
  readonly attempt?: number
}

/** What is asked for, offered or held. */
export interface Amount {
  readonly memory: number
  /** Default 1. */
  readonly vcores?: number
  /** Amounts of further resource types. */
  readonly resources?: Readonly<Record<string, number>>
}

export interface Ask extends Amount {
  /** Default 1. */
  readonly priority?: number
  /** Default `*`. */
  readonly resource?: string
  readonly count: number
  /** Default true. */
  readonly relax?: boolean
  readonly label?: string
  readonly allocationRequestId?: number
}

/** A request by placement constraint. */
export interface Schedule extends Amount {
  /** Allocation request id; default 0. */
  readonly id?: number
  /** Default 1. */
  readonly priority?: number
  readonly tags?: readonly string[]
  readonly count: number
  readonly constraint?: PlacementConstraint
}

export interface TaggedConstraint {
  readonly tags: readonly string[]
  readonly constraint: PlacementConstraint
}

export type Step =
  | { readonly addNode: Amount & { readonly name: string } }
  | { readonly addLabels: readonly { readonly name: string; readonly exclusive?: boolean }[] }
  | { readonly removeLabels: readonly string[] }
  /** Label by host, '' for none; hosts may register later. */
  | { readonly labelNodes: Readonly<Record<string, string>> }
  /** The configuration with these properties changed (null: without it) comes into force. */
  | { readonly refreshQueues: Readonly<Record<string, unknown>> }
  /** Time passes, then the preemption monitor runs once. */
  | { readonly preempt: { readonly after: number } }
  /** Time passes, then the monitor of auto-created queues runs once. */
  | { readonly manageQueues: { readonly after: number } }
  /** What was handed out and not started in time expires. */
  | { readonly expireAllocations: true }
  | { readonly updatePriority: { readonly app: string; readonly priority: number } }
  /** The others send a heartbeat each; then it is LOST. */
  | { readonly removeNode: string }
  | {
      readonly heartbeat: {
        readonly node: string
        readonly containers?: readonly (ContainerRef & { readonly state: 'RUNNING' | 'COMPLETE'; readonly exit?: number; readonly diagnostics?: string })[]
        readonly healthy?: boolean
        /** Containers that the node has made larger. */
        readonly increased?: readonly (ContainerRef & Amount & { readonly version: number })[]
      }
    }
  | {
      readonly submit: {
        readonly app: string
        readonly user?: string
        readonly queue?: string
        readonly memory: number
        readonly vcores?: number
        readonly resources?: Readonly<Record<string, number>>
        readonly priority?: number
        /** Default 1. */
        readonly maxAttempts?: number
        readonly keepContainers?: boolean
        /** Of the master's request. */
        readonly label?: string
        /** Of the application: for all requests that name none. */
        readonly appLabel?: string
        readonly tags?: readonly string[]
        readonly unmanaged?: boolean
        /** Milliseconds: older failures don't count. */
        readonly failuresInterval?: number
        /** Seconds. */
        readonly lifetime?: number
      }
    }
  /** The application master's process came up and registered. */
  | { readonly launch: string | { readonly app: string; readonly constraints: readonly TaggedConstraint[] } }
  | {
      readonly allocate: {
        readonly app: string
        readonly ask?: readonly Ask[]
        readonly schedule?: readonly Schedule[]
        readonly release?: readonly ContainerRef[]
        readonly update?: readonly (ContainerRef & {
          readonly type: 'INCREASE_RESOURCE' | 'DECREASE_RESOURCE'
          readonly memory: number
          readonly vcores?: number
          readonly version?: number
        })[]
        readonly blacklist?: readonly string[]
        readonly whitelist?: readonly string[]
        /** So many further calls that ask nothing, each when all that goes on has ended: their answers count as this one's. */
        readonly rounds?: number
      }
    }
  | { readonly finish: { readonly app: string; readonly status?: 'SUCCEEDED' | 'FAILED' | 'KILLED'; readonly diagnostics?: string } }
  | { readonly kill: string }
  | { readonly move: { readonly app: string; readonly queue: string } }
  | { readonly failAttempt: string }
  /** Another ResourceManager goes on with what the first one stored; nodes and masters don't know yet. For scenarios with recovery enabled. */
  | { readonly restart: true }
  /** A NodeManager that is known, or was, registers again, with what it runs. */
  | {
      readonly register: Amount & {
        readonly node: string
        readonly containers?: readonly (ContainerRef &
          Amount & { readonly state?: 'RUNNING' | 'COMPLETE'; readonly exit?: number; readonly diagnostics?: string; readonly priority?: number })[]
        readonly apps?: readonly string[]
      }
    }
  /** An application master that was told to. */
  | { readonly reregister: string }
  | { readonly unregisterNode: string }
  /** With seconds of grace, or at once. */
  | { readonly decommission: { readonly node: string; readonly timeout?: number } }
  | { readonly recommission: string }
  /** The nodes go on talking, the application master has been silent for too long. */
  | { readonly expireMaster: string }
  /** It has lived as long as it may. */
  | { readonly expireLifetime: string }
  /** Seconds that the real one's own clocks need as well. */
  | { readonly sleep: number }
  /** The fair scheduler's allocation file is another one from now on. */
  | { readonly reload: string }
  /** Milliseconds pass, then the fair scheduler's continuous scheduling offers all nodes once. */
  | { readonly continuous: { readonly after: number } }
  /** Seconds pass. */
  | { readonly advance: number }

export interface Scenario {
  readonly name: string
  /** Properties of yarn-site.xml and capacity-scheduler.xml alike. */
  readonly conf: Readonly<Record<string, string>>
  /** Text of the fair scheduler's allocation file. */
  readonly allocations?: string
  /** Ours schedules asynchronously: what applications and queues hold in the end must agree, wherever it is. */
  readonly asynchronous?: boolean
  /** Groups of users, primary first. */
  readonly groups?: Readonly<Record<string, readonly string[]>>
  readonly steps: readonly Step[]
}

/** Amounts by name: memory, vcores and, where there are any, further types. */
type Size = Readonly<Record<string, number>>

export interface ContainerView {
  readonly id: number
  readonly node: string
  readonly state: string
  readonly size: Size
}

export interface AppView {
  readonly state: string
  readonly finalStatus: string
  readonly queue: string
  readonly diagnostics: string
  readonly attempt?: number
  readonly attemptState?: string
  readonly live?: readonly ContainerView[]
  readonly reserved?: readonly ContainerView[]
  readonly pending?: boolean
  readonly headroom?: Size
  /** Milliseconds from submission. */
  readonly lifetime?: number
}

export interface QueueView {
  readonly used: Size
  /** Of the fair scheduler. */
  readonly fairShare?: Size
  /** Of the capacity scheduler. */
  readonly state?: string
  /** Parts of the whole, by label, where they are not zero: guaranteed, and used. */
  readonly guaranteed?: Readonly<Record<string, number>>
  readonly taken?: Readonly<Record<string, number>>
}

/** What one side says after a step. */
export interface View {
  /** The whole scenario was refused (a configuration that does not load). */
  readonly refused?: string
  readonly error?: string
  readonly message?: string
  readonly allocated?: readonly { readonly id: number; readonly node: string; readonly priority: number; readonly size: Size }[]
  readonly completed?: readonly { readonly id: number; readonly exit: number; readonly diagnostics: string }[]
  /** Containers with a new size. */
  readonly updated?: readonly { readonly id: number; readonly version: number; readonly type: string; readonly size: Size }[]
  readonly updateErrors?: readonly { readonly id: number; readonly reason: string }[]
  /** Requests by constraint that can't be met. */
  readonly rejected?: readonly { readonly id: number; readonly count: number; readonly reason: string }[]
  /** Containers asked back. */
  readonly asked?: { readonly strict: readonly number[]; readonly contract: readonly number[] }
  readonly apps?: Readonly<Record<string, AppView>>
  /** What a heartbeat was answered. */
  readonly action?: string
  /** Containers that a master is told of when it registers again. */
  readonly previous?: readonly number[]
  readonly nodes?: Readonly<Record<string, Size>>
  /** Of nodes, those that are gone included. */
  readonly states?: Readonly<Record<string, string>>
  readonly queues?: Readonly<Record<string, QueueView>>
}

/** What every scenario starts from; its own properties win. */
const DEFAULTS: Record<string, string> = {
  'yarn.scheduler.minimum-allocation-mb': '128',
  // From the start, a request may be no larger than the largest node.
  'yarn.resourcemanager.work-preserving-recovery.scheduling-wait-ms': '0',
  'yarn.scheduler.capacity.maximum-am-resource-percent': '1.0',
}

/** Scenarios of a folder, by name. Values that YAML reads as numbers or booleans become text in `conf`. */
export function loadScenarios(dir: string): Scenario[] {
  return readdirSync(dir)
    .filter((f) => f.endsWith('.yaml'))
    .sort()
    .flatMap((f) => {
      const documents = load(readFileSync(path.join(dir, f), 'utf8')) as Document[]
      return documents.map(({ name, scheduler, conf, steps, ...rest }) => ({
        ...rest,
        steps: steps.flatMap(repeated),
        name: `${path.basename(f, '.yaml')}: ${name}`,
        conf: withDefaults({ ...(scheduler && SCHEDULERS[scheduler]), ...conf }),
      }))
    })
}

/** `heartbeat: { node: h1, times: 3 }` stands for three of them. */
function repeated(step: Step): Step[] {
  if (!('heartbeat' in step)) return [step]
  const { times, ...heartbeat } = step.heartbeat as typeof step.heartbeat & { times?: number }
  return Array.from({ length: times ?? 1 }, () => ({ heartbeat }))
}

interface Document extends Omit<Scenario, 'conf'> {
  /** Default: the capacity scheduler. */
  readonly scheduler?: keyof typeof SCHEDULERS
  readonly conf?: Readonly<Record<string, unknown>>
}

const SCHEDULER = 'org.apache.hadoop.yarn.server.resourcemanager.scheduler'
export const SCHEDULERS = {
  fifo: { 'yarn.resourcemanager.scheduler.class': `${SCHEDULER}.fifo.FifoScheduler` },
  // Its update runs after each step, on both sides.
  fair: { 'yarn.resourcemanager.scheduler.class': `${SCHEDULER}.fair.FairScheduler`, 'yarn.scheduler.fair.update-interval-ms': '0' },
}

/** Keys may leave out `yarn.scheduler.capacity.` before `root`. */
export function withDefaults(conf: Readonly<Record<string, unknown>>): Record<string, string> {
  return changed(DEFAULTS, conf)
}

/** Properties with some of them changed; null takes one away. */
export function changed(conf: Readonly<Record<string, string>>, changes: Readonly<Record<string, unknown>>): Record<string, string> {
  const all: Record<string, string> = { ...conf }
  for (const [name, value] of Object.entries(changes)) {
    const key = name.startsWith('root.') ? `yarn.scheduler.capacity.${name}` : name
    if (value === null) delete all[key]
    else all[key] = String(value)
  }
  return all
}
