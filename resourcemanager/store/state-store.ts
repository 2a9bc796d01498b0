/**
 * What outlives the ResourceManager: applications, attempts, launch contexts, keys, what the administrator set. A commit is one
 * transaction, durable when it returns; nothing is answered before. Two implementations pass one conformance suite: memory and SQLite.
 */
import type { ApplicationId } from '../../common/records/ids.js'
import type { ApplicationRecord, AttemptRecord, PersistEffect } from '../core/index.js'

/** Names of settings: small things kept whole, each as one JSON text. */
export type SettingName = 'keys/amrm' | 'keys/nm' | 'keys/container' | 'nodeLabels' | 'delegationTokens' | 'schedulerConf'

export type StoreOperation =
  | { readonly op: 'putApplication'; readonly record: ApplicationRecord }
  | { readonly op: 'putAttempt'; readonly record: AttemptRecord }
  /** The application, its attempts and its launch context. */
  | { readonly op: 'removeApplication'; readonly applicationId: ApplicationId }
  | { readonly op: 'removeAttempt'; readonly attemptId: AttemptRecord['attemptId'] }
  /** The submission context as the client sent it. */
  | { readonly op: 'putContext'; readonly applicationId: ApplicationId; readonly context: Uint8Array }
  | { readonly op: 'removeContext'; readonly applicationId: ApplicationId }
  | { readonly op: 'putSetting'; readonly name: SettingName; readonly value: unknown }
  | { readonly op: 'removeSetting'; readonly name: SettingName }

export interface StoredState {
  /** In order of ids, attempts filled in. */
  readonly applications: readonly ApplicationRecord[]
  /** By text of the application id. */
  readonly contexts: ReadonlyMap<string, Uint8Array>
  readonly settings: ReadonlyMap<SettingName, unknown>
}

/** Who may serve, and until when it need not ask again. */
export interface Lease {
  readonly owner: string
  /** Milliseconds since the epoch. */
  readonly expires: number
}

export interface StateStore {
  /** How often the store had been taken over before this process did. */
  readonly epoch: number
  load(): StoredState
  /**
   * One durable transaction.
   * @throws FencedError when another process has taken the store over; nothing of the batch is then written
   */
  commit(operations: readonly StoreOperation[]): void
  close(): void
}

/** Another ResourceManager has taken over: this one must serve nothing more. */
export class FencedError extends Error {
  override name = 'FencedError'
}

/** A store that can't be used: says what is wrong with it and what to do. */
export class StoreError extends Error {
  override name = 'StoreError'
}

/** What the core wants persisted, as the store takes it. */
export function operationOf(e: PersistEffect): StoreOperation {
  switch (e.what) {
    case 'application':
      return { op: 'putApplication', record: e.record }
    case 'attempt':
      return { op: 'putAttempt', record: e.record }
    case 'removeApplication':
      return { op: 'removeApplication', applicationId: e.applicationId }
    case 'removeAttempt':
      return { op: 'removeAttempt', attemptId: e.attemptId }
    case 'nodeLabels':
      return { op: 'putSetting', name: 'nodeLabels', value: e.labels }
  }
}
