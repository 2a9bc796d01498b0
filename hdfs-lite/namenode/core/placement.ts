/** Which DataNodes get a block: the writer's own first, then another rack, then the rest evenly (BlockPlacementPolicyDefault). */
import type { Datanode, Storage } from './block.js'
import type { FsState } from './state.js'

export interface PlacementRequest {
  readonly replicas: number
  readonly blockSize: number
  /** Address of the writer; undefined: no preference. */
  readonly client: string | undefined
  /** The writer's own node gets a replica only where there are too few others. */
  readonly avoidClient?: boolean
  readonly excluded: ReadonlySet<string>
  /** Nodes that have the block, or are in its pipeline. */
  readonly chosen: readonly Storage[]
  /** As HOST:PORT or HOST. */
  readonly favored: readonly string[]
}

export function usableStorage(node: Datanode, blockSize: number): Storage | undefined {
  let best: Storage | undefined
  for (const s of node.storages.values()) {
    if (s.failed || s.state !== 'NORMAL' || s.remaining < blockSize) continue
    if (!best || s.remaining > best.remaining) best = s
  }
  return best
}

export function chooseTargets(fs: FsState, request: PlacementRequest): Storage[] {
  const isOwn = (n: Datanode) => n.address === request.client
  if (request.avoidClient) {
    const own = [...fs.datanodes.values()].filter(isOwn)
    if (own.length > 0) {
      const excluded = new Set([...request.excluded, ...own.map((n) => n.uuid)])
      const elsewhere = chooseTargets(fs, { ...request, avoidClient: false, excluded })
      if (elsewhere.length >= request.replicas) return elsewhere
    }
  }
  const taken = new Set(request.chosen.map((s) => s.node))
  const targets: Storage[] = []
  const candidates = [...fs.datanodes.values()].filter((n) => n.alive && n.adminState === 'NORMAL' && !request.excluded.has(n.uuid) && !taken.has(n))
  const turn = fs.placementTurn++
  // Equal nodes take turns: rotate before the (stable) sort by load.
  const start = candidates.length === 0 ? 0 : turn % candidates.length
  const order = [...candidates.slice(start), ...candidates.slice(0, start)].sort((a, b) => a.scheduled + a.xceivers - (b.scheduled + b.xceivers))
  const take = (node: Datanode | undefined) => {
    if (!node || taken.has(node) || targets.length >= request.replicas) return
    const storage = usableStorage(node, request.blockSize)
    if (!storage) return
    taken.add(node)
    targets.push(storage)
  }
  for (const f of request.favored)
    take(order.find((n) => f === n.hostName || f === n.address || f === `${n.address}:${n.xferPort}` || f === `${n.hostName}:${n.xferPort}`))
  if (request.chosen.length === 0 && request.client !== undefined) take(order.find(isOwn))
  const all = () => [...request.chosen, ...targets].map((s) => s.node)
  const usable = (n: Datanode) => !taken.has(n) && usableStorage(n, request.blockSize) !== undefined
  // Where it cannot be the writer's own node, one beside it.
  if (all().length === 0) {
    const location = [...fs.datanodes.values()].find(isOwn)?.location
    take(order.find((n) => n.location === location && usable(n)) ?? order.find(usable))
  }
  const [first] = all()
  if (first) {
    // The second replica goes off the first one's rack, where there is another; the third goes to the second one's.
    if (all().every((n) => n.location === first.location)) take(order.find((n) => n.location !== first.location && usable(n)))
    const second = all().find((n) => n.location !== first.location)
    if (second && all().length === 2) take(order.find((n) => n.location === second.location && usable(n)))
  }
  // The rest evenly: no rack gets many while another has none.
  while (targets.length < request.replicas) {
    const count = (rack: string) => all().filter((n) => n.location === rack).length
    const fewest = order.filter(usable).sort((a, b) => count(a.location) - count(b.location))[0]
    if (!fewest) break
    take(fewest)
  }
  return targets
}
