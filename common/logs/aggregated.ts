/**
 * Aggregated logs: one TFile for each application and node, below
 * REMOTE/USER/bucket-SUFFIX-tfile/BUCKET/APPID/NODE_PORT (org.apache.hadoop.yarn.logaggregation).
 *
 *   VERSION            int32 1
 *   APPLICATION_ACL    (type, acl)*, as DataOutput.writeUTF
 *   APPLICATION_OWNER  user
 *   CONTAINERID        (file name, length as text, content)*
 */
import type { Configuration } from '../config/configuration.js'
import { yarn } from '../config/keys/yarn.js'
import type { ApplicationId, NodeId } from '../records/ids.js'
import { formatApplicationId } from '../records/ids.js'
import { type RandomAccess, TFileError, type TFileValue, TFileWriter, type Compression, readTFile } from './tfile.js'

const VERSION_KEY = 'VERSION'
const ACL_KEY = 'APPLICATION_ACL'
const OWNER_KEY = 'APPLICATION_OWNER'
const RESERVED = new Set([VERSION_KEY, ACL_KEY, OWNER_KEY])

/** Of the file while it is being written. */
export const TMP_FILE_SUFFIX = '.tmp'

/** The folder of an application's logs in the store. */
export function remoteAppLogDir(conf: Configuration, id: ApplicationId, user: string): string {
  const bucket = String(id.id % 10_000).padStart(4, '0')
  return `${remoteUserLogDir(conf, user)}/${bucket}/${formatApplicationId(id)}`
}

/** The folder that holds the buckets of a user's logs. */
export function remoteUserLogDir(conf: Configuration, user: string): string {
  const root = conf.raw('yarn.log-aggregation.TFile.remote-app-log-dir') ?? conf.get(yarn.remoteLogDir)
  const suffix = conf.raw('yarn.log-aggregation.TFile.remote-app-log-dir-suffix') ?? `${conf.get(yarn.remoteLogDirSuffix)}-tfile`
  return `${root.replace(/\/+$/, '')}/${user}/bucket-${suffix}`
}

/** `host_port`: the file's name, and how `yarn logs` shows a node. */
export function nodeFileName(node: NodeId): string {
  return `${node.host}_${node.port}`
}

/** java.io.DataOutput.writeUTF. Names beyond the basic plane are written as plain UTF-8, which Java's reader refuses: they are replaced. */
function utf(s: string): Buffer {
  const bytes = Buffer.from(s.replace(/[\u{10000}-\u{10ffff}\0]/gu, '?'), 'utf8')
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}

export interface LogFileSource {
  readonly name: string
  /** Exactly this many bytes are taken. */
  readonly length: number
  readonly content: AsyncIterable<Uint8Array>
}

export interface ContainerLogs<F> {
  readonly containerId: string
  readonly files: AsyncIterable<F>
}

/** The bytes of the file, as they come. */
export async function* writeAggregatedLogs(
  owner: string,
  acls: Iterable<readonly [type: string, acl: string]>,
  containers: AsyncIterable<ContainerLogs<LogFileSource>>,
  compression: Compression = 'none',
): AsyncGenerator<Buffer> {
  const t = new TFileWriter(compression)
  function* record(key: string, value: Uint8Array) {
    yield t.key(utf(key))
    yield t.chunk(value)
    yield t.end()
  }
  yield t.begin()
  yield* record(VERSION_KEY, Buffer.of(0, 0, 0, 1))
  yield* record(ACL_KEY, Buffer.concat([...acls].flatMap(([type, acl]) => [utf(type), utf(acl)])))
  yield* record(OWNER_KEY, utf(owner))
  for await (const { containerId, files } of containers) {
    yield t.key(utf(containerId))
    for await (const file of files) {
      yield t.chunk(Buffer.concat([utf(file.name), utf(String(file.length))]))
      let left = file.length
      for await (const part of file.content) {
        if (left === 0) break
        const taken = part.subarray(0, left)
        left -= taken.length
        yield t.chunk(taken)
      }
      // A file that shrank: readers count on the length that was said.
      for (; left > 0; left -= Math.min(left, 65536)) yield t.chunk(Buffer.alloc(Math.min(left, 65536), ' '))
    }
    yield t.end()
  }
  yield t.finish()
}

export interface AggregatedLogFile {
  readonly name: string
  readonly length: number
  /** To be read before the next file; what is left is skipped. */
  readonly content: AsyncIterable<Buffer>
}

async function readUtf(v: TFileValue): Promise<string | undefined> {
  const length = await v.exactly(2)
  if (!length) return undefined
  const n = length.readUInt16BE(0)
  if (n === 0) return ''
  const bytes = await v.exactly(n)
  if (!bytes) throw new TFileError('a value ends too early')
  return bytes.toString('utf8')
}

async function* filesOf(value: TFileValue): AsyncGenerator<AggregatedLogFile> {
  for (let name = await readUtf(value); name !== undefined; name = await readUtf(value)) {
    const text = await readUtf(value)
    const length = Number(text)
    if (text === undefined || !Number.isSafeInteger(length) || length < 0) throw new TFileError(`log file ${name} has the length "${text}"`)
    let left = length
    async function* content(): AsyncGenerator<Buffer> {
      while (left > 0) {
        const part = await value.some(left)
        if (!part) throw new TFileError(`log file ${name} ends ${left} bytes too early`)
        left -= part.length
        yield part
      }
    }
    yield { name, length, content: content() }
    while (left > 0) {
      const part = await value.some(left)
      if (!part) throw new TFileError(`log file ${name} ends ${left} bytes too early`)
      left -= part.length
    }
  }
}

/** The containers of one node's file, in order. @throws TFileError for a file that is none or is damaged */
export async function* readAggregatedLogs(file: RandomAccess): AsyncGenerator<ContainerLogs<AggregatedLogFile>> {
  for await (const { key, value } of readTFile(file)) {
    const containerId = key.subarray(2).toString('utf8')
    if (!RESERVED.has(containerId)) yield { containerId, files: filesOf(value) }
  }
}

/** Who owns the logs of a file. */
export async function readOwner(file: RandomAccess): Promise<string | undefined> {
  for await (const { key, value } of readTFile(file)) if (key.subarray(2).toString('utf8') === OWNER_KEY) return readUtf(value)
  return undefined
}
