/**
 * Answers to calls that must not be carried out twice, kept for clients that ask again (RetryCache). They are journalled with
 * the change, so that a client is answered the same by a NameNode that was restarted or took over.
 */
import type { CallContext } from '../../../common/rpc/protocol.js'
import { RETRY_KEPT_ENTRIES, RETRY_KEPT_MILLIS } from '../core/limits.js'
import type { FsState, RetryEntry } from '../core/state.js'
import { viewOf } from '../core/status.js'
import type { Namesystem } from '../namesystem.js'
import { locatedBlockOf, statusProto } from './convert.js'

const SWEEP_AT = 4096
/** In proportion to what is kept: a sweep goes through what it removes only, but not for every call. */
const SWEEP_BEYOND = 1.25

/** An answer as it is journalled: itself, or the file that `create` or `append` opened. */
type Remembered = { readonly answer: unknown } | { readonly created: number } | { readonly appended: number }

export interface RetryCache {
  /** Runs the operation, or gives the answer to the same call made before. @param remember makes the journalled form; default: the answer itself */
  once<T extends object>(call: CallContext, operation: (fs: FsState) => T, remember?: (answer: T) => Remembered): Promise<T>
}

/** The answer anew; undefined when what it told of is gone. */
function restore(ns: Namesystem, r: Remembered): unknown {
  if ('answer' in r) return r.answer
  const { blockPoolId } = ns.identity
  const file = ns.fs.inodes.get('created' in r ? r.created : r.appended)
  if (file?.kind !== 'file') return undefined
  const status = statusProto(blockPoolId, viewOf(file, '', undefined))
  if ('created' in r) return { fs: status }
  const last = file.blocks.at(-1)
  const offset = file.blocks.slice(0, -1).reduce((n, b) => n + b.length, 0)
  return { block: last?.construction && locatedBlockOf(blockPoolId, last, offset, last.length, last.construction.expected), stat: status }
}

/** While the call is under way its promise, then what makes the answer anew: a hundred thousand answers are a lot of memory. */
interface Entry {
  readonly until: number
  answer: Promise<unknown> | Remembered
}

export function createRetryCache(ns: Namesystem): RetryCache {
  const entries = new Map<string, Entry>()
  const now = () => performance.now()
  const keyOf = (client: string, callId: number) => `${client}/${callId}`
  for (const [client, callId, at, answer] of ns.remembered.splice(0)) {
    const left = at + RETRY_KEPT_MILLIS - Date.now()
    if (left > 0) entries.set(keyOf(client, callId), { until: now() + left, answer: answer as Remembered })
  }
  let sweepAt = SWEEP_AT
  const sweep = () => {
    const at = now()
    let tooMany = entries.size - RETRY_KEPT_ENTRIES
    // Entries are in the order of their age.
    for (const [key, e] of entries) {
      if (tooMany-- <= 0 && e.until > at) break
      entries.delete(key)
    }
    sweepAt = Math.min(Math.max(SWEEP_AT, entries.size * 2), RETRY_KEPT_ENTRIES * SWEEP_BEYOND)
  }
  const given = (e: Entry) => (e.answer instanceof Promise ? e.answer : restore(ns, e.answer))
  return {
    async once(call, operation, remember = (answer) => ({ answer })) {
      if (call.clientId.length !== 16) return ns.write(operation)
      const client = Buffer.from(call.clientId).toString('hex')
      const key = keyOf(client, call.callId)
      const known = entries.get(key)
      const before = known && known.until > now() ? given(known) : undefined
      if (before !== undefined) return before as ReturnType<typeof operation>
      if (entries.size > sweepAt) sweep()
      let remembered: Remembered | undefined
      const answer = ns.write(operation, (result): RetryEntry => [client, call.callId, Date.now(), (remembered = remember(result))])
      const entry: Entry = { until: now() + RETRY_KEPT_MILLIS, answer }
      entries.set(key, entry)
      try {
        const result = await answer
        if (remembered) entry.answer = remembered
        return result
      } catch (e) {
        // A failure may be tried again in earnest.
        entries.delete(key)
        throw e
      }
    },
  }
}
