/** A journal that keeps nothing beyond the process: for tests and simulations. */
import { type JournalRecord, type Row, decodeRecord, diffsOf, withDiffs } from '../core/persist.js'
import type { RetryEntry } from '../core/state.js'
import type { Identity, Journal, JournalStatus, Receiver, Stored } from './journal.js'

/** What a memory journal holds; hand it to another journal to "restart". */
export interface MemoryStore {
  readonly identity: Identity
  readonly rows: Map<number, Row>
  readonly records: string[]
  readonly retries: RetryEntry[]
  counters: JournalRecord['counters']
  folded: number
}

export function memoryStore(identity: Identity): MemoryStore {
  return { identity, rows: new Map(), records: [], retries: [], counters: null, folded: 0 }
}

export function openMemoryJournal(store: MemoryStore): Journal {
  let syncs = 0
  const txid = () => store.folded + store.records.length
  const remove = (id: number) => {
    const below = [id]
    while (below.length > 0) {
      const at = below.pop()!
      store.rows.delete(at)
      for (const r of store.rows.values()) if (r[1] === at) below.push(r[0])
    }
  }
  return {
    get status(): JournalStatus {
      return { txid: txid(), checkpointTxid: store.folded, checkpointTime: 0, syncs, syncMillis: 0 }
    },
    load(receiver: Receiver): Stored {
      for (const r of store.rows.values()) receiver.row(r)
      if (store.counters) receiver.record({ puts: [], removes: [], counters: store.counters, retries: store.retries })
      for (const r of store.records) receiver.record(decodeRecord(r))
      return { identity: store.identity, txid: txid() }
    },
    append(record) {
      store.records.push(record)
      return txid()
    },
    async sync() {
      syncs++
    },
    async checkpoint() {
      for (const text of store.records.splice(0)) {
        store.folded++
        const record = decodeRecord(text)
        for (const id of record.removes) remove(id)
        for (const r of record.puts) {
          const old = store.rows.get(r[0])
          store.rows.set(r[0], withDiffs(r, diffsOf(r) ?? (old && diffsOf(old)) ?? []))
        }
        if (record.counters) store.counters = record.counters
        for (const entry of record.retries ?? []) store.retries.push(entry)
      }
    },
    async renewLease() {},
    async close() {},
  }
}
