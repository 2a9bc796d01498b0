/** Where two views of the same step differ, in words. */
import type { AppView, Scenario, View } from './scenario.js'

/** Ids and times are each side's own. */
function neutral(text: string): string {
  return (
    text
      .replace(/(application|appattempt|container)_\d{13}_/g, '$1_T_')
      .replace(/\[[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d [^\]]*\d{4}\] ?/g, '')
      .replace(/\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\]/g, '[time]')
      // Ours tells what is used now, the real one what was when the master last got its turn (docs/fidelity.md).
      .replace(/Queue's Absolute used capacity = [^;]*; |Queue's used capacity \(absolute resource\) = [^;]*; /g, '')
      .replace(/http:\/\/[^/ ]+:8088/g, 'http://rm')
      .trim()
  )
}

const bySequence = <T extends { id: number }>(list: readonly T[]) => [...list].sort((a, b) => a.id - b.id)

/** What of a view must agree: sets by id, texts without ids and times. */
function canonical(view: View): unknown {
  const app = (a: AppView) => ({
    state: a.state,
    finalStatus: a.finalStatus,
    queue: a.queue,
    diagnostics: neutral(a.diagnostics),
    attempt: a.attempt,
    attemptState: a.attemptState,
    live: a.live && bySequence(a.live),
    reserved: a.reserved && bySequence(a.reserved),
    headroom: a.headroom,
    lifetime: a.lifetime,
  })
  return {
    refused: view.refused !== undefined,
    error: view.error,
    message: view.message === undefined ? undefined : neutral(view.message),
    allocated: view.allocated && bySequence(view.allocated),
    completed: view.completed && bySequence(view.completed).map((c) => ({ ...c, diagnostics: neutral(c.diagnostics) })),
    updated: view.updated && bySequence(view.updated),
    updateErrors: view.updateErrors && bySequence(view.updateErrors),
    rejected: view.rejected && bySequence(view.rejected),
    asked: view.asked && { strict: [...view.asked.strict].sort(), contract: [...view.asked.contract].sort() },
    apps: view.apps && Object.fromEntries(Object.entries(view.apps).map(([k, v]) => [k, app(v)])),
    action: view.action,
    previous: view.previous,
    nodes: view.nodes,
    states: view.states,
    queues: view.queues,
  }
}

/** What applications and queues hold after the last step, wherever it is. */
function inTheEnd(views: readonly View[]): unknown {
  const last = views.at(-1)
  const held = (a: AppView) => ({ state: a.state, live: a.live?.map((c) => c.size), reserved: a.reserved?.map((c) => c.size) })
  return { apps: last?.apps && Object.fromEntries(Object.entries(last.apps).map(([k, v]) => [k, held(v)])), queues: last?.queues }
}

function differences(real: unknown, ours: unknown, at: string): string[] {
  if (Object.is(real, ours)) return []
  if (typeof real === 'object' && typeof ours === 'object' && real && ours && Array.isArray(real) === Array.isArray(ours)) {
    const keys = new Set([...Object.keys(real), ...Object.keys(ours)])
    return [...keys].flatMap((k) => differences((real as Record<string, unknown>)[k], (ours as Record<string, unknown>)[k], at ? `${at}.${k}` : k))
  }
  return [`${at}: the real one has ${JSON.stringify(real)}, ours ${JSON.stringify(ours)}`]
}

/** The first step after which the two sides differ, and how. Empty when they agree throughout. */
export function disagreement(scenario: Scenario, real: readonly View[], ours: readonly View[]): string {
  if (scenario.asynchronous) {
    const found = differences(inTheEnd(real), inTheEnd(ours), '')
    return found.length === 0 ? '' : `${scenario.name}, in the end:\n  ${found.join('\n  ')}`
  }
  for (let i = 0; i < Math.max(real.length, ours.length); i++) {
    const found = differences(canonical(real[i] ?? {}), canonical(ours[i] ?? {}), '')
    if (found.length > 0) return `${scenario.name}, after step ${i + 1} ${JSON.stringify(scenario.steps[i])}:\n  ${found.join('\n  ')}`
  }
  return ''
}
