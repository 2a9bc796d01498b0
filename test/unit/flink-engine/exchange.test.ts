import net from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Exchange, type SlotPort } from '../../../flink-yarn/taskmanager/exchange.js'
import { ExchangeParser, FRAME, type Frame, MAX_FRAME, creditFrame, creditOf, frameHead } from '../../../flink-yarn/taskmanager/exchange-framing.js'
import type { ToSlot } from '../../../flink-yarn/taskmanager/messages.js'

const secret = Buffer.from('the secret of the cluster')
const CHANNEL = 'aa:0:1'

class Slot implements SlotPort {
  readonly got: ToSlot[] = []
  post(message: ToSlot): void {
    this.got.push(message)
  }
}

describe('exchange frames', () => {
  const bytes = Buffer.concat([creditFrame(FRAME.request, CHANNEL, 4), frameHead(FRAME.data, CHANNEL, 3), Buffer.from('abc'), frameHead(FRAME.end, CHANNEL, 0)])
  const parse = (chunks: Buffer[]) => {
    const frames: Frame[] = []
    const parser = new ExchangeParser([], (f) => frames.push(f))
    for (const c of chunks) parser.push(c)
    return frames
  }

  it('are the same however they are cut', () => {
    const whole = parse([bytes])
    expect(whole.map((f) => [f.type, f.channel, f.body.length])).toEqual([
      [FRAME.request, CHANNEL, 4],
      [FRAME.data, CHANNEL, 3],
      [FRAME.end, CHANNEL, 0],
    ])
    expect(creditOf(whole[0]!)).toBe(4)
    expect(parse([...bytes].map((b) => Buffer.of(b)))).toEqual(whole)
  })

  it('are refused when they lie about their length or type', () => {
    const long = Buffer.alloc(4)
    long.writeUInt32BE(MAX_FRAME + 1)
    expect(() => parse([long])).toThrow(`a frame of ${MAX_FRAME + 1} bytes`)
    expect(() => parse([Buffer.from([0, 0, 0, 1, 0])])).toThrow('a frame of 1 bytes')
    expect(() => parse([Buffer.from([0, 0, 0, 2, 99, 0])])).toThrow('a frame of type 99')
    expect(() => parse([Buffer.from([0, 0, 0, 2, 1, 200])])).toThrow('a frame of type 1')
  })
})

describe('the exchange', () => {
  const open: { close(): void }[] = []
  afterEach(() => {
    for (const e of open.splice(0)) e.close()
  })
  const start = async (resourceId: string, key: Uint8Array = secret, partitionTimeout?: number) => {
    const exchange = new Exchange({ resourceId, secret: key, onProblem: () => {}, ...(partitionTimeout !== undefined && { partitionTimeout }) })
    open.push(exchange)
    return { exchange, port: await exchange.listen(0, '127.0.0.1') }
  }
  const request = (port: number, resourceId = 'producer') =>
    ({ type: 'request', executionId: 'bb', channel: CHANNEL, resourceId, host: '127.0.0.1', dataPort: port, credits: 2 }) as const

  it('carries credit one way and buffers the other, between two TaskManagers', async () => {
    const [a, b] = await Promise.all([start('producer'), start('consumer')])
    const [from, to] = [new Slot(), new Slot()]
    a.exchange.deployed('aa', from)
    b.exchange.fromSlot(to, request(a.port))
    await vi.waitFor(() => expect(from.got).toEqual([{ type: 'credit', channel: CHANNEL, credits: 2 }]))
    a.exchange.fromSlot(from, { type: 'data', channel: CHANNEL, bytes: new Uint8Array([1, 2, 3]) })
    a.exchange.fromSlot(from, { type: 'end', channel: CHANNEL })
    await vi.waitFor(() => expect(to.got.map((m) => m.type)).toEqual(['data', 'end']))
    expect([...(to.got[0] as ToSlot & { type: 'data' }).bytes]).toEqual([1, 2, 3])
  })

  it('keeps what a consumer asks for until its producer is deployed', async () => {
    const a = await start('producer')
    const [from, to] = [new Slot(), new Slot()]
    a.exchange.fromSlot(to, request(a.port))
    a.exchange.deployed('aa', from)
    expect(from.got).toEqual([{ type: 'credit', channel: CHANNEL, credits: 2 }])
    a.exchange.fromSlot(from, { type: 'data', channel: CHANNEL, bytes: new Uint8Array([7]) })
    expect(to.got).toHaveLength(1)
  })

  it('tells a consumer whose producer never comes', async () => {
    const [a, b] = await Promise.all([start('producer', secret, 5), start('consumer')])
    const to = new Slot()
    b.exchange.fromSlot(to, request(a.port))
    await vi.waitFor(() => expect(to.got).toEqual([{ type: 'lost', channel: CHANNEL, reason: 'Partition aa not found.' }]))
  })

  it('tells a consumer whose producer is lost', async () => {
    const [a, b] = await Promise.all([start('producer'), start('consumer')])
    const [from, to] = [new Slot(), new Slot()]
    a.exchange.deployed('aa', from)
    b.exchange.fromSlot(to, request(a.port))
    await vi.waitFor(() => expect(from.got).toHaveLength(1))
    a.exchange.close()
    await vi.waitFor(() => expect(to.got).toHaveLength(1))
    expect(to.got[0]).toMatchObject({
      type: 'lost',
      reason: expect.stringMatching(/^Connection unexpectedly closed by remote task manager '127\.0\.0\.1:\d+'\./),
    })
  })

  it('refuses who does not know the secret, on either side', async () => {
    const [a, b] = await Promise.all([start('producer'), start('consumer', Buffer.from('another'))])
    const to = new Slot()
    a.exchange.deployed('aa', new Slot())
    b.exchange.fromSlot(to, request(a.port))
    await vi.waitFor(() => expect(to.got).toHaveLength(1))
    expect(to.got[0]).toMatchObject({ type: 'lost' })
    // A server that says hello but can't prove anything.
    const fake = net.createServer((s) => {
      s.write(Buffer.concat([Buffer.from('BXCH\x01'), Buffer.alloc(16), Buffer.alloc(32)]))
      s.on('error', () => {})
    })
    await new Promise<void>((r) => fake.listen(0, '127.0.0.1', r))
    open.push(fake)
    const consumer = await start('other')
    const slot = new Slot()
    consumer.exchange.fromSlot(slot, request((fake.address() as net.AddressInfo).port, 'fake'))
    await vi.waitFor(() => expect(slot.got).toHaveLength(1))
    expect((slot.got[0] as ToSlot & { type: 'lost' }).reason).toContain('the peer does not know the secret of this cluster')
  })
})
