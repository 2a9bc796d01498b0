/** What a WebHDFS operation works with, and what it may answer. */
import type { Caller } from '../core/state.js'
import type { Namesystem } from '../namesystem.js'
import type { Parameters } from './parameters.js'

export interface WebContext {
  readonly ns: Namesystem
  readonly path: string
  readonly caller: Caller
  readonly parameters: Parameters
  /** Address of whoever asks. */
  readonly client: string
  /** A DataNode's URL for the operation with these further parameters. */
  redirect(op: string, further: readonly (readonly [string, string | number | boolean])[], openOffset?: number): string
}

export type WebAnswer =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'empty'; readonly type?: string }
  /** To a DataNode. */
  | { readonly kind: 'redirect'; readonly location: string }

export const json = (value: unknown): WebAnswer => ({ kind: 'json', value })
export const empty: WebAnswer = { kind: 'empty' }

export type WebOperation = (c: WebContext) => WebAnswer | Promise<WebAnswer>
