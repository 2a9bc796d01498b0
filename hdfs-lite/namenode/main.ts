/** The NameNode: puts its parts together. */
import { randomBytes, randomUUID } from 'node:crypto'
import os from 'node:os'
import type { Configuration } from '../../common/config/configuration.js'
import { ConfigurationError } from '../../common/config/configuration.js'
import { hdfs, namenodeHttpAddress, namenodeRpcAddress, namenodesOf } from '../../common/config/keys/hdfs.js'
import { core } from '../../common/config/keys/core.js'
import { runDaemon } from '../../common/daemon/daemon.js'
import { buildWeb } from '../../common/daemon/web.js'
import { parseAddress } from '../../common/rpc/client.js'
import { createGroups } from '../../common/security/groups.js'
import { applyHosts } from './hosts.js'
import type { Identity } from './journal/journal.js'
import { openSqliteJournal } from './journal/sqlite.js'
import { lockDirectory } from '../directory-lock.js'
import { localDirectory } from '../local-directory.js'
import { openNamesystem } from './namesystem.js'
import type { HaState } from './rpc/ha-state.js'
import { buildRpcServer } from './rpc/server.js'
import { beans } from './webhdfs/beans.js'
import { registerWebHdfs } from './webhdfs/routes.js'

const TICK_MILLIS = 1000

interface Addresses {
  readonly rpc: string
  readonly http: string
  readonly pair: boolean
}

/** Which NameNode of which service this process is. */
export function ownAddresses(conf: Configuration): Addresses {
  const [service] = conf.get(hdfs.nameservices)
  if (service === undefined) {
    const rpc = conf.optional(hdfs.namenodeRpcAddress) ?? conf.get(core.defaultFs).match(/^hdfs:\/\/([^/]+)/)?.[1]
    if (!rpc)
      throw new ConfigurationError(
        `neither ${hdfs.nameservices.name} nor ${hdfs.namenodeRpcAddress.name} is set, and ${core.defaultFs.name} names no hdfs:// address`,
      )
    return { rpc: /:\d+$/.test(rpc) ? rpc : `${rpc}:8020`, http: conf.get(hdfs.namenodeHttpAddress), pair: false }
  }
  const ids = conf.get(namenodesOf(service))
  if (ids.length === 0) {
    const rpc = conf.get(hdfs.namenodeRpcAddress)
    return { rpc, http: conf.get(hdfs.namenodeHttpAddress), pair: false }
  }
  const id = conf.optional(hdfs.namenodeId) ?? ids[0]!
  if (!ids.includes(id)) throw new ConfigurationError(`${hdfs.namenodeId.name} is ${id}, which is none of ${namenodesOf(service).name} (${ids.join(', ')})`)
  return {
    rpc: conf.get(namenodeRpcAddress(service, id)),
    http: conf.optional(namenodeHttpAddress(service, id)) ?? conf.get(hdfs.namenodeHttpAddress),
    pair: ids.length > 1,
  }
}

/** A new file system's identity, in Hadoop's forms. */
function newIdentity(): Identity {
  const now = Date.now()
  return {
    namespaceId: randomBytes(4).readUInt32BE() & 0x7fffffff,
    clusterId: `CID-${randomUUID()}`,
    blockPoolId: `BP-${randomBytes(4).readUInt32BE() & 0x7fffffff}-127.0.0.1-${now}`,
    creationTime: now,
  }
}

/** An address property's host is what is listened on; `localhost` means the IPv4 loopback. */
const listenHost = (host: string) => (host === 'localhost' ? '127.0.0.1' : host)

void runDaemon('namenode', 'hdfs', async ({ conf, logDir, log, fatal }) => {
  const own = ownAddresses(conf)
  const rpcAddress = parseAddress(own.rpc, 8020)
  const httpAddress = parseAddress(own.http, 9870)
  const dir = localDirectory(conf.get(hdfs.nameDir).split(',')[0]!)
  // The members of a pair share the folder; the journal's epoch keeps them apart.
  const unlock = own.pair ? () => {} : lockDirectory(dir)
  const journal = openSqliteJournal(dir, new URL('./namenode-journal-worker.cjs', import.meta.url), newIdentity)
  const hostName = rpcAddress.host === '0.0.0.0' ? os.hostname() : rpcAddress.host
  const ns = await openNamesystem({ conf, journal, groups: createGroups(), hostName, log, onJournalFailure: fatal })
  const ha: HaState = { state: 'active', enabled: own.pair }
  const refreshNodes = () => applyHosts(ns.fs, conf)
  refreshNodes()
  const rpc = buildRpcServer({ ns, ha, refreshNodes, log })
  const rpcPort = await rpc.listen(rpcAddress.port, listenHost(rpcAddress.host))
  const web = buildWeb({ conf, logDir, beans: () => beans(ns, ha, `${rpcAddress.host}:${rpcPort}`, dir) })
  registerWebHdfs(web, ns, ha, () => `${rpcAddress.host}:${rpcPort}`)
  web.get('/isActive', (_request, reply) =>
    ha.state === 'active'
      ? reply.type('text/plain;charset=utf-8').send('I am Active!')
      : reply.code(405).type('text/plain;charset=utf-8').send('I am not Active!'),
  )
  await web.listen({ port: httpAddress.port, host: listenHost(httpAddress.host) })
  const httpPort = (web.server.address() as { port: number }).port
  ns.tick()
  const timer = setInterval(() => ns.tick(), TICK_MILLIS)
  log.info(`${ns.fs.inodes.size} files and directories, ${ns.fs.blocks.size} blocks, transaction ${journal.status.txid}`)
  return {
    addresses: { rpc: `${rpcAddress.host}:${rpcPort}`, http: `${httpAddress.host}:${httpPort}` },
    async stop() {
      clearInterval(timer)
      await Promise.all([rpc.close(), web.close()])
      await ns.close()
      unlock()
    },
  }
})
