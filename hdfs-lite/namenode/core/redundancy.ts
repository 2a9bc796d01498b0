/** Copying blocks that have too few replicas (BlockManager's redundancy monitor). */
import type { Block, Datanode } from './block.js'
import { dropCorrupt, liveReplicas, usableReplicas } from './blocks.js'
import { chooseTargets } from './placement.js'
import { inSafeMode } from './safe-mode.js'
import type { FsState } from './state.js'

/** A copy that was not reported within this is ordered again. */
const COPY_TIMEOUT = 300_000
const MAX_STREAMS = 2

/** Orders copies. @param limit most blocks looked at in one turn */
export function scheduleCopies(fs: FsState, now: number, limit = 2000): number {
  if (inSafeMode(fs)) return 0
  const streams = new Map<Datanode, number>()
  let ordered = 0
  let looked = 0
  // Those with the fewest replicas first.
  const urgent: Block[] = []
  const others: Block[] = []
  for (const [b, since] of fs.lowRedundancy) {
    if (looked++ >= limit) break
    // Replicas whose reports are on their way are not missing yet.
    if (since === 0) fs.lowRedundancy.set(b, now)
    if (since === 0 || now - since < fs.config.heartbeatInterval) continue
    const pending = fs.pendingCopies.get(b)
    if (pending !== undefined && now - pending < COPY_TIMEOUT) continue
    ;(usableReplicas(b) <= 1 ? urgent : others).push(b)
  }
  for (const block of [...urgent, ...others]) {
    const file = block.file
    if (!file || block.construction) continue
    const sources = liveReplicas(block)
    if (sources.length === 0) continue
    const source = sources
      .map((s) => s.node)
      .sort((a, b) => (streams.get(a) ?? a.transfers.length) - (streams.get(b) ?? b.transfers.length) || (a.uuid < b.uuid ? -1 : 1))[0]!
    const load = streams.get(source) ?? source.transfers.length
    if (load >= MAX_STREAMS) continue
    const missing = file.replication - usableReplicas(block)
    if (missing <= 0) continue
    const targets = chooseTargets(fs, {
      replicas: missing,
      blockSize: Math.max(block.length, 1),
      client: undefined,
      excluded: new Set(block.replicas.storages.map((s) => s.node.uuid)),
      chosen: sources,
      favored: [],
    })
    if (targets.length === 0) continue
    source.transfers.push({ block, targets })
    streams.set(source, load + 1)
    fs.pendingCopies.set(block, now)
    ordered++
  }
  return ordered
}

/** Replicas that were corrupt while nothing better existed. */
export function dropAllCorrupt(fs: FsState): void {
  for (const b of fs.blocks.values()) if (b.corrupt) dropCorrupt(fs, b)
}
