/** How an RPC protocol is declared: once, and both the client's proxy and the server's stub come from it. */
import type { Codec } from '../proto/runtime.js'

export interface Method<Request, RequestInit, Response, ResponseInit> {
  readonly request: Codec<Request, RequestInit>
  readonly response: Codec<Response, ResponseInit>
}

type AnyMethod = Method<any, any, any, any>
export type Methods = Record<string, AnyMethod>

export interface Protocol<M extends Methods = Methods> {
  /** The name in the RPC request header: a Java class, without or with `PB` as the real one sends it. */
  readonly name: string
  readonly version: number
  readonly methods: M
}

export function method<Q, QI, R, RI>(request: Codec<Q, QI>, response: Codec<R, RI>): Method<Q, QI, R, RI> {
  return { request, response }
}

export function defineProtocol<M extends Methods>(name: string, version: number, methods: M): Protocol<M> {
  return { name, version, methods }
}

/** What a call carries besides its request. */
export interface CallContext {
  /** Short name of the effective user: of the connection context, or of the token that authenticated it. */
  readonly user: string
  /** The proxying user, when one acts for another. */
  readonly realUser: string | undefined
  /** The identifier bytes of the token that authenticated the connection; undefined for simple authentication. */
  readonly tokenIdentifier: Uint8Array | undefined
  readonly remoteAddress: string
  readonly remotePort: number
  /** 16 bytes that name the client process; with `callId` the key of retry caches. Empty if the client sends none. */
  readonly clientId: Uint8Array
  readonly callId: number
  /** 0 for the first try. */
  readonly retryCount: number
}

/** A server's side: methods left out are answered with RpcNoSuchMethodException. */
export type Handlers<P extends Protocol> =
  P extends Protocol<infer M>
    ? {
        [K in keyof M]?: M[K] extends Method<infer Q, infer _QI, infer _R, infer RI> ? (request: Q, call: CallContext) => RI | Promise<RI> : never
      }
    : never

/** A client's side. */
export type Proxy<P extends Protocol> =
  P extends Protocol<infer M>
    ? {
        readonly [K in keyof M]: M[K] extends Method<infer _Q, infer QI, infer R, infer _RI> ? (request: QI, options?: CallOptions) => Promise<R> : never
      }
    : never

export interface CallOptions {
  /** Milliseconds until the call fails with a time-out; unset: the client's default. */
  readonly timeout?: number
  readonly signal?: AbortSignal
}
