/** Where a container's logs are: with its NodeManager while the application runs, in the store once they are aggregated. */
import { type AggregatedLogFile, type RandomAccess, TMP_FILE_SUFFIX, readAggregatedLogs, remoteAppLogDir } from '../../common/logs/index.js'
import { isException } from '../../common/errors.js'
import type { ContainerReportProto } from '../../common/proto/gen/application-client.js'
import type { NodeReportProto } from '../../common/proto/gen/yarn.js'
import { containerIdOfProto, nodeIdOf } from '../../common/protocols/records.js'
import { type ApplicationId, formatContainerId, formatNodeId } from '../../common/records/ids.js'
import type { DfsClient, FileStatus } from '../../hdfs-lite/client/index.js'
import type { Context } from './command.js'
import { hashSetOrder, time } from './format.js'
import { getJson, open } from './http.js'

/** One log file. Those of aggregated logs must be read in order, or left. */
export interface LogFile {
  readonly name: string
  readonly length: number
  readonly modified: string
  /** @param size only so many bytes from the beginning; from the end when negative */
  content(size: number | undefined): AsyncIterable<Uint8Array>
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
  for (const c of containers) yield localLogs(formatContainerId(containerIdOfProto(c.containerId)), formatNodeId(nodeIdOf(c.nodeId)), c.nodeHttpAddress ?? '')
}

/** A container that has ended while its application runs: the ResourceManager has forgotten it, its node has not. */
export async function endedLogs(containerId: string, nodes: readonly NodeReportProto[]): Promise<ContainerLogs | undefined> {
  for (const n of nodes) {
    const { status, body } = await open(`${nodeApi(n.httpAddress ?? '')}/containers/${containerId}/logs`)
    for await (const _ of body) {
      // Read to the end, so that the connection closes.
    }
    if (status === 200) return localLogs(containerId, formatNodeId(nodeIdOf(n.nodeId)), n.httpAddress ?? '')
  }
  return undefined
}

function localLogs(containerId: string, node: string, web: string): ContainerLogs {
  return { containerId, node, kind: 'LOCAL', files: () => nodeFiles(nodeApi(web), containerId) }
}

function nodeApi(web: string): string {
  return `${/^https?:/.test(web) ? web : `http://${web}`}/ws/v1/node`
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
    yield { name: f.fileName, length: Number(f.fileSize), modified: f.lastModifiedTime, content: (size) => nodeContent(url, size) }
  }
}

async function* nodeContent(url: string, size: number | undefined): AsyncGenerator<Uint8Array> {
  const { status, body } = await open(size === undefined ? url : `${url}?size=${size}`)
  if (status !== 200) throw new Error(`${url} answered ${status}`)
  yield* unframe(body)
}

const CONTENTS = 'LogContents:\n'
const END = 'End of LogType:'
/** More than the frame's last lines take: a file's name has at most 255 bytes. */
const TAIL = 1024

/** NodeManagers frame a file as the command prints it; only what is within the frame is wanted. */
export async function* unframe(body: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  let held = Buffer.alloc(0)
  let within = false
  for await (const part of body) {
    held = Buffer.concat([held, part])
    if (!within) {
      const begin = held.indexOf(CONTENTS)
      if (begin < 0) continue
      held = held.subarray(begin + CONTENTS.length)
      within = true
    }
    if (held.length <= TAIL) continue
    yield held.subarray(0, held.length - TAIL)
    held = held.subarray(held.length - TAIL)
  }
  const end = held.lastIndexOf(END)
  if (within) yield end < 0 ? held : held.subarray(0, end)
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
  for await (const f of files) yield { name: f.name, length: f.length, modified, content: (size) => range(f.content, f.length, size) }
}

async function* range(content: AsyncIterable<Uint8Array>, length: number, size: number | undefined): AsyncGenerator<Uint8Array> {
  let skip = size !== undefined && size < 0 ? Math.max(length + size, 0) : 0
  let left = size === undefined ? length : Math.abs(size)
  for await (const part of content) {
    const shown = part.subarray(Math.min(skip, part.length)).subarray(0, left)
    skip = Math.max(skip - part.length, 0)
    left -= shown.length
    if (shown.length > 0) yield shown
    if (left === 0) return
  }
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
