/** Reads a range of a file: from the nearest replica of each block, and from another one when that fails. */
import { exception } from '../../common/errors.js'
import type { DatanodeInfoProto, LocatedBlockProto } from '../../common/proto/gen/hdfs.js'
import type { ClientProtocol } from '../../common/protocols/client-namenode.js'
import type { Proxy as RpcProxy } from '../../common/rpc/protocol.js'
import { BlockReader, ChecksumError } from './transfer/block-reader.js'
import { type Peer, TransferError } from './transfer/connection.js'

export interface ReaderSettings {
  readonly namenode: RpcProxy<ClientProtocol>
  readonly clientName: string
  readonly timeout: number
  /** Rounds over all replicas of a block before it counts as missing. */
  readonly maxFailures: number
  readonly verify: boolean
  readonly peerOf: (node: DatanodeInfoProto) => Peer
  /** The length of a replica that is being written, as its DataNode knows it. */
  readonly visibleLength: (block: LocatedBlockProto) => Promise<number>
}

/** Locations are asked for in pieces: a file may have a hundred thousand blocks. */
const PREFETCH = 1280 * 1024 * 1024

const delay = (ms: number) => new Promise<void>((r) => setTimeout(r, ms))

export class FileReader {
  #blocks: LocatedBlockProto[] = []
  #length: number | undefined
  #reader: BlockReader | undefined
  #reading: { block: LocatedBlockProto; node: DatanodeInfoProto } | undefined
  #dead = new Set<string>()
  #failures = 0
  #lastFailure: Error | undefined
  #closed = false
  position: number

  /** @param end exclusive; the file's end when it is beyond */
  constructor(
    private readonly settings: ReaderSettings,
    readonly src: string,
    start = 0,
    private readonly end = Number.POSITIVE_INFINITY,
  ) {
    this.position = start
  }

  /** Asks for the file's blocks. @throws HadoopException FileNotFoundException and others of the NameNode's */
  async open(): Promise<this> {
    await this.#locate()
    return this
  }

  /** The file's length when it was opened. */
  get length(): number {
    return this.#length ?? 0
  }

  async #locate(): Promise<void> {
    const length = Math.min(Math.max(this.end - this.position, 1), PREFETCH)
    const { locations } = await this.settings.namenode.getBlockLocations({ src: this.src, offset: this.position, length })
    if (!locations) throw exception('FileNotFoundException', `File does not exist: ${this.src}`)
    this.#blocks = locations.blocks
    this.#length = locations.fileLength
    const last = locations.lastBlock
    if (locations.underConstruction && !locations.isLastBlockComplete && last && last.locs.length > 0) {
      const visible = await this.settings.visibleLength(last)
      this.#length = last.offset + visible
      this.#blocks = [...this.#blocks.filter((b) => b.offset !== last.offset), { ...last, b: { ...last.b, numBytes: visible } }]
    }
  }

  /** The data that follows, as it came; undefined at the end. The buffers are the caller's. */
  async nextBatch(): Promise<Buffer[] | undefined> {
    for (;;) {
      if (this.#closed || this.position >= Math.min(this.end, this.length)) return undefined
      try {
        this.#reader ??= await this.#openBlock()
        const batch = await this.#reader.nextBatch()
        if (batch) {
          for (const b of batch) this.position += b.length
          this.#failures = 0
          return batch
        }
        this.#reader = undefined
      } catch (e) {
        await this.#failed(e as Error)
      }
    }
  }

  async #openBlock(): Promise<BlockReader> {
    const at = this.position
    const covers = (b: LocatedBlockProto) => at >= b.offset && at < b.offset + b.b.numBytes
    if (!this.#blocks.some(covers)) await this.#locate()
    const block = this.#blocks.find(covers)
    if (!block) throw exception('EOFException', `no block of ${this.src} holds offset ${at}, of ${this.length} bytes`)
    const node = block.locs.find((n) => !this.#dead.has(n.id.datanodeUuid))
    if (!node) throw new NoReplica(block)
    this.#reading = { block, node }
    const offset = at - block.offset
    return BlockReader.open({
      peer: this.settings.peerOf(node),
      block,
      clientName: this.settings.clientName,
      offset,
      length: Math.min(block.b.numBytes, this.end - block.offset) - offset,
      verify: this.settings.verify,
      timeout: this.settings.timeout,
    })
  }

  /** Passes over the node that failed; with none left, asks the NameNode anew. @throws when that didn't help either */
  async #failed(e: Error): Promise<void> {
    this.#reader?.close()
    this.#reader = undefined
    if (e instanceof ChecksumError || e instanceof TransferError) {
      this.#lastFailure = e
      const { block, node } = this.#reading!
      this.#dead.add(node.id.datanodeUuid)
      if (e instanceof ChecksumError) await this.#report(block, node)
      return
    }
    if (!(e instanceof NoReplica)) throw e
    if (++this.#failures >= this.settings.maxFailures || e.block.corrupt) throw this.#missing(e.block)
    await delay(100 * this.#failures)
    this.#dead.clear()
    await this.#locate()
  }

  #missing(block: LocatedBlockProto): Error {
    if (this.#lastFailure instanceof ChecksumError) return this.#lastFailure
    const name = `${block.b.poolId}:blk_${block.b.blockId}_${block.b.generationStamp}`
    const reason = this.#lastFailure ? ` (${this.#lastFailure.message})` : ' (no DataNode has it)'
    return exception('BlockMissingException', `Could not obtain block: ${name} file=${this.src}${reason}`, { cause: this.#lastFailure })
  }

  /** So that the NameNode replaces the bad replica; that it can't be told takes nothing from the reading. */
  async #report(block: LocatedBlockProto, node: DatanodeInfoProto): Promise<void> {
    const index = block.locs.indexOf(node)
    await this.settings.namenode
      .reportBadBlocks({
        blocks: [{ ...block, locs: [node], storageTypes: block.storageTypes.slice(index, index + 1), storageIDs: block.storageIDs.slice(index, index + 1) }],
      })
      .catch(() => {})
  }

  close(): void {
    this.#closed = true
    this.#reader?.close()
  }
}

class NoReplica extends Error {
  constructor(readonly block: LocatedBlockProto) {
    super(`no replica of block ${block.b.blockId} can be read`)
  }
}
