/** An HDFS client: files and directories of one file system, ours or a real HDFS. */
import { randomInt } from 'node:crypto'
import os from 'node:os'
import type { Readable } from 'node:stream'
import type { Configuration } from '../../common/config/configuration.js'
import { core } from '../../common/config/keys/core.js'
import { hdfs } from '../../common/config/keys/hdfs.js'
import { exception, isException } from '../../common/errors.js'
import type { AddBlockFlagProto, ContentSummaryProto, FsServerDefaultsProto, LocatedBlocksProto } from '../../common/proto/gen/client-namenode.js'
import type { ChecksumTypeProto, DatanodeInfoProto, LocatedBlockProto } from '../../common/proto/gen/hdfs.js'
import { type ClientProtocol, clientProtocol } from '../../common/protocols/client-namenode.js'
import { RpcClient, type RpcToken } from '../../common/rpc/client.js'
import type { Proxy as RpcProxy } from '../../common/rpc/protocol.js'
import { FileReader } from './file-reader.js'
import { type FileStatus, fileStatus } from './file-status.js'
import { FileWriter } from './file-writer.js'
import { type NameService, resolveNameService } from './namenodes.js'
import { absolutePath, parseUmask } from './paths.js'
import { DfsReadable, DfsWritable } from './streams.js'
import type { Peer } from './transfer/connection.js'

export interface DfsClientOptions {
  /** Default: HADOOP_USER_NAME, or the process's user. */
  readonly user?: string
  /** hdfs://AUTHORITY or AUTHORITY; default: fs.defaultFS. */
  readonly service?: string
  readonly token?: RpcToken
}

export interface CreateOptions {
  /** Default: true. */
  readonly overwrite?: boolean
  /** Before the umask; default 0666. */
  readonly permission?: number
  readonly replication?: number
  readonly blockSize?: number
  /** Default: true. */
  readonly createParent?: boolean
  /** One replica, which a DataNode may write to its disk later. */
  readonly lazyPersist?: boolean
  /** A block that is closed is on the DataNodes' disks. */
  readonly syncBlock?: boolean
  /** That blocks rather keep off the writer's own node, or go anywhere. */
  readonly placement?: readonly AddBlockFlagProto[]
}

export interface ReadOptions {
  readonly start?: number
  /** Exclusive. */
  readonly end?: number
  /** Default: true. */
  readonly verifyChecksum?: boolean
}

const CREATE = 1
const OVERWRITE = 2
const APPEND = 4
const NEW_BLOCK = 32
const SYNC_BLOCK = 8
const LAZY_PERSIST = 16
/** Half of the soft limit, after which others may take a lease over. */
const LEASE_RENEWAL = 30_000
const LARGE_PACKET = 512 * 1024
const EMPTY = new Uint8Array(0)

export function defaultUser(): string {
  return process.env['HADOOP_USER_NAME'] || os.userInfo().username
}

export class DfsClient {
  readonly user: string
  readonly clientName = `DFSClient_NONMAPREDUCE_${randomInt(-(2 ** 31), 2 ** 31)}_1`
  readonly service: NameService
  readonly #rpc: RpcClient<ClientProtocol>
  /** The NameNode's calls, for what has no method here. */
  readonly namenode: RpcProxy<ClientProtocol>
  readonly #umask: number
  #defaults: Promise<FsServerDefaultsProto> | undefined
  #openFiles = 0
  #leaseTimer: NodeJS.Timeout | undefined

  /** Connects when the first call is made. @throws ConfigurationError when the configuration names no NameNode */
  constructor(
    readonly conf: Configuration,
    options: DfsClientOptions = {},
  ) {
    this.user = options.user ?? defaultUser()
    this.service = resolveNameService(conf, options.service)
    this.#umask = parseUmask(conf.get(core.umask))
    this.#rpc = new RpcClient(
      clientProtocol,
      this.service.namenodes.map((n) => n.rpc),
      { user: this.user, ...(options.token && { token: options.token }) },
      { attempts: conf.get(hdfs.clientFailoverMaxAttempts), delay: conf.get(hdfs.clientFailoverSleepBase) },
    )
    this.namenode = this.#rpc.proxy
  }

  /** hdfs://AUTHORITY */
  get uri(): string {
    return `hdfs://${this.service.authority}`
  }

  /** The home directory, where relative paths begin. */
  get home(): string {
    return `/user/${this.user}`
  }

  /** @throws HadoopException FileNotFoundException */
  async getFileStatus(p: string): Promise<FileStatus> {
    const path = absolutePath(p)
    return (await this.#status(path)) ?? notFound(path)
  }

  async #status(path: string): Promise<FileStatus | undefined> {
    const { fs } = await this.namenode.getFileInfo({ src: path })
    return fs && fileStatus(fs, path)
  }

  async exists(p: string): Promise<boolean> {
    return (await this.#status(absolutePath(p))) !== undefined
  }

  /** The entries of a directory by name; of a file the file itself. @throws HadoopException FileNotFoundException */
  async listStatus(p: string): Promise<FileStatus[]> {
    const all: FileStatus[] = []
    for await (const batch of this.#listing(absolutePath(p))) all.push(...batch)
    return all
  }

  async *listIterator(p: string): AsyncIterable<FileStatus> {
    for await (const batch of this.#listing(absolutePath(p))) yield* batch
  }

  async *#listing(path: string): AsyncGenerator<FileStatus[]> {
    let startAfter: Uint8Array = EMPTY
    for (;;) {
      const { dirList } = await this.namenode.getListing({ src: path, startAfter, needLocation: false })
      if (!dirList) return notFound(path)
      yield dirList.partialListing.map((e) => fileStatus(e, path))
      if (dirList.remainingEntries === 0 || dirList.partialListing.length === 0) return
      startAfter = dirList.partialListing.at(-1)!.path
    }
  }

  /** Makes a directory and its parents. @param permission before the umask; default 0777 */
  async mkdirs(p: string, permission = 0o777, createParent = true): Promise<boolean> {
    const request = { src: absolutePath(p), masked: { perm: permission & ~this.#umask }, unmasked: { perm: permission }, createParent }
    return (await this.namenode.mkdirs(request)).result
  }

  /** What a new file of this permission gets. */
  masked(permission: number): number {
    return permission & ~this.#umask
  }

  open(p: string, options: ReadOptions = {}): Readable {
    return new DfsReadable(this.openReader(p, options))
  }

  /** As `open`, for those who take the data as it comes. */
  openReader(p: string, { start = 0, end = Number.POSITIVE_INFINITY, verifyChecksum = true }: ReadOptions = {}): Promise<FileReader> {
    const settings = {
      namenode: this.namenode,
      clientName: this.clientName,
      timeout: this.conf.get(hdfs.clientSocketTimeout),
      maxFailures: this.conf.get(hdfs.clientMaxAcquireFailures),
      verify: verifyChecksum,
      peerOf: (node: DatanodeInfoProto) => this.peerOf(node),
      visibleLength: (block: LocatedBlockProto) => this.#visibleLength(block),
    }
    return new FileReader(settings, absolutePath(p), start, end).open()
  }

  async readFile(p: string, options: ReadOptions = {}): Promise<Buffer> {
    const reader = await this.openReader(p, options)
    const parts: Buffer[] = []
    for (let batch = await reader.nextBatch(); batch; batch = await reader.nextBatch()) parts.push(...batch)
    return Buffer.concat(parts)
  }

  /** Where a DataNode's streaming port is reached from here. */
  peerOf({ id }: DatanodeInfoProto): Peer {
    return { host: this.conf.get(hdfs.clientUseDatanodeHostname) ? id.hostName : id.ipAddr, port: id.xferPort }
  }

  async #visibleLength(located: LocatedBlockProto): Promise<number> {
    const { clientDatanodeProtocol } = await import('../../common/protocols/client-datanode.js')
    let failure: unknown
    for (const node of located.locs) {
      const rpc = new RpcClient(clientDatanodeProtocol, [{ host: this.peerOf(node).host, port: node.id.ipcPort }], { user: this.user })
      try {
        return (await rpc.proxy.getReplicaVisibleLength({ block: located.b })).length
      } catch (e) {
        // No data has reached this replica yet.
        if (isException(e, 'ReplicaNotFoundException')) return 0
        failure = e
      } finally {
        rpc.close()
      }
    }
    throw exception('IOException', `Cannot obtain block length for ${located.b.poolId}:blk_${located.b.blockId}_${located.b.generationStamp}`, {
      cause: failure,
    })
  }

  /** The file is complete when the stream has finished. Has hflush() and hsync() as well. */
  create(p: string, options: CreateOptions = {}): DfsWritable {
    return new DfsWritable(this.createWriter(p, options))
  }

  /** As `create`, for those who fill packets themselves; close() or abort() must be called. */
  async createWriter(p: string, options: CreateOptions = {}): Promise<FileWriter> {
    const src = absolutePath(p)
    const { overwrite = true, permission = 0o666, createParent = true } = options
    const defaults = await this.#writeDefaults(options)
    const { fs } = await this.namenode.create({
      src,
      masked: { perm: permission & ~this.#umask },
      unmasked: { perm: permission },
      clientName: this.clientName,
      createFlag: CREATE | (overwrite ? OVERWRITE : 0) | (options.syncBlock ? SYNC_BLOCK : 0) | (options.lazyPersist ? LAZY_PERSIST : 0),
      createParent,
      replication: defaults.replication,
      blockSize: defaults.blockSize,
      cryptoProtocolVersion: ['ENCRYPTION_ZONES'],
    })
    const writer = new FileWriter(this.#writerSettings(defaults), {
      src,
      fileId: fs?.fileId ?? 0,
      blockSize: defaults.blockSize,
      replication: defaults.replication,
      syncBlock: options.syncBlock,
      placement: options.placement,
    })
    return this.#track(writer)
  }

  /** Adds to the end of a file. @param newBlock begins a block even if the last one isn't full */
  append(p: string, newBlock = false): DfsWritable {
    return new DfsWritable(this.appendWriter(p, newBlock))
  }

  async appendWriter(p: string, newBlock = false): Promise<FileWriter> {
    const src = absolutePath(p)
    const [{ block, stat }, defaults] = await Promise.all([
      this.namenode.append({ src, clientName: this.clientName, flag: APPEND | (newBlock ? NEW_BLOCK : 0) }),
      this.#writeDefaults({}),
    ])
    const status = stat ?? (await this.namenode.getFileInfo({ src })).fs ?? notFound(src)
    const target = { src, fileId: status.fileId, blockSize: status.blocksize, replication: status.blockReplication }
    const writer = this.#track(
      new FileWriter(this.#writerSettings(defaults), block ? { ...target, lastBlock: { located: block, resumed: !newBlock } } : target),
    )
    try {
      await writer.resumeLastBlock()
    } catch (e) {
      writer.abort()
      throw e
    }
    return writer
  }

  /** What the configuration says, or else the server. */
  async #writeDefaults(options: CreateOptions): Promise<{ replication: number; blockSize: number; checksumType: ChecksumTypeProto; bytesPerChecksum: number }> {
    const { conf } = this
    const type = conf.get(hdfs.checksumType)
    if (!['CRC32', 'CRC32C', 'NULL'].includes(type))
      throw exception('IllegalArgumentException', `dfs.checksum.type is "${type}"; CRC32, CRC32C and NULL are known`)
    const bytesPerChecksum = conf.get(hdfs.bytesPerChecksum)
    const blockSize = options.blockSize ?? conf.get(hdfs.blockSize)
    if (blockSize % bytesPerChecksum !== 0) {
      throw exception('IllegalArgumentException', `the block size ${blockSize} is no multiple of dfs.bytes-per-checksum, ${bytesPerChecksum}`)
    }
    return {
      replication: options.replication ?? (options.lazyPersist ? 1 : conf.get(hdfs.replication)),
      blockSize,
      checksumType: `CHECKSUM_${type}` as ChecksumTypeProto,
      bytesPerChecksum,
    }
  }

  #writerSettings(defaults: { checksumType: ChecksumTypeProto; bytesPerChecksum: number }) {
    const { conf } = this
    const { bytesPerChecksum } = defaults
    const packetSize = conf.has(hdfs.clientWritePacketSize) ? conf.get(hdfs.clientWritePacketSize) : LARGE_PACKET
    return {
      namenode: this.namenode,
      clientName: this.clientName,
      checksum: { type: defaults.checksumType, bytesPerChecksum },
      packetSize: Math.max(Math.floor(packetSize / bytesPerChecksum), 1) * bytesPerChecksum,
      blockRetries: conf.get(hdfs.clientBlockWriteRetries),
      timeout: conf.get(hdfs.clientSocketTimeout),
      peerOf: (node: DatanodeInfoProto) => this.peerOf(node),
      replaceNode: {
        enabled: conf.get(hdfs.clientReplaceDatanode),
        policy: conf.get(hdfs.clientReplaceDatanodePolicy),
        bestEffort: conf.get(hdfs.clientReplaceDatanodeBestEffort),
      },
    }
  }

  /** Keeps the client's lease alive while files are open. */
  #track(writer: FileWriter): FileWriter {
    if (this.#openFiles++ === 0) {
      this.#leaseTimer = setInterval(() => {
        // Without it the NameNode takes the files back after a while, which the writers are then told.
        this.namenode.renewLease({ clientName: this.clientName }).catch(() => {})
      }, LEASE_RENEWAL)
      this.#leaseTimer.unref()
    }
    writer.onEnd = () => {
      if (--this.#openFiles === 0) clearInterval(this.#leaseTimer)
    }
    return writer
  }

  async writeFile(p: string, bytes: Uint8Array | string, options: CreateOptions = {}): Promise<void> {
    const data = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
    const writer = await this.createWriter(p, options)
    try {
      await writer.write(data)
      await writer.close()
    } catch (e) {
      writer.abort()
      throw e
    }
  }

  /** Hadoop's old rename: false when it may not be. */
  async rename(src: string, dst: string): Promise<boolean> {
    return (await this.namenode.rename({ src: absolutePath(src), dst: absolutePath(dst) })).result
  }

  /** Moves or throws; may replace a file or an empty directory. */
  async renameOver(src: string, dst: string, overwrite: boolean): Promise<void> {
    await this.namenode.rename2({ src: absolutePath(src), dst: absolutePath(dst), overwriteDest: overwrite })
  }

  async delete(p: string, recursive: boolean): Promise<boolean> {
    return (await this.namenode.delete({ src: absolutePath(p), recursive })).result
  }

  async setPermission(p: string, permission: number): Promise<void> {
    await this.namenode.setPermission({ src: absolutePath(p), permission: { perm: permission } })
  }

  /** Owner or group may be left as they are. */
  async setOwner(p: string, owner?: string, group?: string): Promise<void> {
    await this.namenode.setOwner({ src: absolutePath(p), username: owner, groupname: group })
  }

  /** Milliseconds since 1970; -1 leaves a time as it is. */
  async setTimes(p: string, modificationTime: number, accessTime: number): Promise<void> {
    await this.namenode.setTimes({ src: absolutePath(p), mtime: modificationTime, atime: accessTime })
  }

  async setReplication(p: string, replication: number): Promise<boolean> {
    return (await this.namenode.setReplication({ src: absolutePath(p), replication })).result
  }

  /** Quotas that aren't set read as -1. */
  async contentSummary(p: string): Promise<ContentSummaryProto> {
    const { summary } = await this.namenode.getContentSummary({ path: absolutePath(p) })
    return { ...summary, quota: quota(summary.quota), spaceQuota: quota(summary.spaceQuota) }
  }

  async blockLocations(p: string, start = 0, length = Number.MAX_SAFE_INTEGER): Promise<LocatedBlocksProto> {
    const src = absolutePath(p)
    return (await this.namenode.getBlockLocations({ src, offset: start, length })).locations ?? notFound(src)
  }

  serverDefaults(): Promise<FsServerDefaultsProto> {
    this.#defaults ??= this.namenode.getServerDefaults({}).then((r) => r.serverDefaults)
    return this.#defaults
  }

  async copyFromLocal(local: string, p: string, options: CreateOptions = {}): Promise<void> {
    const { copyFromLocal } = await import('./local.js')
    await copyFromLocal(this, local, p, options)
  }

  async copyToLocal(p: string, local: string): Promise<void> {
    const { copyToLocal } = await import('./local.js')
    await copyToLocal(this, p, local)
  }

  close(): void {
    clearInterval(this.#leaseTimer)
    this.#rpc.close()
  }
}

/** "Not set" is -1, which reads as the largest unsigned number. */
function quota(n: number): number {
  return n >= 2 ** 63 ? -1 : n
}

function notFound(path: string): never {
  throw exception('FileNotFoundException', `File does not exist: ${path}`)
}
