/** Waiting between tries: quick at first, then never longer than the configured interval. */
import { isException } from '../errors.js'
import { ConnectionError } from '../rpc/client.js'

export interface RetryLimits {
  /** Milliseconds after which the last error is thrown; negative: never. */
  readonly maxWait: number
  /** Most milliseconds between two tries. */
  readonly interval: number
}

const FIRST_PAUSE = 20

/** The pauses between looks at something that usually comes soon: doubling up to `most`. */
export function* pauses(most: number, first = FIRST_PAUSE): Generator<number, never> {
  for (let pause = first; ; pause *= 2) yield Math.min(pause, most)
}

export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const abort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', abort, { once: true })
  })
}

/** True for failures of a server that may be starting or restarting. */
export function isAway(e: unknown): boolean {
  if (e instanceof ConnectionError) return e.code !== 'ECLOSED' && e.code !== 'ENOTFOUND' && e.code !== 'EPROTO'
  return isException(e, 'NMNotYetReadyException', 'StandbyException', 'RetriableException')
}

/** Calls again while the server is away. Only for calls that may be carried out twice. */
export async function whileAway<T>(limits: RetryLimits, call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const started = performance.now()
  const pause = pauses(limits.interval)
  for (;;) {
    try {
      return await call()
    } catch (e) {
      const next = pause.next().value
      const spent = performance.now() - started
      if (!isAway(e) || signal?.aborted || (limits.maxWait >= 0 && spent + next > limits.maxWait)) throw e
      await sleep(next, signal)
    }
  }
}
