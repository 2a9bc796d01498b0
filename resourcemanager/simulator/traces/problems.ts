/** What can't be in a trace, told with its place. */
import { ConfigurationError } from '../../../common/config/configuration.js'
import type { Place, Problem } from '../workload.js'

/** So many are told at once; then reading stops. */
const MOST = 20

export function placeText({ file, line, entry }: Place): string {
  return `${file}${line === undefined ? '' : `:${line}`}${entry === undefined ? '' : `: ${entry}`}`
}

export function problemText({ place, message, remedy }: Problem): string {
  return `${placeText(place)}: ${message}${remedy === undefined ? '' : `; ${remedy}`}`
}

/** A trace, a models file or a list of nodes that can't be used. */
export class TraceError extends ConfigurationError {
  override name = 'TraceError'
  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(problemText).join('\n'))
  }
}

/** Gathers problems, so that one reading tells of all of them. */
export class Problems {
  readonly #all: Problem[] = []

  add(place: Place, message: string, remedy?: string): void {
    this.#all.push({ place, message, ...(remedy !== undefined && { remedy }) })
    if (this.#all.length >= MOST) this.check()
  }

  /** @throws TraceError when there are any */
  check(): void {
    if (this.#all.length > 0) throw new TraceError(this.#all)
  }
}

export function fail(place: Place, message: string, remedy?: string): never {
  throw new TraceError([{ place, message, ...(remedy !== undefined && { remedy }) }])
}
