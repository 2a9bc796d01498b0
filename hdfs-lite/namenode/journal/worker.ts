/** The thread that writes the journal, so that nobody waits for the disk but those whose change is on its way to it. */
import { readdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import type { ActiveLease } from './journal.js'
import { type Store, openStore } from './store.js'

export interface WorkerData {
  readonly dir: string
  readonly epoch: number
}

export type ToWorker =
  | { readonly type: 'append'; readonly first: number; readonly records: readonly string[] }
  | { readonly type: 'checkpoint' }
  | { readonly type: 'lease'; readonly lease: ActiveLease }
  | { readonly type: 'close' }

export type FromWorker =
  | { readonly type: 'synced'; readonly txid: number; readonly millis: number }
  | { readonly type: 'folded'; readonly txid: number; readonly time: number }
  | { readonly type: 'checkpointed' }
  | { readonly type: 'leased' }
  | { readonly type: 'closed' }
  | { readonly type: 'failed'; readonly message: string }

/** So many records wait before they are folded into the checkpoint; so many are folded between two commits. */
const FOLD_AT = 20_000
const FOLD_STEP = 500
const KEPT_CHECKPOINTS = 2

const port = parentPort!
const { dir, epoch } = workerData as WorkerData
let store: Store
let folding = false
const send = (m: FromWorker) => port.postMessage(m)

const fail = (e: unknown) => send({ type: 'failed', message: e instanceof Error ? e.message : String(e) })

/** Folds in small steps, so that commits get in between. */
function fold(until: number, done: () => void): void {
  if (store.folded >= until) {
    send({ type: 'folded', txid: store.folded, time: Date.now() })
    return done()
  }
  try {
    store.fold(Math.min(FOLD_STEP, until - store.folded))
  } catch (e) {
    return fail(e)
  }
  setImmediate(fold, until, done)
}

function startFold(done: () => void): void {
  if (folding) {
    setImmediate(startFold, done)
    return
  }
  folding = true
  fold(store.lastTxid, () => {
    folding = false
    done()
  })
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
      case 'append': {
        const start = performance.now()
        store.append(m.first, m.records)
        send({ type: 'synced', txid: store.lastTxid, millis: performance.now() - start })
        if (!folding && store.lastTxid - store.folded > FOLD_AT) startFold(() => {})
        return
      }
      case 'checkpoint':
        return startFold(() => saveCopy().then(() => send({ type: 'checkpointed' }), fail))
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
