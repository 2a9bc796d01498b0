/** Where a NodeManager keeps things, and removing them later. */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { LocalDirs } from '../monitor/disks.js'
import { ensureDir } from '../monitor/disks.js'

export const APPLICATION_DIR_MODE = 0o710

export const userDir = (local: string, user: string) => path.join(local, 'usercache', user)
export const applicationDir = (local: string, user: string, app: string) => path.join(userDir(local, user), 'appcache', app)
export const privateDir = (local: string, app: string, container?: string) =>
  path.join(local, 'nmPrivate', app, ...(container === undefined ? [] : [container]))

/** The folders of a user and an application on every good disk. */
export function makeApplicationDirs(dirs: LocalDirs, user: string, app: string): void {
  for (const local of dirs.good('local')) {
    ensureDir(path.join(local, 'usercache'), 0o755)
    ensureDir(userDir(local, user), 0o750)
    ensureDir(path.join(userDir(local, user), 'appcache'), APPLICATION_DIR_MODE)
    ensureDir(path.join(userDir(local, user), 'filecache'), APPLICATION_DIR_MODE)
    ensureDir(applicationDir(local, user, app), APPLICATION_DIR_MODE)
    ensureDir(path.join(applicationDir(local, user, app), 'filecache'), APPLICATION_DIR_MODE)
    ensureDir(path.join(local, 'nmPrivate'), 0o700)
  }
  for (const log of dirs.good('log')) ensureDir(path.join(log, app), APPLICATION_DIR_MODE)
}

/** Removes folders, after the time that yarn.nodemanager.delete.debug-delay-sec keeps them for a look. */
export class Deletions {
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #running = new Set<Promise<void>>()

  constructor(
    private readonly delay: number,
    private readonly onError: (path: string, error: unknown) => void,
  ) {}

  remove(file: string): void {
    // Negative, as in Hadoop: everything stays.
    if (this.delay < 0) return
    if (this.delay === 0) return this.removeNow(file)
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.removeNow(file)
    }, this.delay)
    this.#timers.add(timer)
  }

  removeNow(file: string): void {
    const done = rm(file, { recursive: true, force: true, maxRetries: 3 })
      .catch((e) => this.onError(file, e))
      .finally(() => this.#running.delete(done))
    this.#running.add(done)
  }

  /** What is being removed now is removed; what is delayed is left. */
  async stop(): Promise<void> {
    for (const t of this.#timers) clearTimeout(t)
    await Promise.all(this.#running)
  }
}
