/** Which NameNodes stand behind a file system's name. */
import { ConfigurationError, type Configuration } from '../../common/config/configuration.js'
import { core } from '../../common/config/keys/core.js'
import { hdfs, namenodeHttpAddress, namenodeRpcAddress, namenodesOf } from '../../common/config/keys/hdfs.js'
import { property } from '../../common/config/keys/declare.js'
import { type Address, parseAddress } from '../../common/rpc/client.js'

export const DEFAULT_PORT = 8020

export interface NameNode {
  /** Its id within the nameservice; undefined for a plain address. */
  readonly id: string | undefined
  readonly rpc: Address
  readonly http: Address | undefined
}

export interface NameService {
  /** As in hdfs://AUTHORITY. */
  readonly authority: string
  /** A name of dfs.nameservices, of which the active NameNode is looked for. */
  readonly logical: boolean
  readonly namenodes: readonly NameNode[]
}

const plainRpcAddress = (service: string) => property(`dfs.namenode.rpc-address${service && `.${service}`}`, 'address', undefined, "the NameNode's RPC address")
const plainHttpAddress = (service: string) =>
  property(`dfs.namenode.http-address${service && `.${service}`}`, 'address', service ? undefined : '0.0.0.0:9870', "the NameNode's web address")

/**
 * @param uri hdfs://AUTHORITY[/…], or AUTHORITY alone; fs.defaultFS when not given
 * @throws ConfigurationError when the configuration doesn't say where the NameNodes are
 */
export function resolveNameService(conf: Configuration, uri?: string): NameService {
  const authority = authorityOf(conf, uri)
  const http = (text: string | undefined) => (text === undefined ? undefined : parseAddress(text))
  if (!conf.get(hdfs.nameservices).includes(authority)) {
    const address = parseAddress(authority, DEFAULT_PORT)
    return { authority, logical: false, namenodes: [{ id: undefined, rpc: address, http: http(conf.optional(plainHttpAddress(''))) }] }
  }
  const ids = conf.get(namenodesOf(authority))
  if (ids.length === 0) {
    const rpc = conf.get(plainRpcAddress(authority))
    return {
      authority,
      logical: true,
      namenodes: [{ id: undefined, rpc: parseAddress(rpc, DEFAULT_PORT), http: http(conf.optional(plainHttpAddress(authority))) }],
    }
  }
  const namenodes = ids.map((id) => ({
    id,
    rpc: parseAddress(conf.get(namenodeRpcAddress(authority, id)), DEFAULT_PORT),
    http: http(conf.optional(namenodeHttpAddress(authority, id))),
  }))
  return { authority, logical: true, namenodes }
}

function authorityOf(conf: Configuration, uri: string | undefined): string {
  const text = uri ?? conf.get(core.defaultFs)
  const m = /^(?:hdfs:\/\/)?([^/]+)(?:\/.*)?$/.exec(text)
  if (!m || /^[a-z][a-z0-9+.-]*:\/\//i.test(text) !== text.startsWith('hdfs://')) {
    throw new ConfigurationError(
      `${uri === undefined ? 'fs.defaultFS is' : 'the file system'} "${text}", which names no HDFS (hdfs://NAMESERVICE or hdfs://HOST:PORT)`,
    )
  }
  return m[1]!
}
