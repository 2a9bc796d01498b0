/** ClientProtocol: calls that change the namespace. */
import { exception } from '../../../common/errors.js'
import type { ClientProtocol } from '../../../common/protocols/client-namenode.js'
import type { CallContext, Handlers } from '../../../common/rpc/protocol.js'
import { append } from '../core/append.js'
import { setOwner, setPermission, setQuota, setReplication, setStoragePolicy, setTimes } from '../core/attributes.js'
import { blockName } from '../core/block.js'
import { markCorrupt } from '../core/blocks.js'
import { remove } from '../core/delete.js'
import { renewLease } from '../core/lease.js'
import { mkdirs } from '../core/mkdirs.js'
import { resolveById } from '../core/path.js'
import { chooseTargets } from '../core/placement.js'
import { recoverLease, updateBlockForPipeline, updatePipeline } from '../core/recovery.js'
import { rename, renameOld } from '../core/rename.js'
import { viewOf } from '../core/status.js'
import { abandonBlock, addBlock, checkLease, complete, create, fsync } from '../core/write.js'
import type { Namesystem } from '../namesystem.js'
import { EMPTY_TOKEN, blockRef, extendedBlock, locatedBlockOf, statusProto } from './convert.js'
import type { RetryCache } from './retry-cache.js'

/** CreateFlag's bits. */
const CREATE = 1
const OVERWRITE = 2
const LAZY_PERSIST = 0x10
const NEW_BLOCK = 0x20

/** -1 travels as uint64, which is the largest number that reads here. */
export const signed = (n: number) => (n >= 2 ** 64 ? -1 : n)

export const machineOf = (call: CallContext) => call.remoteAddress.replace(/^::ffff:/, '')

export function clientWriteHandlers(ns: Namesystem, retries: RetryCache): Handlers<ClientProtocol> {
  const pool = ns.identity.blockPoolId
  const caller = (call: CallContext) => ns.caller(call.user)
  const write = ns.write
  /** For calls whose second execution would fail or do harm. */
  const { once } = retries
  return {
    mkdirs: (q, call) =>
      write((fs) => ({ result: mkdirs(fs, caller(call), q.src, { masked: q.masked.perm, unmasked: q.unmasked?.perm }, q.createParent, Date.now()) })),
    create: (q, call) =>
      once(
        call,
        (fs) => {
          const file = create(
            fs,
            caller(call),
            q.src,
            {
              mode: { masked: q.masked.perm, unmasked: q.unmasked?.perm },
              holder: q.clientName,
              machine: machineOf(call),
              create: (q.createFlag & CREATE) !== 0,
              overwrite: (q.createFlag & OVERWRITE) !== 0,
              createParent: q.createParent,
              replication: q.replication,
              blockSize: q.blockSize,
              storagePolicy: (q.createFlag & LAZY_PERSIST) !== 0 ? 'LAZY_PERSIST' : q.storagePolicy,
            },
            ns.clock(),
          )
          return { fs: statusProto(pool, viewOf(file, '', undefined)) }
        },
        ({ fs }) => ({ created: fs.fileId! }),
      ),
    append: (q, call) =>
      once(
        call,
        (fs) => {
          const a = append(fs, caller(call), q.src, q.clientName, machineOf(call), ((q.flag ?? 0) & NEW_BLOCK) !== 0, ns.clock())
          const c = a.block?.construction
          return {
            block: a.block && locatedBlockOf(pool, a.block, a.offset, a.block.length, c?.expected ?? []),
            stat: statusProto(pool, viewOf(a.file, '', undefined)),
          }
        },
        ({ stat }) => ({ appended: stat.fileId! }),
      ),
    addBlock: (q, call) =>
      write((fs) => {
        const added = addBlock(fs, caller(call), q.src, {
          holder: q.clientName,
          fileId: q.fileId,
          previous: q.previous && blockRef(q.previous),
          excluded: new Set(q.excludeNodes.map((n) => n.id.datanodeUuid)),
          favored: q.favoredNodes,
          locality: q.flags.includes('IGNORE_CLIENT_LOCALITY') ? 'any' : q.flags.includes('NO_LOCAL_WRITE') ? 'avoid' : 'near',
        })
        return { block: locatedBlockOf(pool, added.block, added.offset, 0, added.targets) }
      }),
    abandonBlock: (q, call) =>
      write((fs) => {
        abandonBlock(fs, caller(call), q.src, q.fileId, q.holder, blockRef(q.b))
        return {}
      }),
    complete: (q, call) => write((fs) => ({ result: complete(fs, caller(call), q.src, q.fileId, q.clientName, q.last && blockRef(q.last), Date.now()) })),
    fsync: (q, call) =>
      write((fs) => {
        fsync(fs, caller(call), q.src, q.fileId, q.client, q.lastBlockLength)
        return {}
      }),
    getAdditionalDatanode(q, call) {
      const { fs } = ns
      const iip = resolveById(fs, caller(call), q.src, q.fileId)
      const file = checkLease(fs, iip, q.clientName, q.fileId)
      const block = fs.blocks.get(q.blk.blockId)
      if (!block) throw exception('IOException', `${q.blk.poolId}:${blockName({ id: q.blk.blockId, generationStamp: q.blk.generationStamp })} does not exist.`)
      const existing = q.existings.flatMap((e, i) => fs.datanodes.get(e.id.datanodeUuid)?.storages.get(q.existingStorageUuids[i] ?? '') ?? [])
      const added = chooseTargets(fs, {
        replicas: q.numAdditionalNodes,
        blockSize: file.blockSize,
        client: undefined,
        excluded: new Set([...q.excludes, ...q.existings].map((d) => d.id.datanodeUuid)),
        chosen: existing,
        favored: [],
      })
      return { block: locatedBlockOf(pool, { ...block, generationStamp: q.blk.generationStamp }, 0, q.blk.numBytes, [...existing, ...added]) }
    },
    updateBlockForPipeline: (q) =>
      write((fs) => {
        const stamp = updateBlockForPipeline(fs, blockRef(q.block), q.clientName)
        return {
          block: {
            b: extendedBlock(pool, { id: q.block.blockId, generationStamp: stamp }, q.block.numBytes),
            offset: -1,
            corrupt: false,
            blockToken: EMPTY_TOKEN,
          },
        }
      }),
    updatePipeline: (q, call) =>
      once(call, (fs) => {
        updatePipeline(
          fs,
          q.clientName,
          blockRef(q.oldBlock),
          blockRef(q.newBlock),
          q.newNodes.map((n, i) => ({ uuid: n.datanodeUuid, storage: q.storageIDs[i] })),
        )
        return {}
      }),
    reportBadBlocks: (q) => {
      for (const b of q.blocks) {
        const block = ns.fs.blocks.get(b.b.blockId)
        for (const l of b.locs) {
          const node = ns.fs.datanodes.get(l.id.datanodeUuid)
          if (block && node) markCorrupt(ns.fs, block, node)
        }
      }
      return {}
    },
    renewLease(q) {
      renewLease(ns.fs, q.clientName, performance.now())
      return {}
    },
    recoverLease: (q, call) => write((fs) => ({ result: recoverLease(fs, caller(call), q.src, q.clientName, machineOf(call), ns.clock()) })),
    delete: (q, call) => once(call, (fs) => ({ result: remove(fs, caller(call), q.src, q.recursive, Date.now()) })),
    rename: (q, call) => once(call, (fs) => ({ result: renameOld(fs, caller(call), q.src, q.dst, Date.now()) })),
    rename2: (q, call) =>
      once(call, (fs) => {
        rename(fs, caller(call), q.src, q.dst, q.overwriteDest, q.moveToTrash ?? false, Date.now())
        return {}
      }),
    setPermission: (q, call) =>
      write((fs) => {
        setPermission(fs, caller(call), q.src, q.permission.perm)
        return {}
      }),
    setOwner: (q, call) =>
      write((fs) => {
        setOwner(fs, caller(call), q.src, q.username || undefined, q.groupname || undefined)
        return {}
      }),
    setTimes: (q, call) =>
      write((fs) => {
        setTimes(fs, caller(call), q.src, signed(q.mtime), signed(q.atime))
        return {}
      }),
    setReplication: (q, call) => write((fs) => ({ result: setReplication(fs, caller(call), q.src, q.replication) })),
    setQuota: (q, call) =>
      write((fs) => {
        setQuota(fs, caller(call), q.path, signed(q.namespaceQuota), signed(q.storagespaceQuota), q.storageType)
        return {}
      }),
    setStoragePolicy: (q, call) =>
      write((fs) => {
        setStoragePolicy(fs, caller(call), q.src, q.policyName)
        return {}
      }),
    unsetStoragePolicy: (q, call) =>
      write((fs) => {
        setStoragePolicy(fs, caller(call), q.src, undefined)
        return {}
      }),
  }
}
