/** Unpacks archives that containers asked for unpacked. */
import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { chmod, mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import yauzl from 'yauzl'
import { exception } from '../../common/errors.js'

/**
 * Turns the downloaded `file` into what a container is given under the same name: a folder for a known kind of
 * archive, the file itself for any other (as Hadoop, which warns and copies).
 * @param pattern for a PATTERN jar: entries whose names match wholly are unpacked, and the jar is kept beside them
 */
export async function unpack(file: string, type: 'ARCHIVE' | 'PATTERN', pattern: string | undefined): Promise<void> {
  const name = path.basename(file).toLowerCase()
  const packed = `${file}.packed`
  if (/\.(jar|zip)$/.test(name)) {
    const jarPattern = type === 'PATTERN' && name.endsWith('.jar') ? wholeMatch(pattern) : undefined
    await rename(file, packed)
    await mkdir(file)
    await unzip(packed, file, jarPattern)
    if (type === 'PATTERN' && name.endsWith('.jar')) return rename(packed, path.join(file, path.basename(file)))
    return rm(packed)
  }
  if (/\.(tar\.gz|tgz|tar)$/.test(name)) {
    await rename(file, packed)
    await mkdir(file)
    await untar(packed, file, name.endsWith('gz'))
    return rm(packed)
  }
}

function wholeMatch(pattern: string | undefined): RegExp | undefined {
  if (pattern === undefined) return undefined
  try {
    return new RegExp(`^(?:${pattern})$`)
  } catch (e) {
    throw exception('IOException', `the resource's pattern "${pattern}" is no regular expression: ${(e as Error).message}`, { cause: e })
  }
}

const DIRECTORY = 0o040000
const KIND = 0o170000

async function unzip(file: string, target: string, only: RegExp | undefined): Promise<void> {
  const zip = await yauzl.openPromise(file, { lazyEntries: true, autoClose: true })
  await new Promise<void>((resolve, reject) => {
    zip.on('error', reject)
    zip.on('end', resolve)
    zip.on('entry', (entry: yauzl.Entry) => {
      unzipEntry(zip, entry, target, only).then(() => zip.readEntry(), reject)
    })
    zip.readEntry()
  })
}

async function unzipEntry(zip: yauzl.ZipFile, entry: yauzl.Entry, target: string, only: RegExp | undefined): Promise<void> {
  const to = path.join(target, entry.fileName)
  if (to !== target && !to.startsWith(target + path.sep)) throw exception('IOException', `expanding ${entry.fileName} would create file outside of ${target}`)
  const mode = entry.externalFileAttributes >>> 16
  if (entry.fileName.endsWith('/') || (mode & KIND) === DIRECTORY) {
    await mkdir(to, { recursive: true })
    return
  }
  if (only && !only.test(entry.fileName)) return
  await mkdir(path.dirname(to), { recursive: true })
  await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(to))
  if ((mode & 0o777) !== 0) await chmod(to, mode & 0o777)
}

/** By tar(1), as Hadoop on Unix: it knows every dialect, and refuses names that lead out of the folder. */
async function untar(file: string, target: string, gzipped: boolean): Promise<void> {
  const child = spawn('tar', [gzipped ? '-xzf' : '-xf', file, '-C', target], { stdio: ['ignore', 'ignore', 'pipe'] })
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (t: string) => {
    if (words.length < 4096) words += t
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (e) => reject(exception('IOException', `tar can't be started: ${e.message}`, { cause: e })))
    child.on('close', resolve)
  })
  if (code !== 0) throw exception('IOException', `Error untarring file ${file}. Tar process exited with exit code ${code}: ${words.trim()}`)
}
