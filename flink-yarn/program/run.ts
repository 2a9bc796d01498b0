/** Runs a program's main: for its jobs (a client, or the JobManager of an application) or only for the graph of one of them. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { importModule } from '../../common/cli/import-module.js'
import { deferred } from '../../common/lang/index.js'
import { JOB_GRAPH_FORMAT, type JobGraph, type RecordedExecution } from '../jobgraph/index.js'
import { type JobResultData, type ProgramContext, withContext } from '../streaming/context.js'
import type { StreamExecutionEnvironment } from '../streaming/environment.js'
import { type StreamGraph, translate } from '../streaming/graph.js'
import * as streaming from '../streaming/index.js'
import { ProgramInvocationException } from './errors.js'
import { type JobJar, extractJar } from './jar.js'

export interface ProgramOptions {
  /** `-c`; else the manifest's. */
  readonly entryClass?: string | undefined
  readonly args: readonly string[]
  /** Default of environments that set none (`-p`); 1 when unset. */
  readonly parallelism?: number | undefined
  /** Flink options that go with the job. */
  readonly configuration?: Readonly<Record<string, string>> | undefined
}

export interface JobResult {
  readonly jobId: string
  /** Milliseconds. */
  readonly netRuntime: number
}

export interface SubmittedJob {
  readonly jobId: string
  /** Resolves at the job's end, rejects when it failed or was cancelled; undefined when the program runs detached. */
  readonly result: (() => Promise<JobResult>) | undefined
}

/** Where execute() sends its job. */
export interface PipelineExecutor {
  /** Resolves when the job has been accepted. Its rejections reach main as what execute() throws. */
  submit(graph: JobGraph): Promise<SubmittedJob>
}

export interface RunOptions extends ProgramOptions {
  readonly executor: PipelineExecutor
}

export interface GraphOptions extends ProgramOptions {
  /** What the execute() calls before the wanted one answered; the first is wanted when there are none. */
  readonly earlier?: readonly RecordedExecution[]
}

/**
 * Runs main; each execute() goes to the executor, one after the other as main calls them.
 * @returns how many jobs it submitted
 * @throws ProgramInvocationException in Flink's words: entry class missing, main missing, main threw
 */
export async function runMain(jar: JobJar, options: RunOptions): Promise<{ jobs: number }> {
  const earlier: RecordedExecution[] = []
  const pending = new Set<Promise<unknown>>()
  const run = await withProgram(jar, options, async (entryClass, main) => {
    const context: ProgramContext = {
      ...defaults(options),
      execute(environment, name, attached) {
        const graph = jobGraphOf(jar, options, entryClass, graphOf(environment), name, [...earlier])
        const slot = earlier.push({ jobId: graph.jobId, detached: true }) - 1
        const result = executeWith(options.executor, graph, attached).then((r) => {
          earlier[slot] = { jobId: r.jobId, detached: r.netRuntime === undefined, ...(r.netRuntime !== undefined && { netRuntime: r.netRuntime }) }
          return r
        })
        pending.add(result)
        const settled = () => pending.delete(result)
        result.then(settled, (e) => {
          settled()
          earlier[slot] = { jobId: graph.jobId, detached: false, failure: e instanceof Error ? e.message : String(e) }
        })
        return result
      },
    }
    await withContext(context, async () => {
      await callMain(main, options.args)
      // What main did not await is waited for here, and fails it here.
      await callMain(() => Promise.all(pending), [])
    })
    return earlier.length
  })
  return { jobs: run }
}

async function executeWith(executor: PipelineExecutor, graph: JobGraph, attached: boolean): Promise<JobResultData> {
  const { jobId, result } = await executor.submit(graph)
  if (!attached || !result) return { jobId, detached: true, netRuntime: undefined }
  return { jobId, detached: false, netRuntime: (await result()).netRuntime }
}

/**
 * Runs main up to one execute() and gives that job's graph. Main's own output is kept away from the terminal.
 * @throws ProgramInvocationException as runMain, and in Flink's words when main never gets to that execute()
 */
export async function buildJobGraph(jar: JobJar, options: GraphOptions): Promise<JobGraph> {
  return withProgram(jar, options, async (entryClass, main) => {
    const { graph, name } = await runTo(main, options)
    return jobGraphOf(jar, options, entryClass, graph, name, options.earlier ?? [])
  })
}

/** As buildJobGraph, but gives the functions too: what a task runs. `folder` holds the jar's modules. */
export async function loadStreamGraph(folder: string, entryClass: string, options: GraphOptions): Promise<StreamGraph> {
  return (await runTo(await importMain(folder, entryClass), options)).graph
}

type Main = (args: string[]) => unknown

/** Main goes on until the wanted execute(), which never answers. */
async function runTo(main: Main, options: GraphOptions): Promise<{ graph: StreamGraph; name: string }> {
  const wanted = options.earlier?.length ?? 0
  const reached = deferred<{ graph: StreamGraph; name: string }>()
  let calls = 0
  const context: ProgramContext = {
    ...defaults(options),
    execute(environment, name) {
      const index = calls++
      if (index < wanted) {
        environment.takeTransformations()
        const { jobId, detached, netRuntime, failure } = options.earlier![index]!
        if (failure !== undefined) return Promise.reject(new Error(failure))
        return Promise.resolve({ jobId, detached, netRuntime })
      }
      if (index === wanted) reached.resolve({ graph: graphOf(environment), name })
      return new Promise(() => {})
    },
  }
  return silenced(() =>
    withContext(context, () => {
      const finished = callMain(main, options.args).then(() => {
        // Only a main that does not await execute() comes here with success.
        if (calls > wanted) return reached.promise
        throw new ProgramInvocationException(
          calls === 0
            ? 'The program plan could not be fetched - the program aborted pre-maturely. Its main never called execute().'
            : `The program's main called execute() ${calls} times; the job is number ${wanted + 1}.`,
        )
      })
      return Promise.race([reached.promise, finished])
    }),
  )
}

function defaults(options: ProgramOptions) {
  return { defaultParallelism: options.parallelism ?? 1, configuration: options.configuration ?? {} }
}

function graphOf(environment: StreamExecutionEnvironment): StreamGraph {
  const settings = { chaining: environment.isChainingEnabled(), maxParallelism: environment.getMaxParallelism() }
  return translate(environment.takeTransformations(), settings)
}

function jobGraphOf(
  jar: JobJar,
  options: ProgramOptions,
  entryClass: string,
  graph: StreamGraph,
  name: string,
  earlier: readonly RecordedExecution[],
): JobGraph {
  return {
    format: JOB_GRAPH_FORMAT,
    jobId: randomBytes(16).toString('hex'),
    name,
    jar: { name: jar.name, size: jar.size, sha256: jar.sha256 },
    entryClass,
    arguments: [...options.args],
    execution: earlier.length,
    earlier,
    ...defaults(options),
    operators: graph.operators,
    edges: graph.edges,
    vertices: graph.vertices,
    hash: graph.hash,
  }
}

/** Runs with main's output kept back: it has been, or will be, seen where main is run for its jobs. */
async function silenced<T>(run: () => Promise<T>): Promise<T> {
  const { stdout, stderr } = process
  const kept = [stdout.write, stderr.write] as const
  const swallow = ((_chunk: unknown, encoding?: unknown, done?: unknown) => {
    const callback = typeof encoding === 'function' ? encoding : done
    if (typeof callback === 'function') queueMicrotask(() => callback())
    return true
  }) as typeof stdout.write
  stdout.write = swallow
  stderr.write = swallow
  try {
    return await run()
  } finally {
    stdout.write = kept[0]
    stderr.write = kept[1]
  }
}

async function callMain(main: Main, args: readonly string[]): Promise<void> {
  try {
    await main([...args])
  } catch (e) {
    const { className, message } = e instanceof Error ? (e as Error & { className?: string }) : { className: undefined, message: String(e) }
    // What execute() threw is named with its class, as Flink wraps it; the program's own errors stand by themselves.
    throw new ProgramInvocationException(`The main method caused an error: ${className === undefined ? message : `${className}: ${message}`}`, { cause: e })
  }
}

/**
 * Whether the jar can be run at all, before anything is done with it.
 * @returns the entry class
 * @throws ProgramInvocationException naming what is missing
 */
export function checkProgram(jar: JobJar, wanted?: string): string {
  if (jar.kind === 'java') {
    throw new ProgramInvocationException(
      `${jar.name} holds Java classes. They need Apache Flink: set FLINK_HOME to its folder; the engine built in here runs jars of JavaScript modules (bobbin jar FOLDER packs one).`,
    )
  }
  const entryClass = wanted ?? jar.mainClass
  if (entryClass === undefined) throw new ProgramInvocationException("Neither a 'Main-Class', nor a 'program-class' entry was found in the jar file.")
  if (!jar.classes.includes(entryClass)) {
    const has = jar.classes.length === 0 ? 'It holds no module.' : `It has: ${jar.classes.join(', ')}`
    throw new ProgramInvocationException(`The program's entry point class '${entryClass}' was not found in the jar file.\n${has}`)
  }
  return entryClass
}

async function withProgram<T>(jar: JobJar, options: ProgramOptions, use: (entryClass: string, main: Main) => Promise<T>): Promise<T> {
  const entryClass = checkProgram(jar, options.entryClass)
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bobbin-program-'))
  try {
    await unpackProgram(jar, folder)
    return await use(entryClass, await importMain(folder, entryClass))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const API = Symbol.for('bobbin.streaming')

/** Lays a jar out so that its modules can be imported: in them `bobbin/streaming` is this very engine's API. */
export async function unpackProgram(jar: JobJar, folder: string): Promise<void> {
  await extractJar(jar, folder)
  const target = path.join(folder, 'node_modules/bobbin')
  mkdirSync(target, { recursive: true })
  writeFileSync(
    path.join(target, 'package.json'),
    '{"name":"bobbin","type":"module","exports":{"./streaming":{"require":"./streaming.cjs","default":"./streaming.js"}}}\n',
  )
  const names = Object.keys(streaming).join(', ')
  writeFileSync(path.join(target, 'streaming.js'), `export const { ${names} } = globalThis[Symbol.for('bobbin.streaming')]\n`)
  writeFileSync(path.join(target, 'streaming.cjs'), "module.exports = globalThis[Symbol.for('bobbin.streaming')]\n")
}

async function importMain(folder: string, entryClass: string): Promise<Main> {
  ;(globalThis as Record<symbol, unknown>)[API] = streaming
  const base = path.join(folder, entryClass.replaceAll('.', '/'))
  const file = ['.js', '.mjs', '.cjs'].map((e) => base + e).find((f) => existsSync(f))
  if (file === undefined) throw new ProgramInvocationException(`The program's entry point class '${entryClass}' was not found in the jar file.`)
  let module: Record<string, unknown>
  try {
    module = await importModule(pathToFileURL(file).href)
  } catch (e) {
    throw new ProgramInvocationException(`The program's entry point class '${entryClass}' threw an error during initialization: ${(e as Error).message}`, {
      cause: e,
    })
  }
  const inner = module.default as Record<string, unknown> | undefined
  const main = [module.main, inner, inner?.main].find((f) => typeof f === 'function')
  if (!main)
    throw new ProgramInvocationException(
      `The class ${entryClass} has no main(String[]) method. Its module must export a function main(args), or have one as its default.`,
    )
  return main as Main
}
