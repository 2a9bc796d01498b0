/** What the shell asks of a file system: HDFS or the local one. Paths are absolute and within it. */
import type { CopyProgress, FileStatus } from '../../client/index.js'

/** Where a copy comes from: a descriptor, or buffers as they are read. */
export type Source =
  | { readonly kind: 'descriptor'; readonly fd: number; readonly size: number | undefined; close(): Promise<void> }
  | { readonly kind: 'buffers'; next(): Promise<Buffer[] | undefined>; close(): Promise<void> }

export interface WriteOptions extends CopyProgress {
  /** Default: false. */
  readonly overwrite?: boolean
  readonly createParent?: boolean
  /** In the DataNode's memory first, with one replica; only HDFS knows it. */
  readonly lazyPersist?: boolean
}

export interface ContentSummary {
  readonly length: number
  readonly fileCount: number
  readonly directoryCount: number
  readonly spaceConsumed: number
  /** -1: none. */
  readonly quota: number
  readonly spaceQuota: number
  readonly snapshotLength?: number
  readonly snapshotSpaceConsumed?: number
  readonly snapshotFileCount?: number
  readonly snapshotDirectoryCount?: number
  readonly erasureCodingPolicy?: string
  readonly typeQuotaInfos?: { readonly typeQuotaInfo: readonly { readonly type?: string; readonly quota: number; readonly consumed: number }[] }
}

export interface FileSystem {
  /** hdfs://AUTHORITY, or file: */
  readonly uri: string
  readonly workingDirectory: string
  readonly home: string
  status(path: string): Promise<FileStatus | undefined>
  /** In the order of names. */
  list(path: string): Promise<FileStatus[]>
  mkdirs(path: string): Promise<boolean>
  delete(path: string, recursive: boolean): Promise<boolean>
  /** False when it may not be. */
  rename(from: string, to: string): Promise<boolean>
  /** Replaces what is at `to`. */
  replace(from: string, to: string): Promise<void>
  /** Makes an empty file, or empties one. */
  touch(path: string): Promise<void>
  read(path: string, options?: { readonly verifyChecksum?: boolean; readonly start?: number; readonly end?: number }): Promise<Source>
  write(path: string, source: Source, options: WriteOptions): Promise<void>
  setPermission(path: string, mode: number): Promise<void>
  /** Undefined leaves owner or group as they are. */
  setOwner(path: string, owner: string | undefined, group: string | undefined): Promise<void>
  /** Milliseconds since 1970; -1 leaves a time as it is. */
  setTimes(path: string, modification: number, access: number): Promise<void>
  contentSummary(path: string): Promise<ContentSummary>
  /** True when the user has all of the permissions (r 4, w 2, x 1). */
  mayAccess(path: string, permission: number): Promise<boolean>
  /** Leaves the checksums of a file beside it, as .NAME.crc. */
  writeChecksums?(path: string): Promise<void>
  /** Adds to the end of a file that is there. */
  append?(path: string, source: Source, newBlock: boolean): Promise<void>
  /** ACL (a) and extended attributes (x). */
  copyAttributes?(from: FileStatus, to: string, letters: string): Promise<void>
  /** Minutes that trash is kept, as the server has it. */
  trashInterval?(): Promise<number>
  checksum?(path: string): Promise<{ readonly algorithm: string; readonly hex: string } | undefined>
  capacity(): Promise<{ readonly capacity: number; readonly used: number; readonly remaining: number }>
}

export interface ParsedPath {
  readonly scheme: string | undefined
  readonly authority: string | undefined
  /** As given; may be relative. */
  readonly path: string
}

/** scheme://authority/path, scheme:/path, //authority/path or path (org.apache.hadoop.fs.Path). Behind a bare authority the path is empty: the user's folder. */
export function parsePath(text: string): ParsedPath {
  const m = /^(?:([A-Za-z][A-Za-z0-9+.-]*):(?=\/))?(?:\/\/(?!$)([^/]*))?(.*)$/s.exec(text)!
  return { scheme: m[1]?.toLowerCase(), authority: m[2] || undefined, path: m[3]! }
}
