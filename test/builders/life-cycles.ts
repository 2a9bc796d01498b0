/** All life cycles of ResourceManager and NodeManager, under the names of Hadoop's classes, in one form: for tests over whole tables. */
import { type Arc, transition } from '../../common/lang/lifecycle.js'
import { APPLICATION } from '../../nodemanager/core/application.js'
import { CONTAINER } from '../../nodemanager/core/container.js'
import { type Rule, step } from '../../nodemanager/core/life-cycle.js'
import { RESOURCE } from '../../nodemanager/core/resource.js'
import { APPLICATION_LIFECYCLE } from '../../resourcemanager/core/application.js'
import { ATTEMPT_LIFECYCLE } from '../../resourcemanager/core/attempt-lifecycle.js'
import { NODE_LIFECYCLE } from '../../resourcemanager/core/node.js'
import { CONTAINER_LIFECYCLE } from '../../resourcemanager/scheduler/container.js'

export type AnyTable = Record<string, Record<string, unknown>>

export interface Entry {
  readonly state: string
  readonly event: string
  readonly targets: readonly string[]
}

export interface LifeCycleOf {
  /** As it stands in the product: what is changed in it is changed for all. */
  readonly table: AnyTable
  entries(): Entry[]
  states(): string[]
  /** All that any state has an entry for. */
  events(): string[]
  /** Sends a bare event to a bare entity in a state. */
  send(state: string, event: string): void
}

function lifeCycle(table: object, targets: (entry: unknown) => readonly string[], send: (table: AnyTable, state: string, event: string) => void): LifeCycleOf {
  const all = table as AnyTable
  const entries = () =>
    Object.entries(all).flatMap(([state, row]) =>
      Object.keys(row).flatMap((event): Entry[] => {
        const entry = row[event]
        return entry === undefined ? [] : [{ state, event, targets: targets(entry) }]
      }),
    )
  return {
    table: all,
    entries,
    states: () => Object.keys(all),
    events: () => [...new Set(Object.values(all).flatMap((row) => Object.keys(row)))],
    send: (state, event) => send(all, state, event),
  }
}

const arcs = (table: object) =>
  lifeCycle(
    table,
    (entry) => [(entry as Arc<string, unknown, unknown>).to].flat(),
    (all, state, type) => transition(all as Parameters<typeof transition>[0], { state }, { type }, () => 'it'),
  )

const rules = (table: object) =>
  lifeCycle(
    table,
    (entry) => {
      const rule = entry as Rule<string, { type: string }, unknown, unknown>
      return typeof rule === 'string' ? [rule] : [rule[0]].flat()
    },
    (all, state, type) => void step(all as Parameters<typeof step>[0], state, {}, { type }),
  )

export const LIFE_CYCLES = {
  RMAppImpl: arcs(APPLICATION_LIFECYCLE),
  RMAppAttemptImpl: arcs(ATTEMPT_LIFECYCLE),
  RMContainerImpl: arcs(CONTAINER_LIFECYCLE),
  RMNodeImpl: arcs(NODE_LIFECYCLE),
  ApplicationImpl: rules(APPLICATION),
  ContainerImpl: rules(CONTAINER),
  LocalizedResource: rules(RESOURCE),
} as const

export type LifeCycleName = keyof typeof LIFE_CYCLES
