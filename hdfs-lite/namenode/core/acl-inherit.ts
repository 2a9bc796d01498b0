/** What a new node takes over from its directory's default ACL (AclStorage.copyINodeDefaultAcl). */
import type { AclEntry } from '../../../common/records/hdfs/index.js'
import { type INode, type INodeDirectory, setFeatures } from './inode.js'
import type { FsState } from './state.js'

export function inheritAcl(fs: FsState, parent: INodeDirectory, child: INode, mode: { readonly masked: number; readonly unmasked: number | undefined }): void {
  const inherited = parent.features?.defaultAcl
  if (!inherited || child.kind === 'symlink') return
  // With POSIX inheritance the default ACL takes the place of the client's umask.
  const wanted = fs.config.posixAclInheritance && mode.unmasked !== undefined ? mode.unmasked : mode.masked
  const find = (type: AclEntry['type']) => inherited.find((e) => e.type === type && e.name === undefined)
  const user = (find('USER')?.permission ?? 7) & (wanted >> 6)
  const mask = find('MASK')
  const groupBits = wanted >> 3
  const other = (find('OTHER')?.permission ?? 7) & wanted
  const group = find('GROUP')?.permission ?? 7
  const extended = inherited.some((e) => e.name !== undefined || e.type === 'MASK')
  const middle = (extended ? (mask?.permission ?? group) : group) & groupBits & 7
  child.permission = (child.permission & 0o1000) | ((user & 7) << 6) | (middle << 3) | (other & 7)
  const access: AclEntry[] | undefined = extended
    ? inherited
        .filter((e) => e.name !== undefined || e.type === 'GROUP')
        .map((e): AclEntry => ({ scope: 'ACCESS', type: e.type, name: e.name, permission: e.permission }))
    : undefined
  setFeatures(child, { acl: access, defaultAcl: child.kind === 'directory' ? inherited : undefined })
}
