/** One process for a storage folder: `in_use.lock` names who has it (Storage.StorageDirectory.lock). */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

function holder(file: string): number | undefined {
  try {
    const m = /^(\d+)@/.exec(readFileSync(file, 'utf8'))
    return m ? Number(m[1]) : undefined
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** When a process began, as the system counts it: a number that was given again to another one is not its holder. */
function startOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

/**
 * Takes the folder. A lock whose process is gone is taken over.
 * @returns what gives it back
 * @throws Error naming the process that has it
 */
export function lockDirectory(dir: string): () => void {
  mkdirSync(dir, { recursive: true })
  const file = path.join(dir, 'in_use.lock')
  const text = () => `${process.pid}@${os.hostname()} ${startOf(process.pid)}\n`
  for (let tries = 0; ; tries++) {
    try {
      writeFileSync(file, text(), { flag: 'wx' })
      return () => rmSync(file, { force: true })
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'EEXIST' || tries > 3) throw new Error(`${file} can't be written: ${(e as Error).message}`)
    }
    const pid = holder(file)
    const start = readStart(file)
    if (pid !== undefined && pid !== process.pid && isAlive(pid) && (start === '' || start === startOf(pid)))
      throw new Error(`Cannot lock storage ${dir}. The directory is already locked by process ${pid}: stop it, or give this one another folder`)
    rmSync(file, { force: true })
  }
}

function readStart(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim().split(' ')[1] ?? ''
  } catch {
    return ''
  }
}
