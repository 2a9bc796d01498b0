/** One replica on this DataNode. */
import type { ReplicaState } from '../../../common/records/hdfs/index.js'
import type { Checksum } from './checksum.js'
import type { Volume } from './volume.js'

export interface Replica {
  readonly id: number
  generationStamp: number
  state: ReplicaState
  /** Bytes in the block file. */
  length: number
  /** Bytes that readers may see: written here and, in a pipeline, acknowledged. */
  visible: number
  readonly volume: Volume
  /** Folder of its two files. */
  dir: string
  /** Known once its meta file was read. */
  checksum: Checksum | undefined
  /** Descriptors of a replica that was just created, for whoever writes it first. */
  files?: { readonly data: number; readonly meta: number } | undefined
  /** Ends the writer that has it, if any; resolves when it is gone. */
  stopWriter: (() => Promise<void>) | undefined
  /** Generation stamp of the recovery that this replica is promised to. */
  recoveryId: number
}
