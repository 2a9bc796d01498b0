/** A NameNode's folder with many files, one block each, a thousand in a directory: NAME_DIR COUNT. */
import os from 'node:os'
import { FIRST_BLOCK_ID, FIRST_GENERATION_STAMP } from '../../common/records/hdfs/index.js'
import { type Row, encodeRecord } from '../../hdfs-lite/namenode/core/persist.js'
import { ROOT_ID } from '../../hdfs-lite/namenode/core/inode.js'
import { openStore } from '../../hdfs-lite/namenode/journal/store.js'

const [dir, countText] = process.argv.slice(2)
const count = Number(countText)
const PER_DIRECTORY = 1000
const BLOCK_SIZE = 128 * 1024 * 1024
const LENGTH = 1000
const now = Date.now()
const owner = os.userInfo().username

const store = openStore(dir!, () => ({ namespaceId: 1, clusterId: 'CID-bench', blockPoolId: `BP-1-127.0.0.1-${now}`, creationTime: now }))
const directory = (id: number, parent: number, name: string): Row => [id, parent, name, 'd', 0o755, owner, 'supergroup', now, 0, 0, 0, [], null]
let records: string[] = []
let id = ROOT_ID
let block = FIRST_BLOCK_ID - 1
let stamp = FIRST_GENERATION_STAMP - 1
const write = (row: Row) => {
  records.push(encodeRecord({ puts: [row], removes: [], counters: [id, block, stamp, 0] }))
  if (records.length === 10_000) flush()
}
const flush = () => {
  if (records.length > 0) store.fold({ first: store.folded + 1, records })
  records = []
}
write(directory(ROOT_ID, 0, ''))
let parent = ROOT_ID
for (let i = 0; i < count; i++) {
  if (i % PER_DIRECTORY === 0) {
    parent = ++id
    write(directory(parent, ROOT_ID, `directory-${i / PER_DIRECTORY}`))
  }
  const at = now + i
  write([++id, parent, `file-${String(i).padStart(9, '0')}`, 'f', 0o644, owner, 'supergroup', at, at, 1, BLOCK_SIZE, [++block, ++stamp, LENGTH], null])
}
flush()
store.close()
