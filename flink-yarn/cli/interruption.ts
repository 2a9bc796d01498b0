/** Ctrl-C and TERM, once: what has been begun is undone, then the process ends as a shell expects. */

export class Interrupted extends Error {
  override name = 'Interrupted'
  constructor(readonly signal: 'SIGINT' | 'SIGTERM') {
    super(`interrupted by ${signal}`)
  }

  /** 128 and the signal's number. */
  get exitCode(): number {
    return this.signal === 'SIGINT' ? 130 : 143
  }
}

/** Aborted by the first signal. A second one ends the process at once. */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const reason = new Interrupted(signal)
      if (controller.signal.aborted) process.exit(reason.exitCode)
      controller.abort(reason)
    })
  }
  return controller.signal
}

/** Settles as `work`, or rejects when the signal is aborted first. */
export function untilInterrupted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
