/** Answers to calls that must not be carried out twice, kept for clients that ask again (RetryCache). */
import type { CallContext } from '../../../common/rpc/protocol.js'

const KEPT_MILLIS = 600_000
const SWEEP_AT = 4096

export interface RetryCache {
  /** Runs the call, or gives the answer to the same call made before. */
  once<T>(call: CallContext, run: () => Promise<T>): Promise<T>
}

export function createRetryCache(now: () => number = () => performance.now()): RetryCache {
  const entries = new Map<string, { until: number; answer: Promise<unknown> }>()
  let sweepAt = SWEEP_AT
  const sweep = () => {
    const at = now()
    // Entries are in the order of their age.
    for (const [key, e] of entries) {
      if (e.until > at) break
      entries.delete(key)
    }
    sweepAt = Math.max(SWEEP_AT, entries.size * 2)
  }
  return {
    once(call, run) {
      if (call.clientId.length !== 16) return run()
      const key = `${Buffer.from(call.clientId).toString('latin1')}${call.callId}`
      const known = entries.get(key)
      if (known && known.until > now()) return known.answer as ReturnType<typeof run>
      if (entries.size > sweepAt) sweep()
      const answer = run()
      // A failure may be tried again in earnest.
      answer.catch(() => entries.delete(key))
      entries.set(key, { until: now() + KEPT_MILLIS, answer })
      return answer
    },
  }
}
