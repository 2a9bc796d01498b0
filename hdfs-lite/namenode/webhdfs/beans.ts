/** The NameNode's JMX beans, under Hadoop's names: what monitoring and `hdfs` tools read. */
import type { Bean } from '../../../common/daemon/web.js'
import { SOFTWARE_VERSION } from '../../../common/records/hdfs/index.js'
import type { Datanode } from '../core/block.js'
import { inSafeMode, safeModeTip } from '../core/safe-mode.js'
import type { Namesystem } from '../namesystem.js'
import type { HaState } from '../rpc/ha-state.js'
import { fsStats } from '../rpc/statistics.js'

const gigabytes = (n: number) => Math.round(n / 2 ** 30)
const percent = (part: number, whole: number) => (whole === 0 ? 0 : (part / whole) * 100)

function nodeJson(d: Datanode): Record<string, unknown> {
  let capacity = 0
  let used = 0
  let remaining = 0
  let nonDfs = 0
  let blocks = 0
  for (const s of d.storages.values()) {
    capacity += s.capacity
    used += s.used
    remaining += s.remaining
    nonDfs += s.nonDfsUsed
    blocks += s.blockCount
  }
  const seconds = (tick: number) => Math.max(0, Math.floor((performance.now() - tick) / 1000))
  return {
    infoAddr: `${d.address}:${d.infoPort}`,
    infoSecureAddr: `${d.address}:${d.infoSecurePort}`,
    xferaddr: `${d.address}:${d.xferPort}`,
    location: d.location,
    lastContact: seconds(d.lastHeartbeat),
    usedSpace: used,
    adminState: d.adminState === 'NORMAL' ? 'In Service' : d.adminState === 'DECOMMISSIONED' ? 'Decommissioned' : 'Decommission In Progress',
    nonDfsUsedSpace: nonDfs,
    capacity,
    numBlocks: blocks,
    version: d.softwareVersion,
    used,
    remaining,
    blockScheduled: d.scheduled,
    blockPoolUsed: used,
    blockPoolUsedPercent: percent(used, capacity),
    volfails: d.failedVolumes,
    lastBlockReport: Math.floor(seconds(d.lastBlockReport) / 60),
  }
}

/** @param ns the namespace; a standby has none */
export function beans(ns: Namesystem | undefined, ha: HaState, hostAndPort: string, dir: string): Bean[] {
  return [...(ns ? namesystemBeans(ns, ha, dir) : []), statusBean(ha, hostAndPort)]
}

function statusBean(ha: HaState, hostAndPort: string): Bean {
  return {
    name: 'Hadoop:service=NameNode,name=NameNodeStatus',
    modelerType: 'org.apache.hadoop.hdfs.server.namenode.NameNode',
    State: ha.state,
    NNRole: 'NameNode',
    HostAndPort: hostAndPort,
    SecurityEnabled: false,
    LastHATransitionTime: 0,
    BytesWithFutureGenerationStamps: 0,
    SlowPeersReport: null,
    SlowDisksReport: null,
  }
}

function namesystemBeans(ns: Namesystem, ha: HaState, dir: string): Bean[] {
  const { fs, identity, journal } = ns
  const s = fsStats(fs)
  const { status } = journal
  const nodes = [...fs.datanodes.values()]
  const live = nodes.filter((d) => d.alive)
  const dead = nodes.filter((d) => !d.alive)
  const leaving = live.filter((d) => d.adminState === 'DECOMMISSION_INPROGRESS')
  const gone = live.filter((d) => d.adminState === 'DECOMMISSIONED')
  const byName = (list: Datanode[]) => JSON.stringify(Object.fromEntries(list.map((d) => [`${d.hostName}:${d.xferPort}`, nodeJson(d)])))
  const open = [...fs.leases.values()].reduce((n, l) => n + l.files.size, 0)
  const snapshots = [...fs.snapshottable].reduce((n, d) => n + (d.features?.snapshottable?.snapshots.length ?? 0), 0)
  const syncTimes = `${Math.round(status.syncMillis)} `
  const usages = live
    .map((d) => {
      let capacity = 0
      let used = 0
      for (const x of d.storages.values()) {
        capacity += x.capacity
        used += x.used
      }
      return percent(used, capacity)
    })
    .sort((a, b) => a - b)
  const mean = usages.reduce((a, b) => a + b, 0) / Math.max(1, usages.length)
  const deviation = Math.sqrt(usages.reduce((a, u) => a + (u - mean) ** 2, 0) / Math.max(1, usages.length))
  const shown = (n: number | undefined) => `${(n ?? 0).toFixed(2)}%`
  const counts = {
    NumLiveDataNodes: live.length,
    NumDeadDataNodes: dead.length,
    NumDecomLiveDataNodes: gone.length,
    NumDecomDeadDataNodes: dead.filter((d) => d.adminState === 'DECOMMISSIONED').length,
    NumInServiceLiveDataNodes: live.filter((d) => d.adminState === 'NORMAL').length,
    VolumeFailuresTotal: live.reduce((n, d) => n + d.failedVolumes, 0),
    EstimatedCapacityLostTotal: 0,
    NumDecommissioningDataNodes: leaving.length,
  }
  const maintenance = { NumInMaintenanceLiveDataNodes: 0, NumInMaintenanceDeadDataNodes: 0, NumEnteringMaintenanceDataNodes: 0 }
  return [
    {
      name: 'Hadoop:service=NameNode,name=FSNamesystem',
      modelerType: 'FSNamesystem',
      'tag.Context': 'dfs',
      'tag.HAState': ha.state,
      'tag.TotalSyncTimes': syncTimes,
      'tag.Hostname': fs.config.hostName,
      MissingBlocks: s.missing,
      MissingReplOneBlocks: s.missingOne,
      ExpiredHeartbeats: dead.length,
      TransactionsSinceLastCheckpoint: status.txid - status.checkpointTxid,
      TransactionsSinceLastLogRoll: status.txid - status.checkpointTxid,
      LastWrittenTransactionId: status.txid,
      LastCheckpointTime: status.checkpointTime,
      CapacityTotal: s.capacity,
      CapacityTotalGB: gigabytes(s.capacity),
      CapacityUsed: s.used,
      CapacityUsedGB: gigabytes(s.used),
      CapacityRemaining: s.remaining,
      ProvidedCapacityTotal: 0,
      CapacityRemainingGB: gigabytes(s.remaining),
      CapacityUsedNonDFS: s.nonDfs,
      TotalLoad: s.xceivers,
      SnapshottableDirectories: fs.snapshottable.size,
      Snapshots: snapshots,
      NumEncryptionZones: 0,
      CurrentTokensCount: 0,
      BlocksTotal: fs.blocks.size,
      NumFilesUnderConstruction: open,
      NumActiveClients: fs.leases.size,
      FilesTotal: fs.inodes.size,
      PendingReplicationBlocks: fs.pendingCopies.size,
      PendingReconstructionBlocks: fs.pendingCopies.size,
      UnderReplicatedBlocks: s.underReplicated,
      LowRedundancyBlocks: s.underReplicated,
      CorruptBlocks: s.corrupt,
      ScheduledReplicationBlocks: live.reduce((n, d) => n + d.transfers.length, 0),
      PendingDeletionBlocks: s.pendingDeletion,
      TotalReplicatedBlocks: fs.blocks.size,
      ...counts,
      StaleDataNodes: 0,
      TotalSyncCount: status.syncs,
      ...maintenance,
    },
    {
      name: 'Hadoop:service=NameNode,name=FSNamesystemState',
      modelerType: 'org.apache.hadoop.hdfs.server.namenode.FSNamesystem',
      CapacityTotal: s.capacity,
      CapacityUsed: s.used,
      CapacityRemaining: s.remaining,
      ProvidedCapacityTotal: 0,
      TotalLoad: s.xceivers,
      SnapshotStats: JSON.stringify({ SnapshottableDirectories: fs.snapshottable.size, Snapshots: snapshots }),
      NumEncryptionZones: 0,
      CurrentTokensCount: 0,
      FsLockQueueLength: 0,
      BlocksTotal: fs.blocks.size,
      MaxObjects: 0,
      FilesTotal: fs.inodes.size,
      PendingReplicationBlocks: fs.pendingCopies.size,
      PendingReconstructionBlocks: fs.pendingCopies.size,
      UnderReplicatedBlocks: s.underReplicated,
      LowRedundancyBlocks: s.underReplicated,
      ScheduledReplicationBlocks: live.reduce((n, d) => n + d.transfers.length, 0),
      PendingDeletionBlocks: s.pendingDeletion,
      BlockDeletionStartTime: ns.startedAt,
      FSState: inSafeMode(fs) ? 'safeMode' : 'Operational',
      ...counts,
      NumStaleDataNodes: 0,
      NumStaleStorages: 0,
      TotalSyncCount: status.syncs,
      TotalSyncTimes: syncTimes,
      ...maintenance,
    },
    {
      name: 'Hadoop:service=NameNode,name=NameNodeInfo',
      modelerType: 'org.apache.hadoop.hdfs.server.namenode.FSNamesystem',
      Threads: 2,
      Version: SOFTWARE_VERSION,
      UpgradeFinalized: true,
      BlockPoolId: identity.blockPoolId,
      ClusterId: identity.clusterId,
      Used: s.used,
      Free: s.remaining,
      Total: s.capacity,
      ProvidedCapacity: 0,
      Safemode: inSafeMode(fs) ? `Safe mode is ON. ${safeModeTip(fs)}` : '',
      NonDfsUsedSpace: s.nonDfs,
      PercentUsed: percent(s.used, s.capacity),
      BlockPoolUsedSpace: s.pool,
      PercentBlockPoolUsed: percent(s.pool, s.capacity),
      PercentRemaining: percent(s.remaining, s.capacity),
      CacheCapacity: 0,
      CacheUsed: 0,
      TotalBlocks: fs.blocks.size,
      NumberOfMissingBlocks: s.missing,
      NumberOfMissingBlocksWithReplicationFactorOne: s.missingOne,
      LiveNodes: byName(live),
      DeadNodes: byName(dead),
      DecomNodes: byName(leaving),
      EnteringMaintenanceNodes: '{}',
      NameDirStatuses: JSON.stringify({ active: { [dir]: 'IMAGE_AND_EDITS' }, failed: {} }),
      NodeUsage: JSON.stringify({
        nodeUsage: { min: shown(usages[0]), median: shown(usages[Math.floor(usages.length / 2)]), max: shown(usages.at(-1)), stdDev: shown(deviation) },
      }),
      JournalTransactionInfo: JSON.stringify({ MostRecentCheckpointTxId: String(status.checkpointTxid), LastAppliedOrWrittenTxId: String(status.txid) }),
      NNStartedTimeInMillis: ns.startedAt,
      CorruptFiles: '[]',
      CorruptFilesCount: 0,
      NumberOfSnapshottableDirs: fs.snapshottable.size,
      DistinctVersionCount: new Set(live.map((d) => d.softwareVersion)).size,
      SoftwareVersion: SOFTWARE_VERSION,
      RollingUpgradeStatus: null,
    },
  ]
}
