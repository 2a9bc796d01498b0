/**
 * Which pages may write from a browser. The NameNode's page sends what is uploaded to a DataNode, which is another origin; any
 * other page that somebody happens to look at must not be able to.
 */
import os from 'node:os'
import type { Configuration } from '../../../common/config/configuration.js'
import { hdfs, namenodeHttpAddress, namenodesOf } from '../../../common/config/keys/hdfs.js'
import { parseAddress } from '../../../common/rpc/client.js'

/** @returns whether the Origin of a request is a NameNode's page, by whatever name of this machine or of the NameNode's */
export function originCheck(conf: Configuration): (origin: string) => boolean {
  const addresses = conf
    .get(hdfs.nameservices)
    .flatMap((service) => conf.get(namenodesOf(service)).map((id) => conf.optional(namenodeHttpAddress(service, id))))
    .flatMap((a) => a ?? [])
  const namenodes = [...addresses, conf.get(hdfs.namenodeHttpAddress)].map((a) => parseAddress(a, 9870))
  const ports = new Set(namenodes.map((a) => a.port))
  const hosts = new Set(['localhost', os.hostname(), ...namenodes.map((a) => a.host), conf.optional(hdfs.datanodeHostname) ?? 'localhost'])
  return (origin) => {
    if (!URL.canParse(origin)) return false
    const { protocol, hostname, port } = new URL(origin)
    const own = () =>
      Object.values(os.networkInterfaces())
        .flat()
        .some((i) => i?.address === hostname.replace(/^\[|\]$/g, ''))
    return protocol === 'http:' && ports.has(Number(port || 80)) && (hosts.has(hostname) || own())
  }
}
