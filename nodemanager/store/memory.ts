/** The store of a NodeManager without recovery: it lasts as long as the process. */
import type { MasterKey } from '../../common/security/tokens.js'
import type { KeyName, NodeStore, StoreContents, StoredApplication, StoredContainer, StoredResource } from './store.js'

export class MemoryStore implements NodeStore {
  readonly #applications = new Map<string, StoredApplication>()
  readonly #containers = new Map<string, StoredContainer>()
  readonly #resources = new Map<string, StoredResource>()
  readonly #keys = new Map<KeyName, MasterKey>()
  readonly #settings = new Map<string, string>()

  constructor(readonly recovers = false) {}

  load(): StoreContents {
    return {
      applications: new Map(this.#applications),
      containers: new Map(this.#containers),
      resources: new Map(this.#resources),
      keys: new Map(this.#keys),
      settings: new Map(this.#settings),
    }
  }

  putApplication(id: string, application: StoredApplication): void {
    this.#applications.set(id, application)
  }

  removeApplication(id: string): void {
    this.#applications.delete(id)
  }

  putContainer(id: string, container: StoredContainer): void {
    this.#containers.set(id, container)
  }

  updateContainer(id: string, changes: Partial<StoredContainer>): void {
    const known = this.#containers.get(id)
    if (!known) throw new Error(`container ${id} is not in the NodeManager's store`)
    this.#containers.set(id, { ...known, ...changes })
  }

  container(id: string): StoredContainer | undefined {
    return this.#containers.get(id)
  }

  removeContainer(id: string): void {
    this.#containers.delete(id)
  }

  putResource(path: string, resource: StoredResource): void {
    this.#resources.set(path, resource)
  }

  removeResource(path: string): void {
    this.#resources.delete(path)
  }

  putKey(name: KeyName, key: MasterKey): void {
    this.#keys.set(name, key)
  }

  removeKey(name: KeyName): void {
    this.#keys.delete(name)
  }

  putSetting(name: string, value: string): void {
    this.#settings.set(name, value)
  }

  close(): void {}
}
