/** A Hadoop IPC server: accepts connections, authenticates them, calls handlers, answers in any order. */
import { randomBytes } from 'node:crypto'
import net from 'node:net'
import { HadoopException, exception } from '../errors.js'
import {
  IpcConnectionContextProto,
  RequestHeaderProto,
  RpcRequestHeaderProto,
  type RpcResponseHeaderProtoInit,
  type RpcResponseHeaderProto_RpcErrorCodeProto,
  RpcSaslProto,
  type RpcSaslProtoInit,
} from '../proto/gen/rpc.js'
import { ProtobufError } from '../proto/runtime.js'
import {
  AUTH_SASL,
  CALL_ID_AUTHENTICATION_FAILED,
  CALL_ID_CONNECTION_CONTEXT,
  CALL_ID_INVALID,
  CALL_ID_PING,
  CALL_ID_SASL,
  FrameParser,
  FrameReader,
  FramingError,
  IPC_VERSION,
  MAX_FRAME_LENGTH,
  responseFrame,
} from './framing.js'
import type { CallContext, Handlers, Protocol } from './protocol.js'
import { MECHANISM, REALM, digestChallenge, verifyDigest } from './sasl.js'
import { Wakefulness } from './wakefulness.js'

type Handler = (request: unknown, call: CallContext) => unknown

interface Service {
  readonly protocol: Protocol
  readonly handlers: Record<string, Handler | undefined>
}

export interface TokenAuthenticator {
  /** The password of a token. @throws when the identifier is unknown, expired or of another kind */
  passwordOf(identifier: Uint8Array): Uint8Array
  /** The user that a proven identifier stands for. */
  userOf(identifier: Uint8Array): string
}

export interface RpcServerOptions {
  /** Accepts tokens by SASL DIGEST-MD5. */
  readonly tokens?: TokenAuthenticator
  /** Refuses connections without a token (the RM's scheduler port, the NM's container port). */
  readonly tokenRequired?: boolean
  readonly maxFrameLength?: number
  /** A fault that is ours, not the caller's: an exception without a Java class out of a handler. */
  readonly onError?: (error: unknown, method: string) => void
  /** The next call of the only client is waited for awake, where it comes within so many milliseconds (default: never). */
  readonly awakeMillis?: number
  /** Called before each call is handled; what it throws is the answer (standby, safe mode). */
  readonly before?: (protocol: string, method: string, call: CallContext) => void
}

/** Who has called alone for so long is the only one that calls. */
const ONLY_CALLER_MILLIS = 5

/** More unanswered calls than this on one connection pause reading from it. */
const MAX_CALLS_IN_FLIGHT = 4096

export class RpcServer {
  readonly #services = new Map<string, Service>()
  readonly #connections = new Set<Connection>()
  readonly #server: net.Server
  /** Whose call came last, and when it came after somebody else's. */
  #caller: Connection | undefined
  #otherCallerAt = performance.now()
  readonly #wakefulness: Wakefulness | undefined
  #awake = false
  #awakeUntil = 0

  constructor(readonly options: RpcServerOptions = {}) {
    this.#wakefulness = options.awakeMillis === undefined ? undefined : new Wakefulness(options.awakeMillis)
    this.#server = net.createServer({ noDelay: true }, (socket) => {
      const connection = new Connection(this, socket, () => this.#connections.delete(connection))
      this.#connections.add(connection)
    })
  }

  /** Adds a protocol. Chainable. */
  serve<P extends Protocol>(protocol: P, handlers: Handlers<P>): this {
    this.#services.set(protocol.name, { protocol, handlers: handlers as Service['handlers'] })
    return this
  }

  service(name: string): Service | undefined {
    return this.#services.get(name)
  }

  /** For how long calls have come over one connection only. */
  get millisOfOneCaller(): number {
    return performance.now() - this.#otherCallerAt
  }

  /** Whether whoever calls is the only one to be held up. */
  get hasOneCaller(): boolean {
    return this.millisOfOneCaller > ONLY_CALLER_MILLIS
  }

  called(by: Connection): void {
    if (by === this.#caller) return this.#wakefulness?.called(performance.now())
    this.#caller = by
    this.#otherCallerAt = performance.now()
    this.#wakefulness?.forget()
  }

  answered(): void {
    const until = this.#wakefulness?.answered(performance.now())
    if (until === undefined) return
    this.#awakeUntil = until
    if (this.#awake) return
    this.#awake = true
    setImmediate(this.#stayAwake)
  }

  /** The loop does not sleep while something is to be done in its next turn. */
  readonly #stayAwake = (): void => {
    this.#awake = performance.now() < this.#awakeUntil
    if (this.#awake) setImmediate(this.#stayAwake)
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /** Starts to listen. @returns the port, chosen by the system when 0 was given */
  async listen(port: number, host = '127.0.0.1'): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
    return (this.#server.address() as net.AddressInfo).port
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo | null)?.port ?? 0
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const c of this.#connections) c.destroy()
    await closed
  }
}

const EMPTY = new Uint8Array(0)

class Connection {
  readonly #parser: FrameParser
  #sasl = false
  #nonce = ''
  #ready = false
  #user = 'unknown'
  #realUser: string | undefined
  #tokenIdentifier: Uint8Array | undefined
  #pending = 0
  #out: Buffer[] = []
  #paused = false

  constructor(
    private readonly server: RpcServer,
    private readonly socket: net.Socket,
    onClose: () => void,
  ) {
    this.#parser = new FrameParser(
      true,
      (frame) => this.#frame(frame),
      (auth) => {
        this.#sasl = auth === AUTH_SASL
      },
      server.options.maxFrameLength ?? MAX_FRAME_LENGTH,
    )
    socket.on('data', (chunk) => {
      try {
        this.#parser.push(chunk)
      } catch (e) {
        this.#fatal(e)
      }
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', onClose)
    socket.on('drain', () => this.#flow())
  }

  destroy(): void {
    this.socket.destroy()
  }

  /** Stops reading while the peer does not read answers, or waits for too many. */
  #flow(): void {
    const full = this.socket.writableNeedDrain || this.#pending >= MAX_CALLS_IN_FLIGHT
    if (full && !this.#paused) this.socket.pause()
    if (!full && this.#paused) this.socket.resume()
    this.#paused = full
  }

  /** Answers of one turn of the event loop leave in one write. */
  #send(frame: Buffer): void {
    if (this.#out.push(frame) > 1) return
    queueMicrotask(() => {
      const out = this.#out
      this.#out = []
      if (this.socket.destroyed) return
      this.socket.write(out.length === 1 ? out[0]! : Buffer.concat(out))
      this.#flow()
      this.server.answered()
    })
  }

  #fatal(e: unknown): void {
    if (e instanceof FramingError && e.kind === 'http') {
      this.socket.end(
        'HTTP/1.1 404 Not Found\r\nContent-type: text/plain\r\n\r\nIt looks like you are making an HTTP request to a Hadoop IPC port. This is not the correct port for the web interface on this daemon.\r\n',
      )
      return
    }
    if (e instanceof FramingError && e.kind === 'magic') {
      this.socket.destroy()
      return
    }
    const [className, code]: [string, RpcResponseHeaderProto_RpcErrorCodeProto] =
      e instanceof FramingError && e.kind === 'version'
        ? ['org.apache.hadoop.ipc.RPC$VersionMismatch', 'FATAL_VERSION_MISMATCH']
        : e instanceof HadoopException
          ? [e.className, 'FATAL_UNAUTHORIZED']
          : ['org.apache.hadoop.ipc.RpcServerException', 'FATAL_INVALID_RPC_HEADER']
    const callId = code === 'FATAL_UNAUTHORIZED' ? CALL_ID_AUTHENTICATION_FAILED : CALL_ID_INVALID
    const header: RpcResponseHeaderProtoInit = {
      callId,
      status: 'FATAL',
      serverIpcVersionNum: IPC_VERSION,
      exceptionClassName: className,
      errorMsg: (e as Error).message,
      errorDetail: code,
      clientId: EMPTY,
      retryCount: -1,
    }
    this.#send(responseFrame(header))
    queueMicrotask(() => this.socket.end())
  }

  #frame(frame: Buffer): void {
    const reader = new FrameReader(frame)
    const header = reader.next(RpcRequestHeaderProto)
    if (header.callId < 0) this.#control(header, reader)
    else this.#call(header, reader)
  }

  #control(header: RpcRequestHeaderProto, reader: FrameReader): void {
    switch (header.callId) {
      case CALL_ID_PING:
        return
      case CALL_ID_SASL:
        return this.#negotiate(reader.next(RpcSaslProto))
      case CALL_ID_CONNECTION_CONTEXT:
        return this.#context(reader.next(IpcConnectionContextProto))
      default:
        throw new FramingError(`Unknown out of band call #${header.callId}`)
    }
  }

  #context(context: IpcConnectionContextProto): void {
    if (this.#sasl && this.#tokenIdentifier) {
      this.#user = this.server.options.tokens!.userOf(this.#tokenIdentifier)
    } else {
      if (this.server.options.tokenRequired) throw exception('AccessControlException', 'SIMPLE authentication is not enabled.  Available:[TOKEN]')
      const { effectiveUser, realUser } = context.userInfo ?? {}
      this.#user = effectiveUser ?? realUser ?? 'unknown'
      this.#realUser = effectiveUser !== undefined && realUser !== effectiveUser ? realUser : undefined
    }
    this.#ready = true
  }

  #answerSasl(message: RpcSaslProtoInit): void {
    this.#send(
      responseFrame(
        { callId: CALL_ID_SASL >>> 0, status: 'SUCCESS', serverIpcVersionNum: IPC_VERSION, clientId: EMPTY, retryCount: -1 },
        RpcSaslProto,
        message,
      ),
    )
  }

  #negotiate(message: RpcSaslProto): void {
    if (!this.#sasl) throw new FramingError('SASL message on a connection that did not ask for SASL')
    const { tokens, tokenRequired } = this.server.options
    switch (message.state) {
      case 'NEGOTIATE': {
        // A server that knows no tokens says SUCCESS at once: go on with simple authentication.
        if (!tokens) {
          this.#sasl = false
          return this.#answerSasl({ state: 'SUCCESS' })
        }
        this.#nonce = randomBytes(24).toString('base64')
        const auths = [{ method: 'TOKEN', mechanism: MECHANISM, protocol: '', serverId: REALM, challenge: digestChallenge(this.#nonce) as Uint8Array }]
        return this.#answerSasl({
          state: 'NEGOTIATE',
          auths: tokenRequired ? auths : [...auths, { method: 'SIMPLE', mechanism: '', protocol: '', serverId: '' }],
        })
      }
      case 'INITIATE':
      case 'RESPONSE': {
        const auth = message.auths[0]
        if (message.state === 'INITIATE' && auth?.method === 'SIMPLE') {
          if (tokenRequired) throw exception('AccessControlException', 'SIMPLE authentication is not enabled.  Available:[TOKEN]')
          this.#sasl = false
          return
        }
        if (!tokens || (auth && auth.method !== 'TOKEN'))
          throw exception('AccessControlException', `${auth?.method} authentication is not enabled.  Available:[TOKEN]`)
        const { identifier, proof } = this.#verify(message.token ?? EMPTY, tokens)
        this.#tokenIdentifier = identifier
        return this.#answerSasl({ state: 'SUCCESS', token: proof })
      }
      default:
        throw new FramingError(`SASL state ${message.state} is not a client's`)
    }
  }

  #verify(answer: Uint8Array, tokens: TokenAuthenticator) {
    try {
      return verifyDigest(answer, this.#nonce, (id) => tokens.passwordOf(id))
    } catch (e) {
      if (e instanceof HadoopException) throw e
      throw exception('SaslException', (e as Error).message)
    }
  }

  #call(header: RpcRequestHeaderProto, reader: FrameReader): void {
    if (!this.#ready) throw new FramingError('a call before the connection context')
    this.server.called(this)
    let request: unknown
    let name = ''
    let handler: Handler
    let answer: Protocol['methods'][string]
    let call: CallContext
    try {
      if (header.rpcKind !== undefined && header.rpcKind !== 'RPC_PROTOCOL_BUFFER')
        throw exception('RpcServerException', `RPC kind ${header.rpcKind} is not served here`)
      const target = reader.next(RequestHeaderProto)
      name = target.methodName
      const service = this.server.service(target.declaringClassProtocolName)
      if (!service) throw exception('RpcNoSuchProtocolException', `Unknown protocol: ${target.declaringClassProtocolName}`)
      if (target.clientProtocolVersion !== service.protocol.version) {
        throw exception(
          'RpcVersionMismatch',
          `Protocol ${service.protocol.name} version mismatch. (client = ${target.clientProtocolVersion}, server = ${service.protocol.version})`,
        )
      }
      const declared = Object.hasOwn(service.protocol.methods, name) ? service.protocol.methods[name] : undefined
      const found = declared && Object.hasOwn(service.handlers, name) ? service.handlers[name] : undefined
      if (!declared || !found) throw exception('RpcNoSuchMethodException', `Unknown method ${name} called on ${service.protocol.name} protocol.`)
      answer = declared
      handler = found
      call = this.#callContext(header)
      this.server.options.before?.(service.protocol.name, name, call)
      request = reader.next(declared.request)
    } catch (e) {
      return this.#fail(header, e, name)
    }
    let result: unknown
    try {
      result = handler(request, call)
    } catch (e) {
      return this.#fail(header, e, name)
    }
    if (!(result instanceof Promise)) return this.#succeed(header, answer, result, name)
    this.#pending++
    this.#flow()
    result
      .then(
        (value) => this.#succeed(header, answer, value, name),
        (e) => this.#fail(header, e, name),
      )
      .finally(() => {
        this.#pending--
        this.#flow()
      })
  }

  #callContext(header: RpcRequestHeaderProto): CallContext {
    return {
      user: this.#user,
      realUser: this.#realUser,
      tokenIdentifier: this.#tokenIdentifier,
      remoteAddress: this.socket.remoteAddress ?? '',
      remotePort: this.socket.remotePort ?? 0,
      clientId: header.clientId,
      callId: header.callId,
      retryCount: header.retryCount,
    }
  }

  #succeed(header: RpcRequestHeaderProto, method: Protocol['methods'][string], value: unknown, name: string): void {
    let frame: Buffer
    try {
      frame = responseFrame(
        { callId: header.callId, status: 'SUCCESS', serverIpcVersionNum: IPC_VERSION, clientId: header.clientId, retryCount: header.retryCount },
        method.response,
        value,
      )
    } catch (e) {
      return this.#fail(header, e, name)
    }
    this.#send(frame)
  }

  #fail(header: RpcRequestHeaderProto, e: unknown, name: string): void {
    let className = 'java.lang.RuntimeException'
    let code: RpcResponseHeaderProto_RpcErrorCodeProto = 'ERROR_APPLICATION'
    if (e instanceof HadoopException) {
      className = e.className
      if (e.is('RpcNoSuchMethodException')) code = 'ERROR_NO_SUCH_METHOD'
      if (e.is('RpcNoSuchProtocolException')) code = 'ERROR_NO_SUCH_PROTOCOL'
    } else if (e instanceof FramingError || e instanceof ProtobufError) {
      className = 'org.apache.hadoop.ipc.RpcServerException'
      code = 'FATAL_DESERIALIZING_REQUEST'
    } else {
      this.server.options.onError?.(e, name)
    }
    this.#send(
      responseFrame({
        callId: header.callId,
        status: 'ERROR',
        serverIpcVersionNum: IPC_VERSION,
        exceptionClassName: className,
        errorMsg: e instanceof Error ? e.message : String(e),
        errorDetail: code,
        clientId: header.clientId,
        retryCount: header.retryCount,
      }),
    )
  }
}
