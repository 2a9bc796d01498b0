/**
 * Life cycles as tables: state x event -> next state and effects. A table is data; `step` is all that runs it.
 * What is not in the table can't happen, and says so with both names.
 */
export interface LifeEvent {
  readonly type: string
}

/** What a transition does besides the step itself: changes the entity's data, says what is to be done. */
type Act<E extends LifeEvent, D, F, R> = (data: D, event: E, emit: (effect: F) => void) => R

/**
 * A bare state: go there (or stay), nothing else happens. A pair: go there and act. A list with an action: the action
 * picks one of the list.
 */
export type Rule<S extends string, E extends LifeEvent, D, F> =
  | S
  | readonly [to: S, act: Act<E, D, F, void>]
  | readonly [to: readonly S[], act: Act<E, D, F, S>]

export type LifeCycle<S extends string, E extends LifeEvent, D, F> = {
  readonly [State in S]: { readonly [T in E['type']]?: Rule<S, Extract<E, { type: T }>, D, F> }
}

/** An event that its entity's state has no rule for (Hadoop's InvalidStateTransitionException). */
export class InvalidStateTransition extends Error {
  override name = 'InvalidStateTransition'
  constructor(
    readonly state: string,
    readonly event: string,
  ) {
    super(`Invalid event: ${event} at ${state}`)
  }
}

export interface Step<S extends string, F> {
  readonly state: S
  readonly effects: readonly F[]
}

/** @throws InvalidStateTransition when the table has no rule */
export function step<S extends string, E extends LifeEvent, D, F>(table: LifeCycle<S, E, D, F>, state: S, data: D, event: E): Step<S, F> {
  const rule = (table[state] as Record<string, Rule<S, E, D, F> | undefined>)[event.type]
  if (rule === undefined) throw new InvalidStateTransition(state, event.type)
  if (typeof rule === 'string') return { state: rule, effects: [] }
  const effects: F[] = []
  const [to, act] = rule
  const chosen: unknown = act(data, event, (f) => effects.push(f))
  if (typeof to === 'string') return { state: to, effects }
  const next = to.find((s) => s === chosen)
  if (next === undefined) throw new InvalidStateTransition(state, `${event.type} -> ${chosen}`)
  return { state: next, effects }
}
