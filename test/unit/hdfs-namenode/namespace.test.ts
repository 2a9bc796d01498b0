import { describe, expect, it } from 'vitest'
import { HadoopException } from '../../../common/errors.js'
import { getAclStatus, modifyAclEntries } from '../../../hdfs-lite/namenode/core/acl.js'
import { append } from '../../../hdfs-lite/namenode/core/append.js'
import { setPermission, setQuota, setReplication, setStoragePolicy } from '../../../hdfs-lite/namenode/core/attributes.js'
import { concat } from '../../../hdfs-lite/namenode/core/concat.js'
import { remove } from '../../../hdfs-lite/namenode/core/delete.js'
import { mkdirs } from '../../../hdfs-lite/namenode/core/mkdirs.js'
import { rename, renameOld } from '../../../hdfs-lite/namenode/core/rename.js'
import { setSafeMode } from '../../../hdfs-lite/namenode/core/safe-mode.js'
import { type Row, allRows, decodeRecord, encodeRecord, loader, takeRecord } from '../../../hdfs-lite/namenode/core/persist.js'
import { DIFF_START } from '../../../hdfs-lite/namenode/core/snapshot-diff.js'
import { allowSnapshot, createSnapshot, deleteSnapshot, snapshotDiff, snapshotDiffListing } from '../../../hdfs-lite/namenode/core/snapshots.js'
import { LONG_MAX } from '../../../hdfs-lite/namenode/core/limits.js'
import { getContentSummary, getFileInfo, getListing, getQuotaUsage } from '../../../hdfs-lite/namenode/core/status.js'
import type { FsState } from '../../../hdfs-lite/namenode/core/state.js'
import { addBlock, create } from '../../../hdfs-lite/namenode/core/write.js'
import { ALICE, BOB, MODE, ROOT, createOptions, datanode, namespace, writeFile, fsConfig } from '../../builders/namesystem.js'

const clock = { now: 2000, tick: 2000 }

function names(fs: FsState, path: string): string[] {
  return getListing(fs, ROOT, path, '')!.entries.map((e) => e.name)
}

function refusal(run: () => unknown): { name: string; message: string } {
  try {
    run()
  } catch (e) {
    if (e instanceof HadoopException) return { name: e.simpleName, message: e.message }
    throw e
  }
  throw new Error('nothing was refused')
}

describe('names', () => {
  it('lists a directory in the order of UTF-8 bytes, which are signed', () => {
    const fs = namespace()
    for (const n of ['b', 'a', 'ä', '\u{1f600}', '\uffee', 'B']) mkdirs(fs, ROOT, `/${n}`, MODE, true, 1)
    expect(names(fs, '/')).toEqual(['ä', '\uffee', '\u{1f600}', 'B', 'a', 'b'])
  })

  it('refuses what is no path to be made', () => {
    const fs = namespace()
    for (const bad of ['/a/../b', '/a//b', '/a/./b', 'a', '/a:b']) expect(refusal(() => mkdirs(fs, ROOT, bad, MODE, true, 1)).name).toBe('InvalidPathException')
    const long = 'ä'.repeat(128)
    expect(refusal(() => mkdirs(fs, ROOT, `/${long}`, MODE, true, 1))).toEqual({
      name: 'PathComponentTooLongException',
      message: `The maximum path component name limit of ${long} in directory / is exceeded: limit=255 length=256`,
    })
    expect(refusal(() => mkdirs(fs, ROOT, '/x/.snapshot', MODE, true, 1)).name).toBe('IllegalArgumentException')
    expect(names(fs, '/')).toEqual([])
  })

  it('pages through a listing', () => {
    const fs = namespace({ listLimit: 3 })
    for (let i = 0; i < 7; i++) mkdirs(fs, ROOT, `/d/${i}`, MODE, true, 1)
    const first = getListing(fs, ROOT, '/d', '')!
    expect([first.entries.map((e) => e.name), first.remaining]).toEqual([['0', '1', '2'], 4])
    expect(getListing(fs, ROOT, '/d', '5')!.entries.map((e) => e.name)).toEqual(['6'])
  })
})

describe('permissions', () => {
  it('speaks of what is denied as Hadoop does', () => {
    const fs = namespace()
    expect(refusal(() => mkdirs(fs, BOB, '/bob', MODE, true, 1)).message).toBe(
      'Permission denied: user=bob, access=WRITE, inode="/":root:supergroup:drwxr-xr-x',
    )
    mkdirs(fs, ROOT, '/private', { masked: 0o700, unmasked: undefined }, true, 1)
    expect(refusal(() => getListing(fs, BOB, '/private', '')).message).toBe(
      'Permission denied: user=bob, access=READ_EXECUTE, inode="/private":root:supergroup:drwx------',
    )
    expect(refusal(() => setPermission(fs, BOB, '/private', 0o777)).message).toBe('Permission denied. user=bob is not the owner of inode=/private')
  })

  it('lets only owners delete in a sticky directory', () => {
    const fs = namespace()
    mkdirs(fs, ROOT, '/tmp', { masked: 0o1777, unmasked: undefined }, true, 1)
    mkdirs(fs, ALICE, '/tmp/a', MODE, true, 1)
    expect(refusal(() => remove(fs, BOB, '/tmp/a', true, 1)).message).toMatch(
      /^Permission denied by sticky bit: user=bob, path="\/tmp\/a":alice:supergroup:drwxr-xr-x, parent="\/tmp":root:supergroup:drwxrwxrwt$/,
    )
    expect(remove(fs, ALICE, '/tmp/a', true, 1)).toBe(true)
  })

  it('limits named entries of an ACL by its mask, and passes a default ACL on', () => {
    const fs = namespace()
    mkdirs(fs, ROOT, '/d', { masked: 0o700, unmasked: undefined }, true, 1)
    modifyAclEntries(fs, ROOT, '/d', [{ scope: 'ACCESS', type: 'USER', name: 'alice', permission: 7 }])
    expect(getFileInfo(fs, ALICE, '/d/x', true)).toBeUndefined()
    expect(refusal(() => getFileInfo(fs, BOB, '/d/x', true)).message).toBe(
      'Permission denied: user=bob, access=EXECUTE, inode="/d":root:supergroup:drwxrwx---+',
    )
    modifyAclEntries(fs, ROOT, '/d', [{ scope: 'DEFAULT', type: 'USER', name: 'bob', permission: 5 }])
    mkdirs(fs, ROOT, '/d/e', { masked: 0o755, unmasked: 0o777 }, true, 1)
    expect(getAclStatus(fs, ROOT, '/d/e').entries.map((e) => `${e.scope} ${e.type} ${e.name} ${e.permission}`)).toContain('ACCESS USER bob 5')
  })
})

describe('rename', () => {
  it('moves into a directory by the old call and refuses by answering false', () => {
    const fs = namespace()
    mkdirs(fs, ROOT, '/a/b', MODE, true, 1)
    mkdirs(fs, ROOT, '/c', MODE, true, 1)
    expect(renameOld(fs, ROOT, '/a', '/a/b/x', 1)).toBe(false)
    expect(renameOld(fs, ROOT, '/none', '/c', 1)).toBe(false)
    expect(renameOld(fs, ROOT, '/a', '/c', 1)).toBe(true)
    expect(names(fs, '/c')).toEqual(['a'])
  })

  it('throws by the new call, and replaces only when told to', () => {
    const fs = namespace()
    datanode(fs)
    writeFile(fs, '/a', [10])
    writeFile(fs, '/b', [20])
    expect(refusal(() => rename(fs, ROOT, '/a', '/b', false, false, 1))).toEqual({
      name: 'FileAlreadyExistsException',
      message: 'rename destination /b already exists',
    })
    rename(fs, ROOT, '/a', '/b', true, false, 1)
    expect(names(fs, '/')).toEqual(['b'])
    expect(fs.blocks.size).toBe(1)
    expect(refusal(() => rename(fs, ROOT, '/b', '/no/where', false, false, 1)).message).toBe('rename destination parent /no/where not found.')
  })
})

describe('writing', () => {
  it('gives one client the lease, tells others who has it', () => {
    const fs = namespace()
    create(fs, ROOT, '/f', createOptions(), clock)
    expect(refusal(() => create(fs, ROOT, '/f', createOptions({ holder: 'client-2' }), clock))).toEqual({
      name: 'AlreadyBeingCreatedException',
      message: 'Failed to CREATE_FILE /f for client-2 on 127.0.0.1 because this file lease is currently owned by client-1 on 127.0.0.1',
    })
    expect(
      refusal(() => addBlock(fs, ROOT, '/f', { holder: 'client-1', fileId: 0, previous: undefined, excluded: new Set(), favored: [], locality: 'near' }))
        .message,
    ).toBe('File /f could only be written to 0 of the 1 minReplication nodes. There are 0 datanode(s) running and no node(s) are excluded in this operation.')
  })

  it('gives the same block to the same request asked again', () => {
    const fs = namespace()
    datanode(fs)
    const file = create(fs, ROOT, '/f', createOptions(), clock)
    const ask = { holder: 'client-1', fileId: file.id, previous: undefined, excluded: new Set<string>(), favored: [], locality: 'near' as const }
    const first = addBlock(fs, ROOT, '/f', ask)
    expect(addBlock(fs, ROOT, '/f', ask).block).toBe(first.block)
    expect(file.blocks).toHaveLength(1)
  })

  it('goes on with a partial last block when appending, and begins one when it is full', () => {
    const fs = namespace()
    datanode(fs)
    writeFile(fs, '/part', [100])
    writeFile(fs, '/full', [1024])
    expect(append(fs, ROOT, '/part', 'c', 'm', false, clock).block?.length).toBe(100)
    expect(append(fs, ROOT, '/full', 'c', 'm', false, clock).block).toBeUndefined()
  })

  it('joins files and forgets their names', () => {
    const fs = namespace()
    datanode(fs)
    for (const n of ['a', 'b', 'c']) writeFile(fs, `/d/${n}`, [1024, 10])
    concat(fs, ROOT, '/d/a', ['/d/b', '/d/c'], 5)
    expect(names(fs, '/d')).toEqual(['a'])
    expect(getContentSummary(fs, ROOT, '/d').length).toBe(3 * 1034)
    expect(refusal(() => concat(fs, ROOT, '/d/a', ['/d/a'], 5)).message).toBe('concat: the src file /d/a is the same with the target file /d/a')
  })

  it('changes nothing in safe mode', () => {
    const fs = namespace()
    setSafeMode(fs, true)
    expect(refusal(() => mkdirs(fs, ROOT, '/x', MODE, true, 1)).message.split('\n')[0]).toBe('Cannot create directory /x. Name node is in safe mode.')
    expect(fs.inodes.size).toBe(1)
  })
})

describe('quotas', () => {
  it('refuses what exceeds them, before anything is made', () => {
    const fs = namespace()
    datanode(fs)
    mkdirs(fs, ROOT, '/q', MODE, true, 1)
    setQuota(fs, ROOT, '/q', 3, 5000, undefined)
    mkdirs(fs, ROOT, '/q/a', MODE, true, 1)
    expect(refusal(() => mkdirs(fs, ROOT, '/q/b/c', MODE, true, 1)).message).toBe(
      'The NameSpace quota (directories and files) of directory /q is exceeded: quota=3 file count=4',
    )
    expect(names(fs, '/q')).toEqual(['a'])
    expect(refusal(() => writeFile(fs, '/q/f', [10], { blockSize: 1e6 })).message).toBe(
      'The DiskSpace quota of /q is exceeded: quota = 5000 B = 4.88 KB but diskspace consumed = 1000000 B = 976.56 KB',
    )
    setQuota(fs, ROOT, '/q', -1, -1, undefined)
    mkdirs(fs, ROOT, '/q/b/c', MODE, true, 1)
  })

  it('by storage type charge what the storage policy puts there', () => {
    const fs = namespace()
    for (const n of [1, 2, 3]) datanode(fs, n)
    for (const d of ['/q/plain', '/q/hot', '/q/mixed', '/other']) mkdirs(fs, ROOT, d, MODE, true, 1)
    setStoragePolicy(fs, ROOT, '/q/hot', 'HOT')
    setStoragePolicy(fs, ROOT, '/q/mixed', 'ONE_SSD')
    setQuota(fs, ROOT, '/q', LONG_MAX, 4000, 'DISK')
    const used = () => getQuotaUsage(fs, ROOT, '/q').types.map((t) => `${t.type} ${t.consumed}/${t.quota}`)
    const none = ['SSD 0/-1', 'DISK 0/4000', 'ARCHIVE 0/-1', 'PROVIDED 0/-1']
    writeFile(fs, '/q/plain/f', [9000], { blockSize: 9000 })
    expect(used()).toEqual(none)
    writeFile(fs, '/q/hot/f', [1000])
    writeFile(fs, '/q/mixed/f', [500], { replication: 3 })
    expect(used()).toEqual(['SSD 500/-1', 'DISK 2000/4000', 'ARCHIVE 0/-1', 'PROVIDED 0/-1'])
    expect(getContentSummary(fs, ROOT, '/q').types).toEqual(getQuotaUsage(fs, ROOT, '/q').types)
    expect(refusal(() => writeFile(fs, '/q/hot/g', [10], { blockSize: 4096 }))).toEqual({
      name: 'QuotaByStorageTypeExceededException',
      message: 'Quota by storage type : DISK on path : /q is exceeded. quota = 4000 B = 3.91 KB but space consumed = 6096 B = 5.95 KB',
    })
    remove(fs, ROOT, '/q/hot/g', false, 2)
    setReplication(fs, ROOT, '/q/mixed/f', 1)
    expect(used()).toEqual(['SSD 500/-1', 'DISK 1000/4000', 'ARCHIVE 0/-1', 'PROVIDED 0/-1'])
    writeFile(fs, '/other/big', [9000], { blockSize: 9000 })
    expect(refusal(() => rename(fs, ROOT, '/other/big', '/q/hot/big', false, false, 3)).name).toBe('QuotaByStorageTypeExceededException')
    rename(fs, ROOT, '/q/hot/f', '/q/plain/g', false, false, 3)
    rename(fs, ROOT, '/q/mixed/f', '/other/f', false, false, 3)
    expect(used()).toEqual(none)
    setStoragePolicy(fs, ROOT, '/q/plain', 'COLD')
    expect(used()).toEqual(['SSD 0/-1', 'DISK 0/4000', 'ARCHIVE 10000/-1', 'PROVIDED 0/-1'])
    setStoragePolicy(fs, ROOT, '/q/plain', undefined)
    expect(used()).toEqual(none)
  })
})

describe('snapshots', () => {
  it('are charged to quotas for what they alone hold', () => {
    const fs = namespace()
    for (const n of [1, 2, 3]) datanode(fs, n)
    for (const d of ['/q/s/d', '/q/other']) mkdirs(fs, ROOT, d, MODE, true, 1)
    writeFile(fs, '/q/s/f', [10])
    writeFile(fs, '/q/s/d/g', [100, 100])
    setQuota(fs, ROOT, '/q', 9, 1_000_000, undefined)
    setQuota(fs, ROOT, '/q/s', 100, -1, undefined)
    allowSnapshot(fs, ROOT, '/q/s')
    createSnapshot(fs, ROOT, '/q/s', 'one', 5)
    const used = () => [...['/q', '/q/s'].map((p) => getQuotaUsage(fs, ROOT, p))].map((u) => `${u.namespace} ${u.space}`)
    expect(used()).toEqual(['6 210', '4 210'])
    remove(fs, ROOT, '/q/s/f', false, 6)
    expect(used()).toEqual(['6 210', '4 210'])
    expect(setReplication(fs, ROOT, '/q/s/d/g', 3)).toBe(true)
    expect(used()).toEqual(['6 610', '4 610'])
    setReplication(fs, ROOT, '/q/s/d/g', 2)
    expect(used()).toEqual(['6 410', '4 410'])
    // Where it is and where it was.
    rename(fs, ROOT, '/q/s/d', '/q/other/d', false, false, 7)
    expect(used()).toEqual(['8 610', '4 210'])
    mkdirs(fs, ROOT, '/q/other/d/new', MODE, true, 8)
    expect(used()).toEqual(['9 610', '4 210'])
    expect(refusal(() => mkdirs(fs, ROOT, '/q/one-more', MODE, true, 8)).message).toContain('quota=9 file count=10')
    remove(fs, ROOT, '/q/other/d', true, 9)
    expect(used()).toEqual(['6 210', '4 210'])
    deleteSnapshot(fs, ROOT, '/q/s', 'one')
    expect(used()).toEqual(['3 0', '1 0'])
    expect([fs.blocks.size, fs.inodes.size]).toEqual([0, 4])
  })

  it('are read whatever order their names were stored in', () => {
    const fs = namespace()
    for (const name of ['a', 'b', '\u00e4']) mkdirs(fs, ROOT, `/s/${name}`, MODE, true, 1)
    allowSnapshot(fs, ROOT, '/s')
    createSnapshot(fs, ROOT, '/s', 'one', 5)
    rename(fs, ROOT, '/s/a', '/s/z', false, false, 6)
    const rows = JSON.parse(JSON.stringify([...allRows(fs)])) as Row[]
    const { diffs } = rows.find((r) => r[2] === 's')!.at(-1) as unknown as { diffs: { children: number[]; names: string[] }[] }
    diffs[0]!.children.reverse()
    diffs[0]!.names.reverse()
    const loaded = namespace()
    const load = loader(loaded)
    for (const row of rows) load.row(row)
    load.finish(7)
    expect(names(loaded, '/s/.snapshot/one')).toEqual(['\u00e4', 'a', 'b'])
    expect(names(loaded, '/s')).toEqual(['\u00e4', 'b', 'z'])
  })

  it('are journalled once, however often the directory changes afterwards, also after a restart', () => {
    const fs = namespace()
    for (let i = 0; i < 500; i++) mkdirs(fs, ROOT, `/s/d${i}`, MODE, true, 1)
    allowSnapshot(fs, ROOT, '/s')
    createSnapshot(fs, ROOT, '/s', 'one', 5)
    const records = [encodeRecord(takeRecord(fs)!)]
    const journalled = (of: FsState, change: () => void) => {
      change()
      records.push(encodeRecord(takeRecord(of)!))
      return records.at(-1)!.length
    }
    const first = journalled(fs, () => remove(fs, ROOT, '/s/d1', true, 6))
    expect(first).toBeGreaterThan(5000)
    expect(journalled(fs, () => remove(fs, ROOT, '/s/d2', true, 7))).toBeLessThan(1000)
    const restarted = () => {
      const loaded = namespace()
      const load = loader(loaded)
      for (const r of records) load.record(decodeRecord(r))
      load.finish(8)
      return loaded
    }
    const second = restarted()
    expect(journalled(second, () => rename(second, ROOT, '/s/d3', '/s/e3', false, false, 9))).toBeLessThan(1000)
    const third = restarted()
    expect(names(third, '/s/.snapshot/one')).toEqual(names(fs, '/s/.snapshot/one'))
    expect(names(third, '/s/.snapshot/one')).toHaveLength(500)
    expect(names(third, '/s')).toHaveLength(498)
    // The next snapshot's own are new.
    createSnapshot(third, ROOT, '/s', 'two', 10)
    expect(journalled(third, () => remove(third, ROOT, '/s/d4', true, 11))).toBeGreaterThan(first)
  })

  it('show what was, while the tree goes on', () => {
    const fs = namespace()
    datanode(fs)
    mkdirs(fs, ROOT, '/s/d', MODE, true, 1)
    writeFile(fs, '/s/f', [10])
    allowSnapshot(fs, ROOT, '/s')
    expect(createSnapshot(fs, ROOT, '/s', 'one', 5)).toBe('/s/.snapshot/one')
    remove(fs, ROOT, '/s/f', false, 6)
    rename(fs, ROOT, '/s/d', '/s/e', false, false, 7)
    mkdirs(fs, ROOT, '/s/new', MODE, true, 8)
    expect(names(fs, '/s')).toEqual(['e', 'new'])
    expect(names(fs, '/s/.snapshot/one')).toEqual(['d', 'f'])
    expect(names(fs, '/s/.snapshot')).toEqual(['one'])
    mkdirs(fs, ROOT, '/s/e/x', MODE, true, 8)
    const told = (from: string, to: string) => snapshotDiff(fs, ROOT, '/s', from, to).entries.map((e) => `${e.label} ${e.path} ${e.target ?? ''}`.trim())
    expect(told('one', '')).toEqual(['M', '+ new', 'R d e', '- f', 'M d', '+ d/x'])
    expect(getContentSummary(fs, ROOT, '/s')).toMatchObject({
      directories: 5,
      files: 1,
      length: 10,
      snapshotDirectories: 1,
      snapshotFiles: 1,
      snapshotLength: 10,
      snapshotSpace: 10,
    })
    createSnapshot(fs, ROOT, '/s', 'two', 8)
    for (const states of [
      ['one', 'two'],
      ['two', 'one'],
    ] as const) {
      const whole = snapshotDiffListing(fs, ROOT, '/s', states, DIFF_START)
      expect(whole).toMatchObject({ next: DIFF_START, isFromEarlier: states[0] === 'one' })
      expect([whole.modified.length, whole.made.length, whole.left.length]).toEqual([2, 2, 2])
      for (let limit = 1; limit < 7; limit++) {
        const small = { ...fs, config: fsConfig({ snapshotDiffLimit: limit }) }
        const parts = { modified: [] as unknown[], made: [] as unknown[], left: [] as unknown[] }
        for (let next = DIFF_START, first = true; first || next !== DIFF_START; first = false) {
          const part = snapshotDiffListing(small, ROOT, '/s', states, next)
          expect(part.modified.length + part.made.length + part.left.length).toBeLessThanOrEqual(limit)
          for (const kind of ['modified', 'made', 'left'] as const) parts[kind].push(...part[kind])
          next = part.next
        }
        expect(parts).toEqual({ modified: whole.modified, made: whole.made, left: whole.left })
      }
      expect(refusal(() => snapshotDiffListing(fs, ROOT, '/s', states, { path: 'nosuch', index: 0 })).message).toContain('nosuch')
    }
    deleteSnapshot(fs, ROOT, '/s', 'two')
    expect(told('', 'one')).toEqual(['M', '- new', 'R e d', '+ f', 'M d', '- d/x'])
    expect(refusal(() => mkdirs(fs, ROOT, '/s/.snapshot/one/x', MODE, true, 9)).message).toBe('Modification on a read-only snapshot is disallowed')
    expect(refusal(() => remove(fs, ROOT, '/s', true, 9)).message).toBe(
      'The directory /s cannot be deleted since /s is snapshottable and already has snapshots',
    )
    expect(fs.blocks.size).toBe(1)
    deleteSnapshot(fs, ROOT, '/s', 'one')
    expect(fs.blocks.size).toBe(0)
    expect(remove(fs, ROOT, '/s', true, 10)).toBe(true)
  })
})
