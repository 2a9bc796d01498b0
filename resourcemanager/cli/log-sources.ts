/** Where a container's logs are: with its NodeManager while the application runs, in the store once they are aggregated. */
import { type AggregatedLogFile, type RandomAccess, TMP_FILE_SUFFIX, readAggregatedLogs, remoteAppLogDir } from '../../common/logs/index.js'
import { isException } from '../../common/errors.js'
import type { ContainerReportProto } from '../../common/proto/gen/application-client.js'
import { containerIdOfProto, nodeIdOf } from '../../common/protocols/records.js'
import { type ApplicationId, formatContainerId, formatNodeId } from '../../common/records/ids.js'
import type { DfsClient, FileStatus } from '../../hdfs-lite/client/index.js'
import type { Context } from './command.js'
import { hashSetOrder, time } from './format.js'
import { getJson, request } from './http.js'

/** One log file. Those of aggregated logs must be read in order, or left. */
export interface LogFile {
  readonly name: string
  readonly length: number
  readonly modified: string
  content(): AsyncIterable<Uint8Array>
}

export interface ContainerLogs {
  readonly containerId: string
  /** `host:port` of a running container's, `host_port` of an aggregated one's: as they are shown. */
  readonly node: string
  readonly kind: 'LOCAL' | 'AGGREGATED'
  files(): AsyncIterable<LogFile>
}

/** What the NodeManagers of running containers have. */
export async function* runningLogs(containers: readonly ContainerReportProto[]): AsyncGenerator<ContainerLogs> {
  for (const c of containers) {
    const containerId = formatContainerId(containerIdOfProto(c.containerId))
    const base = `${webAddress(c)}/ws/v1/node`
    yield { containerId, node: formatNodeId(nodeIdOf(c.nodeId)), kind: 'LOCAL', files: () => nodeFiles(base, containerId) }
  }
}

function webAddress(c: ContainerReportProto): string {
  const text = c.nodeHttpAddress ?? ''
  return /^https?:/.test(text) ? text : `http://${text}`
}

interface NodeAnswer {
  readonly containerLogsInfo?: Info | readonly Info[]
}
interface Info {
  readonly logAggregationType?: string
  readonly containerLogInfo?: readonly { readonly fileName: string; readonly fileSize: string; readonly lastModifiedTime: string }[]
}

async function* nodeFiles(base: string, containerId: string): AsyncGenerator<LogFile> {
  const { containerLogsInfo = [] } = await getJson<NodeAnswer>(`${base}/containers/${containerId}/logs`)
  const infos = (Array.isArray(containerLogsInfo) ? containerLogsInfo : [containerLogsInfo]) as readonly Info[]
  const found = infos.find((i) => i.logAggregationType !== 'AGGREGATED')?.containerLogInfo ?? []
  const order = hashSetOrder(found.map((f) => f.fileName))
  for (const f of [...found].sort((a, b) => order.indexOf(a.fileName) - order.indexOf(b.fileName))) {
    const url = `${base}/containerlogs/${containerId}/${encodeURIComponent(f.fileName)}`
    yield { name: f.fileName, length: Number(f.fileSize), modified: f.lastModifiedTime, content: () => nodeContent(url) }
  }
}

const CONTENTS = 'LogContents:\n'

/** NodeManagers frame the file as the command prints it; only what is within the frame is wanted. */
async function* nodeContent(url: string): AsyncGenerator<Uint8Array> {
  const { status, body } = await request(url)
  if (status !== 200) throw new Error(`${url} answered ${status}`)
  const begin = body.indexOf(CONTENTS)
  const end = body.lastIndexOf('End of LogType:')
  yield body.subarray(begin < 0 ? 0 : begin + CONTENTS.length, end < 0 ? body.length : end)
}

/** A node's file of aggregated logs. */
export interface NodeLogFile {
  readonly node: string
  readonly status: FileStatus
}

/** Undefined when nothing was aggregated for the application (yet). */
export async function aggregatedNodes(dfs: DfsClient, context: Context, id: ApplicationId, owner: string): Promise<NodeLogFile[] | undefined> {
  const dir = remoteAppLogDir(context.conf, id, owner)
  try {
    const files = await dfs.listStatus(dir)
    return files
      .filter((f) => f.type === 'FILE' && !f.path.endsWith(TMP_FILE_SUFFIX))
      .map((status) => ({ node: status.path.slice(status.path.lastIndexOf('/') + 1), status }))
  } catch (e) {
    if (!isException(e, 'FileNotFoundException')) throw e
    return undefined
  }
}

export async function* aggregatedLogs(dfs: DfsClient, nodes: readonly NodeLogFile[]): AsyncGenerator<ContainerLogs> {
  for (const { node, status } of nodes) {
    const modified = time(status.modificationTime)
    for await (const { containerId, files } of readAggregatedLogs(randomAccess(dfs, status))) {
      yield { containerId, node, kind: 'AGGREGATED', files: () => aggregatedFiles(files, modified) }
    }
  }
}

async function* aggregatedFiles(files: AsyncIterable<AggregatedLogFile>, modified: string): AsyncGenerator<LogFile> {
  for await (const f of files) yield { name: f.name, length: f.length, modified, content: () => f.content }
}

function randomAccess(dfs: DfsClient, file: FileStatus): RandomAccess {
  return {
    length: file.length,
    async read(start, end) {
      const parts: Buffer[] = []
      for await (const part of dfs.open(file.path, { start, end })) parts.push(part as Buffer)
      return Buffer.concat(parts)
    },
  }
}
