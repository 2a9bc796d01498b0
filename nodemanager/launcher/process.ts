/** Processes by pid: alive, the same as before, signalled as a group. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

let setsidFound: boolean | undefined

/** Whether setsid(1) is there; without it (macOS) a container shares its wrapper's process group. */
export function hasSetsid(): boolean {
  setsidFound ??=
    ['/usr/bin/setsid', '/bin/setsid', '/usr/local/bin/setsid'].some((f) => existsSync(f)) || spawnSync('sh', ['-c', 'command -v setsid']).status === 0
  return setsidFound
}

/** The pid in a pid file, with its start time where that is known; undefined while the file isn't there. */
export interface ProcessId {
  readonly pid: number
  /** Clock ticks after boot, as in /proc/PID/stat. */
  readonly start: string | undefined
}

export function readPidFile(file: string): ProcessId | undefined {
  const text = readIfThere(file)
  if (text === undefined || !/^\d+\n$/.test(text)) return undefined
  return { pid: Number(text), start: readIfThere(`${file}.start`)?.trim() || undefined }
}

export function readExitCodeFile(file: string): number | undefined {
  const text = readIfThere(file)
  return text !== undefined && /^\d+\n$/.test(text) ? Number(text) : undefined
}

export function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT' || (e as NodeJS.ErrnoException).code === 'ESRCH') return undefined
    throw e
  }
}

/** The fields of /proc/PID/stat after the name in parentheses; [0] is the state, [19] the start time. */
export function statFields(pid: number): string[] | undefined {
  const text = readIfThere(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** True while that very process runs: not a zombie, not a later one with its pid. */
export function isAlive(p: ProcessId): boolean {
  if (existsSync('/proc/self/stat')) {
    const fields = statFields(p.pid)
    if (!fields || fields[0] === 'Z' || fields[0] === 'X') return false
    return p.start === undefined || fields[19] === p.start
  }
  return signal(p.pid, 0)
}

/** Signals a process and its group: also what is left of the group when the process is gone. @returns false when there is nobody */
export function signalGroup(p: ProcessId, name: NodeJS.Signals): boolean {
  return signal(-p.pid, name) || (isAlive(p) && signal(p.pid, name))
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name)
    return true
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'EPERM') return true
    if ((e as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw e
  }
}
