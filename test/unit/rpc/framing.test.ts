import { describe, expect, it } from 'vitest'
import { GetFileInfoRequestProto, MkdirsRequestProto } from '../../../common/proto/gen/client-namenode.js'
import { IpcConnectionContextProto, RequestHeaderProto, RpcRequestHeaderProto, RpcResponseHeaderProto, RpcSaslProto } from '../../../common/proto/gen/rpc.js'
import { FrameParser, FrameReader, FramingError, MAX_FRAME_LENGTH, preamble, requestFrame } from '../../../common/rpc/framing.js'

/** What the Java client of Hadoop 3.3.6 sends for `hdfs dfs -mkdir`: preamble, connection context, getFileInfo. */
const CAPTURED = Buffer.from(
  '687270630900000000005b2108021000180522102272b8e583e245cb8d5f19700dc7374128013a050a03434c493812060a04726f6f741a2e6f72672e6170616368652e6861646f6f702e686466732e70726f746f636f6c2e436c69656e7450726f746f636f6c0000006f2108021000180022102272b8e583e245cb8d5f19700dc7374128003a050a03434c493f0a0b67657446696c65496e666f122e6f72672e6170616368652e6861646f6f702e686466732e70726f746f636f6c2e436c69656e7450726f746f636f6c18010c0a0a2f757365722f726f6f74',
  'hex',
)

function parse(chunks: Buffer[], expectPreamble = true, max?: number): { frames: Buffer[]; auth: number | undefined } {
  const frames: Buffer[] = []
  let auth: number | undefined
  const parser = new FrameParser(
    expectPreamble,
    (f) => frames.push(f),
    (a) => {
      auth = a
    },
    max,
  )
  for (const c of chunks) parser.push(c)
  return { frames, auth }
}

function expectCaptured(frames: Buffer[]): void {
  expect(frames).toHaveLength(2)
  const context = new FrameReader(frames[0]!)
  expect(context.next(RpcRequestHeaderProto)).toMatchObject({ callId: -3, retryCount: -1, rpcKind: 'RPC_PROTOCOL_BUFFER' })
  expect(context.next(IpcConnectionContextProto)).toMatchObject({
    userInfo: { effectiveUser: 'root' },
    protocol: 'org.apache.hadoop.hdfs.protocol.ClientProtocol',
  })
  expect(context.empty).toBe(true)
  const call = new FrameReader(frames[1]!)
  expect(call.next(RpcRequestHeaderProto)).toMatchObject({ callId: 0, retryCount: 0 })
  expect(call.next(RequestHeaderProto)).toMatchObject({ methodName: 'getFileInfo', clientProtocolVersion: 1 })
  expect(call.next(GetFileInfoRequestProto)).toEqual({ src: '/user/root' })
}

describe('frames of the Java client', () => {
  it('are read when they come whole', () => {
    const { frames, auth } = parse([CAPTURED])
    expect(auth).toBe(0)
    expectCaptured(frames)
  })

  it('are read when they come byte by byte', () => {
    expectCaptured(parse([...CAPTURED].map((b) => Buffer.of(b))).frames)
  })

  it('are read whatever the cut', () => {
    for (let cut = 1; cut < CAPTURED.length; cut++) expectCaptured(parse([CAPTURED.subarray(0, cut), CAPTURED.subarray(cut)]).frames)
  })

  it('wait for the rest when truncated', () => {
    expect(parse([CAPTURED.subarray(0, CAPTURED.length - 1)]).frames).toHaveLength(1)
  })
})

describe('a peer that breaks the protocol', () => {
  it('is told its length is too long', () => {
    expect(() => parse([preamble(0), Buffer.from('7fffffff', 'hex')])).toThrow(
      `Requested data length 2147483647 is longer than maximum configured RPC length ${MAX_FRAME_LENGTH}.`,
    )
    expect(() => parse([preamble(0), Buffer.from('ffffffff', 'hex')])).toThrow(/Requested data length -1/)
    expect(() => parse([preamble(0), Buffer.from('00000011', 'hex')], true, 16)).toThrow(FramingError)
  })

  it('is recognised when it speaks HTTP, another version or nothing known', () => {
    expect(() => parse([Buffer.from('GET / HTTP/1.1\r\n')])).toThrow(/HTTP request to a Hadoop IPC port/)
    expect(() => parse([Buffer.from('6872706308', 'hex')])).not.toThrow()
    expect(() => parse([Buffer.from('68727063080000', 'hex')])).toThrow('Server IPC version 9 cannot communicate with client version 8')
    expect(() => parse([Buffer.from('SSH-2.0-x')])).toThrow(/not a Hadoop RPC connection/)
    expect(() => parse([Buffer.from('68727063090005', 'hex')])).toThrow('unknown authentication protocol 5')
  })

  it('gets no message out of garbage', () => {
    const reader = new FrameReader(Buffer.from('ff01020304', 'hex'))
    expect(() => reader.next(RpcRequestHeaderProto)).toThrow(FramingError)
  })

  it('is told which required field is missing', () => {
    const reader = new FrameReader(Buffer.from('020800', 'hex'))
    expect(() => reader.next(RpcRequestHeaderProto)).toThrow(/required fields: callId/)
  })
})

describe('frames that we write', () => {
  it('are byte for byte what the Java client sends', () => {
    const clientId = Buffer.from('2272b8e583e245cb8d5f19700dc73741', 'hex')
    const callerContext = { context: 'CLI' }
    const rpc = { rpcKind: 'RPC_PROTOCOL_BUFFER' as const, rpcOp: 'RPC_FINAL_PACKET' as const, clientId, callerContext }
    const protocol = 'org.apache.hadoop.hdfs.protocol.ClientProtocol'
    const context = requestFrame({ ...rpc, callId: -3, retryCount: -1 }, undefined, IpcConnectionContextProto, {
      userInfo: { effectiveUser: 'root' },
      protocol,
    })
    const call = requestFrame(
      { ...rpc, callId: 0, retryCount: 0 },
      { methodName: 'getFileInfo', declaringClassProtocolName: protocol, clientProtocolVersion: 1 },
      GetFileInfoRequestProto,
      { src: '/user/root' },
    )
    expect(Buffer.concat([preamble(0), context, call]).toString('hex')).toBe(CAPTURED.toString('hex'))
  })

  it('carry a mkdirs request as the Java client writes it', () => {
    const bytes = MkdirsRequestProto.encodeDelimited({ src: '/user/root', masked: { perm: 0o755 }, createParent: true, unmasked: { perm: 0o777 } })
    expect(Buffer.from(bytes).toString('hex')).toBe('180a0a2f757365722f726f6f74120308ed031801220308ff03')
  })
})

it('a SASL answer of the real ResourceManager is read', () => {
  const [frame] = parse(
    [
      Buffer.from(
        '000000a20e08dfffffff0f100018093a00400191011001228c010a05544f4b454e120a4449474553542d4d44351a00220764656661756c742a6c7265616c6d3d2264656661756c74222c6e6f6e63653d2266312f46576d5353306b302f75735235306b5666664f6f38502b506f32367a537141427671624d49222c716f703d2261757468222c636861727365743d7574662d382c616c676f726974686d3d6d64352d73657373',
        'hex',
      ),
    ],
    false,
  ).frames
  const reader = new FrameReader(frame!)
  expect(reader.next(RpcResponseHeaderProto).callId | 0).toBe(-33)
  expect(reader.next(RpcSaslProto)).toMatchObject({ state: 'NEGOTIATE', auths: [{ method: 'TOKEN', mechanism: 'DIGEST-MD5', serverId: 'default' }] })
})
