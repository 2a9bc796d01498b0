/** One entity of a life cycle by itself: what it says to the outside is written down instead of done. */
import { type Lifecycle, transition } from '../../../common/lang/lifecycle.js'

/** Everything that is called and not in `answers` is written down: its name, and of its arguments what is said. */
export function listener<T>(answers: Readonly<Record<string, unknown>>): { readonly outside: T; readonly said: string[] } {
  const said: string[] = []
  const outside = new Proxy(answers, {
    get: (known, name) => (name in known ? known[String(name)] : (...args: unknown[]) => void said.push([String(name), ...args.flatMap(words)].join(' '))),
  })
  return { outside: outside as T, said }
}

function words(argument: unknown): string[] {
  if (typeof argument === 'string') return [argument]
  // Entities are known from the name of what is called.
  if (typeof argument !== 'object' || argument === null || 'rm' in argument || 'attempt' in argument) return []
  const { type, state, finalStatus, exitStatus } = argument as Record<string, unknown>
  return [type, state, finalStatus, exitStatus].filter((w) => w !== undefined && w !== -1000).map(String)
}

/** Puts the entity into a state and sends it an event. @returns `STATE: what it said` */
export function happens<S extends string, K extends string, C extends { state: S }, V extends { readonly type: K }>(
  table: Lifecycle<S, K, C, V>,
  entity: C,
  state: S,
  event: V,
  said: string[],
): string {
  entity.state = state
  said.length = 0
  transition(table, entity, event, () => 'it')
  return [entity.state, said.join(', ')].filter((t) => t !== '').join(': ')
}
