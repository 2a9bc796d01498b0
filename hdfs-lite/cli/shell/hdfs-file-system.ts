import { isException } from '../../../common/errors.js'
import type { AclEntryProto, AclEntryProtoInit } from '../../../common/proto/gen/client-namenode.js'
import type { CopyProgress, DfsClient, FileWriter } from '../../client/index.js'
import type { FileSystem, Source, WriteOptions } from './file-system.js'

/** FsAction by its bits. */
const ACTIONS = ['NONE', 'EXECUTE', 'WRITE', 'WRITE_EXECUTE', 'READ', 'READ_EXECUTE', 'READ_WRITE', 'PERM_ALL'] as const

/** The shell's file system over a client. */
export function hdfsFileSystem(client: DfsClient): FileSystem & { readonly client: DfsClient } {
  return {
    client,
    uri: client.uri,
    workingDirectory: client.home,
    home: client.home,
    async status(path) {
      try {
        return await client.getFileStatus(path)
      } catch (e) {
        if (isException(e, 'FileNotFoundException')) return undefined
        throw e
      }
    },
    list: (path) => client.listStatus(path),
    mkdirs: (path) => client.mkdirs(path),
    delete: (path, recursive) => client.delete(path, recursive),
    rename: (from, to) => client.rename(from, to),
    replace: (from, to) => client.renameOver(from, to, true),
    touch: (path) => client.writeFile(path, new Uint8Array(0)),
    async read(path, options = {}): Promise<Source> {
      const reader = await client.openReader(path, options)
      return { kind: 'buffers', next: () => reader.nextBatch(), close: async () => reader.close() }
    },
    write: (path, source, options: WriteOptions) => pump(client.createWriter(path, options), source, options),
    append: (path, source, newBlock) => pump(client.appendWriter(path, newBlock), source, {}, true),
    async copyAttributes(from, to, letters) {
      const { namenode } = client
      if (letters.includes('a') && from.hasAcl) {
        const { result } = await namenode.getAclStatus({ src: from.path })
        await namenode.setAcl({ src: to, aclSpec: withModeEntries(from.permission, result.entries) })
      }
      if (!letters.includes('x')) return
      const { xAttrs } = await namenode.getXAttrs({ src: from.path, xAttrs: [] })
      for (const xAttr of xAttrs) await namenode.setXAttr({ src: to, xAttr, flag: SET_OR_REPLACE })
    },
    setPermission: (path, mode) => client.setPermission(path, mode),
    setOwner: (path, owner, group) => client.setOwner(path, owner, group),
    setTimes: (path, modification, access) => client.setTimes(path, modification, access),
    contentSummary: (path) => client.contentSummary(path),
    async mayAccess(path, permission) {
      try {
        await client.namenode.checkAccess({ path, mode: ACTIONS[permission]! })
        return true
      } catch (e) {
        if (isException(e, 'AccessControlException', 'FileNotFoundException')) return false
        throw e
      }
    },
    trashInterval: async () => (await client.serverDefaults()).trashInterval,
    async checksum(path) {
      const { fileChecksum } = await import('../../client/file-checksum.js')
      return fileChecksum(client, path)
    },
    async capacity() {
      const s = await client.namenode.getFsStats({})
      return { capacity: s.capacity, used: s.used, remaining: s.remaining }
    },
  }
}

const SET_OR_REPLACE = 3

/** The mode's bits are entries too (AclUtil.getAclFromPermAndEntries). */
function withModeEntries(mode: number, entries: readonly AclEntryProto[]): AclEntryProtoInit[] {
  const access = entries.filter((e) => e.scope === 'ACCESS')
  const of = (type: 'USER' | 'GROUP' | 'MASK' | 'OTHER', shift: number): AclEntryProtoInit => ({
    type,
    scope: 'ACCESS',
    permissions: ACTIONS[(mode >> shift) & 7]!,
  })
  const group = access.length > 0 ? [...access, of('MASK', 3)] : [of('GROUP', 3)]
  return [of('USER', 6), ...group, of('OTHER', 0), ...entries.filter((e) => e.scope === 'DEFAULT')]
}

/** @param keep what was written stays when the source breaks off */
async function pump(opening: Promise<FileWriter>, source: Source, progress: CopyProgress = {}, keep = false): Promise<void> {
  const writer = await opening
  try {
    if (source.kind === 'descriptor') {
      const { feed } = await import('../../client/local.js')
      await feed(source.fd, writer, source.size, progress)
    } else {
      for (let batch = await source.next(); batch; batch = await source.next()) {
        for (const part of batch) await writer.write(part)
        progress.onProgress?.(writer.position)
      }
    }
    await writer.close()
  } catch (e) {
    if (keep) await writer.close().catch(() => writer.abort())
    else writer.abort()
    throw e
  }
}
