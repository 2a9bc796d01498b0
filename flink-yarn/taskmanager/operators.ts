/** The operators of a chain at run time: each takes a record and hands on what comes of it. */
import { writeSync } from 'node:fs'
import { hashCode } from '../streaming/keygroups.js'
import type { Key, Operator } from '../streaming/operators.js'
import type { Emit } from './channels.js'

export interface RunningOperator {
  readonly process: Emit
  /** Makes visible what was held back: called when the task has nothing else to do, and at its end. */
  readonly flush?: () => void
}

export interface OperatorContext {
  readonly subtask: number
  readonly parallelism: number
}

/** @param emit takes the records that the operator gives out */
export function startOperator(operator: Operator, context: OperatorContext, emit: Emit): RunningOperator {
  const { spec } = operator
  switch (spec.type) {
    case 'map': {
      const f = spec.function
      return { process: (record) => emit(f(record)) }
    }
    case 'flatMap': {
      const f = spec.function
      const out = { collect: emit }
      return { process: (record) => f(record, out) }
    }
    case 'filter': {
      const f = spec.function
      return {
        process: (record) => {
          if (f(record)) emit(record)
        },
      }
    }
    case 'reduce': {
      const { function: f, key } = spec
      const state = new Map<unknown, unknown>()
      return {
        process: (record) => {
          const k = stateKey(key(record))
          const before = state.get(k)
          const value = before === undefined ? record : f(before, record)
          state.set(k, value)
          emit(value)
        },
      }
    }
    case 'print':
      return printer(spec.identifier, context)
    default:
      throw new Error(`${operator.name} (${spec.type}) is a source; it can't stand behind another operator`)
  }
}

/** What identifies a key in a Map; arrays by their content. Sources of key values check the kind, as hashCode does. */
function stateKey(key: Key): unknown {
  if (typeof key !== 'object') {
    if (key === undefined || typeof key === 'function' || typeof key === 'symbol') hashCode(key)
    return key
  }
  hashCode(key)
  return `\u0000${JSON.stringify(key, (_k, v) => (typeof v === 'bigint' ? `${v}n` : v))}`
}

/** More than this is not held back. */
const MAX_HELD = 32 * 1024

function printer(identifier: string, context: OperatorContext): RunningOperator {
  const number = context.parallelism > 1 ? String(context.subtask + 1) : ''
  const prefix = [identifier, number].filter((s) => s !== '').join(':')
  const before = prefix === '' ? '' : `${prefix}> `
  let held = ''
  const flush = () => {
    if (held === '') return
    const text = held
    held = ''
    writeFully(1, Buffer.from(text))
  }
  return {
    process: (record) => {
      held += `${before}${formatRecord(record)}\n`
      if (held.length >= MAX_HELD) flush()
    },
    flush,
  }
}

const pause = new Int32Array(new SharedArrayBuffer(4))

/** Writes all of it from this thread; a pipe that is full is waited for. */
export function writeFully(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'EAGAIN') throw e
      Atomics.wait(pause, 0, 0, 1)
    }
  }
}

/** As Java's toString of the same record: `(word,1)` for a tuple, `{a=1, b=2}` for named fields. */
export function formatRecord(v: unknown): string {
  if (typeof v !== 'object' || v === null) return String(v)
  if (Array.isArray(v)) return `(${v.map(formatRecord).join(',')})`
  if (v instanceof Date) return v.toISOString()
  if (v instanceof Map) return `{${[...v].map(([k, e]) => `${formatRecord(k)}=${formatRecord(e)}`).join(', ')}}`
  if (v instanceof Set) return `[${[...v].map(formatRecord).join(', ')}]`
  if (v instanceof Uint8Array) return `[${[...v].join(', ')}]`
  // A class with a toString of its own says how it wants to be shown.
  if (v.toString !== Object.prototype.toString) return v.toString()
  return `{${Object.entries(v)
    .map(([k, e]) => `${k}=${formatRecord(e)}`)
    .join(', ')}}`
}
