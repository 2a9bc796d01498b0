/** Whatever is done to a namespace, its journal brings another one to the same state. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { HadoopException } from '../../../common/errors.js'
import { modifyAclEntries } from '../../../hdfs-lite/namenode/core/acl.js'
import { append } from '../../../hdfs-lite/namenode/core/append.js'
import { setPermission, setQuota, setReplication } from '../../../hdfs-lite/namenode/core/attributes.js'
import { concat } from '../../../hdfs-lite/namenode/core/concat.js'
import { remove } from '../../../hdfs-lite/namenode/core/delete.js'
import { mkdirs } from '../../../hdfs-lite/namenode/core/mkdirs.js'
import { type Row, allRows, decodeRecord, encodeRecord, loader, takeRecord } from '../../../hdfs-lite/namenode/core/persist.js'
import { rename, renameOld } from '../../../hdfs-lite/namenode/core/rename.js'
import { allowSnapshot, createSnapshot, deleteSnapshot } from '../../../hdfs-lite/namenode/core/snapshots.js'
import type { FsState } from '../../../hdfs-lite/namenode/core/state.js'
import { truncate } from '../../../hdfs-lite/namenode/core/truncate.js'
import { setXattr } from '../../../hdfs-lite/namenode/core/xattrs.js'
import { create } from '../../../hdfs-lite/namenode/core/write.js'
import { checkInvariants } from '../../builders/namespace-invariants.js'
import { MODE, ROOT, createOptions, datanode, fsConfig, namespace, writeFile } from '../../builders/namesystem.js'
import { newState } from '../../../hdfs-lite/namenode/core/state.js'

const name = fc.constantFrom('a', 'b', 'c', '\u{1f600}')
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((p) => `/${p.join('/')}`)

type Operation = (fs: FsState, now: number) => void

const operation: fc.Arbitrary<Operation> = fc.oneof(
  path.map(
    (p): Operation =>
      (fs, now) =>
        mkdirs(fs, ROOT, p, MODE, true, now),
  ),
  fc.tuple(path, fc.array(fc.constantFrom(1, 512, 1024), { maxLength: 3 }), fc.boolean()).map(
    ([p, lengths, overwrite]): Operation =>
      (fs, now) =>
        writeFile(fs, p, lengths, { overwrite }, now),
  ),
  path.map(
    (p): Operation =>
      (fs, now) =>
        create(fs, ROOT, p, createOptions({ holder: `h${now}` }), { now, tick: now }),
  ),
  path.map(
    (p): Operation =>
      (fs, now) =>
        append(fs, ROOT, p, `h${now}`, 'm', false, { now, tick: now }),
  ),
  path.map(
    (p): Operation =>
      (fs, now) =>
        remove(fs, ROOT, p, true, now),
  ),
  fc.tuple(path, path).map(
    ([a, b]): Operation =>
      (fs, now) =>
        renameOld(fs, ROOT, a, b, now),
  ),
  fc.tuple(path, path, fc.boolean()).map(
    ([a, b, o]): Operation =>
      (fs, now) =>
        rename(fs, ROOT, a, b, o, false, now),
  ),
  fc.tuple(path, path).map(
    ([a, b]): Operation =>
      (fs, now) =>
        concat(fs, ROOT, a, [b], now),
  ),
  fc.tuple(path, fc.constantFrom(0, 1, 1024)).map(
    ([p, n]): Operation =>
      (fs, now) =>
        truncate(fs, ROOT, p, n, `t${now}`, 'm', { now, tick: now }),
  ),
  fc.tuple(path, fc.integer({ min: 0, max: 0o777 })).map(
    ([p, mode]): Operation =>
      (fs) =>
        setPermission(fs, ROOT, p, mode),
  ),
  fc.tuple(path, fc.constantFrom(1, 3)).map(
    ([p, r]): Operation =>
      (fs) =>
        setReplication(fs, ROOT, p, r),
  ),
  fc.tuple(path, fc.constantFrom(-1, 5, 20)).map(
    ([p, q]): Operation =>
      (fs) =>
        setQuota(fs, ROOT, p, q, -1, undefined),
  ),
  path.map(
    (p): Operation =>
      (fs) =>
        modifyAclEntries(fs, ROOT, p, [{ scope: 'ACCESS', type: 'USER', name: 'u', permission: 5 }]),
  ),
  path.map(
    (p): Operation =>
      (fs, now) =>
        setXattr(fs, ROOT, p, { namespace: 'USER', name: 'x', value: Uint8Array.of(now & 255) }, { create: true, replace: true }),
  ),
  path.map(
    (p): Operation =>
      (fs) =>
        allowSnapshot(fs, ROOT, p),
  ),
  path.map(
    (p): Operation =>
      (fs, now) =>
        createSnapshot(fs, ROOT, p, `s${now}`, now),
  ),
  fc.tuple(path, fc.nat(40)).map(
    ([p, n]): Operation =>
      (fs) =>
        deleteSnapshot(fs, ROOT, p, `s${n}`),
  ),
)

/** Rows in the order of their ids, without what a restart forgets. */
function rows(fs: FsState): Row[] {
  return [...allRows(fs)].sort((a, b) => a[0] - b[0])
}

function replay(records: readonly string[]): FsState {
  const fs = newState(fsConfig(), 1000)
  const l = loader(fs)
  for (const r of records) l.record(decodeRecord(r))
  l.finish(0)
  return fs
}

it('replays to the same state after every operation, and keeps the invariants', () => {
  fc.assert(
    fc.property(fc.array(operation, { minLength: 1, maxLength: 40 }), (operations) => {
      const fs = namespace()
      datanode(fs)
      const records: string[] = []
      operations.forEach((run, i) => {
        try {
          run(fs, i)
        } catch (e) {
          // A refusal is an answer like any other; a fault of ours is not.
          if (!(e instanceof HadoopException) && !/could not be completed/.test((e as Error).message)) throw e
        }
        const record = takeRecord(fs)
        if (record) records.push(encodeRecord(record))
        checkInvariants(fs)
      })
      const again = replay(records)
      expect(rows(again)).toEqual(rows(fs))
      expect(again.counters).toEqual(fs.counters)
      expect([...again.leases.keys()].sort()).toEqual([...fs.leases.keys()].sort())
      expect([...again.blocks.keys()].sort()).toEqual([...fs.blocks.keys()].sort())
    }),
    { numRuns: 400 },
  )
})
