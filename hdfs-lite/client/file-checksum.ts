/**
 * The checksum of a file as HDFS defines it: MD5 of the blocks' MD5s of their chunks' CRCs, or, with dfs.checksum.combine.mode
 * COMPOSITE_CRC, the CRC of all its bytes (org.apache.hadoop.hdfs.FileChecksumHelper).
 */
import { createHash } from 'node:crypto'
import { hdfs } from '../../common/config/keys/hdfs.js'
import { exception } from '../../common/errors.js'
import { BlockOpResponseProto, OpBlockChecksumProto, type OpBlockChecksumResponseProto } from '../../common/proto/gen/data-transfer.js'
import type { ChecksumTypeProto, LocatedBlockProto } from '../../common/proto/gen/hdfs.js'
import type { DfsClient } from './dfs-client.js'
import { POLYNOMIALS, shiftCrc } from './transfer/crc-shift.js'
import { DataNodeConnection, OP, TransferError } from './transfer/connection.js'

/** One CRC for all of a block. */
const WHOLE = Number.MAX_SAFE_INTEGER

export interface FileChecksum {
  readonly algorithm: string
  readonly hex: string
}

export async function fileChecksum(client: DfsClient, path: string): Promise<FileChecksum> {
  const mode = client.conf.get(hdfs.checksumCombineMode)
  if (mode !== 'MD5MD5CRC' && mode !== 'COMPOSITE_CRC')
    throw exception('IllegalArgumentException', `${hdfs.checksumCombineMode.name} is "${mode}"; MD5MD5CRC and COMPOSITE_CRC are known`)
  const composite = mode === 'COMPOSITE_CRC'
  const { blocks } = await client.blockLocations(path)
  if (blocks.length === 0) return named(0, 0, 'CRC32', digest([]))
  const sums: Uint8Array[] = []
  let first: OpBlockChecksumResponseProto | undefined
  for (const block of blocks) {
    const sum = await blockChecksum(client, block, composite)
    first ??= sum
    if (sum.bytesPerCrc !== first.bytesPerCrc)
      throw exception('IOException', `Byte-per-checksum not matched: bpc=${sum.bytesPerCrc} but bytesPerCRC=${first.bytesPerCrc}`)
    sums.push(sum.blockChecksum)
  }
  const { bytesPerCrc, crcPerBlock, crcType = 'CHECKSUM_CRC32' } = first!
  if (composite) return { algorithm: `COMPOSITE-${crcType.replace('CHECKSUM_', '')}`, hex: compose(crcType, sums, blocks).toString('hex') }
  return named(bytesPerCrc, blocks.length > 1 ? crcPerBlock : 0, crcType.replace('CHECKSUM_', ''), digest(sums))
}

/** The CRC of the file from those of its blocks. */
function compose(type: ChecksumTypeProto, sums: readonly Uint8Array[], blocks: readonly LocatedBlockProto[]): Buffer {
  if (type === 'CHECKSUM_NULL') throw exception('IOException', 'a file without checksums has no composite CRC')
  let crc = 0
  sums.forEach((sum, i) => {
    crc = shiftCrc(crc, blocks[i]!.b.numBytes, POLYNOMIALS[type]) ^ Buffer.from(sum).readInt32BE(0)
    crc >>>= 0
  })
  const out = Buffer.alloc(4)
  out.writeUInt32BE(crc)
  return out
}

/** HDFS's sum is that of the whole buffer which the blocks' sums lie in: 32 bytes, or a multiple by a power of two, the rest zeros. */
function digest(sums: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.concat(sums)
  const buffer = Buffer.alloc(2 ** Math.max(Math.ceil(Math.log2(Math.max(bytes.length, 1))), 5))
  bytes.copy(buffer)
  return createHash('md5').update(buffer).digest()
}

function named(bytesPerCrc: number, crcPerBlock: number, type: string, md5: Buffer): FileChecksum {
  const head = Buffer.alloc(12)
  head.writeInt32BE(bytesPerCrc, 0)
  head.writeBigInt64BE(BigInt(crcPerBlock), 4)
  return { algorithm: `MD5-of-${crcPerBlock}MD5-of-${bytesPerCrc}${type}`, hex: Buffer.concat([head, md5]).toString('hex') }
}

async function blockChecksum(client: DfsClient, located: LocatedBlockProto, composite: boolean): Promise<OpBlockChecksumResponseProto> {
  let failure: unknown = new TransferError(`no DataNode has block ${located.b.blockId}`)
  for (const node of located.locs) {
    try {
      const connection = await DataNodeConnection.open(client.peerOf(node), client.conf.get(hdfs.clientSocketTimeout))
      try {
        connection.request(OP.BLOCK_CHECKSUM, OpBlockChecksumProto, {
          header: { block: located.b, token: located.blockToken },
          blockChecksumOptions: composite ? { blockChecksumType: 'COMPOSITE_CRC', stripeLength: WHOLE } : { blockChecksumType: 'MD5CRC', stripeLength: 0 },
        })
        const answer = await connection.message(BlockOpResponseProto)
        if (answer.status === 'SUCCESS' && answer.checksumResponse) return answer.checksumResponse
        throw new TransferError(`${connection.name}: ${answer.message || answer.status}`, answer)
      } finally {
        connection.close()
      }
    } catch (e) {
      failure = e
    }
  }
  throw exception(
    'IOException',
    `Fail to get block MD5 for ${located.b.poolId}:blk_${located.b.blockId}_${located.b.generationStamp}: ${(failure as Error).message}`,
    {
      cause: failure,
    },
  )
}
