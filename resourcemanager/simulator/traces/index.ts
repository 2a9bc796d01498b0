/** Traces of any kind as one workload. */
import path from 'node:path'
import type { ApplicationSpec, NodeSpec, Workload } from '../workload.js'
import { isObject } from './fields.js'
import { jsonValues } from './json-stream.js'
import { readNodesOption } from './nodes.js'
import { fail, Problems } from './problems.js'
import { readRumen } from './rumen.js'
import { readSls } from './sls.js'
import { readSlsSettings, type SlsSettings } from './sls-settings.js'
import { readSynth } from './synth.js'
import { readWorkloadFile } from './workload-file.js'
import { readYaml } from './yaml-file.js'

export { placeText, problemText, TraceError } from './problems.js'

export interface ReadOptions {
  readonly files: readonly string[]
  /** Where sls-runner.xml may be. */
  readonly confDir?: string
  /** As `--nodes`. */
  readonly nodes?: string
  readonly seed: number
  /** Models that applications may name; absent: any. */
  readonly modelNames?: readonly string[]
}

/** @throws TraceError with the place of each thing that can't be */
export function readWorkload(options: ReadOptions): Workload {
  const { files, confDir } = options
  const settings = readSlsSettings(confDir)
  const problems = new Problems()
  const applications: ApplicationSpec[] = []
  let nodes: NodeSpec[] = []
  const names: string[] = []
  for (const file of files) {
    const read = readTrace(file, settings, options.seed, problems)
    applications.push(...read.applications)
    nodes.push(...read.nodes)
    names.push(read.name ?? path.basename(file).replace(/(\.(json|ya?ml))?(\.gz)?$/, ''))
  }
  const { modelNames } = options
  for (const a of applications) {
    if (modelNames && !modelNames.includes(a.model))
      problems.add(a.place ?? { file: files[0]! }, `there is no model ${a.model}`, `there are ${modelNames.join(', ')}`)
  }
  problems.check()
  if (options.nodes !== undefined) nodes = readNodesOption(options.nodes, settings.node)
  if (nodes.length === 0) fail({ file: files.join(', ') }, 'nothing says what the cluster is made of', 'give --nodes FILE or --nodes 100x16G,8')
  // Stable: what the traces say at one time stays in their order.
  applications.sort((a, b) => a.at - b.at)
  return { name: names.join(' + '), nodes: unique(nodes), applications }
}

interface Trace {
  readonly name?: string | undefined
  readonly applications: readonly ApplicationSpec[]
  readonly nodes: readonly NodeSpec[]
}

/** What kind of trace it is, its first object tells. */
function readTrace(file: string, settings: SlsSettings, seed: number, problems: Problems): Trace {
  if (/\.ya?ml$/i.test(file)) return readWorkloadFile(readYaml(file, problems), seed)
  const values = jsonValues(file)
  const { value: first, done } = values.next()
  if (done) fail({ file }, 'it is empty')
  if (!isObject(first.value)) fail({ file, line: first.line }, 'it is no trace')
  const object = first.value
  if ('workloads' in object) return readSynth(readYaml(file, problems), settings, seed)
  if ('applications' in object) return readWorkloadFile(readYaml(file, problems), seed)
  if ('apps' in object) fail({ file, line: first.line }, "it is what a ResourceManager's REST answers", 'turn it into a trace with: bobbin sim import')
  if ('event' in object || 'config' in object) fail({ file, line: first.line }, "it is a ResourceManager's event log", 'run it with: bobbin replay')
  const all = chain(first, values)
  return 'jobID' in object || 'mapTasks' in object ? readRumen(all, file, settings, problems) : readSls(all, file, settings, problems)
}

function* chain<T>(first: T, rest: Iterable<T>): Generator<T> {
  yield first
  yield* rest
}

function unique(nodes: readonly NodeSpec[]): NodeSpec[] {
  return [...new Map(nodes.map((n) => [n.host, n])).values()]
}
