/** Ports that daemons are to listen on, chosen before they start, since every daemon's configuration names the others. */
import net from 'node:net'

/** Tried in turn where no default applies: below the range from which systems take the ports of outgoing connections. */
const FIRST = 20_000
const COUNT = 12_000

export function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.once('error', (e: NodeJS.ErrnoException) => (e.code === 'EADDRINUSE' || e.code === 'EACCES' ? resolve(false) : reject(e)))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)))
  })
}

export class PortChooser {
  readonly #taken = new Set<number>()
  #next = (process.pid * 61) % COUNT

  /** Marks a port as given out. @returns false when it already is */
  take(port: number): boolean {
    if (this.#taken.has(port)) return false
    this.#taken.add(port)
    return true
  }

  /** `preferred` if it is free, else any that is. */
  async free(host: string, preferred: readonly number[] = []): Promise<number> {
    for (const port of preferred) if (!this.#taken.has(port) && (await isFree(port, host)) && this.take(port)) return port
    for (let tried = 0; tried < COUNT; tried++) {
      const port = FIRST + this.#next
      this.#next = (this.#next + 1) % COUNT
      if (!this.#taken.has(port) && (await isFree(port, host)) && this.take(port)) return port
    }
    throw new Error(`no port between ${FIRST} and ${FIRST + COUNT} is free on ${host}`)
  }
}
