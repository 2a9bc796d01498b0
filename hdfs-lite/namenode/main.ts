/** The NameNode: puts its parts together. */
import { randomBytes, randomUUID } from 'node:crypto'
import { statfsSync } from 'node:fs'
import os from 'node:os'
import { type Configuration, ConfigurationError } from '../../common/config/configuration.js'
import { core } from '../../common/config/keys/core.js'
import { hdfs, namenodeHttpAddress, namenodeRpcAddress, namenodesOf } from '../../common/config/keys/hdfs.js'
import { runDaemon } from '../../common/daemon/daemon.js'
import { buildWeb } from '../../common/daemon/web.js'
import { exception } from '../../common/errors.js'
import { createRacks } from '../../common/net/racks.js'
import { parseAddress } from '../../common/rpc/client.js'
import { createGroups } from '../../common/security/groups.js'
import { lockDirectory } from '../directory-lock.js'
import { localDirectory } from '../local-directory.js'
import { type HaController, haController } from './ha-controller.js'
import { applyHosts } from './hosts.js'
import type { Identity } from './journal/journal.js'
import { openDiskJournal } from './journal/disk.js'
import { openWatcher } from './journal/store.js'
import { type Namesystem, openNamesystem } from './namesystem.js'
import type { HaState } from './rpc/ha-state.js'
import { buildRpcServer } from './rpc/server.js'
import { registerPages } from './ui/pages.js'
import { beans } from './webhdfs/beans.js'
import { registerFsck } from './webhdfs/fsck.js'
import { registerWebHdfs } from './webhdfs/routes.js'

const TICK_MILLIS = 1000

interface Addresses {
  /** As in dfs.ha.namenodes.SERVICE. */
  readonly id: string
  readonly rpc: string
  readonly http: string
  readonly pair: boolean
}

/** Which NameNode of which service this process is. */
function ownAddresses(conf: Configuration): Addresses {
  const [service] = conf.get(hdfs.nameservices)
  const ids = service === undefined ? [] : conf.get(namenodesOf(service))
  if (service === undefined || ids.length === 0) {
    const rpc = conf.optional(hdfs.namenodeRpcAddress) ?? /^hdfs:\/\/([^/]+)/.exec(conf.get(core.defaultFs))?.[1]
    if (!rpc)
      throw new ConfigurationError(
        `neither ${hdfs.nameservices.name} with its members nor ${hdfs.namenodeRpcAddress.name} is set, and ${core.defaultFs.name} names no hdfs:// address`,
      )
    return { id: 'nn', rpc: /:\d+$/.test(rpc) ? rpc : `${rpc}:8020`, http: conf.get(hdfs.namenodeHttpAddress), pair: false }
  }
  const id = conf.optional(hdfs.namenodeId) ?? ids[0]!
  if (!ids.includes(id)) throw new ConfigurationError(`${hdfs.namenodeId.name} is ${id}, which is none of ${namenodesOf(service).name} (${ids.join(', ')})`)
  return {
    id,
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
  const workerFile = new URL('./namenode-journal-worker.cjs', import.meta.url)
  const hostName = rpcAddress.host === '0.0.0.0' ? os.hostname() : rpcAddress.host
  const groups = createGroups()
  const superUser = os.userInfo().username
  const superGroup = conf.get(hdfs.superusergroup)
  let ns: Namesystem | undefined
  let timer: NodeJS.Timeout | undefined

  const freeSpace = () => {
    const s = statfsSync(dir)
    return s.bavail * s.bsize
  }

  const open = async (onJournalFailure: (e: Error) => void) => {
    const journal = openDiskJournal(dir, workerFile, newIdentity, () => rpc.server.hasOneCaller)
    const opened = await openNamesystem({ conf, journal, groups, hostName, paired: own.pair, log, freeSpace, onJournalFailure })
    const refreshNodes = () => applyHosts(opened.fs, conf)
    refreshNodes()
    opened.tick()
    timer = setInterval(() => opened.tick(), TICK_MILLIS)
    ns = opened
    rpc.serveActive(opened, refreshNodes)
    log.info(`${opened.fs.inodes.size} files and directories, ${opened.fs.blocks.size} blocks, transaction ${journal.status.txid}`)
    return opened
  }
  const close = async () => {
    clearInterval(timer)
    const closing = ns
    ns = undefined
    await closing?.close()
  }

  let pair: HaController | undefined
  const alone: HaState = {
    enabled: false,
    state: 'active',
    toActive: () => Promise.reject(exception('ServiceFailedException', 'HA for namenode is not enabled')),
    toStandby: () => Promise.reject(exception('ServiceFailedException', 'HA for namenode is not enabled')),
  }
  const ha: HaState = {
    enabled: own.pair,
    get state() {
      return (pair ?? alone).state
    },
    toActive: () => (pair ?? alone).toActive(),
    toStandby: () => (pair ?? alone).toStandby(),
  }
  const rpc = buildRpcServer({
    ha,
    groups,
    racks: createRacks(conf, log),
    log,
    superuser(user) {
      if (user !== superUser && !groups.of(user).includes(superGroup) && conf.get(hdfs.permissionsEnabled))
        throw exception('AccessControlException', `Access denied for user ${user}. Superuser privilege is required`)
    },
  })
  let unlock = () => {}
  if (own.pair) {
    const watcher = openWatcher(dir, newIdentity)
    pair = haController({
      id: own.id,
      watcher,
      automatic: conf.get(hdfs.automaticFailover),
      log,
      serveStandby: () => rpc.serveStandby(watcher.identity),
      async activate() {
        const opened = await open((e) => pair?.lost(e))
        return { journal: opened.journal, stop: close }
      },
    })
    await pair.start()
  } else {
    unlock = lockDirectory(dir)
    await open(fatal)
  }
  const rpcPort = await rpc.server.listen(rpcAddress.port, listenHost(rpcAddress.host))
  const rpcText = `${rpcAddress.host}:${rpcPort}`
  const active = () => (ha.state === 'active' ? ns : undefined)
  const web = buildWeb({ conf, logDir, beans: () => beans(ns, ha, rpcText, dir) })
  registerWebHdfs(web, active, () => rpcText)
  registerFsck(web, active)
  registerPages(web, conf.get(core.staticUser))
  web.get('/isActive', (_request, reply) =>
    reply
      .code(ha.state === 'active' ? 200 : 405)
      .type('text/plain;charset=utf-8')
      .send(ha.state === 'active' ? 'I am Active!' : 'I am not Active!'),
  )
  await web.listen({ port: httpAddress.port, host: listenHost(httpAddress.host) })
  const httpPort = (web.server.address() as { port: number }).port
  return {
    addresses: { rpc: rpcText, http: `${httpAddress.host}:${httpPort}` },
    async stop() {
      await Promise.all([rpc.server.close(), web.close()])
      if (pair) await pair.stop()
      else await close()
      unlock()
    },
  }
})
