/** Permission, owner, times, replication, quota, storage policy (FSDirAttrOp). */
import { exception } from '../../../common/errors.js'
import { ACTION } from '../../../common/records/hdfs/index.js'
import { removeExcess, updateRedundancy } from './blocks.js'
import { type INode, type INodeDirectory, type Quota, setFeatures } from './inode.js'
import { LONG_MAX } from './limits.js'
import { isExactReserved, lastOf, resolve } from './path.js'
import type { ResolvedPath } from './resolved-path.js'
import { checkPermission, checkSuperuser } from './permission.js'
import { addUsage, fileUsage, hasQuota, minus, policyChanged, policyOf, usageOf, verifyQuota } from './quota.js'
import { checkSafeMode } from './safe-mode.js'
import { storagePolicyNamed } from './storage-policy.js'
import type { Caller, FsState } from './state.js'
import { modify } from './tree.js'
import { verifyReplication } from './write.js'

export function existing(iip: ResolvedPath): INode {
  const inode = lastOf(iip)
  if (!inode) throw exception('FileNotFoundException', `Directory/File does not exist ${iip.path}`)
  return inode
}

export function setPermission(fs: FsState, caller: Caller, src: string, permission: number): void {
  checkSafeMode(fs, `Cannot set permission for ${src}`)
  if (isExactReserved(src)) throw exception('InvalidPathException', src)
  const iip = resolve(fs, caller, src, 'write')
  const inode = existing(iip)
  checkPermission(fs, caller, iip, { owner: true })
  if (inode.permission === (permission & 0o1777)) return
  modify(fs, inode)
  inode.permission = permission & 0o1777
}

export function setOwner(fs: FsState, caller: Caller, src: string, owner: string | undefined, group: string | undefined): void {
  checkSafeMode(fs, `Cannot set owner for ${src}`)
  if (isExactReserved(src)) throw exception('InvalidPathException', src)
  const iip = resolve(fs, caller, src, 'write')
  const inode = existing(iip)
  checkPermission(fs, caller, iip, { owner: true })
  if (fs.config.permissionsEnabled && !caller.isSuper) {
    if (owner !== undefined && owner !== caller.user)
      throw exception('AccessControlException', `User ${caller.user} is not a super user (non-super user cannot change owner).`)
    if (group !== undefined && !caller.groups.includes(group)) throw exception('AccessControlException', `User ${caller.user} does not belong to ${group}`)
  }
  modify(fs, inode)
  if (owner !== undefined) inode.owner = owner
  if (group !== undefined) inode.group = group
}

/** -1 leaves a time as it is. */
export function setTimes(fs: FsState, caller: Caller, src: string, mtime: number, atime: number): void {
  checkSafeMode(fs, `Cannot set times ${src}`)
  if (fs.config.accessTimePrecision === 0 && atime !== -1)
    throw exception('IOException', 'Access time for hdfs is not configured.  Please set dfs.namenode.accesstime.precision configuration parameter.')
  const iip = resolve(fs, caller, src, 'write')
  checkPermission(fs, caller, iip, { self: ACTION.WRITE })
  const inode = lastOf(iip)
  if (!inode) throw exception('FileNotFoundException', `File/Directory ${src} does not exist.`)
  modify(fs, inode)
  if (mtime !== -1) inode.mtime = mtime
  if (atime !== -1) inode.atime = atime
}

/** @returns false for what is no file */
export function setReplication(fs: FsState, caller: Caller, src: string, replication: number): boolean {
  checkSafeMode(fs, `Cannot set replication for ${src}`)
  verifyReplication(fs, src, replication, undefined)
  const iip = resolve(fs, caller, src, 'write')
  checkPermission(fs, caller, iip, { self: ACTION.WRITE })
  const file = lastOf(iip)
  if (file?.kind !== 'file') return false
  const before = usageOf(file)
  verifyQuota(file.parent, minus(fileUsage(file, policyOf(file), replication), before))
  modify(fs, file)
  file.replication = replication
  addUsage(file.parent, minus(usageOf(file), before))
  for (const b of file.blocks) {
    updateRedundancy(fs, b)
    removeExcess(fs, b)
  }
  return true
}

const DONT_SET = LONG_MAX
const RESET = -1

/** @param namespace a limit, LONG_MAX to leave it, or -1 to remove it; `space` likewise */
export function setQuota(fs: FsState, caller: Caller, src: string, namespace: number, space: number, type: string | undefined): void {
  checkSafeMode(fs, `Cannot set quota on ${src}`)
  checkSuperuser(fs, caller)
  const valid = (q: number) => q >= 0 || q === RESET || q === DONT_SET
  if (!valid(namespace) || !valid(space)) throw exception('IllegalArgumentException', `Illegal value for nsQuota or ssQuota : ${namespace} and ${space}`)
  const iip = resolve(fs, caller, src, 'write')
  const dir = lastOf(iip)
  if (!dir) throw exception('FileNotFoundException', `Directory does not exist: ${iip.path}`)
  if (dir.kind !== 'directory') throw exception('PathIsNotDirectoryException', `\`${iip.path}': Is not a directory`)
  if (dir === fs.root && namespace === RESET) throw exception('IllegalArgumentException', 'Cannot clear namespace quota on root.')
  modify(fs, dir)
  const old: Quota = dir.features?.quota ?? { namespace: -1, space: -1 }
  const next: Quota = { ...old }
  if (type === undefined) {
    if (namespace !== DONT_SET) next.namespace = namespace
    if (space !== DONT_SET) next.space = space
  } else {
    const types: Record<string, number> = { ...old.types, [type]: space }
    if (space === RESET) delete types[type]
    next.types = Object.keys(types).length > 0 ? types : undefined
  }
  setFeatures(dir, { quota: next.namespace < 0 && next.space < 0 && !next.types ? undefined : next })
  trackUsage(dir)
}

/** Usage is counted where a quota is set. */
export function trackUsage(dir: INodeDirectory): void {
  dir.usage = hasQuota(dir) ? (dir.usage ?? usageOf(dir)) : undefined
}

export function setStoragePolicy(fs: FsState, caller: Caller, src: string, name: string | undefined): void {
  checkSafeMode(fs, `Cannot set storage policy for ${src}`)
  const policy = name === undefined ? undefined : storagePolicyNamed(name)
  const iip = resolve(fs, caller, src, 'write')
  checkPermission(fs, caller, iip, { self: ACTION.WRITE })
  const inode = lastOf(iip)
  if (!inode) throw exception('FileNotFoundException', `File/Directory does not exist: ${iip.path}`)
  modify(fs, inode)
  const before = usageOf(inode)
  setFeatures(inode, { storagePolicy: policy?.id })
  policyChanged(inode, before)
}

/** The only policy of erasure coding there is: none, whole copies (FSDirErasureCodingOp.setErasureCodingPolicy). Nothing changes. */
export function setReplicationPolicy(fs: FsState, caller: Caller, src: string): void {
  checkSafeMode(fs, `Cannot set erasure coding policy on ${src}`)
  const iip = resolve(fs, caller, src, 'write')
  checkPermission(fs, caller, iip, { self: ACTION.WRITE })
  const inode = lastOf(iip)
  if (!inode) throw exception('FileNotFoundException', `Path not found: ${iip.path}`)
  if (inode.kind !== 'directory') throw exception('IOException', `Attempt to set an erasure coding policy for a file ${iip.path}`)
}
