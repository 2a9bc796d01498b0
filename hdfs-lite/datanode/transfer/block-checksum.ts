/** BLOCK_CHECKSUM: the MD5 of a block's checksums, or one CRC composed of them. */
import { createHash } from 'node:crypto'
import fs from 'node:fs/promises'
import type { OpBlockChecksumProto, OpBlockChecksumResponseProtoInit } from '../../../common/proto/gen/data-transfer.js'
import type { BlockStore } from '../storage/block-store.js'
import { META_HEADER, checksumsOf } from '../storage/checksum.js'
import type { Replica } from '../storage/replica.js'
import { composeCrcs } from './crc-compose.js'

export async function blockChecksum(store: BlockStore, replica: Replica, op: OpBlockChecksumProto): Promise<OpBlockChecksumResponseProtoInit> {
  const c = store.checksumOf(replica)
  const available = replica.state === 'FINALIZED' ? replica.length : replica.visible
  const asked = op.header.block.numBytes
  const length = asked > 0 && asked < available ? asked : available
  const rest = length % c.bytesPerChunk
  const whole = (length - rest) / c.bytesPerChunk
  const partial = rest > 0
  const sums = Buffer.alloc((whole + (partial ? 1 : 0)) * c.size)
  const meta = await fs.open(store.metaPath(replica), 'r')
  try {
    await meta.read(sums, 0, sums.length, META_HEADER)
  } finally {
    await meta.close()
  }
  if (partial && c.size > 0 && (length < replica.length || replica.state !== 'FINALIZED')) {
    // The stored checksum covers more than what was asked for.
    const data = await fs.open(store.dataPath(replica), 'r')
    try {
      const chunk = Buffer.alloc(rest)
      await data.read(chunk, 0, rest, whole * c.bytesPerChunk)
      checksumsOf(c, chunk).copy(sums, whole * c.size)
    } finally {
      await data.close()
    }
  }
  const type = op.blockChecksumOptions?.blockChecksumType ?? 'MD5CRC'
  const blockChecksum = type === 'COMPOSITE_CRC' ? composeCrcs(c, sums, length) : createHash('md5').update(sums).digest()
  return {
    bytesPerCrc: c.bytesPerChunk,
    crcPerBlock: whole,
    blockChecksum,
    crcType: c.type,
    blockChecksumOptions: { blockChecksumType: type, stripeLength: op.blockChecksumOptions?.stripeLength },
  }
}
