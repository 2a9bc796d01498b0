/** Puts another DataNode into a pipeline that lost one (dfs.client.block.write.replace-datanode-on-failure.*). */
import { exception, firstLine } from '../../common/errors.js'
import { BlockOpResponseProto, OpTransferBlockProto } from '../../common/proto/gen/data-transfer.js'
import type { DatanodeInfoProto, ExtendedBlockProto, LocatedBlockProto } from '../../common/proto/gen/hdfs.js'
import type { WriterSettings } from './file-writer.js'
import { DataNodeConnection, OP, TransferError } from './transfer/connection.js'

/** Whether the policy asks for one: DEFAULT does for three replicas or more, when few nodes are left or readers rely on what was written. */
export function wantsReplacement(settings: WriterSettings['replaceNode'], replication: number, left: number, flushed: boolean): boolean {
  if (!settings.enabled || settings.policy === 'NEVER' || left === 0 || left >= replication) return false
  return settings.policy === 'ALWAYS' || (replication >= 3 && (left <= replication / 2 || flushed))
}

/** What a pipeline consists of; a replacement is put in. */
interface Members {
  readonly block: ExtendedBlockProto
  readonly nodes: DatanodeInfoProto[]
  readonly storageIds: string[]
  readonly storageTypes: LocatedBlockProto['storageTypes']
}

/** @throws HadoopException when there is none, unless best effort is enough */
export async function replaceNode(
  settings: WriterSettings,
  file: { src: string; fileId: number; acked: number; excluded: readonly DatanodeInfoProto[] },
  members: Members,
): Promise<void> {
  try {
    await addNode(settings, file, members)
  } catch (e) {
    if (settings.replaceNode.bestEffort) return
    const current = members.nodes.map(({ id }) => `${id.ipAddr}:${id.xferPort}`).join(', ')
    throw exception(
      'IOException',
      `Failed to replace a bad datanode on the existing pipeline due to no more good datanodes being available to try. (Nodes: current=[${current}]). The current failed datanode replacement policy is ${settings.replaceNode.policy}, and a client may configure this via 'dfs.client.block.write.replace-datanode-on-failure.policy' in its configuration. ${firstLine(e)}`,
      { cause: e },
    )
  }
}

async function addNode(
  settings: WriterSettings,
  file: { src: string; fileId: number; acked: number; excluded: readonly DatanodeInfoProto[] },
  members: Members,
): Promise<void> {
  const block = { ...members.block, numBytes: file.acked }
  const located = (
    await settings.namenode.getAdditionalDatanode({
      src: file.src,
      blk: block,
      existings: members.nodes,
      excludes: file.excluded,
      numAdditionalNodes: 1,
      clientName: settings.clientName,
      existingStorageUuids: members.storageIds,
      fileId: file.fileId,
    })
  ).block
  const index = located.locs.findIndex((n) => !members.nodes.some((m) => m.id.datanodeUuid === n.id.datanodeUuid))
  if (index < 0) throw new Error('the NameNode gave no other DataNode')
  const added = located.locs[index]!
  const source = members.nodes[0]!
  // The new node gets what the others have already.
  if (file.acked > 0) {
    const connection = await DataNodeConnection.open(settings.peerOf(source), settings.timeout * 2)
    connection.request(OP.TRANSFER_BLOCK, OpTransferBlockProto, {
      header: { baseHeader: { block, token: located.blockToken }, clientName: settings.clientName },
      targets: [added],
      targetStorageTypes: [located.storageTypes[index] ?? 'DISK'],
      targetStorageIds: [located.storageIDs[index] ?? ''],
    })
    const response = await connection.message(BlockOpResponseProto)
    connection.close()
    if (response.status !== 'SUCCESS') throw new TransferError(`${connection.name} did not copy the block: ${response.message || response.status}`, response)
  }
  members.nodes.push(added)
  members.storageIds.push(located.storageIDs[index] ?? '')
  members.storageTypes.push(located.storageTypes[index] ?? 'DISK')
}
