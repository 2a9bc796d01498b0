/** Limits on names and space below a directory, and what is used of them. */
import { exception } from '../../../common/errors.js'
import { LONG_MAX } from './limits.js'
import { type INode, type INodeDirectory, type Usage, fileSpace, pathOf } from './inode.js'
import type { FsState } from './state.js'

/** Names and space of a subtree, itself included. */
export function usageOf(top: INode): Usage {
  let namespace = 0
  let space = 0
  const stack: INode[] = [top]
  while (stack.length > 0) {
    const n = stack.pop()!
    namespace++
    if (n.kind === 'directory') for (const c of n.children) stack.push(c)
    else if (n.kind === 'file') space += fileSpace(n)
  }
  return { namespace, space }
}

export function hasQuota(dir: INodeDirectory): boolean {
  const q = dir.features?.quota
  return q !== undefined && ((q.namespace >= 0 && q.namespace < LONG_MAX) || q.space >= 0 || q.types !== undefined)
}

export function underQuota(dir: INodeDirectory | undefined): boolean {
  for (let d = dir; d; d = d.parent) if (d.usage) return true
  return false
}

/** Changes what directories from `dir` up count as used. */
export function addUsage(dir: INodeDirectory | undefined, namespace: number, space: number): void {
  for (let d = dir; d; d = d.parent) {
    if (!d.usage) continue
    d.usage.namespace += namespace
    d.usage.space += space
  }
}

/**
 * Checks that so much more fits everywhere from `dir` up to, and without, `common`.
 * @throws NSQuotaExceededException, DSQuotaExceededException
 */
export function verifyQuota(_fs: FsState, dir: INodeDirectory | undefined, namespace: number, space: number, common?: INodeDirectory): void {
  for (let d = dir; d && d !== common; d = d.parent) {
    const quota = d.features?.quota
    if (!d.usage || !quota) continue
    if (namespace > 0 && quota.namespace >= 0 && d.usage.namespace + namespace > quota.namespace) {
      throw exception(
        'NSQuotaExceededException',
        `The NameSpace quota (directories and files) of directory ${pathOf(d)} is exceeded: quota=${quota.namespace} file count=${d.usage.namespace + namespace}`,
      )
    }
    if (space > 0 && quota.space >= 0 && d.usage.space + space > quota.space) {
      throw exception(
        'DSQuotaExceededException',
        `The DiskSpace quota of ${pathOf(d)} is exceeded: quota = ${sizeText(quota.space)} but diskspace consumed = ${sizeText(d.usage.space + space)}`,
      )
    }
  }
}

/** `402653184 B = 384 MB`, with two decimals where it does not come out even. */
function sizeText(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB']
  let value = bytes
  let i = 0
  while (Math.abs(value) >= 1024 && i < units.length - 1) {
    value /= 1024
    i++
  }
  return `${bytes} B = ${Number.isInteger(value) ? value : value.toFixed(2)} ${units[i]}`
}
