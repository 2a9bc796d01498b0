/** Nodes as a scheduler sees them: what is allocated, what is free, what is reserved; and the cluster as their sum. */
import { bucketsFor, spread, stringHash } from '../../common/lang/javahash.js'
import { add, type ContainerId, componentwiseMax, formatNodeId, NONE, type NodeId, type Resource, subtract } from '../../common/records/index.js'
import { type RMContainer, sameContainer } from './container.js'

export class SchedulerNode {
  readonly key: string
  /** NodeId.hashCode(), spread as HashMap spreads it: some orders of Hadoop's follow from it. */
  readonly javaHash: number
  allocated: Resource = NONE
  available: Resource
  readonly containers = new Set<RMContainer>()
  reserved: RMContainer | undefined
  /** Containers that go when others take their place (lazy preemption), until their room is free; undefined: there never was one. */
  killable: Set<RMContainer> | undefined
  /** Partition: its node label, or ''. */
  partition = ''
  attributes: Readonly<Record<string, string>> = {}
  /** How many containers with a tag run here, by application and tag; undefined until there is one. */
  tags: Map<string, number> | undefined
  /** Where it stands among the nodes with room; -1: it has none. */
  roomIndex = -1
  /** Only running nodes are given containers. */
  usable = true
  /** Order of arrival: ties end in it. */
  ordinal = 0

  constructor(
    readonly nodeId: NodeId,
    /** As resource requests name it. */
    readonly name: string,
    readonly rack: string,
    public httpAddress: string,
    public total: Resource,
  ) {
    this.key = formatNodeId(nodeId)
    this.available = total
    this.javaHash = hashOf(nodeId)
  }

  allocate(c: RMContainer): void {
    this.containers.add(c)
    this.charge(c.resource)
  }

  charge(resource: Resource): void {
    this.allocated = add(this.allocated, resource)
    this.available = subtract(this.available, resource)
  }

  discharge(resource: Resource): void {
    this.allocated = subtract(this.allocated, resource)
    this.available = add(this.available, resource)
  }

  /**
   * Gives back what a container holds. One that the node runs holds it until the node says that it is gone, whatever the ResourceManager
   * has decided meanwhile.
   */
  release(c: RMContainer, byNode: boolean): void {
    if ((!byNode && c.startedOnNode) || !this.containers.delete(c)) return
    this.killable?.delete(c)
    this.discharge(c.resource)
  }

  /** One that holds room here; they are gone through. */
  find(id: ContainerId): RMContainer | undefined {
    for (const c of this.containers) if (sameContainer(c.name(), id)) return c
    return undefined
  }

  /** What is free, and what would be without the containers that may be killed for others. */
  get obtainable(): Resource {
    let sum = this.available
    if (this.killable) for (const c of this.killable) sum = add(sum, c.resource)
    return sum
  }

  resize(total: Resource): void {
    this.total = total
    this.available = subtract(total, this.allocated)
  }
}

/** Nodes as Hadoop's map of them iterates. */
export function inMapOrder(nodes: Iterable<SchedulerNode>, size: number): SchedulerNode[] {
  const mask = bucketsFor(size) - 1
  return [...nodes].sort((a, b) => (a.javaHash & mask) - (b.javaHash & mask) || a.ordinal - b.ordinal)
}

/** The nodes, by id, name and rack; the sum of their resources by partition; and those with room for the smallest container. */
export class Cluster {
  readonly nodes = new Map<string, SchedulerNode>()
  readonly room: SchedulerNode[] = []
  readonly #racks = new Map<string, number>()
  readonly #names = new Map<string, number>()
  readonly #partitions = new Map<string, Resource>()
  #total: Resource = NONE
  #arrivals = 0
  /** The largest amounts on any node: a container can't be larger. */
  #largest: Resource | undefined

  constructor(private readonly hasRoom: (node: SchedulerNode) => boolean) {}

  get total(): Resource {
    return this.#total
  }

  get size(): number {
    return this.nodes.size
  }

  ofPartition(partition: string): Resource {
    return this.#partitions.get(partition) ?? NONE
  }

  add(node: SchedulerNode): void {
    node.ordinal = this.#arrivals++
    this.nodes.set(node.key, node)
    count(this.#racks, node.rack, 1)
    count(this.#names, node.name, 1)
    this.#sum(node.partition, node.total, add)
    this.updateRoom(node)
  }

  remove(node: SchedulerNode): void {
    this.nodes.delete(node.key)
    count(this.#racks, node.rack, -1)
    count(this.#names, node.name, -1)
    this.#sum(node.partition, node.total, subtract)
    node.usable = false
    this.updateRoom(node)
  }

  resize(node: SchedulerNode, total: Resource): void {
    this.#sum(node.partition, node.total, subtract)
    node.resize(total)
    this.#sum(node.partition, total, add)
    this.updateRoom(node)
  }

  relabel(node: SchedulerNode, partition: string): void {
    this.#sum(node.partition, node.total, subtract)
    node.partition = partition
    this.#sum(partition, node.total, add)
  }

  sizeOfRack(rack: string): number {
    return this.#racks.get(rack) ?? 0
  }

  isRack(name: string): boolean {
    return this.#racks.has(name)
  }

  isNode(name: string): boolean {
    return this.#names.has(name)
  }

  /** The most of each amount that any node has; undefined without nodes. */
  largest(): Resource | undefined {
    if (!this.#largest) {
      for (const { total } of this.nodes.values()) {
        const l: Resource = this.#largest ?? NONE
        this.#largest = componentwiseMax(l, total)
      }
    }
    return this.#largest
  }

  /** Keeps `room` right; to be called whenever a node's free amounts or its usability change. */
  updateRoom(node: SchedulerNode): void {
    const has = node.usable && this.hasRoom(node)
    if (has === node.roomIndex >= 0) return
    if (has) {
      node.roomIndex = this.room.length
      this.room.push(node)
      return
    }
    const last = this.room.pop()!
    if (last !== node) {
      this.room[node.roomIndex] = last
      last.roomIndex = node.roomIndex
    }
    node.roomIndex = -1
  }

  #sum(partition: string, amount: Resource, op: (a: Resource, b: Resource) => Resource): void {
    this.#total = op(this.#total, amount)
    this.#partitions.set(partition, op(this.ofPartition(partition), amount))
    this.#largest = undefined
  }
}

function count(of: Map<string, number>, key: string, by: number): void {
  const n = (of.get(key) ?? 0) + by
  if (n === 0) of.delete(key)
  else of.set(key, n)
}

function hashOf({ host, port }: NodeId): number {
  const prime = 493_217
  return spread((Math.imul(prime, (Math.imul(prime, 8501) + stringHash(host)) | 0) + port) | 0)
}
