/** From the calls of a program to operators, edges, vertices: chaining, operator ids, the hash. */
import { createHash } from 'node:crypto'
import type { JobEdge, JobVertex, OperatorDescriptor, Partitioner } from '../jobgraph/index.js'
import type { Transformation } from './datastream.js'
import { defaultMaxParallelism, murmur3x128 } from './keygroups.js'
import type { Operator } from './operators.js'
import { formatType } from './types.js'

export interface StreamGraph {
  readonly operators: readonly OperatorDescriptor[]
  readonly edges: readonly JobEdge[]
  readonly vertices: readonly JobVertex[]
  readonly hash: string
  /** The functions, by operator id. */
  readonly functions: ReadonlyMap<string, Operator>
}

export interface GraphSettings {
  readonly chaining: boolean
  readonly maxParallelism: number | undefined
}

interface Link {
  readonly source: Transformation
  readonly target: Transformation
  readonly partitioner: Partitioner
  readonly chained: boolean
}

/** @throws Error in Flink's words for a graph that can't be run (the same uid twice, more instances than key groups) */
export function translate(transformations: readonly Transformation[], settings: GraphSettings): StreamGraph {
  const links = transformations.flatMap((t) => (t.input ? [linkTo(t, t.input, settings.chaining)] : []))
  const ids = operatorIds(transformations, links)
  const idOf = (t: Transformation) => ids.get(t)!
  const operators = transformations.map(
    (t): OperatorDescriptor => ({
      id: idOf(t),
      node: t.node,
      name: displayName(t),
      kind: kindOf(t),
      type: t.spec.type,
      ...(t.uid !== undefined && { uid: t.uid }),
      parallelism: t.parallelism,
    }),
  )
  const edges = links.map(
    (l): JobEdge => ({
      source: idOf(l.source),
      target: idOf(l.target),
      partitioner: l.partitioner,
      chained: l.chained,
      recordType: formatType(l.source.outputType),
    }),
  )
  const vertices = chains(transformations, links).map((chain) => vertexOf(chain, links, idOf, settings))
  return {
    operators,
    edges,
    vertices,
    hash: createHash('sha256').update(JSON.stringify({ operators, edges, vertices })).digest('hex'),
    functions: new Map(
      transformations.map((t) => [idOf(t), { id: idOf(t), name: displayName(t), spec: t.spec, outputType: t.outputType, key: t.key } satisfies Operator]),
    ),
  }
}

function linkTo(target: Transformation, source: Transformation, chainingEnabled: boolean): Link {
  const partitioner: Partitioner = target.key ? 'HASH' : target.rebalanced || target.parallelism !== source.parallelism ? 'REBALANCE' : 'FORWARD'
  const chained = chainingEnabled && partitioner === 'FORWARD' && target.chaining === 'ALWAYS' && source.chaining !== 'NEVER'
  return { source, target, partitioner, chained }
}

const kindOf = (t: Transformation) => (t.input === undefined ? 'source' : t.spec.type === 'print' ? 'sink' : 'operator')

function displayName(t: Transformation): string {
  const kind = kindOf(t)
  // An unnamed print sink is `Sink: Print to Std. Out`, a named one `Sink: NAME`, as Flink writes them.
  return kind === 'source' ? `Source: ${t.name}` : kind === 'sink' ? `Sink: ${t.name}` : t.name
}

function int32(n: number): Buffer {
  const b = Buffer.alloc(4)
  b.writeInt32LE(n)
  return b
}

/** By uid; else by the position in the walk from the sources, how many operators are chained behind, and the inputs' ids. */
function operatorIds(transformations: readonly Transformation[], links: readonly Link[]): Map<Transformation, string> {
  const hashes = new Map<Transformation, Buffer>()
  const uids = new Map<string, Transformation>()
  const queue = transformations.filter((t) => t.input === undefined)
  for (let t = queue.shift(); t; t = queue.shift()) {
    const out = links.filter((l) => l.source === t)
    if (t.uid !== undefined) {
      if (uids.has(t.uid))
        throw new Error(
          `Hash collision on user-specified ID "${t.uid}". Most likely cause is a non-unique ID. Please check that all IDs specified via \`uid(String)\` are unique.`,
        )
      uids.set(t.uid, t)
      hashes.set(t, murmur3x128(Buffer.from(t.uid, 'utf8')))
    } else {
      const position = int32(hashes.size)
      const hash = murmur3x128(Buffer.concat([position, ...out.filter((l) => l.chained).map(() => position)]))
      const input = t.input && hashes.get(t.input)!
      if (input) for (let i = 0; i < 16; i++) hash[i] = (hash[i]! * 37) ^ input[i]!
      hashes.set(t, hash)
    }
    queue.push(...out.map((l) => l.target))
  }
  return new Map([...hashes].map(([t, h]) => [t, h.toString('hex')]))
}

/** Heads with what is chained to them, upstream first. */
function chains(transformations: readonly Transformation[], links: readonly Link[]): Transformation[][] {
  const heads = transformations.filter((t) => !links.some((l) => l.target === t && l.chained))
  const members = (head: Transformation): Transformation[] => [head, ...links.filter((l) => l.source === head && l.chained).flatMap((l) => members(l.target))]
  return heads.map(members)
}

function vertexOf(chain: readonly Transformation[], links: readonly Link[], idOf: (t: Transformation) => string, settings: GraphSettings): JobVertex {
  const head = chain[0]!
  const maxParallelism = settings.maxParallelism ?? defaultMaxParallelism(head.parallelism)
  if (head.parallelism > maxParallelism) {
    throw new Error(
      `Vertex ${chainName(head, links)}'s parallelism (${head.parallelism}) is higher than the max parallelism (${maxParallelism}). Please lower the parallelism or increase the max parallelism.`,
    )
  }
  return { id: idOf(head), name: chainName(head, links), parallelism: head.parallelism, maxParallelism, operators: chain.map(idOf) }
}

/** `A -> B`; several behind one stand in brackets: `A -> (B, C -> D)`. */
function chainName(head: Transformation, links: readonly Link[]): string {
  const behind = links.filter((l) => l.source === head && l.chained).map((l) => chainName(l.target, links))
  if (behind.length === 0) return displayName(head)
  return `${displayName(head)} -> ${behind.length === 1 ? behind[0] : `(${behind.join(', ')})`}`
}
