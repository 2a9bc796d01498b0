/**
 * Many NodeManagers in one process, each registered by itself and beating once a second, in real RPC over a few sockets.
 *
 *   node rm-nodes.cjs HOST:PORT NODES SECONDS
 *
 * Prints `ready` once all are registered; after so many seconds of heartbeats the milliseconds that answers took, as JSON.
 */
import net from 'node:net'
import {
  NodeHeartbeatRequestProto,
  NodeHeartbeatResponseProto,
  RegisterNodeManagerRequestProto,
  RegisterNodeManagerResponseProto,
} from '../../common/proto/gen/resource-tracker.js'
import { IpcConnectionContextProto, RpcResponseHeaderProto } from '../../common/proto/gen/rpc.js'
import type { Codec } from '../../common/proto/runtime.js'
import { resourceTracker } from '../../common/protocols/resource-tracker.js'
import { parseAddress } from '../../common/rpc/client.js'
import { AUTH_NONE, CALL_ID_CONNECTION_CONTEXT, FrameParser, FrameReader, preamble, requestFrame } from '../../common/rpc/framing.js'

const [address = '', count = '1000', seconds = '20'] = process.argv.slice(2)
const NODES = Number(count)
const NODES_PER_SOCKET = 500
/** Heartbeats go out in so many portions a second. */
const PORTIONS = 50
const CLIENT_ID = Buffer.alloc(16, 7)

interface Node {
  readonly index: number
  readonly nodeId: { readonly host: string; readonly port: number }
  readonly socket: net.Socket
  responseId: number
  sent: number
}

const took: number[] = []
let measuring = false
let registered = 0
let failed: string | undefined
const nodes: Node[] = []

/** A call's id is its node's number: each has one call at a time. */
function frame<I>(node: Node, method: string, codec: Codec<unknown, I>, message: I): Buffer {
  const header = { rpcKind: 'RPC_PROTOCOL_BUFFER' as const, rpcOp: 'RPC_FINAL_PACKET' as const, callId: node.index, clientId: CLIENT_ID, retryCount: 0 }
  return requestFrame(header, { methodName: method, declaringClassProtocolName: resourceTracker.name, clientProtocolVersion: 1 }, codec, message)
}

function onAnswer(bytes: Buffer): void {
  const reader = new FrameReader(bytes)
  const header = reader.next(RpcResponseHeaderProto)
  const node = nodes[header.callId]!
  if (header.status !== 'SUCCESS') {
    failed ??= header.errorMsg ?? header.status
    return
  }
  if (node.responseId < 0) {
    const answer = reader.next(RegisterNodeManagerResponseProto)
    if (answer.nodeAction !== 'NORMAL') failed ??= answer.diagnosticsMessage ?? 'a node was refused'
    node.responseId = 0
    registered++
    return
  }
  const answer = reader.next(NodeHeartbeatResponseProto)
  node.responseId = answer.responseId ?? 0
  if (measuring) took.push(performance.now() - node.sent)
  node.sent = 0
}

async function connect(): Promise<net.Socket> {
  const { host, port } = parseAddress(address)
  const socket = net.connect(port, host)
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  socket.setNoDelay(true)
  const parser = new FrameParser(false, onAnswer)
  socket.on('data', (chunk) => parser.push(chunk))
  const header = {
    rpcKind: 'RPC_PROTOCOL_BUFFER' as const,
    rpcOp: 'RPC_FINAL_PACKET' as const,
    callId: CALL_ID_CONNECTION_CONTEXT,
    clientId: CLIENT_ID,
    retryCount: -1,
  }
  socket.write(preamble(AUTH_NONE))
  socket.write(requestFrame(header, undefined, IpcConnectionContextProto, { userInfo: { effectiveUser: 'yarn' }, protocol: resourceTracker.name }))
  return socket
}

function beat(node: Node): void {
  // An answer that is late is waited for.
  if (node.sent !== 0) return
  node.sent = performance.now()
  const nodeStatus = { nodeId: node.nodeId, responseId: node.responseId, nodeHealthStatus: { isNodeHealthy: true, healthReport: '', lastHealthReportTime: 1 } }
  node.socket.write(frame(node, 'nodeHeartbeat', NodeHeartbeatRequestProto, { nodeStatus }))
}

async function main(): Promise<void> {
  for (let at = 0; at < NODES; at += NODES_PER_SOCKET) {
    const socket = await connect()
    for (let index = at; index < Math.min(at + NODES_PER_SOCKET, NODES); index++) {
      nodes.push({ index, nodeId: { host: `127.0.${index >> 8}.${(index & 255) + 1}`, port: 45454 }, socket, responseId: -1, sent: 0 })
    }
  }
  for (const node of nodes) {
    node.socket.write(
      frame(node, 'registerNodeManager', RegisterNodeManagerRequestProto, {
        nodeId: node.nodeId,
        httpPort: 8042,
        resource: { memory: 65_536, virtualCores: 64 },
        nmVersion: '3.3.6',
      }),
    )
  }
  while (registered < NODES && !failed) await new Promise((r) => setTimeout(r, 20))
  process.stdout.write('ready\n')
  let portion = 0
  const began = performance.now()
  const warm = 3000
  for (;;) {
    const elapsed = performance.now() - began
    measuring = elapsed > warm
    if (elapsed > warm + Number(seconds) * 1000 || failed) break
    const due = Math.floor((elapsed / 1000) * PORTIONS)
    for (; portion <= due; portion++) for (let i = portion % PORTIONS; i < NODES; i += PORTIONS) beat(nodes[i]!)
    await new Promise((r) => setTimeout(r, 5))
  }
  if (failed) throw new Error(failed)
  took.sort((a, b) => a - b)
  process.stdout.write(`${JSON.stringify({ heartbeats: took.length, median: took[took.length >> 1], p99: took[Math.floor(took.length * 0.99)] })}\n`)
  for (const { socket } of nodes) socket.destroy()
}

main().catch((e) => {
  process.stderr.write(`${e.stack}\n`)
  process.exit(1)
})
