/** The connections that data transfer has at once, in and out, are limited: beyond that new ones are closed, and the log says why. */
import type net from 'node:net'

export interface Places {
  readonly taken: number
  /** Whether no more connections are to be accepted; the first time it says so in the log. */
  readonly full: boolean
  /** Counts a connection until it is closed. */
  take(socket: net.Socket): void
}

/** It is full again, and worth another line, after this share was free. */
const FREED = 0.05

export function places(limit: number, log: (problem: string) => void): Places {
  let taken = 0
  let told = false
  return {
    get taken() {
      return taken
    },
    get full() {
      if (taken < limit) return false
      if (!told)
        log(
          `${taken} connections of data transfer are open, which is the limit: new ones are closed until some end. More descriptors (ulimit -Hn before the start), or a higher dfs.datanode.max.transfer.threads where it is set, allow more.`,
        )
      told = true
      return true
    },
    take(socket) {
      taken++
      socket.once('close', () => {
        taken--
        if (taken <= limit * (1 - FREED)) told = false
      })
    },
  }
}
