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

export interface ContainerRef {
  readonly app: string
  readonly id: number
  /** Default: the current attempt. */
  readonly attempt?: number
}

export interface Ask {
  /** Default 1. */
  readonly priority?: number
  /** Default `*`. */
  readonly resource?: string
  readonly memory: number
  /** Default 1. */
  readonly vcores?: number
  readonly count: number
  /** Default true. */
  readonly relax?: boolean
  readonly label?: string
  readonly allocationRequestId?: number
}

export type Step =
  | { readonly addNode: { readonly name: string; readonly memory: number; readonly vcores: number } }
  /** The others send a heartbeat each; then it is LOST. */
  | { readonly removeNode: string }
  | {
      readonly heartbeat: {
        readonly node: string
        readonly containers?: readonly (ContainerRef & { readonly state: 'RUNNING' | 'COMPLETE'; readonly exit?: number; readonly diagnostics?: string })[]
        readonly healthy?: boolean
      }
    }
  | {
      readonly submit: {
        readonly app: string
        readonly user?: string
        readonly queue?: string
        readonly memory: number
        readonly vcores?: number
        readonly priority?: number
        /** Default 1. */
        readonly maxAttempts?: number
        readonly keepContainers?: boolean
        readonly label?: string
      }
    }
  /** The application master's process came up and registered. */
  | { readonly launch: string }
  | {
      readonly allocate: {
        readonly app: string
        readonly ask?: readonly Ask[]
        readonly release?: readonly ContainerRef[]
        readonly update?: readonly (ContainerRef & {
          readonly type: 'INCREASE_RESOURCE' | 'DECREASE_RESOURCE'
          readonly memory: number
          readonly vcores?: number
          readonly version?: number
        })[]
        readonly blacklist?: readonly string[]
        readonly whitelist?: readonly string[]
      }
    }
  | { readonly finish: { readonly app: string; readonly status?: 'SUCCEEDED' | 'FAILED' | 'KILLED'; readonly diagnostics?: string } }
  | { readonly kill: string }
  | { readonly move: { readonly app: string; readonly queue: string } }
  | { readonly failAttempt: string }

export interface Scenario {
  readonly name: string
  /** Properties of yarn-site.xml and capacity-scheduler.xml alike. */
  readonly conf: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
}

interface Size {
  readonly memory: number
  readonly vcores: number
}

export interface ContainerView extends Size {
  readonly id: number
  readonly node: string
  readonly state: string
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
}

/** What one side says after a step. */
export interface View {
  /** The whole scenario was refused (a configuration that does not load). */
  readonly refused?: string
  readonly error?: string
  readonly message?: string
  readonly allocated?: readonly (Size & { readonly id: number; readonly node: string; readonly priority: number })[]
  readonly completed?: readonly { readonly id: number; readonly exit: number; readonly diagnostics: string }[]
  readonly apps?: Readonly<Record<string, AppView>>
  readonly nodes?: Readonly<Record<string, Size>>
  readonly queues?: Readonly<Record<string, Size>>
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
      const documents = load(readFileSync(path.join(dir, f), 'utf8')) as { name: string; conf?: Record<string, unknown>; steps: Step[] }[]
      return documents.map((d) => ({ name: `${path.basename(f, '.yaml')}: ${d.name}`, conf: withDefaults(d.conf ?? {}), steps: d.steps }))
    })
}

/** Keys may leave out `yarn.scheduler.capacity.` before `root`. */
export function withDefaults(conf: Readonly<Record<string, unknown>>): Record<string, string> {
  const given = Object.entries(conf).map(([k, v]) => [k.startsWith('root.') ? `yarn.scheduler.capacity.${k}` : k, String(v)])
  return { ...DEFAULTS, ...Object.fromEntries(given) }
}
