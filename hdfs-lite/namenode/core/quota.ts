/** Limits on names and space below a directory, and what is used of them. */
import { exception } from '../../../common/errors.js'
import { LONG_MAX } from './limits.js'
import { type INode, type INodeDirectory, type INodeFile, type Usage, fileSpace, pathOf } from './inode.js'
import { childrenAt, fileAt, type Gone, goneFrom } from './snapshot-read.js'
import { storagePolicyOf } from './storage-policy.js'

export const NO_USAGE: Usage = { namespace: 0, space: 0, types: {} }

/** What supports a limit of its own, in Hadoop's order: memory does not. */
export const QUOTA_TYPES = ['SSD', 'DISK', 'ARCHIVE', 'PROVIDED'] as const

export function plus(a: Usage, b: Usage, sign: 1 | -1 = 1): Usage {
  const types = { ...a.types }
  for (const t in b.types) types[t] = (types[t] ?? 0) + sign * b.types[t]!
  return { namespace: a.namespace + sign * b.namespace, space: a.space + sign * b.space, types }
}

export const minus = (a: Usage, b: Usage) => plus(a, b, -1)

/** So many bytes over all replicas, by the types the policy puts them on. Without a policy no type is charged, as in Hadoop. */
export function typeSpaces(policy: number, space: number, replication: number): Readonly<Record<string, number>> {
  if (policy === 0 || space === 0) return {}
  const each = space / replication
  const all = storagePolicyOf(policy).types
  const lasting = all.filter((t) => t !== 'RAM_DISK')
  const types: Record<string, number> = {}
  for (let i = 0; i < replication; i++) {
    const t = lasting[Math.min(i, lasting.length - 1)]!
    types[t] = (types[t] ?? 0) + each
  }
  return types
}

/** Id of the policy that counts for a node: its own or the nearest above; 0: none was set. */
export function policyOf(inode: INode): number {
  for (let n: INode | undefined = inode; n; n = n.parent) if (n.features?.storagePolicy !== undefined) return n.features.storagePolicy
  return 0
}

/** Replicas that are charged: as many as the file has or had in a state that a snapshot shows. */
function chargedReplication(file: INodeFile, replication = file.replication): number {
  return Math.max(replication, ...(file.features?.diffs ?? []).map((d) => d.replication))
}

/** What a file takes of a space quota, blocks that only snapshots show included. */
export function chargedSpace(file: INodeFile, replication = file.replication): number {
  const diffs = file.features?.diffs
  if (!diffs) return (fileSpace(file) / file.replication) * replication
  const held = new Set(diffs.flatMap((d) => d.blocks ?? []))
  for (const b of file.blocks) held.delete(b)
  let bytes = fileSpace(file) / file.replication
  for (const b of held) bytes += b.length
  return bytes * chargedReplication(file, replication)
}

/** A file with so many replicas, under a policy. */
export function fileUsage(file: INodeFile, policy: number, replication = file.replication): Usage {
  const space = chargedSpace(file, replication)
  return { namespace: 1, space, types: typeSpaces(policy, space, chargedReplication(file, replication)) }
}

/**
 * What a subtree uses, itself included, and what was deleted or moved from it and a snapshot still shows: as Hadoop, a node that was
 * moved is charged where it is and where it was.
 * @param policy what counts for the top @param as of a snapshot
 */
export function usageOf(top: INode, policy = policyOf(top), as?: number): Usage {
  let namespace = 0
  let space = 0
  const types: Record<string, number> = {}
  const stack: { n: INode; p: number; at: number | undefined }[] = [{ n: top, p: policy, at: as }]
  const add = (u: Usage) => {
    space += u.space
    for (const t in u.types) types[t] = (types[t] ?? 0) + u.types[t]!
  }
  while (stack.length > 0) {
    const { n, p, at } = stack.pop()!
    namespace++
    if (n.kind === 'directory') {
      const push = (c: INode, when: number | undefined) => stack.push({ n: c, p: c.features?.storagePolicy ?? p, at: when })
      for (const c of at === undefined ? n.children : childrenAt(n, at).children) push(c, at)
      if (at === undefined && n.features?.diffs) for (const g of goneFrom(n)) push(g.n, isLeftHere(n, g) ? undefined : g.at)
    } else if (n.kind === 'file') add(at === undefined ? fileUsage(n, p) : usageAt(n, p, at))
  }
  return { namespace, space, types }
}

/** Deleted from the directory when that was as the snapshot shows it: it does not change any more. What was moved went on elsewhere. */
export const isLeftHere = (dir: INodeDirectory, { n, at }: Gone) => n.parent === dir && n.features?.coveredBy === at && !dir.children.includes(n)

function usageAt(file: INodeFile, policy: number, at: number): Usage {
  const { blocks, replication } = fileAt(file, at)
  const space = blocks.reduce((sum, b) => sum + b.length, 0) * replication
  return { namespace: 1, space, types: typeSpaces(policy, space, replication) }
}

/** What a directory is charged for a node that it had, beyond the node itself where it still is there. */
export function heldUsage(dir: INodeDirectory, child: INode): Usage {
  const diffs = dir.features?.diffs
  if (!diffs || (child.features?.bornAfter ?? 0) >= diffs.at(-1)!.id) return NO_USAGE
  const policy = child.features?.storagePolicy ?? policyOf(dir)
  return goneFrom(dir)
    .filter((g) => g.n === child)
    .reduce((sum, g) => plus(sum, usageOf(child, policy, isLeftHere(dir, g) ? undefined : g.at)), NO_USAGE)
}

/** Does something to a node that a directory had, and charges the directory the difference. */
export function recounted(dir: INodeDirectory, child: INode, change: () => void): void {
  if (!underQuota(dir)) return change()
  const before = heldUsage(dir, child)
  change()
  addUsage(dir, minus(heldUsage(dir, child), before))
}

/** So many bytes more, over all replicas, of a file. */
function spaceChange(file: INodeFile, space: number): Usage {
  return { namespace: 0, space, types: typeSpaces(policyOf(file), space, chargedReplication(file)) }
}

export function addSpace(file: INodeFile, space: number): void {
  addUsage(file.parent, spaceChange(file, space))
}

export function verifySpace(file: INodeFile, space: number): void {
  verifyQuota(file.parent, spaceChange(file, space))
}

/** Counts again what is below a node whose policy changed from one that made it use `before`. */
export function policyChanged(inode: INode, before: Usage): void {
  addUsage(inode.parent, minus(usageOf(inode), before))
  const stack: INode[] = [inode]
  while (stack.length > 0) {
    const n = stack.pop()!
    if (n.kind !== 'directory') continue
    if (n.usage) n.usage = usageOf(n)
    for (const c of n.children) stack.push(c)
  }
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
export function addUsage(dir: INodeDirectory | undefined, change: Usage): void {
  for (let d = dir; d; d = d.parent) if (d.usage) d.usage = plus(d.usage, change)
}

/**
 * Checks that so much more fits everywhere from `dir` up to, and without, `common`.
 * @throws NSQuotaExceededException, DSQuotaExceededException, QuotaByStorageTypeExceededException
 */
export function verifyQuota(dir: INodeDirectory | undefined, more: Usage, common?: INodeDirectory): void {
  const { namespace, space } = more
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
    if (quota.types) verifyTypes(d, quota.types, d.usage, more)
  }
}

function verifyTypes(dir: INodeDirectory, limits: Readonly<Record<string, number>>, used: Usage, more: Usage): void {
  for (const t of QUOTA_TYPES) {
    const limit = limits[t]
    const change = more.types[t] ?? 0
    if (limit === undefined || change <= 0) continue
    const consumed = (used.types[t] ?? 0) + change
    if (consumed > limit) {
      throw exception(
        'QuotaByStorageTypeExceededException',
        `Quota by storage type : ${t} on path : ${pathOf(dir)} is exceeded. quota = ${sizeText(limit)} but space consumed = ${sizeText(consumed)}`,
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
