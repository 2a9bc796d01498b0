import net from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { BlockOpResponseProto, ClientReadStatusProto } from '../../../common/proto/gen/data-transfer.js'
import { BlockReader, ChecksumError } from '../../../hdfs-lite/client/transfer/block-reader.js'
import { crcOf, findCorruption, tableCrc, writeChecksums } from '../../../hdfs-lite/client/transfer/checksum.js'
import { OutgoingPacket, PacketError, readPacket } from '../../../hdfs-lite/client/transfer/packet.js'

const CRC32C = { type: 'CHECKSUM_CRC32C', bytesPerChecksum: 512 } as const
/** A data packet and the last one, as Hadoop's client sends them. */
const DATA = Buffer.from('0000001500190900000000000000001100000000000000001800250d0000005f5ca10d6120736d616c6c2066696c650a', 'hex')
const LAST = Buffer.from('000000040019090d0000000000000011010000000000000018012500000000', 'hex')
const TEXT = 'a small file\n'

describe('checksums', () => {
  it('are the same by table and by processor, at every length', () => {
    const data = Buffer.from(Array.from({ length: 70 }, (_, i) => (i * 37) & 255))
    for (const [type, polynomial] of [
      ['CHECKSUM_CRC32C', 0x82f63b78],
      ['CHECKSUM_CRC32', 0xedb88320],
    ] as const) {
      const table = tableCrc(polynomial)
      for (let n = 0; n <= data.length; n++) expect(table(data, 0, n)).toBe(crcOf(type)(data, 0, n))
    }
    expect(crcOf('CHECKSUM_CRC32C')(Buffer.from('123456789'), 0, 9)).toBe(0xe3069283)
    expect(crcOf('CHECKSUM_CRC32')(Buffer.from('123456789'), 0, 9)).toBe(0xcbf43926)
  })

  it('tell which chunk is bad', () => {
    const data = Buffer.alloc(1300, 'x')
    const sums = Buffer.alloc(12)
    writeChecksums(CRC32C, data, 0, 1300, sums, 0)
    expect(findCorruption(CRC32C, data, 0, 1300, sums, 0)).toBe(-1)
    data[600] = 0
    expect(findCorruption(CRC32C, data, 0, 1300, sums, 0)).toBe(512)
  })

  it.each(['CHECKSUM_CRC32C', 'CHECKSUM_CRC32'] as const)('%s: any one bit that differs, in data or checksums, is found', (type) => {
    for (const length of [1, 100, 200, 1000, 1023, 1024]) {
      const spec = { type, bytesPerChecksum: 100 }
      const data = Buffer.from(Array.from({ length }, (_, i) => (i * 89) & 255))
      const sums = Buffer.alloc(Math.ceil(length / 100) * 4)
      writeChecksums(spec, data, 0, length, sums, 0)
      expect(findCorruption(spec, data, 0, length, sums, 0)).toBe(-1)
      for (let at = 0; at < length; at += 37) {
        data[at]! ^= 1 << (at & 7)
        expect(findCorruption(spec, data, 0, length, sums, 0)).toBe(Math.floor(at / 100) * 100)
        data[at]! ^= 1 << (at & 7)
      }
      for (let at = 0; at < sums.length; at++) {
        sums[at]! ^= 0x10
        expect(findCorruption(spec, data, 0, length, sums, 0)).toBe(Math.floor(at / 4) * 100)
        sums[at]! ^= 0x10
      }
    }
  })
})

describe('packets', () => {
  it('are, byte for byte, what Hadoop sends', () => {
    const packet = new OutgoingPacket(1024)
    packet.length = packet.buffer.write(TEXT, packet.dataAt)
    expect(packet.seal(CRC32C).toString('hex')).toBe(DATA.toString('hex'))
    const last = new OutgoingPacket(0)
    Object.assign(last, { offsetInBlock: 13, seqno: 1, last: true })
    expect(last.seal(CRC32C).toString('hex')).toBe(LAST.toString('hex'))
  })

  it('are read when they are whole, and not before', () => {
    for (let n = 0; n < DATA.length; n++) expect(readPacket(DATA, 0, n)).toBe(n < 6 ? 6 : DATA.length)
    const packet = readPacket(Buffer.concat([DATA, LAST]), 0, DATA.length + LAST.length)
    expect(packet).toMatchObject({ end: DATA.length, header: { offsetInBlock: 0, seqno: 0, lastPacketInBlock: false, dataLen: 13 } })
  })

  it('with lengths that lie are refused', () => {
    const huge = Buffer.from(DATA)
    huge.writeInt32BE(0x7fffffff, 0)
    expect(() => readPacket(huge, 0, huge.length)).toThrow(PacketError)
    const negative = Buffer.from(DATA)
    negative.writeInt32BE(-1, 0)
    expect(() => readPacket(negative, 0, negative.length)).toThrow(PacketError)
    const more = Buffer.from(DATA)
    more.writeInt32LE(500, 6 + 21)
    expect(() => readPacket(more, 0, more.length)).toThrow(/can't hold 500 bytes/)
  })
})

describe('a block reader', () => {
  const servers: net.Server[] = []
  afterEach(() => {
    for (const s of servers.splice(0)) s.close()
  })

  /** Answers a read with these bytes, in pieces. @returns where it listens, and what the reader said at the end */
  async function dataNode(bytes: Buffer, piece: number): Promise<{ port: number; status: Promise<Buffer> }> {
    let heard: (b: Buffer) => void
    const status = new Promise<Buffer>((r) => {
      heard = r
    })
    const server = net.createServer((socket) => {
      socket.setNoDelay(true)
      socket.once('data', () => {
        const ok = BlockOpResponseProto.encodeDelimited({
          status: 'SUCCESS',
          readOpChecksumInfo: { checksum: { type: 'CHECKSUM_CRC32C', bytesPerChecksum: 512 }, chunkOffset: 0 },
        })
        const all = Buffer.concat([ok, bytes])
        const send = (at: number): void => {
          if (at < all.length) socket.write(all.subarray(at, at + piece), () => setImmediate(send, at + piece))
        }
        socket.on('data', (b) => heard(b as Buffer))
        send(0)
      })
      socket.on('error', () => {})
    })
    servers.push(server)
    await new Promise<void>((r) => server.listen(0, '127.0.0.1', r))
    return { port: (server.address() as net.AddressInfo).port, status }
  }

  const range = (port: number, offset = 0, length = 13) => ({
    peer: { host: '127.0.0.1', port },
    block: {
      b: { poolId: 'BP-1', blockId: 1, generationStamp: 1, numBytes: 13 },
      offset: 0,
      locs: [],
      corrupt: false,
      blockToken: { identifier: new Uint8Array(0), password: new Uint8Array(0), kind: '', service: '' },
      isCached: [],
      storageTypes: [],
      storageIDs: [],
      blockTokens: [],
    },
    clientName: 'test',
    offset,
    length,
    verify: true,
    timeout: 5_000,
  })

  async function readAll(reader: BlockReader): Promise<string> {
    let text = ''
    for (let batch = await reader.nextBatch(); batch; batch = await reader.nextBatch()) text += Buffer.concat(batch).toString()
    return text
  }

  it.each([1, 7, 1000])('gives the data, arriving %i bytes at a time, and confirms the checksums', async (piece) => {
    const node = await dataNode(Buffer.concat([DATA, LAST]), piece)
    expect(await readAll(await BlockReader.open(range(node.port)))).toBe(TEXT)
    expect(await node.status).toEqual(Buffer.from(ClientReadStatusProto.encodeDelimited({ status: 'CHECKSUM_OK' })))
  })

  it('cuts what the DataNode sends to the range that was asked for', async () => {
    const node = await dataNode(Buffer.concat([DATA, LAST]), 100)
    expect(await readAll(await BlockReader.open(range(node.port, 2, 5)))).toBe('small')
  })

  it('fails on data that its checksum does not fit', async () => {
    const bad = Buffer.from(DATA)
    bad[bad.length - 1]! ^= 1
    const node = await dataNode(Buffer.concat([bad, LAST]), 100)
    await expect(readAll(await BlockReader.open(range(node.port)))).rejects.toThrow(ChecksumError)
  })

  it('fails on a block that ends too early, and on garbage', async () => {
    const early = await dataNode(LAST, 100)
    await expect(readAll(await BlockReader.open(range(early.port)))).rejects.toThrow(/before 13/)
    const garbage = await dataNode(Buffer.alloc(100, 0xee), 100)
    await expect(readAll(await BlockReader.open(range(garbage.port)))).rejects.toThrow(/can't be/)
  })
})
