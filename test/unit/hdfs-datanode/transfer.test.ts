import { describe, expect, it } from 'vitest'
import { decodeBlockReport, encodeBlockReport } from '../../../common/records/hdfs/index.js'
import { checksum, checksumsOf, metaHeader, parseMetaHeader, verify } from '../../../hdfs-lite/datanode/storage/checksum.js'
import { composeCrcs } from '../../../hdfs-lite/datanode/transfer/crc-compose.js'
import { MessageParser, type Packet, PacketError, PacketParser, packetHead } from '../../../hdfs-lite/datanode/transfer/packet.js'

/** A packet of 13 bytes as Hadoop's client sent it: length 21, header of 25, one CRC32C. */
const CAPTURED = Buffer.from('0000001500190900000000000000001100000000000000001800250d0000005f5ca10d', 'hex')
const DATA = Buffer.from('hello, world\n')

function packet(offset: number, seqno: number, data: Buffer, last = false): Buffer {
  const sums = checksumsOf(checksum('CHECKSUM_CRC32C', 512), data)
  return Buffer.concat([packetHead({ offsetInBlock: offset, seqno, lastPacketInBlock: last, dataLen: data.length }, sums.length), sums, data])
}

function parse(chunks: readonly Buffer[]): Packet[] {
  const found: Packet[] = []
  const parser = new PacketParser((p) => found.push({ ...p, data: Buffer.from(p.data), checksums: Buffer.from(p.checksums) }))
  for (const c of chunks) parser.push(c)
  return found
}

describe('packets', () => {
  it('reads what Hadoop sends', () => {
    const [p] = parse([Buffer.concat([CAPTURED, DATA])])
    expect(p!.header).toMatchObject({ offsetInBlock: 0, seqno: 0, lastPacketInBlock: false, dataLen: 13 })
    expect(p!.checksums.toString('hex')).toBe('5f5ca10d')
    expect(p!.data.equals(DATA)).toBe(true)
  })

  it('finds the same packets however the bytes are cut', () => {
    const stream = Buffer.concat([packet(0, 0, Buffer.alloc(1500, 'a')), packet(1500, 1, Buffer.alloc(0)), packet(1500, 2, Buffer.from('z'), true)])
    const whole = parse([stream]).map((p) => [p.header.seqno, p.data.toString()])
    expect(whole).toHaveLength(3)
    for (const size of [1, 2, 5, 7, 64, 1499]) {
      const chunks: Buffer[] = []
      for (let i = 0; i < stream.length; i += size) chunks.push(stream.subarray(i, i + size))
      expect(parse(chunks).map((p) => [p.header.seqno, p.data.toString()])).toEqual(whole)
    }
  })

  it('refuses lengths that lie', () => {
    const negative = Buffer.alloc(6)
    negative.writeInt32BE(-1, 0)
    const huge = Buffer.alloc(6)
    huge.writeInt32BE(64 * 1024 * 1024, 0)
    const header = Buffer.from([0, 0, 0, 4, 0x7f, 0xff])
    for (const bytes of [negative, huge, header]) expect(() => parse([bytes])).toThrow(PacketError)
    const lying = packet(0, 0, Buffer.from('abc'))
    lying.writeInt32BE(4, 0)
    expect(() => parse([lying])).toThrow(/exceeds data length received/)
    expect(() => parse([Buffer.concat([Buffer.from([0, 0, 0, 4, 0, 3]), Buffer.from([1, 2, 3])])])).toThrow(/Invalid packet header/)
  })

  it('refuses messages whose length has no end', () => {
    const m = new MessageParser(100)
    m.push(Buffer.alloc(10, 0xff))
    expect(() => m.next()).toThrow(PacketError)
    const long = new MessageParser(100)
    long.push(Buffer.from([0xff, 0x7f]))
    expect(() => long.next()).toThrow(/too long/)
  })
})

describe('checksums', () => {
  const c = checksum('CHECKSUM_CRC32C', 512)

  it('finds the chunk that a flipped bit is in', () => {
    const data = Buffer.alloc(2000, 7)
    const sums = checksumsOf(c, data)
    expect(verify(c, data, sums)).toBe(-1)
    data[1030]! ^= 1
    expect(verify(c, data, sums)).toBe(1024)
  })

  it('keeps the meta header as Hadoop writes it', () => {
    expect(metaHeader(c).toString('hex')).toBe('00010200000200')
    expect(parseMetaHeader(metaHeader(checksum('CHECKSUM_CRC32', 4096)))).toMatchObject({ type: 'CHECKSUM_CRC32', bytesPerChunk: 4096 })
    expect(() => parseMetaHeader(Buffer.from('0001'))).toThrow()
    expect(() => parseMetaHeader(Buffer.from('00010900000200', 'hex'))).toThrow(/unknown header/)
  })

  it('composes the CRC of the whole from those of its chunks', () => {
    for (const type of ['CHECKSUM_CRC32', 'CHECKSUM_CRC32C'] as const) {
      const k = checksum(type, 512)
      for (const length of [1, 511, 512, 513, 5000]) {
        const data = Buffer.from(Array.from({ length }, (_, i) => (i * 31) & 255))
        expect(composeCrcs(k, checksumsOf(k, data), length).readUInt32BE()).toBe(k.of(data))
      }
    }
  })
})

describe('block reports', () => {
  it('come back as they were', () => {
    const replicas = [
      { id: 1073741825, generationStamp: 1001, length: 134217728, state: 'FINALIZED' as const },
      { id: 2 ** 40 + 5, generationStamp: 2 ** 35, length: 0, state: 'RWR' as const },
      { id: -7, generationStamp: 1, length: 1, state: 'RBW' as const },
    ]
    const encoded = encodeBlockReport(replicas)
    expect([...decodeBlockReport({ blocks: [], ...encoded })]).toEqual(replicas)
    const [bytes] = encoded.blocksBuffers
    expect([...decodeBlockReport({ blocks: [], numberOfBlocks: 3, blocksBuffers: [bytes!.subarray(0, 5), bytes!.subarray(5)] })]).toEqual(replicas)
    expect(() => [...decodeBlockReport({ blocks: [], numberOfBlocks: 4, blocksBuffers: [bytes!] })]).toThrow(RangeError)
  })

  it('are read in their old form', () => {
    const longs = [1, 1, 10, 100, 1001, -1, -1, -1, 11, 50, 1002, 1]
    expect([...decodeBlockReport({ blocks: longs, blocksBuffers: [] })]).toEqual([
      { id: 10, length: 100, generationStamp: 1001, state: 'FINALIZED' },
      { id: 11, length: 50, generationStamp: 1002, state: 'RBW' },
    ])
  })
})
