/** Where a program begins: sources, defaults, execute(). */
import { currentContext, type JobResultData, type ProgramContext } from './context.js'
import { DataStream, type Transformation, checkParallelism } from './datastream.js'
import { MAX_PARALLELISM } from './keygroups.js'
import type { KeySelector, OperatorSpec } from './operators.js'
import { type TypeInformation, Types, inferType } from './types.js'

const DEFAULT_JOB_NAME = 'Flink Streaming Job'

/** What a finished job tells its main. */
export class JobExecutionResult {
  readonly #data: JobResultData
  /** @internal */
  constructor(data: JobResultData) {
    this.#data = data
  }

  getJobID(): string {
    return this.#data.jobId
  }

  /** Milliseconds that the job ran. @throws Error in Flink's words when it was submitted detached */
  getNetRuntime(): number {
    if (this.#data.netRuntime === undefined) {
      throw new Error('Job was submitted in detached mode. Results of job execution, such as accumulators, runtime, etc. are not available. ')
    }
    return this.#data.netRuntime
  }
}

export class StreamExecutionEnvironment {
  readonly #context: ProgramContext | undefined
  #transformations: Transformation[] = []
  #nodes = 0
  #parallelism: number
  #maxParallelism: number | undefined
  #chaining = true

  private constructor() {
    this.#context = currentContext()
    this.#parallelism = this.#context?.defaultParallelism ?? 1
    const { 'pipeline.max-parallelism': maxParallelism, 'pipeline.operator-chaining': chaining } = this.#context?.configuration ?? {}
    if (maxParallelism !== undefined && Number(maxParallelism) !== -1) this.setMaxParallelism(Number(maxParallelism))
    if (chaining?.trim().toLowerCase() === 'false') this.#chaining = false
  }

  static getExecutionEnvironment(): StreamExecutionEnvironment {
    return new StreamExecutionEnvironment()
  }

  /** The default for operators that set none. */
  setParallelism(parallelism: number): this {
    checkParallelism(parallelism)
    this.#parallelism = parallelism
    return this
  }

  getParallelism(): number {
    return this.#parallelism
  }

  /** The number of key groups: what a job's keyed operators can ever be scaled to. */
  setMaxParallelism(maxParallelism: number): this {
    if (!Number.isInteger(maxParallelism) || maxParallelism < 1 || maxParallelism > MAX_PARALLELISM)
      throw new Error(`maxParallelism is out of bounds 0 < maxParallelism <= ${MAX_PARALLELISM}. Found: ${maxParallelism}`)
    this.#maxParallelism = maxParallelism
    return this
  }

  getMaxParallelism(): number | undefined {
    return this.#maxParallelism
  }

  disableOperatorChaining(): this {
    this.#chaining = false
    return this
  }

  isChainingEnabled(): boolean {
    return this.#chaining
  }

  /**
   * Lines of a TCP connection, read by one instance.
   * @param maxRetry how often to connect again, after half a second, when the connection ended; -1 always. A connection
   *   that is refused fails the job.
   */
  socketTextStream(host: string, port: number, delimiter = '\n', maxRetry = 0): DataStream<string> {
    if (typeof host !== 'string' || host === '') throw new Error(`socketTextStream: the host is ${JSON.stringify(host)}`)
    if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Error(`port is out of range: ${port}`)
    if (delimiter === '') throw new Error('socketTextStream: the delimiter is empty')
    if (!Number.isInteger(maxRetry) || maxRetry < -1) throw new Error('maxNumRetries must be zero or larger (num retries), or -1 (infinite retries)')
    return this.#source('Socket Stream', { type: 'socketTextStream', host, port, delimiter, maxRetry }, Types.STRING, true)
  }

  fromElements<T>(...elements: T[]): DataStream<T> {
    return this.fromCollection(elements)
  }

  fromCollection<T>(elements: Iterable<T>): DataStream<T> {
    const all = [...elements]
    if (all.length === 0) throw new Error('fromElements needs at least one element as argument')
    if (all.some((e) => e === null || e === undefined)) throw new Error('The collection contains a null element')
    return this.#source('Collection Source', { type: 'fromCollection', elements: all }, inferType(all) as TypeInformation<T>, true)
  }

  /** The whole numbers `from` to `to`, both included, split over the source's instances. */
  fromSequence(from: number, to: number): DataStream<number> {
    if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to)) throw new Error(`fromSequence takes whole numbers, not ${from} and ${to}`)
    if (from > to) throw new Error("'from' must be <= 'to'")
    return this.#source('Sequence Source', { type: 'fromSequence', from, to }, Types.LONG, false)
  }

  /** Runs what was declared since the last execute(), and waits for its end unless the program was submitted detached. */
  async execute(jobName = this.#defaultName): Promise<JobExecutionResult> {
    return new JobExecutionResult(await this.#run(jobName, true))
  }

  /** As execute(), but goes on as soon as the job was accepted. */
  async executeAsync(jobName = this.#defaultName): Promise<{ getJobID(): string }> {
    const { jobId } = await this.#run(jobName, false)
    return { getJobID: () => jobId }
  }

  get #defaultName(): string {
    return this.#context?.configuration['pipeline.name'] ?? DEFAULT_JOB_NAME
  }

  #run(jobName: string, attached: boolean): Promise<JobResultData> {
    if (!this.#context) throw new Error('This program must be run by Flink: flink run -c CLASS JAR')
    if (this.#transformations.length === 0) throw new Error('No operators defined in streaming topology. Cannot execute.')
    return this.#context.execute(this, jobName, attached)
  }

  /** @internal */
  nextNode(): number {
    return ++this.#nodes
  }

  /** @internal What was declared since the last execute(), which it forgets. */
  takeTransformations(): readonly Transformation[] {
    const taken = this.#transformations
    this.#transformations = []
    return taken
  }

  /** @internal */
  add(t: {
    readonly name: string
    readonly spec: OperatorSpec
    readonly input?: Transformation
    readonly key?: KeySelector<any>
    readonly rebalanced?: boolean
    readonly single?: boolean
    readonly outputType: TypeInformation
  }): Transformation {
    const transformation: Transformation = {
      node: this.nextNode(),
      name: t.name,
      spec: t.spec,
      input: t.input,
      key: t.key,
      rebalanced: t.rebalanced ?? false,
      single: t.single ?? false,
      uid: undefined,
      parallelism: t.single ? 1 : this.#parallelism,
      outputType: t.outputType,
      chaining: 'ALWAYS',
    }
    this.#transformations.push(transformation)
    return transformation
  }

  #source<T>(name: string, spec: OperatorSpec, outputType: TypeInformation<T>, single: boolean): DataStream<T> {
    return new DataStream<T>(this, this.add({ name, spec, outputType, single }))
  }
}
