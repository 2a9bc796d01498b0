/** The journal on SQLite, written by a worker thread (group commit: while one runs, the next batch gathers). */
import { Worker } from 'node:worker_threads'
import { type ActiveLease, type Identity, type Journal, JournalError, type JournalStatus } from './journal.js'
import { openStore } from './store.js'
import type { FromWorker, ToWorker, WorkerData } from './worker.js'

/** Asks for so much at once only: a commit's answer should not wait for thousands of records. */
const MAX_BATCH = 2000

interface Waiter {
  readonly txid: number
  resolve(): void
  reject(e: Error): void
}

/**
 * @param workerFile the bundled worker
 * @param format makes the identity of a new file system
 */
export function openSqliteJournal(dir: string, workerFile: string | URL, format: () => Identity): Journal {
  // Loading happens here, before the worker writes anything.
  let reader: ReturnType<typeof openStore> | undefined = openStore(dir, format)
  const { epoch } = reader
  let txid = reader.lastTxid
  let synced = txid
  let sent = txid
  let checkpointTxid = reader.folded
  let checkpointTime = Date.now()
  let syncs = 0
  let syncMillis = 0
  let worker: Worker | undefined
  let failure: JournalError | undefined
  let buffer: string[] = []
  let busy = false
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
  const post = (m: ToWorker) => writer().postMessage(m)
  const writer = (): Worker => {
    if (worker) return worker
    const data: WorkerData = { dir, epoch }
    worker = new Worker(workerFile, { workerData: data })
    worker.on('message', (m: FromWorker) => {
      switch (m.type) {
        case 'synced': {
          busy = false
          synced = m.txid
          syncs++
          syncMillis += m.millis
          const done = waiters.filter((w) => w.txid <= synced)
          waiters = waiters.filter((w) => w.txid > synced)
          flush()
          for (const w of done) w.resolve()
          return
        }
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
  const flush = () => {
    if (busy || buffer.length === 0 || failure) return
    const records = buffer.length > MAX_BATCH ? buffer.splice(0, MAX_BATCH) : buffer
    if (records === buffer) buffer = []
    busy = true
    post({ type: 'append', first: sent + 1, records })
    sent += records.length
  }
  let scheduled = false
  return {
    get status(): JournalStatus {
      return { txid, checkpointTxid, checkpointTime, syncs, syncMillis }
    },
    load(receiver) {
      if (!reader) throw new JournalError('the journal is loaded already')
      const stored = reader.load(receiver)
      reader.close()
      reader = undefined
      writer()
      return stored
    },
    append(record) {
      if (failure) throw failure
      buffer.push(record)
      if (!scheduled) {
        // What one turn of the event loop brings goes into one commit.
        scheduled = true
        queueMicrotask(() => {
          scheduled = false
          flush()
        })
      }
      return ++txid
    },
    sync() {
      if (failure) return Promise.reject(failure)
      if (synced >= txid) return Promise.resolve()
      return new Promise((resolve, reject) => waiters.push({ txid, resolve, reject }))
    },
    checkpoint() {
      if (failure) return Promise.reject(failure)
      return new Promise((resolve, reject) => {
        checkpoints.push({ resolve, reject })
        post({ type: 'checkpoint' })
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
      reader?.close()
      if (!worker) return
      if (!failure) {
        flush()
        await new Promise<void>((resolve) => {
          onClosed = resolve
          // Messages are handled in order: what was appended before is written before.
          if (buffer.length > 0) {
            post({ type: 'append', first: sent + 1, records: buffer })
            buffer = []
          }
          post({ type: 'close' })
        })
      }
      await worker.terminate()
    },
  }
}
