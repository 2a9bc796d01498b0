/** The namespace at work: the pure core, its journal, clocks and housekeeping (FSNamesystem). */
import os from 'node:os'
import type { Configuration } from '../../common/config/configuration.js'
import { hdfs } from '../../common/config/keys/hdfs.js'
import type { Logger } from '../../common/daemon/daemon.js'
import { exception } from '../../common/errors.js'
import { encodeRecord, loader, takeRecord } from './core/persist.js'
import { checkDatanodes, checkDecommissions } from './core/datanodes.js'
import { checkLeases } from './core/recovery.js'
import { scheduleCopies } from './core/redundancy.js'
import { resourcesAreLow, updateSafeMode } from './core/safe-mode.js'
import { type Caller, type FsConfig, type FsState, type RetryEntry, newState } from './core/state.js'
import type { Clock } from './core/open-file.js'
import type { Groups } from '../../common/security/groups.js'
import { type Identity, type Journal, JournalError } from './journal/journal.js'

export interface Namesystem {
  readonly fs: FsState
  readonly identity: Identity
  readonly journal: Journal
  readonly conf: Configuration
  readonly groups: Groups
  readonly startedAt: number
  caller(user: string): Caller
  clock(): Clock
  /** Answers that the journal remembers from before this NameNode began to serve; to be taken away. */
  readonly remembered: RetryEntry[]
  /**
   * Runs an operation; its changes are durable when the promise resolves.
   * @param remember the answer to be kept with the changes, for a client that asks again
   */
  write<T>(operation: (fs: FsState) => T, remember?: (result: T) => RetryEntry): Promise<T>
  /** Runs an operation that may note changes which nobody has to wait for (access times). */
  read<T>(operation: (fs: FsState) => T): T
  /** One round of housekeeping: dead nodes, leases, copies. */
  tick(): void
  close(): Promise<void>
}

export interface NamesystemOptions {
  readonly conf: Configuration
  readonly journal: Journal
  readonly groups: Groups
  readonly hostName: string
  /** One of a pair that takes over: safe mode ends as soon as the blocks are reported. */
  readonly paired: boolean
  readonly log: Logger
  /** Bytes free where the journal is. */
  readonly freeSpace: () => number
  /** The journal is lost: nothing can be acknowledged any more. */
  readonly onJournalFailure: (e: JournalError) => void
}

export function fsConfig(conf: Configuration, identity: Identity, hostName: string, paired: boolean): FsConfig {
  const heartbeat = conf.get(hdfs.heartbeatInterval) * 1000
  return {
    blockPoolId: identity.blockPoolId,
    permissionsEnabled: conf.get(hdfs.permissionsEnabled),
    superUser: os.userInfo().username,
    superGroup: conf.get(hdfs.superusergroup),
    replication: conf.get(hdfs.replication),
    minReplication: conf.get(hdfs.replicationMin),
    maxReplication: conf.get(hdfs.replicationMax),
    blockSize: conf.get(hdfs.blockSize),
    minBlockSize: conf.get(hdfs.minBlockSize),
    maxBlocksPerFile: conf.get(hdfs.maxBlocksPerFile),
    maxComponentLength: conf.get(hdfs.maxComponentLength),
    maxDirectoryItems: conf.get(hdfs.maxDirectoryItems),
    accessTimePrecision: conf.get(hdfs.accessTimePrecision),
    listLimit: conf.get(hdfs.lsLimit),
    aclsEnabled: conf.get(hdfs.aclsEnabled),
    posixAclInheritance: conf.get(hdfs.posixAclInheritance),
    xattrsEnabled: conf.get(hdfs.xattrsEnabled),
    maxXattrSize: conf.get(hdfs.maxXattrSize),
    maxXattrsPerInode: conf.get(hdfs.maxXattrsPerInode),
    deadAfter: 2 * conf.get(hdfs.heartbeatRecheckInterval) + 10 * heartbeat,
    leaseSoftLimit: conf.get(hdfs.leaseSoftLimit),
    leaseHardLimit: conf.get(hdfs.leaseHardLimit) * 1000,
    safeModeThreshold: conf.get(hdfs.safemodeThreshold),
    safeModeMinDatanodes: conf.get(hdfs.safemodeMinDatanodes),
    safeModeExtension: paired ? 0 : conf.get(hdfs.safemodeExtension),
    heartbeatInterval: heartbeat,
    snapshotDiffLimit: conf.get(hdfs.snapshotDiffLimit),
    snapshotsPerDirectory: conf.get(hdfs.snapshotLimit),
    hostName,
    paired,
  }
}

export async function openNamesystem(o: NamesystemOptions): Promise<Namesystem> {
  const { conf, journal, groups, log } = o
  const startedAt = Date.now()
  const clock = (): Clock => ({ now: Date.now(), tick: performance.now() })
  // The identity is known only once the journal is read: load into a state made with a placeholder, then set it.
  const rows: Parameters<Journal['load']>[0] = {
    row: (r) => load.row(r),
    record: (r) => load.record(r),
  }
  const shell = newState(fsConfig(conf, { namespaceId: 0, clusterId: '', blockPoolId: '', creationTime: 0 }, o.hostName, o.paired), startedAt)
  const load = loader(shell)
  let any = false
  const remembered: RetryEntry[] = []
  const stored = journal.load({
    row: (r) => {
      any = true
      rows.row(r)
    },
    record: (r) => {
      any = true
      rows.record(r)
      for (const entry of r.retries ?? []) remembered.push(entry)
    },
  })
  if (any) load.finish(performance.now())
  const fs: FsState = { ...shell, config: fsConfig(conf, stored.identity, o.hostName, o.paired) }
  const { superUser, superGroup } = fs.config
  const failed = (e: unknown): never => {
    if (e instanceof JournalError) {
      o.onJournalFailure(e)
      throw exception('IOException', `The NameNode's journal can't be written: ${e.message}`)
    }
    throw e
  }
  /** Appends what the operation changed. @returns whether there was anything */
  const record = (): boolean => {
    const r = takeRecord(fs)
    if (!r) return false
    try {
      journal.append(encodeRecord(r))
    } catch (e) {
      failed(e)
    }
    return true
  }
  if (record()) await journal.sync()
  const callers = new Map<string, Caller>()
  const period = conf.get(hdfs.checkpointPeriod) * 1000
  const transactions = conf.get(hdfs.checkpointTransactions)
  const reserved = conf.get(hdfs.resourceReserved)
  let checkpointing = false
  const checkpointWhenDue = () => {
    const { txid, checkpointTxid, checkpointTime } = journal.status
    const behind = txid - checkpointTxid
    if (checkpointing || behind === 0 || (behind < transactions && Date.now() - checkpointTime < period)) return
    checkpointing = true
    journal
      .checkpoint()
      .catch((e) => log.warn(`the checkpoint failed: ${(e as Error).message}`))
      .finally(() => {
        checkpointing = false
      })
  }
  const ns: Namesystem = {
    fs,
    identity: stored.identity,
    journal,
    conf,
    groups,
    startedAt,
    caller(user) {
      let known = callers.get(user)
      if (!known) {
        const of = groups.of(user)
        known = { user, groups: of, isSuper: user === superUser || of.includes(superGroup) }
        callers.set(user, known)
      }
      return known
    },
    clock,
    remembered,
    write(operation, remember) {
      let result: ReturnType<typeof operation>
      try {
        result = operation(fs)
        if (remember) fs.changes.retries.push(remember(result))
      } catch (e) {
        // A refusal may have changed something all the same (a lease taken over): that must be durable, too.
        if (!record()) return Promise.reject(e)
        return journal.sync().then(() => Promise.reject(e), failed)
      }
      if (!record()) return Promise.resolve(result)
      return journal.sync().then(() => result, failed)
    },
    read(operation) {
      const result = operation(fs)
      record()
      return result
    },
    tick() {
      const now = clock()
      callers.clear()
      for (const node of checkDatanodes(fs, now.tick))
        log.warn(`DataNode ${node.hostName}:${node.xferPort} (${node.uuid}) is dead: no heartbeat for ${fs.config.deadAfter} ms`)
      const free = o.freeSpace()
      if (free < reserved && resourcesAreLow(fs))
        log.warn(`Safe mode is ON: ${free} bytes are free for the journal, less than the ${reserved} of ${hdfs.resourceReserved.name}`)
      if (updateSafeMode(fs, now.tick)) log.info('Safe mode is OFF')
      for (const problem of checkLeases(fs, now)) log.warn(problem)
      scheduleCopies(fs, now.tick)
      checkDecommissions(fs)
      if (record()) journal.sync().catch(failed)
      checkpointWhenDue()
    },
    async close() {
      await journal.close()
    },
  }
  return ns
}
