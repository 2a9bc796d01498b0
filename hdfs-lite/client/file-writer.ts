/**
 * Writes one file: cuts bytes into packets, blocks into pipelines, and goes on with the nodes that are left when one
 * fails (org.apache.hadoop.hdfs.{DFSOutputStream,DataStreamer}).
 *
 *   bytes -> current packet -> sent, not acknowledged -> acknowledged
 *                                   | pipeline breaks: the same packets again, in a pipeline without the bad node,
 *                                   | under a new generation stamp; or a new block, if nothing was sent yet
 */
import { exception, isException } from '../../common/errors.js'
import type { AddBlockFlagProto } from '../../common/proto/gen/client-namenode.js'
import type { DatanodeInfoProto, ExtendedBlockProto, LocatedBlockProto } from '../../common/proto/gen/hdfs.js'
import type { ClientProtocol } from '../../common/protocols/client-namenode.js'
import type { Proxy as RpcProxy } from '../../common/rpc/protocol.js'
import { replaceNode, wantsReplacement } from './replace-node.js'
import type { ChecksumSpec } from './transfer/checksum.js'
import type { Peer } from './transfer/connection.js'
import { OutgoingPacket } from './transfer/packet.js'
import { Pipeline, PipelineError, type PipelineSetup } from './transfer/pipeline.js'

export interface WriterSettings {
  readonly namenode: RpcProxy<ClientProtocol>
  readonly clientName: string
  readonly checksum: ChecksumSpec
  /** Bytes of data in a packet, at most. */
  readonly packetSize: number
  /** How many pipelines are tried for a new block. */
  readonly blockRetries: number
  readonly timeout: number
  readonly peerOf: (node: DatanodeInfoProto) => Peer
  readonly replaceNode: { readonly enabled: boolean; readonly policy: string; readonly bestEffort: boolean }
}

export interface WriterTarget {
  readonly src: string
  readonly fileId: number
  readonly blockSize: number
  readonly replication: number
  readonly syncBlock?: boolean | undefined
  readonly placement?: readonly AddBlockFlagProto[] | undefined
  /** Of an append: the file's last block, and whether it is taken up or only followed. */
  readonly lastBlock?: { readonly located: LocatedBlockProto; readonly resumed: boolean }
}

/** Bytes sent and not acknowledged. */
const WINDOW = 8 * 1024 * 1024
const FIRST_PACKET = 64 * 1024
/** Recoveries of one pipeline without an acknowledgement between them. */
const MAX_RECOVERIES = 5
/** How long the NameNode may take to hear of a block from its DataNodes. */
const PATIENCE = 25_000

/** The block that is being written. */
interface OpenBlock {
  block: ExtendedBlockProto
  located: LocatedBlockProto
  nodes: DatanodeInfoProto[]
  storageIds: string[]
  storageTypes: LocatedBlockProto['storageTypes']
}

const delay = (ms: number) => new Promise<void>((r) => setTimeout(r, ms))

export class FileWriter {
  #open: OpenBlock | undefined
  #pipeline: Pipeline | undefined
  /** The last block that was ended. */
  #previous: ExtendedBlockProto | undefined
  #current: OutgoingPacket | undefined
  readonly #unacked: OutgoingPacket[] = []
  #unackedBytes = 0
  #free: OutgoingPacket[] = []
  #seqno = 0
  /** Bytes of the open block that are in packets, and that are acknowledged. */
  #blockOffset = 0
  #acked = 0
  #recoveries = 0
  #recovering: Promise<void> = Promise.resolve()
  #persisted = false
  #flushed = false
  #failure: Error | undefined
  #waiters: (() => void)[] = []
  #closed = false
  #nextPacketSize = FIRST_PACKET
  /** All that was written so far. */
  position = 0
  /** Called once, when the file is complete or given up. */
  onEnd: (() => void) | undefined

  constructor(
    private readonly settings: WriterSettings,
    private readonly target: WriterTarget,
  ) {}

  /** Takes up the last block of a file that is appended to. */
  async resumeLastBlock(): Promise<void> {
    if (!this.target.lastBlock) return
    const { located, resumed } = this.target.lastBlock
    if (!resumed) {
      this.#previous = located.b
      return
    }
    const { namenode, clientName } = this.settings
    this.#adopt(located)
    this.#blockOffset = this.#acked = located.b.numBytes
    this.#flushed = true
    const renewed = (await namenode.updateBlockForPipeline({ block: located.b, clientName })).block
    try {
      this.#pipeline = await this.#connect('PIPELINE_SETUP_APPEND', renewed)
      await this.#updatePipeline(renewed.b.generationStamp)
    } catch (e) {
      if (!(e instanceof PipelineError)) throw e
      await this.#recover(e)
      if (this.#failure) throw this.#failure
    }
  }

  /** The bytes are copied: they may be changed afterwards. Waits while too much is unacknowledged. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const packet = this.#packet(bytes.length - at)
      const count = Math.min(bytes.length - at, packet.capacity - packet.length)
      packet.buffer.set(bytes.subarray(at, at + count), packet.dataAt + packet.length)
      packet.length += count
      at += count
      if (packet.length === packet.capacity) await this.#sendCurrent()
      else if (this.#failure) throw this.#failure
    }
  }

  /**
   * Lets `read` fill packets itself, until it says 0.
   * @param expected how many bytes there will be, as far as known
   */
  async fill(read: (buffer: Buffer, at: number, length: number) => Promise<number>, expected = Number.POSITIVE_INFINITY): Promise<void> {
    for (;;) {
      const packet = this.#packet(expected)
      const count = await read(packet.buffer, packet.dataAt + packet.length, packet.capacity - packet.length)
      if (count === 0) return
      packet.length += count
      expected = Math.max(expected - count, 1)
      if (packet.length === packet.capacity) await this.#sendCurrent()
    }
  }

  /** The packet that bytes go to. It ends at the block's end, and at the chunk's if the last one was cut short. */
  #packet(expected: number): OutgoingPacket {
    if (this.#current) return this.#current
    const { bytesPerChecksum } = this.settings.checksum
    const inChunk = this.#blockOffset % bytesPerChecksum
    const room = this.target.blockSize - this.#blockOffset
    let size = inChunk > 0 ? bytesPerChecksum - inChunk : Math.min(this.settings.packetSize, room)
    if (inChunk === 0 && size > this.#nextPacketSize && expected < size) {
      size = Math.min(size, Math.max(this.#nextPacketSize, Math.ceil(expected / bytesPerChecksum) * bytesPerChecksum))
    }
    this.#nextPacketSize = Math.min(this.#nextPacketSize * 4, this.settings.packetSize)
    const reused = size === this.settings.packetSize ? this.#free.pop() : undefined
    reused?.reset()
    this.#current = reused ?? new OutgoingPacket(size)
    return this.#current
  }

  async #sendCurrent(sync = false): Promise<void> {
    const packet = this.#current
    if (!packet) return
    this.#current = undefined
    packet.sync = sync
    await this.#send(packet)
    if (this.#blockOffset === this.target.blockSize) await this.#endBlock()
  }

  async #send(packet: OutgoingPacket): Promise<void> {
    if (this.#failure) throw this.#failure
    if (!this.#open) await this.#nextBlock()
    await this.#until(() => this.#unackedBytes < WINDOW)
    packet.offsetInBlock = this.#blockOffset
    packet.seqno = this.#seqno++
    this.#blockOffset += packet.length
    this.position += packet.length
    this.#unacked.push(packet)
    this.#unackedBytes += packet.length
    // During a recovery the packet goes out with the others.
    this.#pipeline?.send(packet)
  }

  async #endBlock(): Promise<void> {
    // Several nodes must not disagree on whether the block is finished when one of them fails.
    if (this.#open!.nodes.length > 1) await this.#until(() => this.#unacked.length === 0)
    const last = new OutgoingPacket(0)
    last.last = true
    last.sync = this.target.syncBlock ?? false
    await this.#send(last)
    await this.#until(() => this.#unacked.length === 0)
    this.#pipeline?.close()
    this.#pipeline = undefined
    this.#previous = { ...this.#open!.block, numBytes: this.#blockOffset }
    this.#open = undefined
    this.#blockOffset = this.#acked = 0
    this.#persisted = false
    this.#flushed = false
    this.#recoveries = 0
  }

  async #nextBlock(): Promise<void> {
    const { namenode, clientName, blockRetries } = this.settings
    const { src, fileId } = this.target
    const excludeNodes: DatanodeInfoProto[] = []
    for (let attempt = 0; ; attempt++) {
      const located = await this.#patiently(
        async () =>
          (await namenode.addBlock({ src, clientName, previous: this.#previous, excludeNodes, fileId, favoredNodes: [], flags: this.target.placement ?? [] }))
            .block,
        (e) => isException(e, 'NotReplicatedYetException'),
      )
      this.#adopt(located)
      try {
        this.#pipeline = await this.#connect('PIPELINE_SETUP_CREATE')
        return
      } catch (e) {
        this.#open = undefined
        if (!(e instanceof PipelineError)) throw e
        await namenode.abandonBlock({ b: located.b, src, holder: clientName, fileId })
        if (attempt >= blockRetries) throw exception('IOException', `Unable to create new block. ${e.message}`, { cause: e })
        excludeNodes.push(located.locs[e.badIndex] ?? located.locs[0]!)
      }
    }
  }

  #adopt(located: LocatedBlockProto): void {
    if (located.locs.length === 0) throw exception('IOException', `no DataNode was given for block ${located.b.blockId} of ${this.target.src}`)
    this.#open = {
      block: located.b,
      located,
      nodes: [...located.locs],
      storageIds: [...located.storageIDs],
      storageTypes: [...located.storageTypes],
    }
  }

  /** @param renewed what updateBlockForPipeline gave, in a recovery or an append */
  #connect(stage: PipelineSetup['stage'], renewed?: LocatedBlockProto): Promise<Pipeline> {
    const open = this.#open!
    return Pipeline.open({
      ...open,
      block: { ...open.block, numBytes: this.target.blockSize },
      token: (renewed ?? open.located).blockToken,
      clientName: this.settings.clientName,
      stage,
      newGenerationStamp: renewed?.b.generationStamp ?? 0,
      minBytesReceived: this.#acked,
      maxBytesReceived: this.#blockOffset,
      checksum: this.settings.checksum,
      timeout: this.settings.timeout,
      peerOf: this.settings.peerOf,
      onAck: (seqno) => this.#acknowledged(seqno),
      onFailure: (e) => this.#broken(e),
    })
  }

  #acknowledged(seqno: number): void {
    const packet = this.#unacked[0]
    if (packet?.seqno !== seqno) {
      this.#pipeline?.close()
      return this.#broken(new PipelineError(`packet ${seqno} was acknowledged instead of ${packet?.seqno ?? 'none'}`, 0))
    }
    this.#unacked.shift()
    this.#unackedBytes -= packet.length
    this.#acked = packet.offsetInBlock + packet.length
    this.#recoveries = 0
    if (packet.capacity === this.settings.packetSize && this.#free.length < 4) this.#free.push(packet)
    this.#wake()
  }

  /** A new pipeline may break as well before the last recovery is through with it. */
  #broken(error: PipelineError): void {
    this.#recovering = this.#recovering.then(() => this.#recover(error))
  }

  /** Never throws: what can't be mended becomes the failure of all that waits. */
  async #recover(error: PipelineError): Promise<void> {
    this.#pipeline = undefined
    try {
      for (let broken: PipelineError | undefined = error; broken && !this.#closed; ) broken = await this.#recoverOnce(broken)
    } catch (e) {
      this.#fail(e as Error)
    }
    this.#wake()
  }

  /** @returns what broke the next pipeline, if it did not come about */
  async #recoverOnce(error: PipelineError): Promise<PipelineError | undefined> {
    const open = this.#open!
    const { namenode, clientName } = this.settings
    if (++this.#recoveries > MAX_RECOVERIES) {
      throw exception('IOException', `Failing write. Tried pipeline recovery ${MAX_RECOVERIES} times without success. ${error.message}`, { cause: error })
    }
    const index = Math.min(error.badIndex, open.nodes.length - 1)
    const [bad] = open.nodes.splice(index, 1)
    open.storageIds.splice(index, 1)
    open.storageTypes.splice(index, 1)
    if (open.nodes.length === 0) {
      throw exception('IOException', `All datanodes [${describe(bad!, error)}] are bad. Aborting...`, { cause: error })
    }
    const writing = { ...this.target, acked: this.#acked, excluded: [bad!] }
    if (wantsReplacement(this.settings.replaceNode, this.target.replication, open.nodes.length, this.#flushed)) {
      await replaceNode(this.settings, writing, open)
    }
    const renewed = (await namenode.updateBlockForPipeline({ block: { ...open.block, numBytes: this.#acked }, clientName })).block
    const closing = this.#unacked[0]?.last === true
    try {
      const pipeline = await this.#connect(closing ? 'PIPELINE_CLOSE_RECOVERY' : 'PIPELINE_SETUP_STREAMING_RECOVERY', renewed)
      await this.#updatePipeline(renewed.b.generationStamp)
      if (closing) {
        // The nodes finished the block themselves.
        pipeline.close()
        this.#unackedBytes -= this.#unacked.shift()!.length
        return undefined
      }
      this.#pipeline = pipeline
      for (const packet of this.#unacked) pipeline.send(packet)
      return undefined
    } catch (e) {
      if (!(e instanceof PipelineError)) throw e
      return e
    }
  }

  async #updatePipeline(generationStamp: number): Promise<void> {
    const open = this.#open!
    const newBlock = { ...open.block, generationStamp, numBytes: this.#acked }
    await this.settings.namenode.updatePipeline({
      clientName: this.settings.clientName,
      oldBlock: { ...open.block, numBytes: this.#acked },
      newBlock,
      newNodes: open.nodes.map((n) => n.id),
      storageIDs: open.storageIds,
    })
    open.block = newBlock
  }

  /**
   * What was written is with the DataNodes, and readers see it.
   * @param toDisk it is on their disks as well
   */
  async flush(toDisk = false): Promise<void> {
    if (this.#failure) throw this.#failure
    if (this.#current && this.#current.length > 0) await this.#sendCurrent(toDisk)
    else if (toDisk && this.#open) {
      const empty = new OutgoingPacket(0)
      empty.sync = true
      await this.#send(empty)
    }
    this.#flushed = true
    await this.#until(() => this.#unacked.length === 0)
    if (this.#persisted || !this.#open) return
    this.#persisted = true
    const { src, fileId } = this.target
    await this.settings.namenode.fsync({ src, client: this.settings.clientName, fileId })
  }

  async close(): Promise<void> {
    const { namenode, clientName } = this.settings
    const { src, fileId } = this.target
    if (this.#current && this.#current.length > 0) await this.#sendCurrent()
    if (this.#open) await this.#endBlock()
    this.#closed = true
    const complete = async () => {
      if (!(await namenode.complete({ src, clientName, last: this.#previous, fileId })).result) throw new NotYet()
    }
    try {
      await this.#patiently(complete, (e) => e instanceof NotYet)
    } catch (e) {
      if (!(e instanceof NotYet)) throw e
      throw exception('IOException', `Unable to close file because the last block ${this.#previous?.blockId} does not have enough number of replicas.`)
    }
    this.#end()
  }

  /** Lets go of everything; the file stays as the NameNode knows it, until its lease is recovered. */
  abort(): void {
    this.#closed = true
    this.#pipeline?.close()
    this.#pipeline = undefined
    this.#fail(new Error(`writing ${this.target.src} was given up`))
    this.#end()
  }

  #end(): void {
    this.onEnd?.()
    this.onEnd = undefined
  }

  /** The NameNode hears of blocks from DataNodes, within moments: asks again soon, then less often. */
  async #patiently<T>(attempt: () => Promise<T>, again: (e: unknown) => boolean): Promise<T> {
    const until = Date.now() + PATIENCE
    for (let wait = 5; ; wait = Math.min(wait * 2, 1000)) {
      try {
        return await attempt()
      } catch (e) {
        if (!again(e) || Date.now() > until) throw e
      }
      await delay(wait)
    }
  }

  #fail(e: Error): void {
    this.#failure ??= e
    this.#wake()
  }

  #wake(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const w of waiters) w()
  }

  async #until(condition: () => boolean): Promise<void> {
    for (;;) {
      if (this.#failure) throw this.#failure
      if (condition()) return
      await new Promise<void>((r) => this.#waiters.push(r))
    }
  }
}

class NotYet extends Error {}

function describe({ id }: DatanodeInfoProto, error: PipelineError): string {
  return `${id.ipAddr}:${id.xferPort} (${error.message})`
}
