/** Block reports on the wire (org.apache.hadoop.hdfs.protocol.BlockListAsLongs), and HDFS's version numbers. */
import { REPLICA_STATES, type ReplicaState } from './states.js'

export const SOFTWARE_VERSION = '3.3.6'
/** Layout versions are negative numbers that travel as uint32. */
export const NAMENODE_LAYOUT = -66
export const BLOCK_POOL_LAYOUT = -57

export interface ReplicaInfo {
  readonly id: number
  readonly generationStamp: number
  readonly length: number
  readonly state: ReplicaState
}

interface StorageReport {
  readonly blocks: readonly number[]
  readonly numberOfBlocks?: number | undefined
  readonly blocksBuffers: readonly Uint8Array[]
}

/** @throws RangeError for bytes that end within a number */
export function* decodeBlockReport(r: StorageReport): Iterable<ReplicaInfo> {
  if (r.numberOfBlocks !== undefined) {
    const bytes = r.blocksBuffers.length === 1 ? r.blocksBuffers[0]! : concat(r.blocksBuffers)
    const at = { bytes, pos: 0 }
    for (let i = 0; i < r.numberOfBlocks; i++) {
      const zigzag = varint(at)
      const id = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
      const length = varint(at) % 2 ** 48
      const generationStamp = varint(at)
      yield { id, length, generationStamp, state: REPLICA_STATES[varint(at) & 15] ?? 'FINALIZED' }
    }
    return
  }
  // The old form: counts, finalized replicas as triples, a delimiter, the others with their state.
  const n = r.blocks
  const finalized = n[0] ?? 0
  const others = n[1] ?? 0
  let at = 2
  for (let i = 0; i < finalized; i++, at += 3) yield { id: n[at]!, length: n[at + 1]!, generationStamp: n[at + 2]!, state: 'FINALIZED' }
  at += 3
  for (let i = 0; i < others; i++, at += 4) yield { id: n[at]!, length: n[at + 1]!, generationStamp: n[at + 2]!, state: REPLICA_STATES[n[at + 3]!] ?? 'RBW' }
}

export function encodeBlockReport(replicas: Iterable<ReplicaInfo>): { numberOfBlocks: number; blocksBuffers: Uint8Array[] } {
  let bytes = new Uint8Array(1 << 14)
  let pos = 0
  let count = 0
  const write = (value: number) => {
    let v = value
    while (v >= 0x80) {
      bytes[pos++] = (v % 0x80) | 0x80
      v = Math.floor(v / 0x80)
    }
    bytes[pos++] = v
  }
  for (const r of replicas) {
    if (pos + 40 > bytes.length) {
      const bigger = new Uint8Array(bytes.length * 2)
      bigger.set(bytes)
      bytes = bigger
    }
    write(r.id >= 0 ? r.id * 2 : -r.id * 2 - 1)
    write(r.length)
    write(r.generationStamp)
    write(REPLICA_STATES.indexOf(r.state))
    count++
  }
  return { numberOfBlocks: count, blocksBuffers: [bytes.subarray(0, pos)] }
}

function varint(at: { bytes: Uint8Array; pos: number }): number {
  let value = 0
  let scale = 1
  for (let i = 0; i < 10; i++) {
    if (at.pos >= at.bytes.length) throw new RangeError('a block report ends within a number')
    const b = at.bytes[at.pos++]!
    value += (b & 0x7f) * scale
    if (b < 0x80) return value
    scale *= 128
  }
  throw new RangeError('a number in a block report is too long')
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0))
  let at = 0
  for (const p of parts) {
    out.set(p, at)
    at += p.length
  }
  return out
}
