/**
 * The journal on a local disk: records go to an edit log, and from there, by a worker thread, into a checkpoint in SQLite.
 * Group commit: while one batch is being written, the next gathers.
 */
import { Worker } from 'node:worker_threads'
import { decodeRecord } from '../core/persist.js'
import { type Batch, type EditLog, beginEditLog, readBatches, removeBefore } from './edit-log.js'
import { type ActiveLease, type Identity, type Journal, JournalError, type JournalStatus, type Receiver } from './journal.js'
import { openStore } from './store.js'
import type { FromWorker, ToWorker, WorkerData } from './worker.js'

/** So much is written at once only: a commit's answer should not wait for thousands of records. */
const MAX_BATCH = 2000
const MAX_BATCH_CHARACTERS = 16 * 1024 * 1024
/** So many records wait before they are folded into the checkpoint. */
const FOLD_AT = 20_000

interface Waiter {
  readonly txid: number
  resolve(): void
  reject(e: Error): void
}

/**
 * Takes the folder over: whoever had it before can't acknowledge anything any more.
 * @param workerFile the bundled worker
 * @param format makes the identity of a new file system
 * @param alone whether only one client calls, so that nothing else is to be done while its changes are written
 */
export function openDiskJournal(dir: string, workerFile: string | URL, format: () => Identity, alone: () => boolean = () => false): Journal {
  const store = openStore(dir, format)
  const { epoch } = store
  let log: EditLog | undefined
  /** Appended last, on the disk last, told to be folded last. */
  let txid = store.folded
  let synced = txid
  let folding = txid
  let checkpointTxid = store.folded
  let checkpointTime = Date.now()
  let syncs = 0
  let syncMillis = 0
  let worker: Worker | undefined
  let failure: JournalError | undefined
  let buffer: string[] = []
  let writing: Promise<void> | undefined
  let waiters: Waiter[] = []
  const checkpoints: { resolve(): void; reject(e: Error): void }[] = []
  const leases: { resolve(): void; reject(e: Error): void }[] = []
  let onClosed: (() => void) | undefined

  const broken = (message: string) => {
    failure ??= new JournalError(message)
    for (const w of waiters) w.reject(failure)
    for (const c of [...checkpoints.splice(0), ...leases.splice(0)]) c.reject(failure)
    waiters = []
    onClosed?.()
  }
  const post = (m: ToWorker) => startWorker().postMessage(m)
  const startWorker = (): Worker => {
    if (worker) return worker
    const data: WorkerData = { dir, epoch }
    worker = new Worker(workerFile, { workerData: data })
    worker.on('message', (m: FromWorker) => {
      switch (m.type) {
        case 'folded':
          checkpointTxid = m.txid
          checkpointTime = m.time
          return
        case 'leased':
          return leases.shift()?.resolve()
        case 'checkpointed':
          return checkpoints.shift()?.resolve()
        case 'closed':
          return onClosed?.()
        case 'failed':
          return broken(m.message)
      }
    })
    worker.on('error', (e) => broken(`the journal's thread failed: ${e.message}`))
    return worker
  }

  const nextBatch = (): string[] => {
    let count = 0
    for (let characters = 0; count < buffer.length && count < MAX_BATCH && characters < MAX_BATCH_CHARACTERS; count++) characters += buffer[count]!.length
    const batch = count < buffer.length ? buffer.splice(0, count) : buffer
    if (batch === buffer) buffer = []
    return batch
  }

  /** Writes what has gathered until nothing has. */
  const flush = async () => {
    while (buffer.length > 0 && !failure) {
      const records = nextBatch()
      const started = performance.now()
      try {
        await log!.append(synced + 1, records, alone())
        // Looked at after the write: had another one taken over before, it might not have seen this batch.
        store.checkEpoch()
      } catch (e) {
        return broken((e as Error).message)
      }
      synced += records.length
      syncs++
      syncMillis += performance.now() - started
      const waiting = waiters.findIndex((w) => w.txid > synced)
      for (const w of waiters.splice(0, waiting < 0 ? waiters.length : waiting)) w.resolve()
      if (synced - folding > FOLD_AT) {
        folding = synced
        post({ type: 'fold', txid: synced })
      }
    }
  }
  const startFlush = () => {
    writing ??= flush().finally(() => {
      writing = undefined
      if (buffer.length > 0 && !failure) startFlush()
    })
  }

  /** Gives what earlier epochs left beyond the checkpoint, and notes how far it goes. */
  function* tail(receiver: Receiver): Generator<Batch> {
    for (const batch of readBatches(dir, store.base, store.folded)) {
      for (const text of batch.records) receiver.record(decodeRecord(text))
      txid = batch.first + batch.records.length - 1
      yield batch
    }
  }
  return {
    get status(): JournalStatus {
      return { txid, checkpointTxid, checkpointTime, syncs, syncMillis }
    },
    load(receiver) {
      if (log) throw new JournalError('the journal is loaded already')
      store.load(receiver)
      log = beginEditLog(dir, epoch, tail(receiver))
      // From here on earlier files don't count, not even if a writer that has not noticed yet goes on with them.
      store.rebase()
      removeBefore(dir, epoch)
      synced = txid
      startWorker()
      return { identity: store.identity, txid }
    },
    append(record) {
      if (failure) throw failure
      buffer.push(record)
      // What one turn of the event loop brings goes into one batch.
      if (!writing && buffer.length === 1) {
        if (alone()) queueMicrotask(startFlush)
        else setImmediate(startFlush)
      }
      return ++txid
    },
    sync() {
      if (failure) return Promise.reject(failure)
      if (synced >= txid) return Promise.resolve()
      return new Promise((resolve, reject) => waiters.push({ txid, resolve, reject }))
    },
    async checkpoint() {
      await this.sync()
      return new Promise((resolve, reject) => {
        checkpoints.push({ resolve, reject })
        folding = synced
        post({ type: 'checkpoint', txid: synced })
      })
    },
    renewLease(lease: ActiveLease) {
      if (failure) return Promise.reject(failure)
      return new Promise((resolve, reject) => {
        leases.push({ resolve, reject })
        post({ type: 'lease', lease })
      })
    },
    async close() {
      while ((writing || buffer.length > 0) && !failure) {
        startFlush()
        await writing
      }
      await log?.close()
      store.close()
      if (!worker) return
      if (!failure) {
        await new Promise<void>((resolve) => {
          onClosed = resolve
          // Messages are handled in order: what was asked before is done before.
          post({ type: 'close' })
        })
      }
      await worker.terminate()
    },
  }
}
