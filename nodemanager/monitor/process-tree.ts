/** A container's processes and what they take, from /proc (Hadoop's ProcfsBasedProcessTree). */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { promisify } from 'node:util'
import { readIfThere } from '../launcher/process.js'

export interface ProcessInfo {
  readonly pid: number
  readonly ppid: number
  readonly group: number
  readonly session: number
  readonly name: string
  /** Clock ticks. */
  readonly utime: number
  readonly stime: number
  /** Bytes. */
  readonly vmem: number
  readonly rssPages: number
  readonly commandLine: string
}

const PAGE = 4096
export const CLOCK_TICKS = 100

/** Every process of the machine by pid. One read serves all containers of a round. */
export async function readProcesses(): Promise<Map<number, ProcessInfo>> {
  return existsSync('/proc/self/stat') ? readProc() : readPs()
}

function readProc(): Map<number, ProcessInfo> {
  const found = new Map<number, ProcessInfo>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const text = readIfThere(`/proc/${entry}/stat`)
    if (text === undefined) continue
    const open = text.indexOf('(')
    const close = text.lastIndexOf(')')
    const f = text.slice(close + 2).split(' ')
    if (f[0] === 'Z') continue
    found.set(Number(entry), {
      pid: Number(entry),
      ppid: Number(f[1]),
      group: Number(f[2]),
      session: Number(f[3]),
      name: text.slice(open, close + 1),
      utime: Number(f[11]),
      stime: Number(f[12]),
      vmem: Number(f[20]),
      rssPages: Number(f[21]),
      commandLine: '',
    })
  }
  return found
}

/** Where there is no /proc (macOS): ps, in kilobytes. */
async function readPs(): Promise<Map<number, ProcessInfo>> {
  const { stdout } = await promisify(execFile)('ps', ['-axo', 'pid=,ppid=,pgid=,sess=,rss=,vsz=,command='])
  const found = new Map<number, ProcessInfo>()
  for (const line of stdout.split('\n')) {
    const m = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\d+)\s+(\d+)\s+(.*)$/.exec(line)
    if (!m) continue
    const [pid, ppid, group, rss, vsz] = [m[1], m[2], m[3], m[5], m[6]].map(Number) as [number, number, number, number, number]
    const name = `(${m[7]!.split(/[\s/]/).at(0)})`
    found.set(pid, { pid, ppid, group, session: 0, name, utime: 0, stime: 0, vmem: vsz * 1024, rssPages: (rss * 1024) / PAGE, commandLine: m[7]! })
  }
  return found
}

/** The root, its descendants, and whoever else is in its session (a child whose parent is gone). */
export function processTree(all: ReadonlyMap<number, ProcessInfo>, root: number): ProcessInfo[] {
  if (!all.has(root)) return []
  const children = new Map<number, ProcessInfo[]>()
  for (const p of all.values()) {
    const siblings = children.get(p.ppid)
    if (siblings) siblings.push(p)
    else children.set(p.ppid, [p])
  }
  const tree = new Map<number, ProcessInfo>()
  const queue = [all.get(root)!, ...[...all.values()].filter((p) => p.session === root)]
  for (let p = queue.shift(); p; p = queue.shift()) {
    if (tree.has(p.pid)) continue
    tree.set(p.pid, p)
    queue.push(...(children.get(p.pid) ?? []))
  }
  return [...tree.values()]
}

export interface Usage {
  /** Bytes. */
  readonly pmem: number
  readonly vmem: number
  readonly cpuTicks: number
}

export function usageOf(tree: readonly ProcessInfo[]): Usage {
  let [pmem, vmem, cpuTicks] = [0, 0, 0]
  for (const p of tree) {
    pmem += p.rssPages * PAGE
    vmem += p.vmem
    cpuTicks += p.utime + p.stime
  }
  return { pmem, vmem, cpuTicks }
}

/** Hadoop's dump, one line for each process. */
export function dumpTree(tree: readonly ProcessInfo[]): string {
  const lines = ['\t|- PID PPID PGRPID SESSID CMD_NAME USER_MODE_TIME(MILLIS) SYSTEM_TIME(MILLIS) VMEM_USAGE(BYTES) RSSMEM_USAGE(PAGES) FULL_CMD_LINE\n']
  for (const p of tree)
    lines.push(
      `\t|- ${p.pid} ${p.ppid} ${p.group} ${p.session} ${p.name} ${p.utime} ${p.stime} ${p.vmem} ${p.rssPages} ${p.commandLine || commandLineOf(p.pid)}\n`,
    )
  return lines.join('')
}

function commandLineOf(pid: number): string {
  const text = readIfThere(`/proc/${pid}/cmdline`)
  return text ? `${text.split('\0').filter(Boolean).join(' ')} ` : 'N/A'
}

/** MiB in use on the machine, as Hadoop counts: all but free memory and what the cache can give back. */
export function nodeMemoryInUseMb(): { used: number; total: number } {
  if (!existsSync('/proc/meminfo')) return { used: 0, total: 0 }
  const text = readFileSync('/proc/meminfo', 'utf8')
  const kb = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0)
  const total = kb('MemTotal')
  const free = kb('MemAvailable') || kb('MemFree') + kb('Inactive(file)')
  return { used: Math.floor((total - free) / 1024), total: Math.floor(total / 1024) }
}
