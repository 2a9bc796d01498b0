/** The live containers of an application, oldest first. */
import type { ContainerId } from '../../common/records/index.js'
import { containerKey, type RMContainer } from './container.js'

export class LiveContainers {
  /**
   * By number those of the attempt that they began with, by key those of later ones, which count from one again. Few applications have any of
   * these; and a number is found without making a text of the id, and hashing it, for each container that starts or ends.
   */
  readonly #found = new Map<number | string, RMContainer>()

  constructor(private readonly attemptId: number) {}

  get size(): number {
    return this.#found.size
  }

  get(id: ContainerId): RMContainer | undefined {
    return this.#found.get(this.#key(id))
  }

  has(c: RMContainer): boolean {
    return this.#found.has(this.#key(c.name()))
  }

  add(c: RMContainer): void {
    c.live = true
    this.#found.set(this.#key(c.name()), c)
  }

  delete(c: RMContainer): boolean {
    c.live = false
    return this.#found.delete(this.#key(c.name()))
  }

  values(): Iterable<RMContainer> {
    return this.#found.values()
  }

  #key(id: ContainerId): number | string {
    return id.applicationAttemptId.attemptId === this.attemptId ? id.id : containerKey(id)
  }
}
