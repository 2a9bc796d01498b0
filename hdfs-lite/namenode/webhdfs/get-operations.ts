/** WebHDFS: operations that read. */
import { core } from '../../../common/config/keys/core.js'
import { hdfs } from '../../../common/config/keys/hdfs.js'
import { exception } from '../../../common/errors.js'
import type { XAttrNamespace } from '../../../common/records/hdfs/index.js'
import { aclEntryText, getAclStatus } from '../core/acl.js'
import { type INode, pathOf } from '../core/inode.js'
import { lastOf, resolve } from '../core/path.js'
import { listSnapshotsOf, listSnapshottable, snapshotDiff, snapshotDiffListing } from '../core/snapshots.js'
import {
  type TypeUsage,
  type Listing,
  type StatusView,
  checkAccess,
  getBlockLocations,
  getContentSummary,
  getFileInfo,
  getListing,
  getQuotaUsage,
  getStoragePolicy,
  openFile,
  snapshotView,
  viewOf,
} from '../core/status.js'
import { fileLength } from '../core/inode.js'
import { DEFAULT_POLICY, STORAGE_POLICIES } from '../core/storage-policy.js'
import { getXattrs, listXattrs } from '../core/xattrs.js'
import { fsStats } from '../rpc/statistics.js'
import { locatedBlockProto, locatedBlocksProto, statusProto, virtualStatus } from '../rpc/convert.js'
import { type WebAnswer, type WebContext, type WebOperation, json } from './context.js'
import { type XattrEncoding, blockLocation, fileStatus, locatedBlocks, octal, plainStatus, storagePolicy, xattr, xattrName } from './json.js'

export function xattrNameOf(text: string): { namespace: XAttrNamespace; name: string } {
  const m = /^(user|trusted|system|security|raw)\.(.+)$/i.exec(text)
  if (!m) throw exception('HadoopIllegalArgumentException', `An XAttr name must be prefixed with user/trusted/security/system/raw, followed by a '.'`)
  return { namespace: m[1]!.toUpperCase() as XAttrNamespace, name: m[2]! }
}

function statusJson(c: WebContext, v: StatusView) {
  return fileStatus(statusProto(c.ns.identity.blockPoolId, v))
}

/** Without what Hadoop does not tell of snapshots and their directories in lists. */
function listedJson(c: WebContext, v: StatusView) {
  const { snapshotEnabled: _untold, ...told } = statusJson(c, v) as Record<string, unknown>
  return told
}

/** By name of the type, only those that have a limit. */
function typeQuota(types: readonly TypeUsage[]) {
  const limited = types.filter((t) => t.quota >= 0).sort((a, b) => (a.type < b.type ? -1 : 1))
  return Object.fromEntries(limited.map((t) => [t.type, { consumed: t.consumed, quota: t.quota }]))
}

function missing(path: string): never {
  throw exception('FileNotFoundException', `File does not exist: ${path}`)
}

function getFileStatus(c: WebContext, resolveLink: boolean): WebAnswer {
  const { fs } = c.ns
  const v = getFileInfo(fs, c.caller, c.path, resolveLink)
  if (v === undefined) return missing(c.path)
  return json({ FileStatus: typeof v === 'string' ? fileStatus(virtualStatus(fs.config.superGroup, fs.config.superUser, v)) : statusJson(c, v) })
}

function listing(c: WebContext, startAfter: string, path = c.path): Listing {
  const l = getListing(c.ns.fs, c.caller, path, startAfter)
  if (!l) throw exception('FileNotFoundException', `File ${path} does not exist.`)
  return l
}

function wholeListing(c: WebContext, path = c.path): StatusView[] {
  const entries: StatusView[] = []
  for (let after = ''; ; after = entries.at(-1)!.name) {
    const l = listing(c, after, path)
    entries.push(...l.entries)
    if (l.remaining === 0) return entries
  }
}

const HOMES = '/user'
const homeOf = (c: WebContext) => `${HOMES}/${c.caller.user}`

/** Of all users; none where there is no folder of them. */
function homesOf(c: WebContext): string[] {
  if (getFileInfo(c.ns.fs, c.caller, HOMES, true) === undefined) return []
  return wholeListing(c, HOMES).map((v) => `${HOMES}/${v.name}`)
}

function locations(c: WebContext) {
  const offset = c.parameters.atLeast('offset', 0) ?? 0
  const length = c.parameters.atLeast('length', 0) ?? Number.MAX_SAFE_INTEGER
  return c.ns.read((fs) => getBlockLocations(fs, c.caller, c.path, offset, length, Date.now()))
}

/** What data is asked of, before anybody is sent to a DataNode for it. */
export function existing(c: WebContext): INode {
  const inode = lastOf(resolve(c.ns.fs, c.caller, c.path, 'read'))
  if (!inode) throw exception('FileNotFoundException', `File ${c.path} not found.`)
  return inode
}

function open(c: WebContext): WebAnswer {
  const { parameters, ns } = c
  const offset = parameters.atLeast('offset', 0) ?? 0
  const length = parameters.atLeast('length', 0)
  const buffer = parameters.atLeast('buffersize', 1)
  const inode = existing(c)
  if (inode.kind === 'file') {
    openFile(ns.fs, c.caller, c.path)
    const size = fileLength(inode)
    if (offset >= size && offset > 0) throw exception('IOException', `Offset=${offset} out of the range [0, ${size}); OPEN, path=${c.path}`)
  }
  const further: [string, number][] = []
  if (buffer !== undefined) further.push(['buffersize', buffer])
  if (length !== undefined) further.push(['length', length])
  further.push(['offset', offset])
  return { kind: 'redirect', location: c.redirect('OPEN', further, offset) }
}

export const GET_OPERATIONS: Readonly<Record<string, WebOperation>> = {
  OPEN: open,
  GETFILESTATUS: (c) => getFileStatus(c, true),
  GETFILELINKSTATUS: (c) => getFileStatus(c, false),
  LISTSTATUS(c) {
    const entries = wholeListing(c)
    const shown = /\/\.snapshot\/?$/.test(c.path) ? listedJson : statusJson
    return json({ FileStatuses: { FileStatus: entries.map((e) => shown(c, e)) } })
  },
  LISTSTATUS_BATCH(c) {
    const l = listing(c, c.parameters.text('startafter') ?? '')
    return json({
      DirectoryListing: { partialListing: { FileStatuses: { FileStatus: l.entries.map((e) => statusJson(c, e)) } }, remainingEntries: l.remaining },
    })
  },
  GETCONTENTSUMMARY(c) {
    const s = getContentSummary(c.ns.fs, c.caller, c.path)
    return json({
      ContentSummary: {
        directoryCount: s.directories,
        ecPolicy: s.policy,
        fileCount: s.files,
        length: s.length,
        quota: s.quota,
        snapshotDirectoryCount: s.snapshotDirectories,
        snapshotFileCount: s.snapshotFiles,
        snapshotLength: s.snapshotLength,
        snapshotSpaceConsumed: s.snapshotSpace,
        spaceConsumed: s.space,
        spaceQuota: s.spaceQuota,
        typeQuota: typeQuota(s.types),
      },
    })
  },
  GETQUOTAUSAGE(c) {
    const u = getQuotaUsage(c.ns.fs, c.caller, c.path)
    return json({
      QuotaUsage: { fileAndDirectoryCount: u.namespace, quota: u.quota, spaceConsumed: u.space, spaceQuota: u.spaceQuota, typeQuota: typeQuota(u.types) },
    })
  },
  GETFILECHECKSUM(c) {
    if (existing(c).kind === 'file') openFile(c.ns.fs, c.caller, c.path)
    return { kind: 'redirect', location: c.redirect('GETFILECHECKSUM', [], 0) }
  },
  GETHOMEDIRECTORY: (c) => json({ Path: homeOf(c) }),
  GETDELEGATIONTOKEN: () => json({ Token: null }),
  GET_BLOCK_LOCATIONS: (c) => json({ LocatedBlocks: locatedBlocks(locatedBlocksProto(c.ns.identity.blockPoolId, locations(c))) }),
  GETFILEBLOCKLOCATIONS(c) {
    const blocks = locations(c).blocks.map((b) => blockLocation(locatedBlockProto(c.ns.identity.blockPoolId, b)))
    return json({ BlockLocations: { BlockLocation: blocks } })
  },
  GETACLSTATUS(c) {
    const a = getAclStatus(c.ns.fs, c.caller, c.path)
    return json({
      AclStatus: {
        entries: a.entries.map(aclEntryText),
        group: a.group,
        owner: a.owner,
        permission: octal(a.permission),
        stickyBit: (a.permission & 0o1000) !== 0,
      },
    })
  },
  GETXATTRS(c) {
    const { parameters } = c
    parameters.required('encoding')
    const names = parameters.each('xattr.name').map(xattrNameOf)
    const [encoding] = parameters.constants<XattrEncoding>('encoding', 'org.apache.hadoop.fs.XAttrCodec', ['TEXT', 'HEX', 'BASE64'])
    return json({ XAttrs: getXattrs(c.ns.fs, c.caller, c.path, names).map((x) => xattr(x, encoding)) })
  },
  LISTXATTRS: (c) => json({ XAttrNames: JSON.stringify(listXattrs(c.ns.fs, c.caller, c.path).map(xattrName)) }),
  GETTRASHROOT: (c) => json({ Path: `${homeOf(c)}/.Trash` }),
  GETTRASHROOTS(c) {
    const homes = c.parameters.boolean('allusers', false) ? homesOf(c) : [homeOf(c)]
    const found = homes.flatMap((home) => {
      const path = `${home}/.Trash`
      const v = getFileInfo(c.ns.fs, c.caller, path, true)
      return v === undefined || typeof v === 'string' ? [] : [plainStatus(path, statusProto(c.ns.identity.blockPoolId, v))]
    })
    return json({ Paths: found.length === 0 ? null : found })
  },
  CHECKACCESS(c) {
    const action = c.parameters.fsAction('fsaction')
    if (!lastOf(resolve(c.ns.fs, c.caller, c.path, 'read'))) throw exception('FileNotFoundException', 'Path not found')
    checkAccess(c.ns.fs, c.caller, c.path, action)
    return { kind: 'empty', type: 'application/octet-stream; charset=utf-8' }
  },
  GETALLSTORAGEPOLICY: () => json({ BlockStoragePolicies: { BlockStoragePolicy: STORAGE_POLICIES.map(storagePolicy) } }),
  GETSTORAGEPOLICY: (c) => json({ BlockStoragePolicy: storagePolicy(getStoragePolicy(c.ns.fs, c.caller, c.path) ?? DEFAULT_POLICY) }),
  GETECPOLICY(c) {
    if (!lastOf(resolve(c.ns.fs, c.caller, c.path, 'read'))) throw exception('FileNotFoundException', `Path not found: ${c.path}`)
    return json(null)
  },
  // Erasure coding is left out, as over RPC: there are none.
  GETECPOLICIES: () => json({ ErasureCodingPolicies: { ErasureCodingPolicyInfo: [] } }),
  GETECCODECS: () => json({ ErasureCodingCodecs: {} }),
  GETSTATUS(c) {
    const { capacity, used, remaining } = fsStats(c.ns.fs)
    return json({ FsStatus: { capacity, used, remaining } })
  },
  GETSERVERDEFAULTS(c) {
    const { conf, fs } = c.ns
    return json({
      FsServerDefaults: {
        replication: fs.config.replication,
        encryptDataTransfer: false,
        defaultStoragePolicyId: DEFAULT_POLICY.id,
        writePacketSize: conf.get(hdfs.clientWritePacketSize),
        fileBufferSize: conf.get(core.ioFileBufferSize),
        checksumType: ['NULL', 'CRC32', 'CRC32C'].indexOf(conf.get(hdfs.checksumType)),
        trashInterval: conf.get(core.trashInterval),
        keyProviderUri: '',
        blockSize: fs.config.blockSize,
        bytesPerChecksum: conf.get(hdfs.bytesPerChecksum),
      },
    })
  },
  GETSNAPSHOTDIFF(c) {
    const { parameters } = c
    const from = parameters.text('oldsnapshotname') ?? null
    // Without either it answers without comparing, and has no names to tell (SnapshotManager.diff).
    const to = parameters.text('snapshotname') ?? (from === null ? null : '')
    const d = snapshotDiff(c.ns.fs, c.caller, c.path, from ?? '', to ?? '')
    const types = { M: 'MODIFY', '+': 'CREATE', '-': 'DELETE', R: 'RENAME' } as const
    return json({
      SnapshotDiffReport: {
        diffList: d.entries.map((e) => ({ sourcePath: e.path, type: types[e.label], ...(e.target !== undefined && { targetPath: e.target }) })),
        fromSnapshot: from,
        snapshotRoot: d.root,
        toSnapshot: to,
      },
    })
  },
  GETSNAPSHOTTABLEDIRECTORYLIST(c) {
    const list = listSnapshottable(c.ns.fs, c.caller)
    return json({
      SnapshottableDirectoryList:
        c.ns.fs.snapshottable.size === 0
          ? null
          : list.map((v) => ({
              dirStatus: listedJson(c, viewOf(v.dir, v.dir.name, undefined)),
              parentFullPath: v.parent,
              snapshotNumber: v.count,
              snapshotQuota: v.limit,
            })),
    })
  },
  GETSNAPSHOTLIST(c) {
    const { dir, snapshots } = listSnapshotsOf(c.ns.fs, c.caller, c.path)
    return json({
      SnapshotList: snapshots.map((s) => ({
        deletionStatus: 'ACTIVE',
        dirStatus: listedJson(c, snapshotView(dir, s)),
        fullPath: `${dir.parent ? pathOf(dir) : ''}/.snapshot/${s.name}`,
        snapshotID: s.id,
      })),
    })
  },
  GETSNAPSHOTDIFFLISTING(c) {
    const { parameters: p } = c
    const names = [p.text('oldsnapshotname') ?? '', p.text('snapshotname') ?? ''] as const
    const start = { path: p.text('snapshotdiffstartpath') ?? '', index: p.integer('snapshotdiffindex') ?? -1 }
    const d = snapshotDiffListing(c.ns.fs, c.caller, c.path, names, start)
    const child = (x: (typeof d.made)[number]) => ({ dirId: x.dir, fileId: x.id, sourcePath: x.path })
    return json({
      SnapshotDiffReportListing: {
        modifyList: d.modified.map((m) => ({ dirId: m.id, fileId: m.id, isReference: m.isDirectory, sourcePath: m.path })),
        createList: d.made.map((m) => ({ ...child(m), isReference: false })),
        deleteList: d.left.map((m) => ({ ...child(m), isReference: m.target !== undefined, ...(m.target !== undefined && { targetPath: m.target }) })),
        isFromEarlier: d.isFromEarlier,
        lastPath: d.next.path,
        lastIndex: d.next.index,
      },
    })
  },
  GETLINKTARGET(c) {
    const inode = lastOf(resolve(c.ns.fs, c.caller, c.path, 'read-link'))
    if (!inode) return missing(c.path)
    if (inode.kind !== 'symlink') throw exception('IOException', `Path ${c.path} is not a symbolic link`)
    return json({ Path: inode.target })
  },
}
