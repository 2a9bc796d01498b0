/**
 * The recorded event log: one JSON line for the configuration, then one for each step with what came of it. Replayed into a new core,
 * the same events give the same effects. Launch contexts and tokens are not in it.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { type Core, type CoreConfig, type Effect, type Event, createCore } from '../core/index.js'

export interface EventLog {
  append(now: number, event: Event, effects: readonly Effect[]): void
  close(): void
}

/** Bytes gathered before they are written; the rest follows at the end of the turn. */
const CHUNK = 64 * 1024

/** Starts a new log: a log is the life of one core. */
export function openEventLog(file: string, config: CoreConfig): EventLog {
  const fd = openSync(file, 'w')
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
  readonly steps: number
  readonly core: Core
}

/** Replays a log. A last line that was cut short is passed over. @throws Error naming the line where the effects differ */
export function replayEventLog(file: string): Replay {
  const lines = readFileSync(file, 'utf8').split('\n')
  const first = JSON.parse(lines[0] ?? '') as { config?: CoreConfig }
  if (!first.config) throw new Error(`${file}:1: not an event log: its first line holds no configuration`)
  const core = createCore(first.config)
  let steps = 0
  // What follows the last newline is empty, or was being written when the process ended.
  for (let i = 1; i < lines.length - 1; i++) {
    const { now, event, effects } = JSON.parse(lines[i]!) as { now: number; event: Event; effects: Effect[] }
    const again = JSON.stringify(core.step(event, now).effects)
    const recorded = JSON.stringify(effects)
    if (again !== recorded) throw new Error(`${file}:${i + 1}: ${event.type} gave other effects than recorded:\n  recorded ${recorded}\n  replayed ${again}`)
    steps++
  }
  return { steps, core }
}
