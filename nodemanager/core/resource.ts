/** A localised resource's life (Hadoop's LocalizedResource): one download, however many containers wait for it. */
import { type LifeCycle, type Step, step } from './life-cycle.js'

export type ResourceState = 'INIT' | 'DOWNLOADING' | 'LOCALIZED' | 'FAILED'

export interface ResourceLife {
  state: ResourceState
  /** Containers that wait for it or use it. */
  readonly users: Set<string>
  path?: string
  size: number
}

export function newResourceLife(): ResourceLife {
  return { state: 'INIT', users: new Set(), size: 0 }
}

export type ResourceEvent =
  | { readonly type: 'REQUEST'; readonly container: string }
  | { readonly type: 'LOCALIZED'; readonly path: string; readonly size: number }
  | { readonly type: 'LOCALIZATION_FAILED'; readonly diagnostics: string }
  | { readonly type: 'RELEASE'; readonly container: string }
  /** Found in the store of an earlier run. */
  | { readonly type: 'RECOVERED'; readonly path: string; readonly size: number }

export type ResourceEffect =
  | { readonly type: 'FETCH' }
  | { readonly type: 'TELL_LOCALIZED'; readonly container: string }
  | { readonly type: 'TELL_FAILED'; readonly container: string; readonly diagnostics: string }

const release = (r: ResourceLife, e: { readonly container: string }) => {
  r.users.delete(e.container)
}

export const RESOURCE: LifeCycle<ResourceState, ResourceEvent, ResourceLife, ResourceEffect> = {
  INIT: {
    REQUEST: [
      'DOWNLOADING',
      (r, e, emit) => {
        r.users.add(e.container)
        emit({ type: 'FETCH' })
      },
    ],
    RECOVERED: [
      'LOCALIZED',
      (r, e) => {
        r.path = e.path
        r.size = e.size
      },
    ],
  },
  DOWNLOADING: {
    REQUEST: [
      'DOWNLOADING',
      (r, e) => {
        r.users.add(e.container)
      },
    ],
    LOCALIZED: [
      'LOCALIZED',
      (r, e, emit) => {
        r.path = e.path
        r.size = e.size
        for (const container of r.users) emit({ type: 'TELL_LOCALIZED', container })
      },
    ],
    LOCALIZATION_FAILED: [
      'FAILED',
      (r, e, emit) => {
        for (const container of r.users) emit({ type: 'TELL_FAILED', container, diagnostics: e.diagnostics })
      },
    ],
    RELEASE: ['DOWNLOADING', release],
  },
  LOCALIZED: {
    REQUEST: [
      'LOCALIZED',
      (r, e, emit) => {
        r.users.add(e.container)
        emit({ type: 'TELL_LOCALIZED', container: e.container })
      },
    ],
    LOCALIZED: 'LOCALIZED',
    RELEASE: ['LOCALIZED', release],
  },
  FAILED: {
    RELEASE: ['FAILED', release],
  },
}

export function stepResource(life: ResourceLife, event: ResourceEvent): Step<ResourceState, ResourceEffect> {
  const next = step(RESOURCE, life.state, life, event)
  life.state = next.state
  return next
}
