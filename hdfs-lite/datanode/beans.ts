/** The DataNode's JMX bean, under Hadoop's name. */
import type { Bean } from '../../common/daemon/web.js'
import { SOFTWARE_VERSION } from '../../common/records/hdfs/index.js'
import type { BlockStore } from './storage/block-store.js'
import { type Volume, spaceOf } from './storage/volume.js'

export interface BeanSources {
  readonly store: BlockStore | undefined
  readonly volumes: readonly Volume[]
  readonly transfers: number
  readonly startedAt: number
  readonly hostName: string
  readonly ports: { readonly rpc: number; readonly data: number; readonly http: number }
  /** HOST:PORT of each NameNode, and whether it is the active one. */
  readonly namenodes: readonly { readonly address: string; readonly active: boolean }[]
}

export function beans(s: BeanSources): Bean[] {
  const pool = s.store?.poolId ?? ''
  const blocksOn = (v: Volume) => [...(s.store?.replicas.values() ?? [])].filter((r) => r.volume === v).length
  const volumes = s.volumes.map((v) => {
    const space = spaceOf(v)
    return [
      v.dir,
      {
        numBlocks: blocksOn(v),
        usedSpace: space.used,
        freeSpace: space.remaining,
        reservedSpace: v.reserved,
        storageType: v.type,
        reservedSpaceForReplicas: 0,
      },
    ] as const
  })
  return [
    {
      name: 'Hadoop:service=DataNode,name=DataNodeInfo',
      modelerType: 'org.apache.hadoop.hdfs.server.datanode.DataNode',
      Version: SOFTWARE_VERSION,
      XceiverCount: s.transfers,
      ActiveTransferThreadCount: s.transfers,
      DatanodeNetworkCounts: [],
      XmitsInProgress: 0,
      SoftwareVersion: SOFTWARE_VERSION,
      RpcPort: String(s.ports.rpc),
      DataPort: String(s.ports.data),
      HttpPort: String(s.ports.http),
      DNStartedTimeInMillis: s.startedAt,
      NamenodeAddresses: JSON.stringify(Object.fromEntries(s.namenodes.map((n) => [n.address.replace(/:\d+$/, ''), pool]))),
      DatanodeHostname: s.hostName,
      BPServiceActorInfo: JSON.stringify(
        s.namenodes.map((n) => ({ ActorState: 'RUNNING', NamenodeAddress: n.address, BlockPoolID: pool, NamenodeHaState: n.active ? 'active' : 'standby' })),
      ),
      VolumeInfo: JSON.stringify(Object.fromEntries(volumes)),
      SecurityEnabled: false,
      SendPacketDownstreamAvgInfo: null,
      SlowDisks: null,
    },
  ]
}
