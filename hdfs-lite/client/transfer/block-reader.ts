/** Reads part of one block from one DataNode. */
import { BlockOpResponseProto, ClientReadStatusProto, OpReadBlockProto } from '../../../common/proto/gen/data-transfer.js'
import type { LocatedBlockProto } from '../../../common/proto/gen/hdfs.js'
import { type ChecksumSpec, findCorruption } from './checksum.js'
import { DataNodeConnection, OP, type Peer, TransferError } from './connection.js'
import { readPacket } from './packet.js'

/** A replica's data is not what its checksums say. */
export class ChecksumError extends Error {
  override name = 'ChecksumError'
}

/** Unread data that a slow consumer may pile up: little enough to be in the processor's cache still when it is written. */
const HIGH_WATER = 1024 * 1024

export interface BlockRange {
  readonly peer: Peer
  readonly block: LocatedBlockProto
  readonly clientName: string
  /** Within the block. */
  readonly offset: number
  readonly length: number
  /** False: neither asks for checksums nor checks them. */
  readonly verify: boolean
  readonly timeout: number
}

export class BlockReader {
  #ready: Buffer[] = []
  #queued = 0
  #position: number
  readonly #end: number
  #done = false
  #failure: Error | undefined
  #wake: (() => void) | undefined

  private constructor(
    private readonly connection: DataNodeConnection,
    private readonly range: BlockRange,
    private readonly checksum: ChecksumSpec,
  ) {
    this.#position = range.offset
    this.#end = range.offset + range.length
    connection.receive(
      (buffer, at, end) => this.#consume(buffer, at, end),
      (e) => this.#fail(e),
    )
  }

  /** @throws TransferError when the DataNode can't be reached or refuses */
  static async open(range: BlockRange): Promise<BlockReader> {
    const connection = await DataNodeConnection.open(range.peer, range.timeout)
    connection.request(OP.READ_BLOCK, OpReadBlockProto, {
      header: { baseHeader: { block: range.block.b, token: range.block.blockToken }, clientName: range.clientName },
      offset: range.offset,
      len: range.length,
      sendChecksums: range.verify,
      cachingStrategy: {},
    })
    const response = await connection.message(BlockOpResponseProto)
    if (response.status !== 'SUCCESS') {
      connection.close()
      throw new TransferError(`${connection.name} does not serve block ${range.block.b.blockId}: ${response.message ?? response.status}`, response)
    }
    const spec = response.readOpChecksumInfo?.checksum ?? { type: 'CHECKSUM_NULL', bytesPerChecksum: 512 }
    return new BlockReader(connection, range, spec)
  }

  #consume(buffer: Buffer, at: number, end: number): { at: number; need: number } {
    for (;;) {
      if (this.#done || this.#failure) return { at: end, need: 1 }
      if (this.#queued >= HIGH_WATER) {
        this.connection.pause()
        return { at, need: 1 }
      }
      const packet = readPacket(buffer, at, end)
      if (typeof packet === 'number') return { at, need: packet }
      at = packet.end
      const { offsetInBlock, dataLen, lastPacketInBlock } = packet.header
      if (lastPacketInBlock) {
        this.#finish()
        continue
      }
      if (this.range.verify) {
        const bad = findCorruption(this.checksum, buffer, packet.dataAt, packet.end, buffer, packet.sumsAt)
        if (bad >= 0) {
          this.#fail(
            new ChecksumError(`Checksum error at ${offsetInBlock + bad - packet.dataAt} of block ${this.range.block.b.blockId} from ${this.connection.name}`),
          )
          continue
        }
      }
      // The DataNode begins and ends at a chunk's border.
      const from = Math.max(this.#position - offsetInBlock, 0)
      const to = Math.min(this.#end - offsetInBlock, dataLen)
      if (this.#position > offsetInBlock + dataLen || offsetInBlock > this.#position) throw new Error(`packets are not in order at ${offsetInBlock}`)
      if (to > from) {
        this.#ready.push(buffer.subarray(packet.dataAt + from, packet.dataAt + to))
        this.#queued += to - from
        this.#position += to - from
        this.#wakeUp()
      }
    }
  }

  #finish(): void {
    if (this.#position < this.#end) {
      return this.#fail(new TransferError(`${this.connection.name} ended block ${this.range.block.b.blockId} at ${this.#position}, before ${this.#end}`))
    }
    this.#done = true
    this.connection.write(ClientReadStatusProto.encodeDelimited({ status: this.range.verify ? 'CHECKSUM_OK' : 'SUCCESS' }))
    this.connection.end()
    this.#wakeUp()
  }

  #fail(e: Error): void {
    if (this.#done) return
    this.#failure ??= e
    this.connection.close()
    this.#wakeUp()
  }

  #wakeUp(): void {
    this.#wake?.()
    this.#wake = undefined
  }

  /** All data that is there, as soon as there is any; undefined at the end. What came before a failure is given first. */
  async nextBatch(): Promise<Buffer[] | undefined> {
    while (this.#ready.length === 0) {
      if (this.#failure) throw this.#failure
      if (this.#done) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const batch = this.#ready
    this.#ready = []
    this.#queued = 0
    this.connection.resume()
    return batch
  }

  close(): void {
    this.#done = true
    this.connection.close()
    this.#wakeUp()
  }
}
