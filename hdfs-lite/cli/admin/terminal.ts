/** What the administration commands have in common: two outputs, servers to ask, errors as one line. */
import dns from 'node:dns/promises'
import net from 'node:net'
import type { Configuration } from '../../../common/config/configuration.js'
import type { Protocol } from '../../../common/rpc/protocol.js'
import { type Address, RpcClient } from '../../../common/rpc/client.js'
import type { Proxy as RpcProxy } from '../../../common/rpc/protocol.js'
import { defaultUser, type NameNode, resolveNameService } from '../../client/index.js'
import { Console } from '../shell/console.js'
import { describeError } from '../shell/errors.js'

export class Terminal extends Console {
  readonly #open: RpcClient<Protocol>[] = []

  constructor(readonly conf: Configuration) {
    super()
  }

  get namenodes(): readonly NameNode[] {
    return resolveNameService(this.conf).namenodes
  }

  /** The calls of a protocol at one server, or at whichever of several is active. */
  proxy<P extends Protocol>(protocol: P, ...addresses: Address[]): RpcProxy<P> {
    const client = new RpcClient(protocol, addresses, { user: defaultUser() }, { attempts: 4, delay: 500 })
    this.#open.push(client as unknown as RpcClient<Protocol>)
    return client.proxy
  }

  /**
   * @param failed the exit code of an error
   * @returns the exit code; errors that were foreseen become one line
   */
  async finish(command: string, work: () => Promise<number>, failed = 255): Promise<number> {
    try {
      return await work()
    } catch (e) {
      const text = describeError(e)
      if (text === undefined) throw e
      this.error(`${command}: ${text}`)
      return failed
    } finally {
      this.flush()
      for (const c of this.#open) c.close()
    }
  }
}

/** The name of a host that is given by its address, as far as it has one. */
export async function hostNameOf(host: string): Promise<string> {
  if (!net.isIP(host)) return host
  return dns.lookupService(host, 0).then(
    (found) => found.hostname,
    () => host,
  )
}

/** localhost/127.0.0.1:8020, as Java shows an address that it has connected to. */
export async function javaAddress({ host, port }: Address): Promise<string> {
  if (net.isIP(host)) {
    const name = await hostNameOf(host)
    return `${name === host ? '' : name}/${host}:${port}`
  }
  try {
    return `${host}/${(await dns.lookup(host, 4)).address}:${port}`
  } catch {
    return `${host}/<unresolved>:${port}`
  }
}
