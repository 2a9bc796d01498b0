/** Container logs on this node's disks, and their handling without aggregation: kept for a while, then removed. */
import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import type { LocalDirs } from '../monitor/disks.js'
import type { Deletions } from '../runtime/layout.js'
import type { NodeApplication } from '../runtime/container-manager.js'
import type { LogHandler } from './handler.js'

export interface LogFile {
  readonly name: string
  readonly path: string
  readonly size: number
  readonly modified: number
}

/** The top-level files of a container's log folders. Undefined when there is no such folder. */
export function containerLogFiles(dirs: Pick<LocalDirs, 'logDirs'>, applicationId: string, containerId: string): LogFile[] | undefined {
  let found: LogFile[] | undefined
  for (const log of dirs.logDirs) {
    const dir = path.join(log, applicationId, containerId)
    if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) continue
    found ??= []
    for (const name of readdirSync(dir)) {
      const s = statSync(path.join(dir, name), { throwIfNoEntry: false })
      if (s?.isFile()) found.push({ name, path: path.join(dir, name), size: s.size, modified: s.mtimeMs })
    }
  }
  return found
}

/** What setTimeout can count to. */
const LONGEST_TIMER = 2 ** 31 - 1

/** Hadoop's NonAggregatingLogHandler. */
export class LocalLogHandler implements LogHandler {
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(
    private readonly dirs: LocalDirs,
    private readonly deletions: Deletions,
    /** Milliseconds. */
    private readonly retain: number,
  ) {}

  applicationStarted(): void {}

  containerFinished(): void {}

  async applicationFinished(app: NodeApplication): Promise<void> {
    this.#removeLater(app.name, this.retain)
  }

  /** Logs that an earlier run left: those of no running application go when their time is over. */
  takeUp(running: ReadonlySet<string>): void {
    for (const log of this.dirs.good('log')) {
      for (const name of readdirSync(log)) {
        if (!name.startsWith('application_') || running.has(name)) continue
        const age = Date.now() - statSync(path.join(log, name)).mtimeMs
        this.#removeLater(name, Math.max(0, this.retain - age))
      }
    }
  }

  #removeLater(application: string, delay: number): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer)
        for (const log of this.dirs.logDirs) this.deletions.removeNow(path.join(log, application))
      },
      Math.min(delay, LONGEST_TIMER),
    )
    timer.unref()
    this.#timers.add(timer)
  }

  takeReports(): [] {
    return []
  }

  giveBack(): void {}

  async stop(): Promise<void> {
    for (const t of this.#timers) clearTimeout(t)
  }
}
