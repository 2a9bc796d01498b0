/**
 * Mutants of the life cycles' tables: every single entry without itself, with each other state for each of its targets, without its action,
 * and without each of the things that its action says to the outside.
 */
import type { Arc } from '../../common/lang/lifecycle.js'
import type { Rule } from '../../nodemanager/core/life-cycle.js'

export interface Mutant {
  readonly state: string
  readonly event: string
  readonly what: string
  /** What stands in the entry's place; undefined: nothing does. */
  readonly entry: unknown
}

type Action = (...args: any[]) => unknown

/** How a kind of table writes its entries. */
export interface Dialect {
  /** Of one target an entry that only goes there; of several one whose action picks. */
  make(targets: readonly string[], picks: boolean, action: Action | undefined): unknown
  read(entry: unknown): { readonly targets: readonly string[]; readonly picks: boolean; readonly action: Action | undefined }
  /** The action with each thing that it says named to `hear`; said only if `hear` lets it. */
  overheard(action: Action, hear: (said: string) => boolean): Action
}

const kindOf = (argument: unknown): string => {
  const { type, what } = (argument ?? {}) as { type?: unknown; what?: unknown }
  return [type, what].filter((t) => typeof t === 'string').join(' ')
}

/** common/lang/lifecycle.ts: actions speak to the entity's ResourceManager, a container's to its attempt's host. */
export const arcs: Dialect = {
  make: (targets, picks, action) => (picks ? { to: targets, choose: action } : { to: targets[0], ...(action && { run: action }) }),
  read(entry) {
    const { to, run, choose } = entry as Arc<string, unknown, unknown>
    return { targets: [to].flat(), picks: choose !== undefined, action: choose ?? run }
  },
  overheard: (action, hear) => (entity: any, event: unknown) => {
    const holder = 'rm' in entity ? entity : entity.attempt
    const name = 'rm' in entity ? 'rm' : 'host'
    const outside = holder[name]
    holder[name] = new Proxy(outside, {
      get(target, property) {
        const value = Reflect.get(target, property, target)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          const said = [String(property), ...args.map(kindOf)].filter((t) => t !== '').join(' ')
          // Asking is not saying: what answers is left alone.
          if (ANSWERS.has(String(property)) || hear(said)) return value.apply(target, args)
          return undefined
        }
      },
    })
    try {
      return action(entity, event)
    } finally {
      holder[name] = outside
    }
  },
}

const ANSWERS = new Set(['nodeName', 'describe', 'application', 'attempt', 'askForMaster', 'fetchMaster', 'recoverApplicationState', 'recoverAttemptState'])

/** nodemanager/core/life-cycle.ts: actions emit effects. */
export const rules: Dialect = {
  make: (targets, picks, action) => (picks ? [targets, action] : action ? [targets[0], action] : targets[0]),
  read(entry) {
    const rule = entry as Rule<string, { type: string }, unknown, unknown>
    if (typeof rule === 'string') return { targets: [rule], picks: false, action: undefined }
    return { targets: [rule[0]].flat(), picks: Array.isArray(rule[0]), action: rule[1] as Action }
  },
  overheard: (action, hear) => (data: unknown, event: unknown, emit: (effect: unknown) => void) =>
    action(data, event, (effect: unknown) => {
      if (hear(kindOf(effect))) emit(effect)
    }),
}

/** @param said what the entry's action has been heard to say */
export function mutantsOf(dialect: Dialect, state: string, event: string, entry: unknown, states: readonly string[], said: Iterable<string>): Mutant[] {
  const { targets, picks, action } = dialect.read(entry)
  const mutant = (what: string, to: unknown): Mutant => ({ state, event, what, entry: to })
  const all: Mutant[] = [mutant('is not there', undefined)]
  for (const target of targets) {
    for (const other of states) {
      if (other === target) continue
      const astray: Action | undefined = picks ? (...args) => (action!(...args) === target ? other : target) : action
      all.push(mutant(`${target} becomes ${other}`, dialect.make(picks ? [...new Set([...targets, other])] : [other], picks, astray)))
    }
    if (action) all.push(mutant(`goes to ${target} and does nothing`, dialect.make([target], false, undefined)))
  }
  for (const silenced of said)
    all.push(
      mutant(
        `does not say ${silenced}`,
        dialect.make(
          targets,
          picks,
          dialect.overheard(action!, (s) => s !== silenced),
        ),
      ),
    )
  return all
}
