/** All that a NodeManager reads from its configuration, as values. */
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Configuration, ConfigurationError } from '../../common/config/configuration.js'
import { nodemanager } from '../../common/config/keys/nodemanager.js'
import { yarn } from '../../common/config/keys/yarn.js'
import { type Address, parseAddress } from '../../common/rpc/client.js'
import type { Resource } from '../../common/records/resource.js'

export type Settings = ReturnType<typeof readSettings>

const MIB = 2 ** 20

/** A folder of the file system, given as a path or file: URI. */
function folder(text: string): string {
  return path.resolve(text.startsWith('file:') ? fileURLToPath(text.replace(/^file:\/*/, 'file:///')) : text)
}

/** The node's name. Unset it is this machine alone; 0.0.0.0 stands for the machine's own name. */
function hostName(conf: Configuration): string {
  const host = conf.raw(yarn.nmHostname.name)
  if (host === undefined) return 'localhost'
  return host === '0.0.0.0' ? os.hostname() : host
}

function address(conf: Configuration, property: typeof yarn.nmAddress, host: string): Address {
  const port = Number(/:(\d+)$/.exec(property.default!)![1])
  const given = conf.raw(property.name)
  if (given === undefined) return { host, port }
  try {
    return parseAddress(given, port)
  } catch (e) {
    throw new ConfigurationError(`${property.name}: ${(e as Error).message}`)
  }
}

/** @param logDir the daemon's: ${yarn.log.dir} in values stands for it */
export function readSettings(conf: Configuration, logDir: string) {
  if (conf.raw('yarn.log.dir') === undefined) conf.set('yarn.log.dir', logDir)
  const host = hostName(conf)
  const bindHost = conf.optional(nodemanager.bindHost)
  const listen = (a: Address): string =>
    bindHost ?? (conf.raw(yarn.nmHostname.name) === '0.0.0.0' || a.host === '0.0.0.0' ? a.host : a.host === 'localhost' ? '127.0.0.1' : a.host)
  const rpc = address(conf, yarn.nmAddress, host)
  const web = address(conf, yarn.nmWebAddress, host)
  const memory = conf.get(yarn.nmMemoryMb)
  const resource: Resource = { memory: memory < 0 ? 8192 : memory, vcores: conf.get(yarn.nmVcores) < 0 ? 8 : conf.get(yarn.nmVcores) }
  const compression = conf.get(nodemanager.logCompression)
  if (compression !== 'none' && compression !== 'gz')
    throw new ConfigurationError(`${nodemanager.logCompression.name} is "${compression}"; none and gz are known`)
  return {
    host,
    rpc: { host: listen(rpc), port: rpc.port },
    web: { host: listen(web), port: web.port },
    resource,
    services: conf.get(nodemanager.auxServices),
    shuffle: { host: listen(rpc), port: conf.get(nodemanager.shufflePort) },
    localDirs: conf.get(yarn.nmLocalDirs).map(folder),
    logDirs: conf.get(yarn.nmLogDirs).map(folder),
    recovery: {
      enabled: conf.get(nodemanager.recoveryEnabled),
      dir: folder(conf.get(nodemanager.recoveryDir)),
      supervised: conf.get(nodemanager.recoverySupervised),
    },
    disks: {
      enabled: conf.get(nodemanager.diskCheckerEnabled),
      maxUtilization: conf.get(yarn.nmMaxDiskUtilization),
      minFreeMb: conf.get(yarn.nmMinFreeSpaceMb),
      minHealthyFraction: conf.get(nodemanager.minHealthyDisks),
      interval: conf.get(yarn.nmDiskCheckInterval),
    },
    memory: {
      pmemCheck: conf.get(yarn.nmPmemCheck),
      vmemCheck: conf.get(yarn.nmVmemCheck),
      interval: conf.get(yarn.nmContainerMonitorInterval),
      vmemRatio: conf.get(yarn.nmVmemPmemRatio),
      watched: conf.get(nodemanager.containerMonitorEnabled),
    },
    launch: {
      envWhitelist: conf.get(yarn.nmEnvWhitelist),
      adminEnv: conf.get(yarn.nmAdminUserEnv),
      home: conf.get(nodemanager.userHomeDir),
      debugInfo: conf.get(nodemanager.debugInfo),
      stderrTail: conf.get(nodemanager.stderrTail),
      stderrPattern: conf.get(nodemanager.stderrPattern),
      diagnosticsSize: conf.get(nodemanager.diagnosticsSize),
      times: { sleepBeforeSigkill: conf.get(yarn.nmSleepBeforeSigkill), processKillWait: conf.get(nodemanager.processKillWait) },
    },
    localizer: { cacheTarget: conf.get(yarn.nmLocalizerCacheMb) * MIB, parallel: Math.max(1, conf.get(nodemanager.fetchThreads)) },
    logs: {
      aggregate: conf.get(yarn.logAggregationEnabled),
      compression: compression as 'none' | 'gz',
      policy: conf.get(nodemanager.logAggregationPolicy),
      attempts: conf.get(nodemanager.logAggregationRetries),
      retryInterval: conf.get(nodemanager.logAggregationRetryInterval),
      retain: conf.get(nodemanager.logRetainSeconds) * 1000,
    },
    deleteDelay: conf.get(yarn.nmDeleteDelay) * 1000,
    trackStopped: conf.get(nodemanager.trackStoppedContainers),
    outOfBandHeartbeat: conf.get(nodemanager.outOfBandHeartbeat),
  }
}
