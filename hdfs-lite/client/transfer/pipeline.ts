/** A chain of DataNodes that one block is written through: packets go to the first, acknowledgements of all come back from it. */
import { BlockOpResponseProto, OpWriteBlockProto, type OpWriteBlockProtoInit, PipelineAckProto } from '../../../common/proto/gen/data-transfer.js'
import type { DatanodeInfoProto, ExtendedBlockProto, LocatedBlockProto } from '../../../common/proto/gen/hdfs.js'
import type { ChecksumSpec } from './checksum.js'
import { DataNodeConnection, OP, type Peer, type TransferError } from './connection.js'
import { OutgoingPacket } from './packet.js'

export const HEARTBEAT_SEQNO = -1

/** A pipeline broke. `badIndex`: the node that is to be left out, where that is known. */
export class PipelineError extends Error {
  override name = 'PipelineError'
  constructor(
    message: string,
    readonly badIndex: number,
  ) {
    super(message)
  }
}

export interface PipelineSetup {
  readonly nodes: readonly DatanodeInfoProto[]
  readonly storageTypes: LocatedBlockProto['storageTypes']
  readonly storageIds: readonly string[]
  readonly block: ExtendedBlockProto
  readonly token: LocatedBlockProto['blockToken']
  readonly clientName: string
  readonly stage: OpWriteBlockProtoInit['stage']
  /** Of a recovery or an append; 0 otherwise. */
  readonly newGenerationStamp: number
  readonly minBytesReceived: number
  readonly maxBytesReceived: number
  readonly checksum: ChecksumSpec
  readonly timeout: number
  readonly peerOf: (node: DatanodeInfoProto) => Peer
  readonly onAck: (seqno: number) => void
  readonly onFailure: (e: PipelineError) => void
}

export class Pipeline {
  #heartbeat: NodeJS.Timeout | undefined
  #lastSent = Date.now()
  #closed = false

  private constructor(
    private readonly connection: DataNodeConnection,
    readonly setup: PipelineSetup,
  ) {
    connection.receive(
      (buffer, at, end) => this.#consume(buffer, at, end),
      (e) => this.#fail(new PipelineError(e.message, 0)),
    )
    const interval = setup.timeout / 2
    this.#heartbeat = setInterval(() => {
      if (Date.now() - this.#lastSent >= interval) this.#sendHeartbeat()
    }, interval)
    this.#heartbeat.unref()
  }

  /** @throws PipelineError when a node can't be reached or refuses */
  static async open(setup: PipelineSetup): Promise<Pipeline> {
    const [first, ...targets] = setup.nodes
    // Later nodes need time of their own to be reached.
    const timeout = setup.timeout + 5_000 * setup.nodes.length
    let connection: DataNodeConnection
    let response: BlockOpResponseProto
    try {
      connection = await DataNodeConnection.open(setup.peerOf(first!), timeout)
      connection.request(OP.WRITE_BLOCK, OpWriteBlockProto, {
        header: { baseHeader: { block: setup.block, token: setup.token }, clientName: setup.clientName },
        targets,
        stage: setup.stage,
        pipelineSize: setup.nodes.length,
        minBytesRcvd: setup.minBytesReceived,
        maxBytesRcvd: setup.maxBytesReceived,
        latestGenerationStamp: setup.newGenerationStamp,
        requestedChecksum: setup.checksum,
        cachingStrategy: {},
        storageType: setup.storageTypes[0] ?? 'DISK',
        targetStorageTypes: setup.storageTypes.slice(1, setup.nodes.length),
        allowLazyPersist: false,
        pinning: false,
        targetPinnings: setup.nodes.map(() => false),
        storageId: setup.storageIds[0],
        targetStorageIds: setup.storageIds.slice(1, setup.nodes.length),
      })
      response = await connection.message(BlockOpResponseProto)
    } catch (e) {
      throw new PipelineError((e as TransferError).message, 0)
    }
    if (response.status !== 'SUCCESS') {
      connection.close()
      const bad = badLink(setup, response.firstBadLink ?? '')
      throw new PipelineError(
        `${connection.name} refused the block: ${response.message || response.status}${bad < 0 ? '' : `, first bad link ${response.firstBadLink}`}`,
        Math.max(bad, 0),
      )
    }
    return new Pipeline(connection, setup)
  }

  #consume(buffer: Buffer, at: number, end: number): { at: number; need: number } {
    while (at < end) {
      const length = buffer[at]!
      // An acknowledgement of more than 127 bytes would be one of dozens of nodes; its length then takes two bytes.
      const long = length > 127
      if (long && end - at < 2) return { at, need: 2 }
      const size = long ? (length & 127) | (buffer[at + 1]! << 7) : length
      const from = at + (long ? 2 : 1)
      if (end - from < size) return { at, need: from - at + size }
      this.#ack(PipelineAckProto.decode(buffer.subarray(from, from + size)))
      at = from + size
    }
    return { at, need: 1 }
  }

  #ack(ack: PipelineAckProto): void {
    if (this.#closed) return
    const bad = ack.reply.findIndex((r) => r !== 'SUCCESS')
    if (bad >= 0) {
      const node = this.setup.nodes[bad]
      return this.#fail(new PipelineError(`${node ? `DataNode ${node.id.ipAddr}:${node.id.xferPort}` : 'a DataNode'} answered ${ack.reply[bad]}`, bad))
    }
    if (ack.seqno !== HEARTBEAT_SEQNO) this.setup.onAck(ack.seqno)
  }

  send(packet: OutgoingPacket): void {
    this.#lastSent = Date.now()
    this.connection.write(packet.seal(this.setup.checksum))
  }

  #sendHeartbeat(): void {
    const packet = new OutgoingPacket(0)
    packet.seqno = HEARTBEAT_SEQNO
    this.send(packet)
  }

  #fail(e: PipelineError): void {
    if (this.#closed) return
    this.close()
    this.setup.onFailure(e)
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#heartbeat)
    this.connection.close()
  }
}

/** @returns the index of the node that the answer names, by address or by host; -1 when it names none */
function badLink(setup: PipelineSetup, link: string): number {
  return link === '' ? -1 : setup.nodes.findIndex(({ id }) => [`${id.ipAddr}:${id.xferPort}`, `${id.hostName}:${id.xferPort}`].includes(link))
}
