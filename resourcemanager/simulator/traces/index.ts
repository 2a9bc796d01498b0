/** Traces of any kind as one workload. */
import path from 'node:path'
import type { ApplicationSpec, NodeSpec, Workload } from '../workload.js'
import { isObject } from './fields.js'
import { jsonValues } from './json-stream.js'
import { readNodesOption } from './nodes.js'
import { fail, Problems } from './problems.js'
import { readSls } from './sls.js'
import { readSlsSettings } from './sls-settings.js'

export { placeText, problemText, TraceError } from './problems.js'

export interface ReadOptions {
  readonly files: readonly string[]
  /** Where sls-runner.xml may be. */
  readonly confDir?: string
  /** As `--nodes`. */
  readonly nodes?: string
  readonly seed: number
}

/** @throws TraceError with the place of each thing that can't be */
export function readWorkload(options: ReadOptions): Workload {
  const { files, confDir } = options
  const settings = readSlsSettings(confDir)
  const problems = new Problems()
  const applications: ApplicationSpec[] = []
  let nodes: NodeSpec[] = []
  for (const file of files) {
    const values = jsonValues(file)
    const { value: first, done } = values.next()
    if (done) fail({ file }, 'it is empty')
    if (!isObject(first.value)) fail({ file, line: first.line }, 'it is no trace')
    const read = readSls(chain(first, values), file, settings, problems)
    applications.push(...read.applications)
    nodes.push(...read.nodes)
  }
  problems.check()
  if (options.nodes !== undefined) nodes = readNodesOption(options.nodes, settings.node)
  if (nodes.length === 0) fail({ file: files.join(', ') }, 'nothing says what the cluster is made of', 'give --nodes FILE or --nodes 100x16G,8')
  // Stable: what the traces say at one time stays in their order.
  applications.sort((a, b) => a.at - b.at)
  return { name: files.map((f) => path.basename(f).replace(/\.(json|ya?ml)$/, '')).join(' + '), nodes: unique(nodes), applications }
}

function* chain<T>(first: T, rest: Iterable<T>): Generator<T> {
  yield first
  yield* rest
}

function unique(nodes: readonly NodeSpec[]): NodeSpec[] {
  return [...new Map(nodes.map((n) => [n.host, n])).values()]
}
