/** Where the namespace is kept: records are appended in order, and acknowledged once they are durable. */
import type { JournalRecord, Row } from '../core/persist.js'

/** Which file system this is: made once, when a name directory is formatted. */
export interface Identity {
  readonly namespaceId: number
  readonly clusterId: string
  readonly blockPoolId: string
  readonly creationTime: number
}

export interface Stored {
  readonly identity: Identity
  /** Of the last record. */
  readonly txid: number
}

export interface Receiver {
  row(row: Row): void
  record(record: JournalRecord): void
}

export interface JournalStatus {
  readonly txid: number
  /** Up to here records are folded into the checkpoint. */
  readonly checkpointTxid: number
  readonly checkpointTime: number
  /** Commits, and the milliseconds spent on them. */
  readonly syncs: number
  readonly syncMillis: number
}

export interface Journal {
  readonly status: JournalStatus
  /** Gives the last checkpoint's rows, then the records after it. */
  load(receiver: Receiver): Stored
  /** Adds a record (encoded). @returns its transaction id */
  append(record: string): number
  /** Resolves when everything appended so far survives a crash. @throws JournalError when it can't be made to */
  sync(): Promise<void>
  /** Folds the records so far into the checkpoint, and keeps a copy of it. */
  checkpoint(): Promise<void>
  /** Says who is active, for whoever stands by. @throws JournalError when another NameNode has taken over */
  renewLease(lease: ActiveLease): Promise<void>
  close(): Promise<void>
}

/** The row that the active of a pair keeps renewing. */
export interface ActiveLease {
  /** Its id in dfs.ha.namenodes.SERVICE. */
  readonly holder: string
  /** Milliseconds since 1970 after which it may be taken; 0: given up. */
  readonly until: number
}

/** The journal can't be written any more: disk full, broken, or another NameNode has taken over. */
export class JournalError extends Error {
  override name = 'JournalError'
}
