/** Sums over DataNodes and blocks, as `df`, reports and metrics show them. */
import { liveReplicas, usableReplicas } from '../core/blocks.js'
import type { FsState } from '../core/state.js'

export function fsStats(fs: FsState) {
  let capacity = 0
  let used = 0
  let remaining = 0
  let nonDfs = 0
  let pool = 0
  let xceivers = 0
  let live = 0
  let dead = 0
  let pendingDeletion = 0
  for (const d of fs.datanodes.values()) {
    if (!d.alive) {
      dead++
      continue
    }
    live++
    xceivers += d.xceivers
    pendingDeletion += d.invalidate.size
    for (const s of d.storages.values()) {
      capacity += s.capacity
      used += s.used
      remaining += s.remaining
      nonDfs += s.nonDfsUsed
      pool += s.blockPoolUsed
    }
  }
  let missing = 0
  let missingOne = 0
  let urgent = 0
  let corrupt = 0
  for (const b of fs.lowRedundancy.keys()) {
    if (b.corrupt) corrupt++
    if (liveReplicas(b).length === 0) {
      missing++
      if (b.file?.replication === 1) missingOne++
    } else if (usableReplicas(b) === 1) urgent++
  }
  const waiting = [...fs.pendingCopies.keys()].filter((b) => fs.lowRedundancy.has(b)).length
  return {
    capacity,
    used,
    remaining,
    nonDfs,
    pool,
    xceivers,
    live,
    dead,
    pendingDeletion,
    underReplicated: Math.max(0, fs.lowRedundancy.size - missing - waiting),
    missing,
    missingOne,
    urgent,
    corrupt,
  }
}
