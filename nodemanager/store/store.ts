/** What a NodeManager must know again after it was killed: its containers go on without it. */
import type { MasterKey } from '../../common/security/tokens.js'

export interface StoredApplication {
  readonly user: string
  /** A LogAggregationContextProto, when the application gave one. */
  readonly logAggregationContext: Uint8Array | undefined
  readonly acls: readonly (readonly [type: string, acl: string])[]
  /** FINISH_APPLICATION was seen. */
  readonly finished: boolean
}

export interface StoredContainer {
  readonly startTime: number
  /** A StartContainerRequestProto. */
  readonly request: Uint8Array
  /** The container token's identifier after an update; else that of the request holds. */
  readonly token: Uint8Array | undefined
  readonly progress: 'REQUESTED' | 'LAUNCHED' | 'COMPLETED'
  readonly exitCode: number | undefined
  readonly killed: { readonly exitStatus: number } | undefined
  readonly diagnostics: string
  readonly workDir: string | undefined
  readonly logDir: string | undefined
  readonly restarts: readonly number[]
}

export interface StoredResource {
  /** `PUBLIC`, `PRIVATE:USER` or `APPLICATION:USER:APPID`. */
  readonly tracker: string
  /** A LocalResourceProto. */
  readonly resource: Uint8Array
  readonly path: string
  /** Undefined while it is being downloaded: what lies at the path is then incomplete. */
  readonly size: number | undefined
}

export type KeyName = 'containerToken.current' | 'containerToken.previous' | 'nmToken.current' | 'nmToken.previous' | `nmToken.attempt.${string}`

export interface StoreContents {
  readonly applications: ReadonlyMap<string, StoredApplication>
  readonly containers: ReadonlyMap<string, StoredContainer>
  readonly resources: ReadonlyMap<string, StoredResource>
  readonly keys: ReadonlyMap<KeyName, MasterKey>
  readonly settings: ReadonlyMap<string, string>
}

export interface NodeStore {
  /** False for a store that forgets: then nothing is recovered, and containers end with the NodeManager. */
  readonly recovers: boolean
  load(): StoreContents
  putApplication(id: string, application: StoredApplication): void
  removeApplication(id: string): void
  putContainer(id: string, container: StoredContainer): void
  /** Changes some fields. @throws Error when the container is not stored */
  updateContainer(id: string, changes: Partial<StoredContainer>): void
  removeContainer(id: string): void
  putResource(path: string, resource: StoredResource): void
  removeResource(path: string): void
  putKey(name: KeyName, key: MasterKey): void
  removeKey(name: KeyName): void
  /** Small facts of the node itself, as the port it was given. */
  putSetting(name: string, value: string): void
  close(): void
}
