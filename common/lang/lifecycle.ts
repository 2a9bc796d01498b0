/**
 * Life cycles as tables: state x event -> next state, with an action that runs on the way. The action of an arc with several ends chooses
 * the one it goes to. An event that a state has no arc for is an error that names both.
 */
export interface Arc<S extends string, C, V> {
  /** The next state, or those that `choose` picks from. */
  readonly to: S | readonly S[]
  readonly run?: (entity: C, event: V) => void
  readonly choose?: (entity: C, event: V) => S
}

export type Lifecycle<S extends string, K extends string, C, V> = { readonly [state in S]: { readonly [kind in K]?: Arc<S, C, V> } }

export class InvalidTransition extends Error {
  override name = 'InvalidTransition'
  constructor(
    readonly entity: string,
    readonly state: string,
    readonly event: string,
  ) {
    super(`${entity}: invalid event ${event} at ${state}`)
  }
}

/**
 * Sends an event to an entity.
 * @param name the entity's, for the error
 * @throws InvalidTransition when its state has no arc for the event, or an action chose an end that the arc doesn't have
 */
export function transition<S extends string, K extends string, C extends { state: S }, V extends { readonly type: K }>(
  table: Lifecycle<S, K, C, V>,
  entity: C,
  event: V,
  name: (entity: C) => string,
): void {
  const from = entity.state
  const arc = table[from][event.type]
  if (!arc) throw new InvalidTransition(name(entity), from, event.type)
  if (arc.choose) {
    const next = arc.choose(entity, event)
    if (!arc.to.includes(next)) throw new InvalidTransition(name(entity), from, `${event.type} -> ${next}`)
    entity.state = next
    return
  }
  arc.run?.(entity, event)
  entity.state = arc.to as S
}
