/** Leases: who may write which files, and until when (LeaseManager). */
import type { INodeFile } from './inode.js'
import type { FsState, Lease } from './state.js'

export function addLease(fs: FsState, file: INodeFile, holder: string, tick: number): Lease {
  let lease = fs.leases.get(holder)
  if (!lease) {
    lease = { holder, files: new Set(), lastRenewed: tick }
    fs.leases.set(holder, lease)
  } else lease.lastRenewed = tick
  lease.files.add(file)
  return lease
}

export function removeLease(fs: FsState, file: INodeFile): void {
  const holder = file.writer?.holder
  if (holder === undefined) return
  const lease = fs.leases.get(holder)
  lease?.files.delete(file)
  if (lease?.files.size === 0) fs.leases.delete(holder)
  file.writer = undefined
}

export function renewLease(fs: FsState, holder: string, tick: number): void {
  const lease = fs.leases.get(holder)
  if (lease) lease.lastRenewed = tick
}

export function leaseText(fs: FsState, path: string, fileId: number, holder: string): string {
  const lease = fs.leases.get(holder)
  return `${path} (inode ${fileId}) ${lease ? `[Lease.  Holder: ${lease.holder}, pending creates: ${lease.files.size}]` : `Holder ${holder} does not have any open files.`}`
}
