/** ClientProtocol: ACLs, extended attributes, snapshots, truncate, concat; and what is left out, each with its answer. */
import { exception } from '../../../common/errors.js'
import type { AclEntryProto, AclEntryProtoInit, AclEntryProto_FsActionProto, XAttrProto, XAttrProtoInit } from '../../../common/proto/gen/client-namenode.js'
import type { ClientProtocol } from '../../../common/protocols/client-namenode.js'
import type { AclEntry, XAttr } from '../../../common/records/hdfs/index.js'
import type { CallContext, Handlers } from '../../../common/rpc/protocol.js'
import { getAclStatus, modifyAclEntries, removeAcl, removeAclEntries, removeDefaultAcl, setAcl } from '../core/acl.js'
import { setReplicationPolicy } from '../core/attributes.js'
import { concat } from '../core/concat.js'
import { pathOf } from '../core/inode.js'
import {
  allowSnapshot,
  createSnapshot,
  defaultSnapshotName,
  deleteSnapshot,
  disallowSnapshot,
  listSnapshotsOf,
  listSnapshottable,
  renameSnapshot,
  snapshotDiff,
  snapshotDiffListing,
} from '../core/snapshots.js'
import { snapshotView, viewOf } from '../core/status.js'
import type { FsState } from '../core/state.js'
import { truncate } from '../core/truncate.js'
import { getXattrs, listXattrs, removeXattr, setXattr } from '../core/xattrs.js'
import type { Namesystem } from '../namesystem.js'
import { machineOf } from './client-write.js'
import { statusProto } from './convert.js'
import type { RetryCache } from './retry-cache.js'

const ACTIONS: readonly AclEntryProto_FsActionProto[] = ['NONE', 'EXECUTE', 'WRITE', 'WRITE_EXECUTE', 'READ', 'READ_EXECUTE', 'READ_WRITE', 'PERM_ALL']

/** XAttrSetFlag's bits. */
const XATTR_CREATE = 1
const XATTR_REPLACE = 2

function aclEntry(e: AclEntryProto): AclEntry {
  return { scope: e.scope, type: e.type, name: e.name === '' ? undefined : e.name, permission: ACTIONS.indexOf(e.permissions) }
}

function aclProto(e: AclEntry): AclEntryProtoInit {
  return { scope: e.scope, type: e.type, name: e.name, permissions: ACTIONS[e.permission & 7]! }
}

function xattr(x: XAttrProto | undefined): XAttr {
  if (!x) throw exception('IllegalArgumentException', 'no extended attribute is named')
  return { namespace: x.namespace, name: x.name, value: x.value === undefined ? undefined : Uint8Array.from(x.value) }
}

/** What Hadoop says where its satisfier is off, as it is by default. */
export const NO_SATISFIER =
  'Cannot request to satisfy storage policy when storage policy satisfier feature has been disabled by admin. Seek for an admin help to enable it or use Mover tool.'

function noTokens(): never {
  throw exception('InvalidToken', 'no delegation tokens are issued without Kerberos')
}

const bytes = (text: string) => new TextEncoder().encode(text)

const xattrProto = (x: XAttr): XAttrProtoInit => ({ namespace: x.namespace, name: x.name, value: x.value })

export function snapshotNameNow(): string {
  const d = new Date()
  return defaultSnapshotName({
    year: d.getFullYear(),
    month: d.getMonth() + 1,
    day: d.getDate(),
    hour: d.getHours(),
    minute: d.getMinutes(),
    second: d.getSeconds(),
    millis: d.getMilliseconds(),
  })
}

/** Calls of features that this store leaves out on purpose. */
const LEFT_OUT: Readonly<Partial<Record<keyof ClientProtocol['methods'], string>>> = {
  unsetErasureCodingPolicy: 'Erasure coding',
  addErasureCodingPolicies: 'Erasure coding',
  removeErasureCodingPolicy: 'Erasure coding',
  enableErasureCodingPolicy: 'Erasure coding',
  disableErasureCodingPolicy: 'Erasure coding',
  createEncryptionZone: 'Encryption zones',
  reencryptEncryptionZone: 'Encryption zones',
  addCacheDirective: 'Cache directives',
  modifyCacheDirective: 'Cache directives',
  removeCacheDirective: 'Cache directives',
  addCachePool: 'Cache directives',
  modifyCachePool: 'Cache directives',
  removeCachePool: 'Cache directives',
  getECTopologyResultForPolicies: 'Erasure coding',
  metaSave: 'metasave',
  getEditsFromTxid: 'The stream of edits (inotify)',
}

const leftOutText = (feature: string, call: string) => `${feature} is not part of this NameNode (${call})`

export function clientExtendedHandlers(ns: Namesystem, retries: RetryCache): Handlers<ClientProtocol> {
  const { fs } = ns
  const pool = ns.identity.blockPoolId
  const caller = (call: CallContext) => ns.caller(call.user)
  const change = (operation: (state: FsState) => void) =>
    ns.write((state) => {
      operation(state)
      return {}
    })
  const { once } = retries
  const leftOut = Object.fromEntries(
    Object.entries(LEFT_OUT).map(([name, feature]) => [
      name,
      () => {
        throw exception('UnsupportedOperationException', leftOutText(feature, name))
      },
    ]),
  ) as Handlers<ClientProtocol>
  return {
    ...leftOut,
    renewDelegationToken: noTokens,
    cancelDelegationToken: noTokens,
    satisfyStoragePolicy() {
      throw exception('UnsupportedActionException', NO_SATISFIER)
    },
    /** MapReduce asks for plain copies before it lays a job's files down: that is what everything has here. */
    setErasureCodingPolicy(q, call) {
      if (q.ecPolicyName !== 'replication') throw exception('UnsupportedOperationException', leftOutText('Erasure coding', 'setErasureCodingPolicy'))
      setReplicationPolicy(fs, caller(call), q.src)
      return {}
    },
    truncate: (q, call) => once(call, (s) => ({ result: truncate(s, caller(call), q.src, q.newLength, q.clientName, machineOf(call), ns.clock()) })),
    concat: (q, call) =>
      once(call, (s) => {
        concat(s, caller(call), q.trg, q.srcs, Date.now())
        return {}
      }),
    modifyAclEntries: (q, call) => change((s) => modifyAclEntries(s, caller(call), q.src, q.aclSpec.map(aclEntry))),
    removeAclEntries: (q, call) => change((s) => removeAclEntries(s, caller(call), q.src, q.aclSpec.map(aclEntry))),
    removeDefaultAcl: (q, call) => change((s) => removeDefaultAcl(s, caller(call), q.src)),
    removeAcl: (q, call) => change((s) => removeAcl(s, caller(call), q.src)),
    setAcl: (q, call) => change((s) => setAcl(s, caller(call), q.src, q.aclSpec.map(aclEntry))),
    getAclStatus(q, call) {
      const a = getAclStatus(fs, caller(call), q.src)
      return {
        result: { owner: a.owner, group: a.group, sticky: (a.permission & 0o1000) !== 0, entries: a.entries.map(aclProto), permission: { perm: a.permission } },
      }
    },
    setXAttr: (q, call) =>
      once(call, (s) => {
        const flag = q.flag ?? 0
        setXattr(s, caller(call), q.src, xattr(q.xAttr), { create: (flag & XATTR_CREATE) !== 0, replace: (flag & XATTR_REPLACE) !== 0 })
        return {}
      }),
    removeXAttr: (q, call) =>
      once(call, (s) => {
        removeXattr(s, caller(call), q.src, xattr(q.xAttr))
        return {}
      }),
    getXAttrs: (q, call) => ({ xAttrs: getXattrs(fs, caller(call), q.src, q.xAttrs).map(xattrProto) }),
    listXAttrs: (q, call) => ({ xAttrs: listXattrs(fs, caller(call), q.src).map(xattrProto) }),
    createSymlink() {
      throw exception('UnsupportedOperationException', 'Symlinks not supported')
    },
    allowSnapshot: (q, call) => change((s) => allowSnapshot(s, caller(call), q.snapshotRoot)),
    disallowSnapshot: (q, call) => change((s) => disallowSnapshot(s, caller(call), q.snapshotRoot)),
    createSnapshot: (q, call) =>
      once(call, (s) => ({ snapshotPath: createSnapshot(s, caller(call), q.snapshotRoot, q.snapshotName || snapshotNameNow(), Date.now()) })),
    renameSnapshot: (q, call) =>
      once(call, (s) => {
        renameSnapshot(s, caller(call), q.snapshotRoot, q.snapshotOldName, q.snapshotNewName)
        return {}
      }),
    deleteSnapshot: (q, call) =>
      once(call, (s) => {
        deleteSnapshot(s, caller(call), q.snapshotRoot, q.snapshotName)
        return {}
      }),
    getSnapshottableDirListing(_q, call) {
      const list = listSnapshottable(fs, caller(call))
      if (list.length === 0) return {}
      return {
        snapshottableDirList: {
          snapshottableDirListing: list.map((v) => ({
            dirStatus: statusProto(pool, viewOf(v.dir, v.dir.name, undefined)),
            snapshotQuota: v.limit,
            snapshotNumber: v.count,
            parentFullpath: bytes(v.parent),
          })),
        },
      }
    },
    getSnapshotListing(q, call) {
      const { dir, snapshots } = listSnapshotsOf(fs, caller(call), q.snapshotRoot)
      return {
        snapshotList: {
          snapshotListing: snapshots.map((s) => ({
            dirStatus: statusProto(pool, snapshotView(dir, s)),
            snapshotID: s.id,
            parentFullpath: bytes(pathOf(dir)),
            isDeleted: false,
          })),
        },
      }
    },
    getSnapshotDiffReportListing(q, call) {
      const start = { path: new TextDecoder().decode(q.cursor?.startPath), index: q.cursor?.index ?? -1 }
      const d = snapshotDiffListing(fs, caller(call), q.snapshotRoot, [q.fromSnapshot, q.toSnapshot], start)
      return {
        diffReport: {
          modifiedEntries: d.modified.map((c) => ({ fullpath: bytes(c.path), dirId: c.id, fileId: c.id, isReference: c.isDirectory })),
          createdEntries: d.made.map((c) => ({ fullpath: bytes(c.path), dirId: c.dir, fileId: c.id, isReference: false })),
          deletedEntries: d.left.map((c) => ({
            fullpath: bytes(c.path),
            dirId: c.dir,
            fileId: c.id,
            isReference: c.target !== undefined,
            targetPath: c.target === undefined ? undefined : bytes(c.target),
          })),
          isFromEarlier: d.isFromEarlier,
          cursor: { startPath: bytes(d.next.path), index: d.next.index },
        },
      }
    },
    getSnapshotDiffReport(q, call) {
      const d = snapshotDiff(fs, caller(call), q.snapshotRoot, q.fromSnapshot, q.toSnapshot)
      return {
        diffReport: {
          snapshotRoot: d.root,
          fromSnapshot: q.fromSnapshot,
          toSnapshot: q.toSnapshot,
          diffReportEntries: d.entries.map((e) => ({
            fullpath: bytes(e.path),
            modificationLabel: e.label,
            targetPath: e.target === undefined ? undefined : bytes(e.target),
          })),
        },
      }
    },
  }
}
