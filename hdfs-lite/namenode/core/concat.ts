/** Joining files of one directory without copying (FSDirConcatOp). */
import { exception } from '../../../common/errors.js'
import { ACTION } from '../../../common/records/hdfs/index.js'
import { updateRedundancy } from './blocks.js'
import { type INodeFile, fileSpace } from './inode.js'
import { lastOf, resolve } from './path.js'
import { checkPermission } from './permission.js'
import { NO_USAGE, addUsage, minus, plus, policyOf, typeSpaces, usageOf, verifyQuota } from './quota.js'
import { checkSafeMode } from './safe-mode.js'
import { isInSnapshot } from './snapshot-save.js'
import type { Caller, FsState } from './state.js'
import { detach, modify } from './tree.js'

const refuse = (message: string) => exception('HadoopIllegalArgumentException', message)

function fileNamed(path: string, inode: ReturnType<typeof lastOf>): INodeFile {
  if (!inode) throw exception('FileNotFoundException', `File does not exist: ${path}`)
  if (inode.kind !== 'file') throw exception('FileNotFoundException', `Path is not a file: ${path}`)
  return inode
}

export function concat(fs: FsState, caller: Caller, target: string, sources: readonly string[], now: number): void {
  if (target === '') throw exception('IllegalArgumentException', 'Target file name is empty')
  if (sources.length === 0) throw exception('IllegalArgumentException', 'No sources given')
  for (const p of [target, ...sources])
    if (/^\/\.reserved\/(raw|\.inodes)/.test(p)) throw exception('IOException', `Concat operation doesn't support /.reserved relative path : ${p}`)
  checkSafeMode(fs, `Cannot concat ${target}`)
  const iip = resolve(fs, caller, target, 'write')
  checkPermission(fs, caller, iip, { self: ACTION.WRITE })
  const file = fileNamed(target, lastOf(iip))
  if (file.writer) throw refuse(`concat: target file ${target} is under construction`)
  const files = new Set<INodeFile>()
  for (const src of sources) {
    const from = resolve(fs, caller, src, 'write')
    checkPermission(fs, caller, from, { self: ACTION.READ, parent: ACTION.WRITE })
    const f = fileNamed(src, lastOf(from))
    if (f.parent !== file.parent) throw refuse(`Source file ${src} is not in the same directory with the target ${iip.path}`)
    if (fs.snapshottable.size > 0 && isInSnapshot(f)) throw exception('SnapshotException', `Concat: the source file ${src} is in snapshot`)
    if (f === file) throw refuse(`concat: the src file ${src} is the same with the target file ${iip.path}`)
    if (f.writer || f.blocks.length === 0) throw refuse(`concat: source file ${src} is invalid or empty or underConstruction`)
    if (f.blockSize > file.blockSize)
      throw refuse(
        `concat: source file ${src} has preferred block size ${f.blockSize} which is greater than the target file's preferred block size ${file.blockSize}`,
      )
    files.add(f)
  }
  if (files.size < sources.length) throw refuse('concat: at least two of the source files are the same')
  let more = NO_USAGE
  const policy = policyOf(file)
  for (const f of files) {
    const space = (fileSpace(f) / f.replication) * file.replication
    more = plus(more, minus({ namespace: 1, space, types: typeSpaces(policy, space, file.replication) }, usageOf(f)))
  }
  verifyQuota(file.parent, more)
  modify(fs, file)
  const before = usageOf(file)
  for (const f of files) {
    detach(fs, f, now)
    fs.inodes.delete(f.id)
    fs.changes.puts.delete(f)
    fs.changes.removes.push(f.id)
    for (const b of f.blocks) b.file = file
    file.blocks = [...file.blocks, ...f.blocks]
  }
  addUsage(file.parent, minus(usageOf(file), before))
  for (const b of file.blocks) updateRedundancy(fs, b)
  file.mtime = now
  if (file.parent) file.parent.mtime = now
}
