/** The thread that makes checkpoints: it folds the journal's records into the database, and keeps copies of that. */
import { readdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { type Batch, readBatches, removeFolded } from './edit-log.js'
import type { ActiveLease } from './journal.js'
import { type Store, openStore } from './store.js'

export interface WorkerData {
  readonly dir: string
  readonly epoch: number
}

export type ToWorker =
  /** Records up to `txid` are on the disk and may be folded. */
  | { readonly type: 'fold'; readonly txid: number }
  | { readonly type: 'checkpoint'; readonly txid: number }
  | { readonly type: 'lease'; readonly lease: ActiveLease }
  | { readonly type: 'close' }

export type FromWorker =
  | { readonly type: 'folded'; readonly txid: number; readonly time: number }
  | { readonly type: 'checkpointed' }
  | { readonly type: 'leased' }
  | { readonly type: 'closed' }
  | { readonly type: 'failed'; readonly message: string }

/** So many records are folded in one transaction. */
const FOLD_STEP = 1000
const KEPT_CHECKPOINTS = 2

const port = parentPort!
const { dir, epoch } = workerData as WorkerData
let store: Store
let folding = false
const send = (m: FromWorker) => port.postMessage(m)

const fail = (e: unknown) => send({ type: 'failed', message: e instanceof Error ? e.message : String(e) })

/** In small steps: leases are renewed in between. */
function* steps(until: number): Generator<Batch> {
  let first = store.folded + 1
  let gathered: string[] = []
  for (const { records } of readBatches(dir, store.base, store.folded, until)) {
    for (let i = 0; i < records.length; ) {
      const some = records.slice(i, i + FOLD_STEP - gathered.length)
      gathered.push(...some)
      i += some.length
      if (gathered.length < FOLD_STEP) continue
      yield { first, records: gathered }
      first += gathered.length
      gathered = []
    }
  }
  if (gathered.length > 0) yield { first, records: gathered }
}

function fold(left: Generator<Batch>, done: () => void): void {
  try {
    const { value } = left.next()
    if (value) store.fold(value)
    else {
      removeFolded(dir, epoch, store.folded)
      folding = false
      send({ type: 'folded', txid: store.folded, time: Date.now() })
      return done()
    }
  } catch (e) {
    return fail(e)
  }
  setImmediate(fold, left, done)
}

function startFold(until: number, done: () => void): void {
  if (folding) {
    setImmediate(startFold, until, done)
    return
  }
  folding = true
  fold(steps(until), done)
}

async function saveCopy(): Promise<void> {
  const name = `checkpoint_${String(store.folded).padStart(19, '0')}.db`
  await store.backup(path.join(dir, `${name}.tmp`))
  renameSync(path.join(dir, `${name}.tmp`), path.join(dir, name))
  const old = readdirSync(dir)
    .filter((f) => /^checkpoint_\d+\.db$/.test(f))
    .sort()
    .slice(0, -KEPT_CHECKPOINTS)
  for (const f of old) rmSync(path.join(dir, f), { force: true })
}

port.on('message', (m: ToWorker) => {
  try {
    switch (m.type) {
      case 'fold':
        return startFold(m.txid, () => {})
      case 'checkpoint':
        return startFold(m.txid, () => saveCopy().then(() => send({ type: 'checkpointed' }), fail))
      case 'lease':
        store.writeLease(m.lease)
        return send({ type: 'leased' })
      case 'close':
        store.close()
        send({ type: 'closed' })
        port.close()
    }
  } catch (e) {
    fail(e)
  }
})

try {
  store = openStore(
    dir,
    () => {
      throw new Error(`${dir} is not formatted`)
    },
    epoch,
  )
} catch (e) {
  fail(e)
}
