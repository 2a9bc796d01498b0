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

export interface Interruption {
  /** Aborted by the first signal. A second one ends the process at once. */
  readonly signal: AbortSignal
  /** From here on signals do what they do without this. */
  release(): void
}

export function interruption(): Interruption {
  const controller = new AbortController()
  const on = (name: 'SIGINT' | 'SIGTERM') => () => {
    const reason = new Interrupted(name)
    if (controller.signal.aborted) process.exit(reason.exitCode)
    controller.abort(reason)
  }
  const handlers = { SIGINT: on('SIGINT'), SIGTERM: on('SIGTERM') }
  for (const [name, handler] of Object.entries(handlers)) process.on(name, handler)
  return {
    signal: controller.signal,
    release: () => {
      for (const [name, handler] of Object.entries(handlers)) process.off(name, handler)
    },
  }
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
