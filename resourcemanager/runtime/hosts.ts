/** The addresses of NodeManagers' hosts, looked up once, when they register: tokens and calls need them at once later. */
import dns from 'node:dns/promises'
import net from 'node:net'
import type { NodeId } from '../../common/records/ids.js'

export class Hosts {
  readonly #addresses = new Map<string, string>([['localhost', '127.0.0.1']])

  /** Undefined when it is known already: the common case needs no turn of the event loop. */
  learn(host: string): Promise<void> | undefined {
    if (this.#addresses.has(host)) return undefined
    if (net.isIP(host) !== 0) {
      this.#addresses.set(host, host)
      return undefined
    }
    return dns.lookup(host).then(
      ({ address }) => {
        this.#addresses.set(host, address)
      },
      // Tokens then carry the name, and calls fail with the resolver's own words.
      () => {
        this.#addresses.set(host, host)
      },
    )
  }

  addressOf(host: string): string {
    return this.#addresses.get(host) ?? host
  }

  /** `127.0.0.1:45454`: the service of tokens for a node. */
  serviceOf(node: NodeId): string {
    return `${this.addressOf(node.host)}:${node.port}`
  }
}
