import type { HdfsFileStatusProto } from '../../common/proto/gen/client-namenode.js'

export interface FileStatus {
  readonly path: string
  readonly type: 'FILE' | 'DIRECTORY' | 'SYMLINK'
  /** Bytes; of a directory 0. */
  readonly length: number
  readonly replication: number
  readonly blockSize: number
  /** Milliseconds since 1970. */
  readonly modificationTime: number
  readonly accessTime: number
  /** Mode bits, with the sticky bit. */
  readonly permission: number
  readonly owner: string
  readonly group: string
  readonly fileId: number
  readonly hasAcl: boolean
  readonly encrypted: boolean
  readonly erasureCoded: boolean
  /** Where a symbolic link points. */
  readonly symlink: string | undefined
  readonly storagePolicy: number
}

const TYPES = { IS_DIR: 'DIRECTORY', IS_FILE: 'FILE', IS_SYMLINK: 'SYMLINK' } as const
const HAS_ACL = 1
const HAS_CRYPT = 2
const HAS_EC = 4

/** @param parent the listed directory, when `p` names an entry of it */
export function fileStatus(p: HdfsFileStatusProto, parent: string): FileStatus {
  const name = Buffer.from(p.path).toString('utf8')
  return {
    path: name === '' ? parent : parent === '/' ? `/${name}` : `${parent}/${name}`,
    type: TYPES[p.fileType],
    length: p.length,
    replication: p.blockReplication,
    blockSize: p.blocksize,
    modificationTime: p.modificationTime,
    accessTime: p.accessTime,
    // Servers add bits of their own for clients of Hadoop 2.
    permission: p.permission.perm & 0o1777,
    owner: p.owner,
    group: p.group,
    fileId: p.fileId,
    hasAcl: (p.flags & HAS_ACL) !== 0,
    encrypted: (p.flags & HAS_CRYPT) !== 0,
    erasureCoded: (p.flags & HAS_EC) !== 0,
    symlink: p.symlink && Buffer.from(p.symlink).toString('utf8'),
    storagePolicy: p.storagePolicy,
  }
}
