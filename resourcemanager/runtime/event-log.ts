/**
 * The recorded event log: for each life of the ResourceManager one JSON line with its configuration, then one for each step with what
 * came of it. Replayed into a new core, the same events give the same effects. Launch contexts and tokens are not in it.
 */
import { closeSync, createReadStream, fstatSync, openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { type Core, type CoreConfig, type Effect, type Event, createCore } from '../core/index.js'

export interface EventLog {
  append(now: number, event: Event, effects: readonly Effect[]): void
  close(): void
}

/** Bytes gathered before they are written; the rest follows at the end of the turn. */
const CHUNK = 64 * 1024

/** Appends a new life to the log. */
export function openEventLog(file: string, config: CoreConfig): EventLog {
  const fd = openSync(file, 'a')
  let pending: string[] = []
  let size = 0
  let scheduled = false
  const flush = () => {
    scheduled = false
    if (pending.length === 0) return
    writeSync(fd, pending.join(''))
    pending = []
    size = 0
  }
  const write = (line: string) => {
    pending.push(`${line}\n`)
    size += line.length
    if (size >= CHUNK) flush()
    else if (!scheduled) {
      scheduled = true
      setImmediate(flush)
    }
  }
  // What was being written when the process before this one ended stays a line of its own.
  if (fstatSync(fd).size > 0) write('')
  write(JSON.stringify({ config }))
  return {
    append: (now, event, effects) => write(JSON.stringify({ now, event, effects })),
    close() {
      flush()
      closeSync(fd)
    },
  }
}

export interface Replay {
  readonly lives: number
  readonly steps: number
  /** The last life's, as it was at its end. */
  readonly core: Core
}

/** A step as it was recorded. */
export interface RecordedStep {
  readonly now: number
  readonly event: Event
  readonly effects: readonly Effect[]
}

/** One line of a log: a life's beginning, or a step in it. */
export type RecordedLine = { readonly line: number } & ({ readonly config: CoreConfig } | RecordedStep)

/** Reads a log from its beginning, whatever its size. A line that was cut short, as by kill -9, is passed over: it ends its life. @throws Error when it is no event log */
export async function* readEventLog(file: string): AsyncGenerator<RecordedLine> {
  let line = 0
  let begun = false
  for await (const text of createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })) {
    line++
    const parsed = parse(text)
    if (!parsed) continue
    if ('config' in parsed) begun = true
    else if (!begun) throw new Error(`${file}:${line}: not an event log: it begins without a configuration`)
    yield { line, ...parsed }
  }
  if (!begun)
    throw new Error(`${file} is no event log: it holds no configuration. A ResourceManager writes one where bobbin.resourcemanager.event-log names a file`)
}

/** @throws Error naming the line where the effects differ from those recorded */
export async function replayEventLog(file: string, onStep?: (now: number) => void): Promise<Replay> {
  let core: Core | undefined
  let lives = 0
  let steps = 0
  for await (const entry of readEventLog(file)) {
    if ('config' in entry) {
      core = createCore(entry.config)
      lives++
      continue
    }
    const again = JSON.stringify(core!.step(entry.event, entry.now).effects)
    const recorded = JSON.stringify(entry.effects)
    if (again !== recorded)
      throw new Error(`${file}:${entry.line}: ${entry.event.type} gave other effects than recorded:\n  recorded ${recorded}\n  replayed ${again}`)
    steps++
    onStep?.(entry.now)
  }
  return { lives, steps, core: core! }
}

function parse(text: string): { readonly config: CoreConfig } | RecordedStep | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && ('config' in value || 'event' in value) ? (value as RecordedStep) : undefined
  } catch {
    return undefined
  }
}
