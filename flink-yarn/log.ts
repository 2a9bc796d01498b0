/** The engine's log file, in the form of Flink's: `2024-01-31 12:00:00,123 INFO  Dispatcher [] - text`. */
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync, readdirSync, statSync, writeSync } from 'node:fs'
import path from 'node:path'

type Level = 'INFO' | 'WARN' | 'ERROR'

export interface Log {
  info(text: string): void
  warn(text: string): void
  /** With the stack, when `error` is given. */
  error(text: string, error?: unknown): void
  /** The same file under another component's name. */
  for(component: string): Log
}

/** The folder that a container's files go to: the NodeManager's first log folder, else the working directory. */
export function logDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return env.LOG_DIRS?.split(',')[0] || process.cwd()
}

export function openLog(file: string, component: string): Log {
  mkdirSync(path.dirname(file), { recursive: true })
  return logTo(openSync(file, 'a', 0o644), component)
}

function logTo(fd: number, component: string): Log {
  const write = (level: Level, text: string) => {
    const now = new Date()
    const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().replace('T', ' ').replace('.', ',').slice(0, 23)
    writeSync(fd, `${local} ${level.padEnd(5)} ${component.padEnd(30)} [] - ${text}\n`)
  }
  return {
    info: (text) => write('INFO', text),
    warn: (text) => write('WARN', text),
    error: (text, error) => write('ERROR', error === undefined ? text : `${text}\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
    for: (other) => logTo(fd, other),
  }
}

/** As much of a log as one answer holds. */
const MAX_LOG = 16 * 1024 * 1024

export function listLogFiles(folder: string): { name: string; size: number; mtime: number }[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => {
      const { size, mtimeMs } = statSync(path.join(folder, e.name))
      return { name: e.name, size, mtime: Math.floor(mtimeMs) }
    })
}

/** The end of a file in a log folder. */
export function readLogFile(folder: string, name: string): { found: boolean; bytes: Uint8Array } {
  const file = path.join(folder, path.basename(name))
  if (!existsSync(file) || !statSync(file).isFile()) return { found: false, bytes: new Uint8Array(0) }
  const fd = openSync(file, 'r')
  try {
    const { size } = fstatSync(fd)
    const bytes = Buffer.alloc(Math.min(size, MAX_LOG))
    const read = readSync(fd, bytes, 0, bytes.length, size - bytes.length)
    return { found: true, bytes: bytes.subarray(0, read) }
  } finally {
    closeSync(fd)
  }
}
