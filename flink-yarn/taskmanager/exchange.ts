/** Carries channels between the slots of this TaskManager, and between them and other TaskManagers over TCP. */
import { randomBytes } from 'node:crypto'
import net from 'node:net'
import {
  ExchangeError,
  ExchangeParser,
  FRAME,
  type Frame,
  MAGIC,
  NONCE_LENGTH,
  PROOF_LENGTH,
  type Prelude,
  creditFrame,
  creditOf,
  frameHead,
  proof,
  proves,
} from './exchange-framing.js'
import { type FromSlot, type ToSlot, producerOf } from './messages.js'

/** A slot's thread, as far as the exchange is concerned. */
export interface SlotPort {
  post(message: ToSlot, transfer?: ArrayBuffer[]): void
}

export interface ExchangeOptions {
  readonly resourceId: string
  readonly secret: Uint8Array
  readonly onProblem: (what: string) => void
  /** Milliseconds that a consumer waits for its producer to be deployed. */
  readonly partitionTimeout?: number
}

type Consumer = SlotPort | Peer

const HELLO_LENGTH = MAGIC.length + NONCE_LENGTH

/** A connection to or from another TaskManager. */
class Peer {
  #socket: net.Socket
  #ready = false
  #waiting: Buffer[] = []
  readonly name: string

  constructor(
    socket: net.Socket,
    name: string,
    client: boolean,
    secret: Uint8Array,
    onFrame: (peer: Peer, frame: Frame) => void,
    onClose: (peer: Peer, reason: string) => void,
  ) {
    this.#socket = socket
    this.name = name
    const nonce = randomBytes(NONCE_LENGTH)
    const refuse = () => {
      throw new ExchangeError('the peer does not know the secret of this cluster')
    }
    const nonceOf = (hello: Buffer) => {
      if (!hello.subarray(0, MAGIC.length).equals(MAGIC)) throw new ExchangeError('the peer does not speak the exchange protocol of this version')
      return hello.subarray(MAGIC.length, HELLO_LENGTH)
    }
    const greeting: Prelude = {
      length: HELLO_LENGTH,
      handle: (hello) => void socket.write(Buffer.concat([MAGIC, nonce, proof(secret, 'client', nonceOf(hello))])),
    }
    const welcome: Prelude = {
      length: PROOF_LENGTH,
      handle: (given) => (proves(given, secret, 'server', nonce) ? this.#open() : refuse()),
    }
    const introduction: Prelude = {
      length: HELLO_LENGTH + PROOF_LENGTH,
      handle: (hello) => {
        const theirs = nonceOf(hello)
        if (!proves(hello.subarray(HELLO_LENGTH), secret, 'client', nonce)) refuse()
        socket.write(proof(secret, 'server', theirs))
        this.#open()
      },
    }
    const parser = new ExchangeParser(client ? [greeting, welcome] : [introduction], (frame) => onFrame(this, frame))
    let reason = 'Connection unexpectedly closed by remote task manager'
    socket.setNoDelay(true)
    if (!client) socket.write(Buffer.concat([MAGIC, nonce]))
    socket.on('data', (chunk) => {
      try {
        parser.push(chunk)
      } catch (e) {
        reason = (e as Error).message
        socket.destroy()
      }
    })
    socket.on('error', (e) => {
      reason = e.message
    })
    socket.on('close', () => onClose(this, reason))
  }

  #open(): void {
    this.#ready = true
    for (const bytes of this.#waiting) this.#socket.write(bytes)
    this.#waiting = []
  }

  send(head: Buffer, body?: Uint8Array): void {
    if (!this.#ready) {
      this.#waiting.push(head, ...(body ? [Buffer.from(body)] : []))
      return
    }
    if (body === undefined || body.length === 0) {
      this.#socket.write(head)
      return
    }
    this.#socket.cork()
    this.#socket.write(head)
    this.#socket.write(body)
    this.#socket.uncork()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

interface Early {
  credits: number
  readonly timer: NodeJS.Timeout
}

const PARTITION_TIMEOUT = 30_000

export class Exchange {
  readonly #options: ExchangeOptions
  readonly #server: net.Server
  /** Execution -> the slot that runs it. */
  readonly #executions = new Map<string, SlotPort>()
  /** Channels produced here -> who consumes them. */
  readonly #consumers = new Map<string, Consumer>()
  /** Channels consumed here and produced elsewhere -> the slot, and the connection that they come by. */
  readonly #incoming = new Map<string, { readonly slot: SlotPort; readonly peer: Peer }>()
  /** Asked for before the producer was deployed here. */
  readonly #early = new Map<string, Early>()
  readonly #outbound = new Map<string, Peer>()
  readonly #peers = new Set<Peer>()

  constructor(options: ExchangeOptions) {
    this.#options = options
    this.#server = net.createServer((socket) => this.#peer(socket, `${socket.remoteAddress}:${socket.remotePort}`, false))
  }

  /** @returns the port, chosen by the system when 0 was given */
  async listen(port: number, host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, resolve)
    })
    return (this.#server.address() as net.AddressInfo).port
  }

  close(): void {
    this.#server.close()
    for (const p of this.#peers) p.destroy()
    for (const e of this.#early.values()) clearTimeout(e.timer)
  }

  #peer(socket: net.Socket, name: string, client: boolean): Peer {
    const peer = new Peer(
      socket,
      name,
      client,
      this.#options.secret,
      (p, frame) => this.#frame(p, frame),
      (p, reason) => this.#closed(p, reason),
    )
    this.#peers.add(peer)
    return peer
  }

  /** Makes an execution's channels known; consumers that asked before get what they asked for. */
  deployed(executionId: string, slot: SlotPort): void {
    this.#executions.set(executionId, slot)
    for (const [channel, early] of this.#early) {
      if (producerOf(channel) !== executionId) continue
      clearTimeout(early.timer)
      this.#early.delete(channel)
      slot.post({ type: 'credit', channel, credits: early.credits })
    }
  }

  /** Forgets all that ran in a slot. */
  released(slot: SlotPort): void {
    const gone = new Set([...this.#executions].filter(([, s]) => s === slot).map(([id]) => id))
    for (const id of gone) this.#executions.delete(id)
    for (const [channel, consumer] of this.#consumers) if (consumer === slot || gone.has(producerOf(channel))) this.#consumers.delete(channel)
    for (const [channel, { slot: s }] of this.#incoming) if (s === slot) this.#incoming.delete(channel)
  }

  /** A message of a slot that is for the exchange. */
  fromSlot(slot: SlotPort, m: Exclude<FromSlot, { type: 'state' }>): void {
    switch (m.type) {
      case 'request':
        return this.#request(slot, m)
      case 'credit': {
        const remote = this.#incoming.get(m.channel)
        if (remote) remote.peer.send(creditFrame(FRAME.credit, m.channel, m.credits))
        else this.#executions.get(producerOf(m.channel))?.post({ type: 'credit', channel: m.channel, credits: m.credits })
        return
      }
      case 'data': {
        const consumer = this.#consumers.get(m.channel)
        if (consumer instanceof Peer) consumer.send(frameHead(FRAME.data, m.channel, m.bytes.length), m.bytes)
        else consumer?.post(m, [m.bytes.buffer as ArrayBuffer])
        return
      }
      case 'end': {
        const consumer = this.#consumers.get(m.channel)
        if (consumer instanceof Peer) consumer.send(frameHead(FRAME.end, m.channel, 0))
        // A consumer that has not asked yet is told when it does: a producer only ends after all was taken.
        else consumer?.post(m)
        return
      }
    }
  }

  #request(slot: SlotPort, m: FromSlot & { type: 'request' }): void {
    if (m.resourceId === this.#options.resourceId) return this.#subscribe(m.channel, slot, m.credits)
    const peer = this.#connection(m.host, m.dataPort)
    this.#incoming.set(m.channel, { slot, peer })
    peer.send(creditFrame(FRAME.request, m.channel, m.credits))
  }

  #subscribe(channel: string, consumer: Consumer, credits: number): void {
    this.#consumers.set(channel, consumer)
    const producer = this.#executions.get(producerOf(channel))
    if (producer) return producer.post({ type: 'credit', channel, credits })
    const timer = setTimeout(() => {
      this.#early.delete(channel)
      const reason = `Partition ${producerOf(channel)} not found.`
      if (consumer instanceof Peer) consumer.send(frameHead(FRAME.lost, channel, reason.length), Buffer.from(reason))
      else consumer.post({ type: 'lost', channel, reason })
    }, this.#options.partitionTimeout ?? PARTITION_TIMEOUT)
    timer.unref()
    this.#early.set(channel, { credits, timer })
  }

  #connection(host: string, port: number): Peer {
    const name = `${host}:${port}`
    const known = this.#outbound.get(name)
    if (known) return known
    const peer = this.#peer(net.connect({ host, port }), name, true)
    this.#outbound.set(name, peer)
    return peer
  }

  #frame(peer: Peer, frame: Frame): void {
    switch (frame.type) {
      case FRAME.request:
        return this.#subscribe(frame.channel, peer, creditOf(frame))
      case FRAME.credit:
        this.#executions.get(producerOf(frame.channel))?.post({ type: 'credit', channel: frame.channel, credits: creditOf(frame) })
        return
      case FRAME.data: {
        const incoming = this.#incoming.get(frame.channel)
        if (incoming) incoming.slot.post({ type: 'data', channel: frame.channel, bytes: frame.body }, [frame.body.buffer as ArrayBuffer])
        return
      }
      case FRAME.end: {
        this.#incoming.get(frame.channel)?.slot.post({ type: 'end', channel: frame.channel })
        this.#incoming.delete(frame.channel)
        return
      }
      case FRAME.lost: {
        this.#incoming.get(frame.channel)?.slot.post({ type: 'lost', channel: frame.channel, reason: frame.body.toString('utf8') })
        this.#incoming.delete(frame.channel)
        return
      }
    }
  }

  #closed(peer: Peer, reason: string): void {
    this.#peers.delete(peer)
    if (this.#outbound.get(peer.name) === peer) this.#outbound.delete(peer.name)
    for (const [channel, consumer] of this.#consumers) if (consumer === peer) this.#consumers.delete(channel)
    const lost = [...this.#incoming].filter(([, i]) => i.peer === peer)
    for (const [channel, { slot }] of lost) {
      this.#incoming.delete(channel)
      const text = `${reason} '${peer.name}'. This might indicate that the remote task manager was lost.`
      slot.post({ type: 'lost', channel, reason: text })
    }
    if (lost.length > 0) this.#options.onProblem(`exchange with ${peer.name}: ${reason}`)
  }
}
