/** Which local and log folders can be used, and the node's health (Hadoop's LocalDirsHandlerService, DirectoryCollection). */
import { accessSync, chmodSync, constants, mkdirSync, statSync, statfsSync } from 'node:fs'
import path from 'node:path'
import { HadoopException, exception } from '../../common/errors.js'

export interface DiskLimits {
  /** Percent of the disk in use beyond which a folder is no longer used. */
  readonly maxUtilization: number
  /** MiB. */
  readonly minFreeMb: number
  /** Share of good folders that a healthy node needs. */
  readonly minHealthyFraction: number
  readonly enabled: boolean
  /** Milliseconds between checks. */
  readonly interval: number
}

type Trouble = { readonly cause: 'FULL' | 'ERROR'; readonly message: string }
type Kind = 'local' | 'log'

const FULL = 'usable space is below configured utilization percentage/no more usable space'

export class LocalDirs {
  readonly #troubles = new Map<string, Trouble>()
  #next = 0
  #timer: NodeJS.Timeout | undefined
  lastCheck = 0

  /** @param onChange called when a folder became bad or good */
  constructor(
    readonly localDirs: readonly string[],
    readonly logDirs: readonly string[],
    private readonly limits: DiskLimits,
    private readonly onChange: (report: string, healthy: boolean) => void = () => {},
  ) {
    this.check()
  }

  start(): void {
    if (this.limits.enabled) this.#timer = setInterval(() => this.check(), this.limits.interval)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Looks at all folders now; also called when a write failed. */
  check(): void {
    const before = [...this.#troubles.keys()].join()
    this.#troubles.clear()
    if (this.limits.enabled) {
      for (const dir of [...this.localDirs, ...this.logDirs]) {
        const trouble = this.#examine(dir)
        if (trouble) this.#troubles.set(dir, trouble)
      }
    }
    this.lastCheck = Date.now()
    if ([...this.#troubles.keys()].join() !== before) this.onChange(this.healthReport, this.healthy)
  }

  #examine(dir: string): Trouble | undefined {
    try {
      mkdirSync(dir, { recursive: true })
      if (!statSync(dir).isDirectory()) return { cause: 'ERROR', message: `Not a directory: ${dir}` }
      accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK)
      const { blocks, bfree, bavail, bsize } = statfsSync(dir)
      // As df: what only root may use counts as used.
      const utilization = blocks === 0 ? 0 : 100 * (1 - bavail / (blocks - bfree + bavail))
      if (utilization > this.limits.maxUtilization || bavail === 0)
        return { cause: 'FULL', message: `used space above threshold of ${javaFloat(this.limits.maxUtilization)}%` }
      if (bavail * bsize < this.limits.minFreeMb * 2 ** 20) return { cause: 'FULL', message: `free space below limit of ${this.limits.minFreeMb}MB` }
    } catch (e) {
      return { cause: 'ERROR', message: (e as Error).message }
    }
    return undefined
  }

  #dirs(kind: Kind): readonly string[] {
    return kind === 'local' ? this.localDirs : this.logDirs
  }

  good(kind: Kind): string[] {
    return this.#dirs(kind).filter((d) => !this.#troubles.has(d))
  }

  get healthy(): boolean {
    return (['local', 'log'] as const).every((kind) => this.good(kind).length / this.#dirs(kind).length >= this.limits.minHealthyFraction)
  }

  /** Empty when all is well. In Hadoop's words and with its separators. */
  get healthReport(): string {
    const describe = (kind: Kind, cause: Trouble['cause'], what: string, end = '') => {
      const dirs = this.#dirs(kind)
      const bad = dirs.filter((d) => this.#troubles.get(d)?.cause === cause)
      if (bad.length === 0) return ''
      return `${bad.length}/${dirs.length} ${kind}-dirs ${what} [ ${bad.map((d) => `${d} : ${this.#troubles.get(d)!.message}`).join(' , ')} ] ${end}`
    }
    return [
      describe('local', 'ERROR', 'have errors: '),
      describe('local', 'FULL', FULL, '; '),
      describe('log', 'ERROR', 'have errors: '),
      describe('log', 'FULL', FULL),
    ].join('')
  }

  /** A good folder for something new, in turn. @throws IOException when there is none */
  pick(kind: Kind): string {
    const good = this.good(kind)
    if (good.length === 0) throw exception('IOException', `Most of the disks failed. ${this.healthReport}`)
    return good[this.#next++ % good.length]!
  }

  /** The folder under any good local dir that `relative` already is in, else where it would be made. */
  find(kind: Kind, relative: string): string {
    const found = this.good(kind).find((d) => exists(path.join(d, relative)))
    return path.join(found ?? this.pick(kind), relative)
  }
}

const exists = (f: string) => statSync(f, { throwIfNoEntry: false }) !== undefined

/** As Java prints a float: always with a decimal. */
const javaFloat = (n: number) => (Number.isInteger(n) ? n.toFixed(1) : String(n))

/** True for a write that found no room. */
export function isDiskFull(e: unknown): boolean {
  const { code, cause } = (e ?? {}) as { code?: unknown; cause?: unknown }
  return code === 'ENOSPC' || code === 'EDQUOT' || (cause !== undefined && isDiskFull(cause))
}

/** What a failed write says to a person: for a full disk, where it is. */
export function writeFailure(e: unknown, where: string): unknown {
  return isDiskFull(e) && !(e instanceof HadoopException) ? exception('IOException', `No space left on device: ${where}`, { cause: e }) : e
}

/** Folder with this mode whatever the umask; an existing one is left as it is. */
export function ensureDir(dir: string, mode: number): void {
  if (exists(dir)) return
  mkdirSync(dir, { recursive: true })
  chmodSync(dir, mode)
}
