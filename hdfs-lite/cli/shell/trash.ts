/** Hadoop's trash (org.apache.hadoop.fs.TrashPolicyDefault): HOME/.Trash/Current, checkpoints named by their time. */
import readline from 'node:readline'
import { property } from '../../../common/config/keys/declare.js'
import { exception } from '../../../common/errors.js'
import { baseName, join, parentOf } from '../../client/index.js'
import { PathError } from './errors.js'
import type { PathData } from './path-data.js'
import type { VerbRun } from './verb.js'

const CURRENT = 'Current'
const deleteLimit = property('hadoop.shell.safely.delete.limit.num.files', 'int', '100', 'files in a directory above which `-rm -safely` asks first')

/** @returns where it is now; undefined when it can't go there: it is in the trash, or holds the trash */
export async function moveToTrash(item: PathData): Promise<string | undefined> {
  const { fs, path } = item
  const root = join(fs.home, '.Trash')
  if (path === root || path.startsWith(`${root}/`)) return undefined
  if (root.startsWith(`${path === '/' ? '' : path}/`)) {
    throw exception('IOException', `Cannot move "${fs.uri}${path}" to the trash, as it contains the trash. Consider using -skipTrash option`)
  }
  const directory = join(root, CURRENT) + (parentOf(path) === '/' ? '' : parentOf(path))
  await fs.mkdirs(directory)
  let target = join(directory, baseName(path))
  for (let stamp = Date.now(); await fs.status(target); stamp++) target = join(directory, baseName(path)) + stamp
  if (!(await fs.rename(path, target))) {
    throw new PathError(undefined, item.text, { reason: 'Failed to move to trash. Consider using -skipTrash option' })
  }
  return target
}

/** yyMMddHHmmss in local time, as checkpoints are named. */
function stampOf(date: Date): string {
  const parts = [date.getFullYear() % 100, date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()]
  return parts.map((n) => String(n).padStart(2, '0')).join('')
}

function timeOf(stamp: string): number | undefined {
  const m = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?$/.exec(stamp)
  return m ? new Date(2000 + Number(m[1]), Number(m[2]) - 1, Number(m[3]), Number(m[4]), Number(m[5]), Number(m[6] ?? 0)).getTime() : undefined
}

/** Makes a checkpoint of what is in the trash, and deletes those older than `minutes`. */
export async function expunge(root: PathData, minutes: number, immediately: boolean): Promise<{ deleted: string[]; made: string | undefined }> {
  const { fs } = root
  const made = await checkpoint(root)
  const deleted: string[] = []
  for (const entry of (await fs.status(root.path)) ? await fs.list(root.path) : []) {
    const time = timeOf(baseName(entry.path).slice(0, 12))
    if (baseName(entry.path) === CURRENT || time === undefined) continue
    if (immediately || Date.now() - minutes * 60_000 > time) {
      if (await fs.delete(entry.path, true)) deleted.push(entry.path)
    }
  }
  return { deleted, made }
}

async function checkpoint({ fs, path }: PathData): Promise<string | undefined> {
  const current = join(path, CURRENT)
  if (!(await fs.status(current))) return undefined
  const name = join(path, stampOf(new Date()))
  let target = name
  for (let i = 1; await fs.status(target); i++) target = `${name}-${i}`
  await fs.rename(current, target)
  return target
}

/** -safely: a large directory is deleted only if the user says so. */
export async function mayDelete(run: VerbRun, item: PathData): Promise<boolean> {
  const limit = run.conf.get(deleteLimit)
  const { fileCount } = await item.fs.contentSummary(item.path)
  if (limit <= 0 || fileCount <= limit) return true
  const terminal = readline.createInterface({ input: process.stdin })
  try {
    process.stderr.write(prompt(fileCount))
    for await (const answer of terminal) {
      if (/^y(es)?$/i.test(answer)) return true
      if (/^no?$/i.test(answer)) break
      process.stderr.write(`Invalid input: ${answer}\n${prompt(fileCount)}`)
    }
  } finally {
    terminal.close()
  }
  run.console.error('Delete aborted at user request.\n')
  return false
}

const prompt = (files: number) => `Proceed deleting ${files} files? (Y or N) `
