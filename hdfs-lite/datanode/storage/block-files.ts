/**
 * The open files of replicas, of which there may be fewer than there are writers and readers: whoever works on a replica
 * takes its two files for as long as one write or read needs. Between, they stay open as long as nobody else wants their
 * place; then the ones that were idle longest are closed, and opened anew when they are wanted.
 */
import { closeSync, openSync } from 'node:fs'
import type { Replica } from './replica.js'

export interface Descriptors {
  readonly data: number
  readonly meta: number
}

/** One user's way to a replica's files. */
export interface BlockFiles {
  /** Resolves with the files once there is a place for them; they are the caller's until `rest`. @throws what opening said */
  take(): Descriptors | Promise<Descriptors>
  rest(): void
  /** They are at rest, and not taken again. */
  close(): void
}

export interface FilePool {
  /** How many replicas' files are open. */
  readonly open: number
  /**
   * @param flags as of open(2): r, r+
   * @param opened files that are open already, and become the pool's to close
   */
  files(paths: () => { readonly data: string; readonly meta: string }, flags: 'r' | 'r+', opened?: Replica['files']): BlockFiles
}

interface Entry {
  descriptors: Descriptors | undefined
}

/** @param limit replicas whose files may be open at the same time */
export function filePool(limit: number): FilePool {
  /** Those at rest, the longest idle first. */
  const idle = new Set<Entry>()
  const waiting: (() => void)[] = []
  let open = 0

  const shut = (e: Entry) => {
    const { data, meta } = e.descriptors!
    idle.delete(e)
    e.descriptors = undefined
    open--
    closeSync(data)
    closeSync(meta)
  }

  const makeRoom = () => {
    while (open >= limit && idle.size > 0) shut(idle.values().next().value!)
  }

  /** A place has become free: whoever waits longest may try again. */
  const serveNext = () => waiting.shift()?.()

  return {
    get open() {
      return open
    },
    files(paths, flags, opened) {
      const entry: Entry = { descriptors: undefined }
      if (opened) {
        makeRoom()
        entry.descriptors = opened
        idle.add(entry)
        open++
      }
      const openNow = (): Descriptors => {
        const { data, meta } = paths()
        const dataFd = openSync(data, flags)
        try {
          entry.descriptors = { data: dataFd, meta: openSync(meta, flags) }
        } catch (e) {
          closeSync(dataFd)
          throw e
        }
        open++
        return entry.descriptors
      }
      const wait = async (): Promise<Descriptors> => {
        while (open >= limit && idle.size === 0) await new Promise<void>((resolve) => waiting.push(resolve))
        makeRoom()
        try {
          return openNow()
        } catch (e) {
          serveNext()
          throw e
        }
      }
      return {
        take() {
          if (entry.descriptors) {
            idle.delete(entry)
            return entry.descriptors
          }
          if (open >= limit && idle.size === 0) return wait()
          makeRoom()
          return openNow()
        },
        rest() {
          if (!entry.descriptors) return
          // Files that came open may be more than the limit for a moment.
          if (open > limit) shut(entry)
          else idle.add(entry)
          serveNext()
        },
        close() {
          if (!entry.descriptors) return
          shut(entry)
          serveNext()
        },
      }
    },
  }
}
