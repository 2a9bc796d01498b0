/** WebHDFS: operations that change. */
import { exception } from '../../../common/errors.js'
import type { XAttr } from '../../../common/records/hdfs/index.js'
import { modifyAclEntries, removeAcl, removeAclEntries, removeDefaultAcl, setAcl } from '../core/acl.js'
import { setOwner, setPermission, setQuota, setReplication, setStoragePolicy, setTimes } from '../core/attributes.js'
import { concat } from '../core/concat.js'
import { remove } from '../core/delete.js'
import { QUOTA_TYPES } from '../core/quota.js'
import { LONG_MAX } from '../core/limits.js'
import { mkdirs } from '../core/mkdirs.js'
import { rename, renameOld } from '../core/rename.js'
import { allowSnapshot, createSnapshot, deleteSnapshot, disallowSnapshot, renameSnapshot } from '../core/snapshots.js'
import type { FsState } from '../core/state.js'
import { truncate } from '../core/truncate.js'
import { removeXattr, setXattr } from '../core/xattrs.js'
import { NO_SATISFIER, snapshotNameNow } from '../rpc/client-extended.js'
import { parseAclSpec } from './acl-text.js'
import { type WebAnswer, type WebContext, type WebOperation, empty, json } from './context.js'
import { existing, xattrNameOf } from './get-operations.js'

async function change(c: WebContext, operation: (fs: FsState) => void): Promise<WebAnswer> {
  await c.ns.write(operation)
  return empty
}

async function yesNo(c: WebContext, operation: (fs: FsState) => boolean): Promise<WebAnswer> {
  return json({ boolean: await c.ns.write(operation) })
}

/** org.apache.hadoop.fs.CreateFlag */
const CREATE_FLAGS = [
  'CREATE',
  'OVERWRITE',
  'APPEND',
  'SYNC_BLOCK',
  'LAZY_PERSIST',
  'NEW_BLOCK',
  'NO_LOCAL_WRITE',
  'SHOULD_REPLICATE',
  'IGNORE_CLIENT_LOCALITY',
  'NO_LOCAL_RACK',
] as const

/** What has to be written goes to a DataNode. */
function create(c: WebContext): WebAnswer {
  const { parameters: p } = c
  const further: [string, string | number | boolean][] = []
  const add = (name: string, value: string | number | boolean | undefined) => {
    if (value !== undefined) further.push([name, value])
  }
  add('blocksize', p.atLeast('blocksize', 1))
  add('buffersize', p.atLeast('buffersize', 1))
  const flags = p.constants('createflag', 'org.apache.hadoop.fs.CreateFlag', CREATE_FLAGS)
  // Encoded once more than the rest of the location (CreateFlagParam.getValueString).
  const flagText = CREATE_FLAGS.filter((flag) => flags.includes(flag)).join('%2C')
  further.push(['createflag', flagText], ['createparent', p.boolean('createparent', true)])
  further.push(['overwrite', p.boolean('overwrite', false)])
  add('permission', p.permission('permission')?.toString(8))
  add('replication', p.atLeast('replication', 1))
  add('unmaskedpermission', p.permission('unmaskedpermission')?.toString(8))
  return { kind: 'redirect', location: c.redirect('CREATE', further) }
}

function xattrValue(text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined
  if (/^0x/i.test(text)) return Buffer.from(text.slice(2), 'hex')
  if (/^0s/i.test(text)) return Buffer.from(text.slice(2), 'base64')
  return Buffer.from(text.replace(/^"(.*)"$/s, '$1'))
}

export const PUT_OPERATIONS: Readonly<Record<string, WebOperation>> = {
  CREATE: create,
  MKDIRS(c) {
    const masked = c.parameters.permission('permission') ?? 0o755
    return yesNo(c, (fs) => mkdirs(fs, c.caller, c.path, { masked, unmasked: c.parameters.permission('unmaskedpermission') }, true, Date.now()))
  },
  CREATESYMLINK(c) {
    c.parameters.required('destination')
    throw exception('UnsupportedOperationException', 'Symlinks not supported')
  },
  RENAME(c) {
    const target = c.parameters.path('destination')
    const options = c.parameters.constants('renameoptions', 'org.apache.hadoop.fs.Options.Rename', ['NONE', 'OVERWRITE', 'TO_TRASH'])
    if (options.length === 0) return yesNo(c, (fs) => renameOld(fs, c.caller, c.path, target, Date.now()))
    return change(c, (fs) => rename(fs, c.caller, c.path, target, options.includes('OVERWRITE'), options.includes('TO_TRASH'), Date.now()))
  },
  SETREPLICATION: (c) => yesNo(c, (fs) => setReplication(fs, c.caller, c.path, c.parameters.atLeast('replication', 1) ?? fs.config.replication)),
  SETOWNER(c) {
    const owner = c.parameters.user('owner')
    const group = c.parameters.text('group')
    if (owner === undefined && group === undefined) throw exception('IllegalArgumentException', 'Both owner and group are empty.')
    return change(c, (fs) => setOwner(fs, c.caller, c.path, owner, group))
  },
  SETPERMISSION: (c) => change(c, (fs) => setPermission(fs, c.caller, c.path, c.parameters.permission('permission') ?? 0o755)),
  SETTIMES: (c) =>
    change(c, (fs) => setTimes(fs, c.caller, c.path, c.parameters.atLeast('modificationtime', -1) ?? -1, c.parameters.atLeast('accesstime', -1) ?? -1)),
  RENEWDELEGATIONTOKEN(c) {
    c.parameters.required('token')
    throw exception('InvalidToken', 'no delegation tokens are issued without Kerberos')
  },
  CANCELDELEGATIONTOKEN(c) {
    c.parameters.required('token')
    throw exception('InvalidToken', 'no delegation tokens are issued without Kerberos')
  },
  MODIFYACLENTRIES: (c) => change(c, (fs) => modifyAclEntries(fs, c.caller, c.path, parseAclSpec(c.parameters.required('aclspec'), true))),
  REMOVEACLENTRIES: (c) => change(c, (fs) => removeAclEntries(fs, c.caller, c.path, parseAclSpec(c.parameters.required('aclspec'), false))),
  REMOVEDEFAULTACL: (c) => change(c, (fs) => removeDefaultAcl(fs, c.caller, c.path)),
  REMOVEACL: (c) => change(c, (fs) => removeAcl(fs, c.caller, c.path)),
  SETACL: (c) => change(c, (fs) => setAcl(fs, c.caller, c.path, parseAclSpec(c.parameters.required('aclspec'), true))),
  SETXATTR(c) {
    c.parameters.required('xattr.name')
    c.parameters.required('flag')
    const flags = c.parameters.constants('flag', 'org.apache.hadoop.fs.XAttrSetFlag', ['CREATE', 'REPLACE'])
    const x: XAttr = { ...xattrNameOf(c.parameters.required('xattr.name')), value: xattrValue(c.parameters.text('xattr.value')) }
    return change(c, (fs) => setXattr(fs, c.caller, c.path, x, { create: flags.includes('CREATE'), replace: flags.includes('REPLACE') }))
  },
  REMOVEXATTR: (c) => change(c, (fs) => removeXattr(fs, c.caller, c.path, xattrNameOf(c.parameters.required('xattr.name')))),
  ALLOWSNAPSHOT: (c) => change(c, (fs) => allowSnapshot(fs, c.caller, c.path)),
  DISALLOWSNAPSHOT: (c) => change(c, (fs) => disallowSnapshot(fs, c.caller, c.path)),
  async CREATESNAPSHOT(c) {
    const name = c.parameters.text('snapshotname') ?? snapshotNameNow()
    return json({ Path: await c.ns.write((fs) => createSnapshot(fs, c.caller, c.path, name, Date.now())) })
  },
  RENAMESNAPSHOT: (c) =>
    change(c, (fs) => renameSnapshot(fs, c.caller, c.path, c.parameters.required('oldsnapshotname'), c.parameters.required('snapshotname'))),
  SETSTORAGEPOLICY(c) {
    const policy = c.parameters.text('storagepolicy')
    if (policy === undefined) throw exception('IllegalArgumentException', 'Storage policy name is empty.')
    return change(c, (fs) => setStoragePolicy(fs, c.caller, c.path, policy))
  },
  SATISFYSTORAGEPOLICY() {
    throw exception('UnsupportedActionException', NO_SATISFIER)
  },
  SETQUOTA: (c) =>
    change(c, (fs) =>
      setQuota(fs, c.caller, c.path, c.parameters.long('namespacequota') ?? LONG_MAX, c.parameters.long('storagespacequota') ?? LONG_MAX, undefined),
    ),
  SETQUOTABYSTORAGETYPE(c) {
    const type = c.parameters.required('storagetype').toUpperCase()
    if (type !== 'RAM_DISK' && !(QUOTA_TYPES as readonly string[]).includes(type))
      throw exception('IllegalArgumentException', `No enum constant org.apache.hadoop.fs.StorageType.${type}`)
    return change(c, (fs) => setQuota(fs, c.caller, c.path, LONG_MAX, c.parameters.long('storagespacequota') ?? LONG_MAX, type))
  },
}

/** Erasure coding is left out: each of its operations says so. */
const NO_ERASURE_CODING: WebOperation = () => {
  throw exception('UnsupportedOperationException', 'Erasure coding is not part of this NameNode')
}

export const ALL_PUT_OPERATIONS: Readonly<Record<string, WebOperation>> = {
  ...PUT_OPERATIONS,
  ENABLEECPOLICY: NO_ERASURE_CODING,
  DISABLEECPOLICY: NO_ERASURE_CODING,
  SETECPOLICY: NO_ERASURE_CODING,
}

/** As Hadoop answers a POST that succeeded: with a charset of nothing. */
const EMPTY_POST: WebAnswer = { kind: 'empty', type: 'application/octet-stream; charset=utf-8' }

export const POST_OPERATIONS: Readonly<Record<string, WebOperation>> = {
  APPEND(c) {
    const buffer = c.parameters.atLeast('buffersize', 1)
    existing(c)
    return { kind: 'redirect', location: c.redirect('APPEND', buffer === undefined ? [] : [['buffersize', buffer]]) }
  },
  async CONCAT(c) {
    c.parameters.required('sources')
    await c.ns.write((fs) => concat(fs, c.caller, c.path, c.parameters.all('sources'), Date.now()))
    return EMPTY_POST
  },
  TRUNCATE(c) {
    c.parameters.required('newlength')
    const length = c.parameters.atLeast('newlength', 0)!
    const holder = `DFSClient_WEBHDFS_${c.client}`
    return yesNo(c, (fs) => truncate(fs, c.caller, c.path, length, holder, c.client, c.ns.clock()))
  },
  async UNSETSTORAGEPOLICY(c) {
    await c.ns.write((fs) => setStoragePolicy(fs, c.caller, c.path, undefined))
    return EMPTY_POST
  },
  UNSETECPOLICY: NO_ERASURE_CODING,
}

export const DELETE_OPERATIONS: Readonly<Record<string, WebOperation>> = {
  DELETE: (c) => yesNo(c, (fs) => remove(fs, c.caller, c.path, c.parameters.boolean('recursive', false), Date.now())),
  DELETESNAPSHOT: (c) => change(c, (fs) => deleteSnapshot(fs, c.caller, c.path, c.parameters.required('snapshotname'))),
}
