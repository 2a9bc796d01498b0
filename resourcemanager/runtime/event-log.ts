/**
 * The recorded event log: for each life of the ResourceManager one JSON line with its configuration, then one for each step with what
 * came of it. Replayed into a new core, the same events give the same effects. Launch contexts and tokens are not in it.
 */
import { closeSync, fstatSync, openSync, readFileSync, writeSync } from 'node:fs'
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

type Line = { readonly config: CoreConfig } | { readonly now: number; readonly event: Event; readonly effects: readonly Effect[] }

/** Replays a log. A line that was cut short, as by kill -9, ends its life. @throws Error naming the line where the effects differ */
export function replayEventLog(file: string): Replay {
  const lines = readFileSync(file, 'utf8').split('\n')
  let core: Core | undefined
  let lives = 0
  let steps = 0
  for (const [i, text] of lines.entries()) {
    const line = parsed(text)
    if (!line) continue
    if ('config' in line) {
      core = createCore(line.config)
      lives++
      continue
    }
    if (!core) throw new Error(`${file}:${i + 1}: not an event log: it begins without a configuration`)
    const again = JSON.stringify(core.step(line.event, line.now).effects)
    const recorded = JSON.stringify(line.effects)
    if (again !== recorded)
      throw new Error(`${file}:${i + 1}: ${line.event.type} gave other effects than recorded:\n  recorded ${recorded}\n  replayed ${again}`)
    steps++
  }
  if (!core) throw new Error(`${file} is no event log: it holds no configuration`)
  return { lives, steps, core }
}

function parsed(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line
  } catch {
    return undefined
  }
}
