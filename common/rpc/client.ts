/** A Hadoop IPC client: one connection for each (address, user, token), many calls at once on it. */
import { randomBytes } from 'node:crypto'
import net from 'node:net'
import { HadoopException, isException } from '../errors.js'
import { IpcConnectionContextProto, RpcResponseHeaderProto, RpcSaslProto, type RpcSaslProtoInit } from '../proto/gen/rpc.js'
import { AUTH_NONE, AUTH_SASL, CALL_ID_CONNECTION_CONTEXT, CALL_ID_SASL, FrameParser, FrameReader, pingFrame, preamble, requestFrame } from './framing.js'
import type { CallOptions, Protocol, Proxy as RpcProxy } from './protocol.js'
import { digestAnswer } from './sasl.js'

export interface Address {
  readonly host: string
  readonly port: number
}

export function formatAddress(a: Address): string {
  return `${a.host}:${a.port}`
}

/** @throws Error when `text` is not HOST:PORT */
export function parseAddress(text: string, defaultPort?: number): Address {
  const m = /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(text.trim())
  const port = m?.[2] === undefined ? defaultPort : Number(m[2])
  const portIsNoNumber = /^[^[:]*:[^:]*$/.test(m?.[1] ?? '')
  if (!m?.[1] || portIsNoNumber || port === undefined || port > 65535) throw new Error(`"${text}" is not an address of the form HOST:PORT`)
  return { host: m[1], port }
}

/** What a client proves itself with. */
export interface RpcToken {
  readonly identifier: Uint8Array
  readonly password: Uint8Array
}

export interface RpcClientOptions {
  readonly user: string
  readonly realUser?: string
  readonly token?: RpcToken
  /** Milliseconds to connect (default 20,000, ipc.client.connect.timeout). */
  readonly connectTimeout?: number
  /** Milliseconds for a call's answer; 0 waits forever (default 60,000). */
  readonly timeout?: number
  /** Milliseconds after which an idle connection closes (default 10,000, ipc.client.connection.maxidletime). */
  readonly maxIdle?: number
}

/** No answer: the connection could not be made, or broke. `sent` tells whether the call may have been carried out. */
export class ConnectionError extends Error {
  override name = 'ConnectionError'
  constructor(
    readonly address: Address,
    readonly sent: boolean,
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}

const EMPTY = new Uint8Array(0)
const PING_INTERVAL = 60_000

interface Pending {
  resolve(reader: FrameReader): void
  reject(error: Error): void
}

class ClientConnection {
  readonly #pending = new Map<number, Pending>()
  readonly #socket: net.Socket
  readonly #parser: FrameParser
  readonly #ready: Promise<void>
  #onSasl: ((m: RpcSaslProto) => void) | undefined
  #failReady: (e: Error) => void = () => {}
  #idle: NodeJS.Timeout | undefined
  #ping: NodeJS.Timeout | undefined
  #nextCallId = 0
  #out: Buffer[] = []
  closed = false

  constructor(
    readonly address: Address,
    private readonly protocol: Protocol,
    private readonly options: RpcClientOptions,
    private readonly clientId: Uint8Array,
    private readonly onClose: () => void,
  ) {
    this.#parser = new FrameParser(false, (frame) => this.#frame(frame))
    this.#socket = net.connect({ host: address.host, port: address.port, noDelay: true })
    this.#ready = this.#open()
    this.#ready.catch(() => {})
  }

  #open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#failReady = reject
      const limit = this.options.connectTimeout ?? 20_000
      const timer = setTimeout(() => this.#close('ETIMEDOUT', `Call to ${formatAddress(this.address)} failed: no connection within ${limit} ms`, false), limit)
      this.#socket.on('connect', () => {
        clearTimeout(timer)
        this.#handshake().then(resolve, (e) => {
          this.#close('EAUTH', e.message, false, e)
          reject(e)
        })
      })
      this.#socket.on('data', (chunk) => {
        try {
          this.#parser.push(chunk)
        } catch (e) {
          this.#close('EPROTO', `${formatAddress(this.address)} does not speak Hadoop RPC: ${(e as Error).message}`, true)
        }
      })
      this.#socket.on('error', (e: NodeJS.ErrnoException) => {
        clearTimeout(timer)
        const text = e.code === 'ECONNREFUSED' ? 'Connection refused' : e.message
        this.#close(
          e.code ?? 'EIO',
          `Call to ${formatAddress(this.address)} failed on connection exception: ${text}`,
          e.code !== 'ECONNREFUSED' && !this.#socket.connecting,
        )
      })
      this.#socket.on('close', () => {
        clearTimeout(timer)
        this.#close('EPIPE', `${formatAddress(this.address)} closed the connection`, true)
      })
    })
  }

  async #handshake(): Promise<void> {
    const { token, user, realUser } = this.options
    this.#socket.write(preamble(token ? AUTH_SASL : AUTH_NONE))
    const authenticated = token ? await this.#authenticate() : false
    const userInfo = authenticated ? {} : { effectiveUser: user, realUser }
    this.#socket.write(requestFrame(this.#header(CALL_ID_CONNECTION_CONTEXT), undefined, IpcConnectionContextProto, { userInfo, protocol: this.protocol.name }))
    this.#ping = setInterval(() => {
      if (this.#pending.size > 0) this.#socket.write(pingFrame())
    }, PING_INTERVAL)
    this.#ping.unref()
  }

  /** @returns false when the server wants simple authentication instead */
  async #authenticate(): Promise<boolean> {
    const ask = (m: RpcSaslProtoInit) =>
      new Promise<RpcSaslProto>((resolve, reject) => {
        this.#onSasl = resolve
        this.#failReady = reject
        this.#socket.write(requestFrame(this.#header(CALL_ID_SASL), undefined, RpcSaslProto, m))
      })
    const offer = await ask({ state: 'NEGOTIATE' })
    if (offer.state === 'SUCCESS') return false
    const auth = offer.auths.find((a) => a.method === 'TOKEN' && a.mechanism === 'DIGEST-MD5')
    const { token } = this.options
    if (!auth || !token) {
      const simple = offer.auths.find((a) => a.method === 'SIMPLE')
      if (!simple)
        throw new HadoopException(
          'org.apache.hadoop.security.AccessControlException',
          `Client cannot authenticate via:[${offer.auths.map((a) => a.method).join(', ')}]`,
        )
      this.#socket.write(requestFrame(this.#header(CALL_ID_SASL), undefined, RpcSaslProto, { state: 'INITIATE', auths: [simple] }))
      return false
    }
    const { answer, proof } = digestAnswer(
      auth.challenge ?? EMPTY,
      token.identifier,
      token.password,
      randomBytes(16).toString('hex'),
      auth.protocol ?? '',
      auth.serverId ?? '',
    )
    const done = await ask({
      state: 'INITIATE',
      token: answer,
      auths: [{ method: auth.method, mechanism: auth.mechanism, protocol: auth.protocol, serverId: auth.serverId }],
    })
    if (done.state !== 'SUCCESS' || Buffer.from(done.token ?? EMPTY).toString() !== proof) {
      throw new HadoopException('javax.security.sasl.SaslException', `${formatAddress(this.address)} could not prove that it knows the token`)
    }
    return true
  }

  #header(callId: number, retryCount = -1) {
    return {
      rpcKind: 'RPC_PROTOCOL_BUFFER' as const,
      rpcOp: 'RPC_FINAL_PACKET' as const,
      callId,
      clientId: callId === CALL_ID_SASL ? EMPTY : this.clientId,
      retryCount,
    }
  }

  #frame(frame: Buffer): void {
    const reader = new FrameReader(frame)
    const header = reader.next(RpcResponseHeaderProto)
    const callId = header.callId | 0
    const failure =
      header.status === 'SUCCESS'
        ? undefined
        : new HadoopException(header.exceptionClassName ?? 'java.io.IOException', header.errorMsg ?? `call failed: ${header.errorDetail ?? header.status}`)
    if (callId < 0) {
      if (failure) {
        this.#failReady(failure)
        return this.#close('EAUTH', failure.message, false, failure)
      }
      return this.#onSasl?.(reader.next(RpcSaslProto))
    }
    const call = this.#pending.get(callId)
    if (!call) return
    this.#pending.delete(callId)
    if (failure) call.reject(failure)
    else call.resolve(reader)
    this.#startIdle()
    if (header.status === 'FATAL') this.#close('EFATAL', failure?.message ?? 'fatal error', true, failure)
  }

  #startIdle(): void {
    clearTimeout(this.#idle)
    if (this.#pending.size > 0) return
    this.#idle = setTimeout(() => this.#close('EIDLE', 'idle', false), this.options.maxIdle ?? 10_000)
    this.#idle.unref()
    this.#socket.unref()
  }

  #close(code: string, message: string, sent: boolean, cause?: Error): void {
    if (this.closed) return
    this.closed = true
    clearTimeout(this.#idle)
    clearInterval(this.#ping)
    this.#socket.destroy()
    this.onClose()
    const error = cause ?? new ConnectionError(this.address, sent, code, message)
    this.#failReady(error)
    for (const call of this.#pending.values()) call.reject(error)
    this.#pending.clear()
  }

  close(): void {
    this.#close('ECLOSED', 'the client was closed', false)
  }

  async call(name: string, request: unknown, id: { callId?: number; retryCount: number }, options: CallOptions | undefined): Promise<unknown> {
    clearTimeout(this.#idle)
    this.#socket.ref()
    await this.#ready
    const method = this.protocol.methods[name]!
    const callId = id.callId ?? this.#nextCallId++ & 0x7fffffff
    const frame = requestFrame(
      this.#header(callId, id.retryCount),
      { methodName: name, declaringClassProtocolName: this.protocol.name, clientProtocolVersion: this.protocol.version },
      method.request,
      request,
    )
    const limit = options?.timeout ?? this.options.timeout ?? 60_000
    return new Promise<unknown>((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined
      const abort = () => settle(() => reject(options?.signal?.reason instanceof Error ? options.signal.reason : new Error('aborted')))
      const settle = (then: () => void) => {
        clearTimeout(timer)
        options?.signal?.removeEventListener('abort', abort)
        this.#pending.delete(callId)
        then()
      }
      if (this.closed) return reject(new ConnectionError(this.address, false, 'EPIPE', `${formatAddress(this.address)} closed the connection`))
      if (options?.signal?.aborted) return abort()
      options?.signal?.addEventListener('abort', abort, { once: true })
      if (limit > 0)
        timer = setTimeout(
          () =>
            settle(() =>
              reject(new ConnectionError(this.address, true, 'ETIMEDOUT', `${formatAddress(this.address)} did not answer ${name} within ${limit} ms`)),
            ),
          limit,
        )
      this.#pending.set(callId, {
        resolve: (reader) =>
          settle(() => {
            try {
              resolve(reader.next(method.response))
            } catch (e) {
              reject(e as Error)
            }
          }),
        reject: (e) => settle(() => reject(e)),
      })
      this.#write(frame)
    })
  }

  #write(frame: Buffer): void {
    if (this.#out.push(frame) > 1) return
    queueMicrotask(() => {
      const out = this.#out
      this.#out = []
      if (!this.#socket.destroyed) this.#socket.write(out.length === 1 ? out[0]! : Buffer.concat(out))
    })
  }
}

/** Call ids must be unique over connections for retry caches to tell a retry from a new call. */
let nextCallId = 0

/** Calls one protocol at one address, or at whichever of several answers as the active one. */
export class RpcClient<P extends Protocol> {
  readonly #clientId = randomBytes(16)
  readonly #connections = new Map<string, ClientConnection>()
  #current = 0
  #closed = false

  /**
   * @param addresses one server; or the members of a pair, of which the active one is looked for
   * @param failover how often in all the servers of a pair are tried before giving up (milliseconds between rounds)
   */
  constructor(
    readonly protocol: P,
    readonly addresses: readonly Address[],
    readonly options: RpcClientOptions,
    private readonly failover: { attempts: number; delay: number } = { attempts: 15, delay: 500 },
  ) {
    if (addresses.length === 0) throw new Error(`no address for ${protocol.name}`)
  }

  /** The methods as functions. */
  get proxy(): RpcProxy<P> {
    const proxy: Record<string, unknown> = {}
    for (const name of Object.keys(this.protocol.methods)) proxy[name] = (request: unknown, options?: CallOptions) => this.call(name, request, options)
    return proxy as RpcProxy<P>
  }

  /** The address that answered last. */
  get active(): Address {
    return this.addresses[this.#current]!
  }

  async call(name: string, request: unknown, options?: CallOptions): Promise<unknown> {
    const callId = nextCallId++ & 0x7fffffff
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#connection(this.active).call(name, request, { callId, retryCount: attempt }, options)
      } catch (e) {
        if (this.#closed || options?.signal?.aborted || !this.#mayRetry(e, attempt)) throw e
      }
      const next = (this.#current + 1) % this.addresses.length
      if (next <= this.#current)
        await new Promise((r) => setTimeout(r, Math.min(this.failover.delay * 2 ** Math.min(attempt / this.addresses.length, 4), 5_000)))
      this.#current = next
    }
  }

  /** A pair's other member may know better. A single server's failure is the caller's to judge, except where it asks to be asked again. */
  #mayRetry(e: unknown, attempt: number): boolean {
    if (attempt + 1 >= this.failover.attempts) return false
    if (isException(e, 'RetriableException')) return true
    if (this.addresses.length === 1) return e instanceof ConnectionError && !e.sent && e.code === 'EPIPE' && attempt === 0
    if (e instanceof ConnectionError) return true
    return isException(e, 'StandbyException')
  }

  #connection(address: Address): ClientConnection {
    if (this.#closed) throw new ConnectionError(address, false, 'ECLOSED', 'the client was closed')
    const key = formatAddress(address)
    let c = this.#connections.get(key)
    if (!c || c.closed) {
      c = new ClientConnection(address, this.protocol, this.options, this.#clientId, () => {
        if (this.#connections.get(key) === c) this.#connections.delete(key)
      })
      this.#connections.set(key, c)
    }
    return c
  }

  close(): void {
    this.#closed = true
    for (const c of [...this.#connections.values()]) c.close()
  }
}
