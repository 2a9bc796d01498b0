/** JMX beans under Hadoop's names. */
import os from 'node:os'
import type { Bean } from '../../common/daemon/web.js'
import type { Resource } from '../../common/records/resource.js'
import type { CacheFigures } from '../localizer/localizer.js'
import type { ContainerUsage } from '../monitor/containers.js'
import type { LocalDirs } from '../monitor/disks.js'
import type { ContainerManager } from '../runtime/container-manager.js'

export interface BeanParts {
  readonly manager: ContainerManager
  readonly dirs: LocalDirs
  readonly resource: () => Resource
  readonly usage: () => ContainerUsage
  readonly cache: CacheFigures
}

const GIB = 2 ** 30
const average = (sum: number, count: number) => (count === 0 ? 0 : sum / count)

export function beans({ manager, dirs, resource, usage, cache }: BeanParts): Bean[] {
  const m = manager.metrics
  const total = resource()
  const used = usage()
  const count = (...states: string[]) => [...manager.containers.values()].filter((c) => states.includes(c.life.state)).length
  const hits = cache.hits + cache.misses
  return [
    {
      name: 'Hadoop:service=NodeManager,name=NodeManagerMetrics',
      modelerType: 'NodeManagerMetrics',
      'tag.Context': 'yarn',
      'tag.Hostname': os.hostname(),
      AllocatedContainers: m.allocatedContainers,
      AllocatedGB: Math.ceil(m.allocatedMb / 1024),
      AllocatedOpportunisticGB: 0,
      AllocatedOpportunisticVCores: 0,
      AllocatedVCores: m.allocatedVcores,
      ApplicationsRunning: manager.applications.size,
      AvailableGB: Math.floor((total.memory - m.allocatedMb) / 1024),
      AvailableVCores: total.vcores - m.allocatedVcores,
      BadLocalDirs: dirs.localDirs.length - dirs.good('local').length,
      BadLogDirs: dirs.logDirs.length - dirs.good('log').length,
      CacheSizeBeforeClean: cache.missBytes - cache.deletedBytes,
      ContainerCpuUtilization: used.cpu,
      ContainerLaunchDurationNumOps: m.launchDurations,
      ContainerLaunchDurationAvgTime: average(m.launchMillis, m.launchDurations),
      ContainerUsedMemGB: Math.floor(used.pmem / GIB),
      ContainerUsedVMemGB: Math.floor(used.vmem / GIB),
      ContainersCompleted: m.completed,
      ContainersFailed: m.failed,
      ContainersGuaranteedQueued: 0,
      ContainersIniting: count('NEW', 'LOCALIZING', 'SCHEDULED'),
      ContainersKilled: m.killed,
      ContainersLaunched: m.launched,
      ContainersOpportunisticQueued: 0,
      ContainersPaused: 0,
      ContainersReIniting: count('REINITIALIZING', 'REINITIALIZING_AWAITING_KILL'),
      ContainersRolledBackOnFailure: 0,
      ContainersRunning: count('RUNNING', 'RELAUNCHING'),
      LocalizationDurationMillisNumOps: m.localizations,
      LocalizationDurationMillisAvgTime: average(m.localizationMillis, m.localizations),
      LocalizedCacheHitBytes: cache.hitBytes,
      LocalizedCacheHitBytesRatio: Math.round((100 * cache.hitBytes) / Math.max(1, cache.hitBytes + cache.missBytes)),
      LocalizedCacheHitFiles: cache.hits,
      LocalizedCacheHitFilesRatio: hits === 0 ? 0 : Math.round((100 * cache.hits) / hits),
      LocalizedCacheMissBytes: cache.missBytes,
      LocalizedCacheMissFiles: cache.misses,
      TotalBytesDeleted: cache.deletedBytes,
    },
  ]
}
