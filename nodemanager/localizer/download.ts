/** Checks a resource against what was asked for, and copies it (Hadoop's FSDownload). */
import { createWriteStream } from 'node:fs'
import { chmod, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { HadoopException, exception } from '../../common/errors.js'
import { writeFailure } from '../monitor/disks.js'
import { type ResourceRequest, nameOf } from './request.js'
import { type Source, type SourceStatus, isPublic } from './sources.js'
import { unpack } from './unpack.js'

export interface Localised {
  readonly path: string
  /** Bytes on this disk. */
  readonly size: number
}

/**
 * @param dir the copy's own folder; it appears only when the copy is whole
 * @param ancestors permissions of folders already looked at
 */
export async function download(r: ResourceRequest, source: Source, dir: string, ancestors: Map<string, Promise<SourceStatus>>): Promise<Localised> {
  const status = await source.status(r.uri)
  checkUnchanged(r, status)
  if (r.visibility === 'PUBLIC' && !(await isPublic(source, status, ancestors)))
    throw exception('IOException', `Resource ${r.uri} is not publicly accessible and as such cannot be part of the public cache.`)
  const unfinished = `${dir}_tmp`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { recursive: true })
  try {
    const file = path.join(unfinished, nameOf(r))
    await copy(source, status, file)
    if (status.type !== 'DIRECTORY' && r.type !== 'FILE') await unpack(file, r.type, r.pattern)
    const shared = r.visibility === 'PUBLIC'
    const size = await restrict(file, shared ? 0o755 : 0o700, shared ? 0o555 : 0o500)
    await chmod(unfinished, shared ? 0o755 : 0o700)
    await rename(unfinished, dir)
    return { path: path.join(dir, nameOf(r)), size }
  } catch (e) {
    await rm(unfinished, { recursive: true, force: true })
    throw writeFailure(e, dir)
  }
}

function checkUnchanged(r: ResourceRequest, s: SourceStatus): void {
  const iso = (t: number) => `"${isoTime(t)}"`
  if (s.modificationTime !== r.timestamp)
    throw exception(
      'IOException',
      `Resource ${r.uri} changed on src filesystem - expected: ${iso(r.timestamp)}, was: ${iso(s.modificationTime)}, current time: ${iso(Date.now())}`,
    )
  if (s.type === 'FILE' && r.size > 0 && s.length !== r.size)
    throw exception('IOException', `Resource ${r.uri} changed on src filesystem - expected size: ${r.size}, was: ${s.length}`)
}

async function copy(source: Source, status: SourceStatus, to: string): Promise<void> {
  if (status.type !== 'DIRECTORY') return pipeline(source.open(status.path), createWriteStream(to))
  await mkdir(to)
  for (const child of await source.list(status.path)) await copy(source, child, path.join(to, path.posix.basename(child.path)))
}

/** Folders and files get these modes; a file of an archive keeps its right to be executed. @returns bytes in all */
async function restrict(file: string, dirMode: number, fileMode: number): Promise<number> {
  const s = await stat(file)
  if (!s.isDirectory()) {
    await chmod(file, fileMode)
    return s.size
  }
  let size = 0
  for (const entry of await readdir(file, { withFileTypes: true }))
    if (!entry.isSymbolicLink()) size += await restrict(path.join(file, entry.name), dirMode, fileMode)
  await chmod(file, dirMode)
  return size
}

/** `2001-02-03T03:32:43.000+0000` in local time, as Hadoop's Times.formatISO8601. */
export function isoTime(at: number): string {
  const d = new Date(at)
  const offset = -d.getTimezoneOffset()
  const two = (n: number) => String(Math.trunc(Math.abs(n))).padStart(2, '0')
  const local = new Date(at + offset * 60_000).toISOString().slice(0, -1)
  return `${local}${offset < 0 ? '-' : '+'}${two(offset / 60)}${two(offset % 60)}`
}

/** An error as a Java program would print it: class and message. */
export function javaText(e: unknown): string {
  return e instanceof HadoopException ? `${e.className}: ${e.message}` : `java.io.IOException: ${e instanceof Error ? e.message : String(e)}`
}
