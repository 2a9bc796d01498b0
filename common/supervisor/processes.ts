/** What can be known of other processes: /proc on Linux, `ps` elsewhere. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'

/** A process that can't be confused with a later one of the same pid. */
export interface ProcessRef {
  readonly pid: number
  /** Opaque; equal for the same process only. */
  readonly startTime: string
}

const hasProc = existsSync('/proc/self/stat')

function ps(pid: number, column: string): string | undefined {
  try {
    return execFileSync('ps', ['-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || undefined
  } catch {
    // ps exits with 1 when there is no such process.
    return undefined
  }
}

function readProc(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // Ended meanwhile, or somebody else's.
    return undefined
  }
}

/** Fields of /proc/PID/stat after the command, which may hold blanks and parentheses. */
function stat(pid: number): string[] | undefined {
  const text = readProc(`/proc/${pid}/stat`)
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** Undefined when no such process runs (a zombie does not). */
export function startTimeOf(pid: number): string | undefined {
  if (!hasProc) return ps(pid, 'lstart')
  const fields = stat(pid)
  return fields && fields[0] !== 'Z' && fields[0] !== 'X' ? fields[19] : undefined
}

export function isAlive(p: ProcessRef): boolean {
  return startTimeOf(p.pid) === p.startTime
}

/** False when it had already ended. */
export function signal(p: ProcessRef, name: NodeJS.Signals): boolean {
  if (!isAlive(p)) return false
  try {
    return process.kill(p.pid, name)
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw e
  }
}

/** Proportional set size in bytes: shared pages are counted once over all that share them. Resident size where PSS is not known. */
export function memoryOf(pid: number): number | undefined {
  if (!hasProc) {
    const rss = ps(pid, 'rss')
    return rss === undefined ? undefined : Number(rss) * 1024
  }
  const kb = /^Pss:\s+(\d+) kB/m.exec(readProc(`/proc/${pid}/smaps_rollup`) ?? '')?.[1]
  return kb === undefined ? undefined : Number(kb) * 1024
}

export const memoryKind = hasProc ? 'PSS' : 'RSS'

export function commandOf(pid: number): string | undefined {
  if (!hasProc) return ps(pid, 'command')
  return readProc(`/proc/${pid}/cmdline`)?.split('\0').join(' ').trim() || undefined
}

function allPids(): number[] {
  if (!hasProc) return execFileSync('ps', ['-axo', 'pid='], { encoding: 'utf8' }).split('\n').filter(Boolean).map(Number)
  return readdirSync('/proc')
    .filter((n) => /^\d+$/.test(n))
    .map(Number)
}

function environmentVariable(pid: number, name: string): string | undefined {
  const found = readProc(`/proc/${pid}/environ`)
    ?.split('\0')
    .find((v) => v.startsWith(`${name}=`))
  return found?.slice(name.length + 1)
}

/** Container processes whose work folder is below `dir`, by the LOCAL_DIRS that NodeManagers give them. Linux only; elsewhere none are found. */
export function containerProcesses(dir: string): ProcessRef[] {
  if (!hasProc) return []
  return allPids().flatMap((pid) => {
    const startTime = environmentVariable(pid, 'LOCAL_DIRS')?.startsWith(`${dir}/`) ? startTimeOf(pid) : undefined
    return startTime === undefined || pid === process.pid ? [] : [{ pid, startTime }]
  })
}

export interface PortOwner {
  readonly pid: number | undefined
  readonly command: string | undefined
}

/** Who listens on a TCP port of this machine. Undefined when nobody does, or when it can't be known. */
export function portOwner(port: number): PortOwner | undefined {
  if (!hasProc) return lsofOwner(port)
  const inodes = new Set<string>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of (readProc(table) ?? '').split('\n').slice(1)) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/)
      if (state === '0A' && inode && Number.parseInt(local?.split(':')[1] ?? '', 16) === port) inodes.add(`socket:[${inode}]`)
    }
  }
  if (inodes.size === 0) return undefined
  for (const pid of allPids()) {
    if (openFiles(pid).some((f) => inodes.has(f))) return { pid, command: commandOf(pid) }
  }
  return { pid: undefined, command: undefined }
}

/** What a process has open; nothing of somebody else's process, or of one that ended meanwhile. */
function openFiles(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => linkTarget(`/proc/${pid}/fd/${fd}`))
  } catch {
    return []
  }
}

function linkTarget(file: string): string {
  try {
    return readlinkSync(file)
  } catch {
    // Closed meanwhile.
    return ''
  }
}

function lsofOwner(port: number): PortOwner | undefined {
  try {
    const pid = Number(
      execFileSync('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-t'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0],
    )
    return pid ? { pid, command: commandOf(pid) } : undefined
  } catch {
    return undefined
  }
}

/** How a person is told of a port's owner. */
export function describeOwner(port: number): string {
  const owner = portOwner(port)
  if (owner?.pid === undefined) return "a process of another user's"
  const daemon = environmentVariable(owner.pid, 'BOBBIN_DAEMON_NAME')
  if (daemon !== undefined) return `pid ${owner.pid} (the ${daemon} of the cluster in ${environmentVariable(owner.pid, 'BOBBIN_DIR')})`
  const { command } = owner
  return `pid ${owner.pid}${command ? ` (${command.length > 100 ? `${command.slice(0, 100)}…` : command})` : ''}`
}
