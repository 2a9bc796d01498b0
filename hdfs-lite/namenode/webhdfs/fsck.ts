/** What `hdfs fsck` reads from the NameNode's web address (NamenodeFsck). */
import type { FastifyInstance } from 'fastify'
import { exception } from '../../../common/errors.js'
import type { AdminState } from '../../../common/records/hdfs/states.js'
import type { Block, Storage } from '../core/block.js'
import { liveReplicas, usableReplicas } from '../core/blocks.js'
import { corruptFileBlocks } from '../core/corrupt.js'
import { type INode, type INodeFile, fileLength, pathOf } from '../core/inode.js'
import { componentsOf, lastOf, walk } from '../core/path.js'
import type { Namesystem } from '../namesystem.js'

interface Totals {
  directories: number
  symlinks: number
  files: number
  bytes: number
  blocks: number
  minimal: number
  over: number
  under: number
  replicas: number
  missingReplicas: number
  wanted: number
  missing: number
  corrupt: number
  missingFiles: string[]
  open: number
}

interface Options {
  readonly files: boolean
  readonly blocks: boolean
  readonly locations: boolean
  readonly racks: boolean
  readonly openForWrite: boolean
}

const percent = (part: number, whole: number) => (whole === 0 ? '' : ` (${((part * 100) / whole).toString().replace(/^(\d+)$/, '$1.0')} %)`)

/** `Sat Feb 03 03:19:54 UTC 2001` */
function javaDate(d: Date): string {
  const [day, month, date, year] = d
    .toUTCString()
    .replace(',', '')
    .split(' ')
    .map((x, i, a) => a[[0, 2, 1, 3][i]!] ?? x)
  return `${day} ${month} ${date} ${d.toISOString().slice(11, 19)} UTC ${year}`
}

function checkFile(ns: Namesystem, file: INodeFile, path: string, o: Options, t: Totals, out: string[]): void {
  const { fs } = ns
  const open = file.writer !== undefined
  if (open) t.open++
  if (open && !o.openForWrite) return
  t.files++
  const length = fileLength(file)
  t.bytes += length
  const under: Block[] = []
  const missing: Block[] = []
  let corrupt = 0
  const lines: string[] = []
  file.blocks.forEach((b, i) => {
    const live = liveReplicas(b)
    t.blocks++
    t.replicas += live.length
    t.wanted += file.replication
    if (live.length >= fs.config.minReplication) t.minimal++
    if (live.length > file.replication) t.over++
    if (b.corrupt && live.length === 0) corrupt++
    if (live.length === 0 && !b.construction) missing.push(b)
    else if (usableReplicas(b) < file.replication && !b.construction) {
      under.push(b)
      t.under++
      t.missingReplicas += file.replication - live.length
    }
    const name = `${ns.identity.blockPoolId}:blk_${b.id}_${b.generationStamp}`
    const where =
      o.locations || o.racks
        ? `  [${live.map((s) => (o.racks ? `${s.node.location}/${s.node.address}:${s.node.xferPort}` : `DatanodeInfoWithStorage[${s.node.address}:${s.node.xferPort},${s.id},${s.type}]`)).join(', ')}]`
        : ''
    lines.push(
      live.length === 0 && !b.construction ? `${i}. ${name} len=${b.length} MISSING!` : `${i}. ${name} len=${b.length} Live_repl=${live.length}${where}`,
    )
  })
  t.missing += missing.length
  t.corrupt += corrupt
  if (o.files) {
    const state =
      missing.length > 0 ? `MISSING ${missing.length} blocks of total size ${missing.reduce((n, b) => n + b.length, 0)} B` : under.length > 0 ? '' : ' OK'
    out.push(`${path} ${length} bytes, replicated: replication=${file.replication}, ${file.blocks.length} block(s)${open ? ', OPENFORWRITE' : ''}: ${state}\n`)
  }
  for (const b of under)
    out.push(
      `${o.files ? ' ' : `\n${path}: `} Under replicated ${ns.identity.blockPoolId}:blk_${b.id}_${b.generationStamp}. Target Replicas is ${file.replication} but found ${liveReplicas(b).length} live replica(s), 0 decommissioned replica(s), 0 decommissioning replica(s).\n`,
    )
  if (missing.length > 0) {
    t.missingFiles.push(path)
    if (!o.files) out.push(`\n${path}: MISSING ${missing.length} blocks of total size ${missing.reduce((n, b) => n + b.length, 0)} B.`)
  }
  if (o.blocks) out.push(`${lines.join('\n')}${lines.length > 0 ? '\n\n' : '\n'}`)
}

function visit(ns: Namesystem, inode: INode, o: Options, t: Totals, out: string[]): void {
  const path = pathOf(inode)
  if (inode.kind === 'directory') {
    t.directories++
    if (o.files) out.push(`${path} <dir>\n`)
    for (const c of inode.children) visit(ns, c, o, t, out)
  } else if (inode.kind === 'symlink') t.symlinks++
  else checkFile(ns, inode, path, o, t, out)
}

/** The whole report. @throws FileNotFoundException */
export function fsck(ns: Namesystem, path: string, user: string, address: string, o: Options, startedAt: Date, millis: () => number): string {
  const { fs } = ns
  const t: Totals = {
    directories: 0,
    symlinks: 0,
    files: 0,
    bytes: 0,
    blocks: 0,
    minimal: 0,
    over: 0,
    under: 0,
    replicas: 0,
    missingReplicas: 0,
    wanted: 0,
    missing: 0,
    corrupt: 0,
    missingFiles: [],
    open: 0,
  }
  const out = [`FSCK started by ${user} (auth:SIMPLE) from /${address} for path ${path} at ${javaDate(startedAt)}\n\n`]
  const top = lastOf(walk(fs, componentsOf(path)))
  if (!top)
    return `${out[0]}FSCK ended at ${javaDate(new Date())} in ${millis()} milliseconds\nPath '${path}' does not exist\n\n\nFsck on path '${path}' FAILED`
  visit(ns, top, o, t, out)
  const healthy = t.missing === 0 && t.corrupt === 0
  const live = [...fs.datanodes.values()].filter((d) => d.alive)
  const real = (n: number) => (Number.isInteger(n) ? `${n}.0` : String(n))
  out.push(
    `\nStatus: ${healthy ? 'HEALTHY' : 'CORRUPT'}`,
    `\n Number of data-nodes:\t${live.length}`,
    `\n Number of racks:\t\t${new Set(live.map((d) => d.location)).size}`,
    `\n Total dirs:\t\t\t${t.directories}`,
    `\n Total symlinks:\t\t${t.symlinks}`,
    `\n\nReplicated Blocks:`,
    `\n Total size:\t${t.bytes} B${t.open > 0 && !o.openForWrite ? ` (Total open files size: 0 B)` : ''}`,
    `\n Total files:\t${t.files}${t.open > 0 && !o.openForWrite ? ` (Files currently being written: ${t.open})` : ''}`,
    `\n Total blocks (validated):\t${t.blocks}${t.blocks > 0 ? ` (avg. block size ${Math.floor(t.bytes / t.blocks)} B)` : ''}`,
  )
  if (!healthy) {
    const bar = '\n  ********************************'
    out.push(bar, `\n  UNDER MIN REPL'D BLOCKS:\t${t.missing}${percent(t.missing, t.blocks)}`, `\n  dfs.namenode.replication.min:\t${fs.config.minReplication}`)
    out.push(`\n  CORRUPT FILES:\t${t.missingFiles.length}`, `\n  MISSING BLOCKS:\t${t.missing}`, bar)
  }
  out.push(
    `\n Minimally replicated blocks:\t${t.minimal}${percent(t.minimal, t.blocks)}`,
    `\n Over-replicated blocks:\t${t.over}${percent(t.over, t.blocks)}`,
    `\n Under-replicated blocks:\t${t.under}${percent(t.under, t.blocks)}`,
    `\n Mis-replicated blocks:\t\t0${percent(0, t.blocks)}`,
    `\n Default replication factor:\t${fs.config.replication}`,
    `\n Average block replication:\t${real(t.blocks === 0 ? 0 : t.replicas / t.blocks)}`,
    `\n Missing blocks:\t\t${t.missing}`,
    `\n Corrupt blocks:\t\t${t.corrupt}`,
    `\n Missing replicas:\t\t${t.missingReplicas}${percent(t.missingReplicas, t.wanted)}`,
    `\n Blocks queued for replication:\t${fs.pendingCopies.size}`,
    `\n\nErasure Coded Block Groups:\n Total size:\t0 B\n Total files:\t0\n Total block groups (validated):\t0`,
    `\n Minimally erasure-coded block groups:\t0\n Over-erasure-coded block groups:\t0\n Under-erasure-coded block groups:\t0`,
    `\n Unsatisfactory placement block groups:\t0\n Average block group size:\t0.0\n Missing block groups:\t\t0\n Corrupt block groups:\t\t0`,
    `\n Missing internal blocks:\t0\n Blocks queued for replication:\t0`,
    `\nFSCK ended at ${javaDate(new Date())} in ${millis()} milliseconds`,
    `\n\n\nThe filesystem under path '${path}' is ${healthy ? 'HEALTHY' : 'CORRUPT'}`,
  )
  return out.join('')
}

/** What a client asks for again and again, with the cookie of the last answer, until there are no more. */
function corruptFiles(ns: Namesystem, path: string, cookie: string): string {
  const skip = Number.parseInt(cookie, 10) || 0
  const found = corruptFileBlocks(ns.fs, path, skip)
  const count = found.length > 0 ? found.length : skip === 0 ? 'no' : 'no more'
  return [
    `Cookie:\t${skip + found.length}`,
    ...found.map((c) => `blk_${c.block.id}\t${c.path}`),
    `\n\nThe filesystem under path '${path}' has ${count} CORRUPT files\n`,
  ].join('\n')
}

function blockReport(ns: Namesystem, name: string): string {
  if (!/^blk_-?\d+/.test(name)) return `Incorrect blockId format: ${name}\n`
  const b = ns.fs.blocks.get(Number(/^blk_(-?\d+)/.exec(name)![1]))
  if (!b?.file) return `\nBlock ${name} does not exist\n`
  const { storages } = b.replicas
  const inState = (state: AdminState) => storages.filter((s) => s.node.adminState === state).length
  const state = (s: Storage) =>
    b.corrupt?.has(s.node)
      ? 'CORRUPT'
      : s.node.adminState === 'DECOMMISSIONED'
        ? 'DECOMMISSIONED'
        : s.node.adminState === 'DECOMMISSION_INPROGRESS'
          ? 'DECOMMISSIONING'
          : 'HEALTHY'
  const live = liveReplicas(b).length
  return `${[
    `\nBlock Id: ${name}`,
    `Block belongs to: ${pathOf(b.file)}`,
    `No. of Expected Replica: ${b.file.replication}`,
    `No. of live Replica: ${live}`,
    `No. of excess Replica: ${Math.max(0, live - b.file.replication)}`,
    'No. of stale Replica: 0',
    `No. of decommissioned Replica: ${inState('DECOMMISSIONED')}`,
    `No. of decommissioning Replica: ${inState('DECOMMISSION_INPROGRESS')}`,
    `No. of corrupted Replica: ${b.corrupt?.size ?? 0}`,
    ...storages.map((s) => `Block replica on datanode/rack: ${s.node.hostName}${s.node.location} is ${state(s)}`),
  ].join('\n')}\n`
}

export function registerFsck(web: FastifyInstance, current: () => Namesystem | undefined): void {
  web.get('/fsck', (request, reply) => {
    const ns = current()
    const q = request.query as Record<string, string | undefined>
    const user = q.ugi ?? 'unknown'
    reply.type('text/plain; charset=utf-8')
    if (!ns) return reply.code(403).send('this NameNode is standby')
    if (!ns.caller(user).isSuper)
      return reply.code(403).send(exception('AccessControlException', `Access denied for user ${user}. Superuser privilege is required`).message)
    const path = q.path ?? '/'
    const address = request.socket.remoteAddress?.replace(/^::ffff:/, '') ?? ''
    // A client takes the last line of an answer of 200 for the result, and shows nothing of any other.
    for (const action of ['move', 'delete'])
      if (action in q)
        return reply.send(
          `fsck -${action} is not part of this NameNode: delete the files that the report names with hdfs dfs -rm\n\n\nFsck on path '${path}' FAILED\n`,
        )
    if (q.blockId !== undefined)
      return reply.send(
        `FSCK started by ${user} (auth:SIMPLE) from /${address} at ${javaDate(new Date())}\n${q.blockId
          .split(' ')
          .filter((name) => name !== '')
          .map((name) => blockReport(ns, name))
          .join('')}`,
      )
    if ('listcorruptfileblocks' in q) return reply.send(corruptFiles(ns, path, q.startblockafter ?? '0'))
    const start = performance.now()
    const text = fsck(
      ns,
      path,
      user,
      address,
      { files: 'files' in q, blocks: 'blocks' in q, locations: 'locations' in q, racks: 'racks' in q, openForWrite: 'openforwrite' in q },
      new Date(),
      () => Math.round(performance.now() - start),
    )
    return reply.send(`${text}\n`)
  })
}
