/** Streams and what can be done with them. Names and meaning are those of Flink's DataStream API. */
import type { StreamExecutionEnvironment } from './environment.js'
import type { Collector, FilterFunction, FlatMapFunction, Key, KeySelector, MapFunction, OperatorSpec, ReduceFunction } from './operators.js'
import { type TypeInformation, Types } from './types.js'
import { MAX_PARALLELISM } from './keygroups.js'

/** One call of the program, before it becomes part of a job graph. */
export interface Transformation {
  readonly node: number
  readonly spec: OperatorSpec
  readonly input: Transformation | undefined
  readonly key: KeySelector<any> | undefined
  /** Set for rebalance(). */
  readonly rebalanced: boolean
  /** Sources without splits run as one instance. */
  readonly single: boolean
  name: string
  uid: string | undefined
  parallelism: number
  outputType: TypeInformation
  chaining: 'ALWAYS' | 'HEAD' | 'NEVER'
}

/** What can be set on anything that runs. */
class Configurable {
  constructor(
    protected readonly environment: StreamExecutionEnvironment,
    /** @internal */
    readonly transformation: Transformation,
  ) {}

  name(name: string): this {
    this.transformation.name = name
    return this
  }

  /** A lasting name for the operator's state; must be unique in the job. */
  uid(uid: string): this {
    this.transformation.uid = uid
    return this
  }

  /** @throws Error in Flink's words when it is not positive, or not 1 for a source that can't be split */
  setParallelism(parallelism: number): this {
    checkParallelism(parallelism)
    if (this.transformation.single && parallelism !== 1) throw new Error('The parallelism of non parallel operator must be 1.')
    this.transformation.parallelism = parallelism
    return this
  }

  disableChaining(): this {
    this.transformation.chaining = 'NEVER'
    return this
  }

  startNewChain(): this {
    this.transformation.chaining = 'HEAD'
    return this
  }
}

export class DataStream<T> extends Configurable {
  /** @internal */
  constructor(
    environment: StreamExecutionEnvironment,
    transformation: Transformation,
    protected readonly partitioning: { readonly key?: KeySelector<any>; readonly rebalanced?: boolean } = {},
  ) {
    super(environment, transformation)
  }

  /** One record out for each one in. */
  map<R>(mapper: MapFunction<T, R>, type?: TypeInformation<R>): DataStream<R> {
    return this.transform('Map', { type: 'map', function: checkFunction(mapper, 'map') }, type)
  }

  /** Any number of records out for each one in, by `out.collect(record)`. */
  flatMap<R>(flatMapper: (value: T, out: Collector<R>) => void, type?: TypeInformation<R>): DataStream<R> {
    return this.transform('Flat Map', { type: 'flatMap', function: checkFunction<FlatMapFunction<T, R>>(flatMapper, 'flatMap') }, type)
  }

  filter(filter: FilterFunction<T>): DataStream<T> {
    return this.transform('Filter', { type: 'filter', function: checkFunction(filter, 'filter') }, this.transformation.outputType as TypeInformation<T>)
  }

  keyBy<K extends Key>(key: KeySelector<T, K>): KeyedStream<T, K> {
    this.environment.nextNode()
    return new KeyedStream<T, K>(this.environment, this.transformation, checkFunction(key, 'keyBy'))
  }

  /** Spreads records evenly over the next operator's instances. */
  rebalance(): DataStream<T> {
    this.environment.nextNode()
    return new DataStream<T>(this.environment, this.transformation, { rebalanced: true })
  }

  /** Declares the records' type, for a compact form between TaskManagers. */
  returns<R = T>(type: TypeInformation<R>): DataStream<R> {
    this.transformation.outputType = type
    return this as unknown as DataStream<R>
  }

  /** Writes each record as text to the TaskManager's standard output, `N> ` before it when there are several writers. */
  print(sinkIdentifier = ''): DataStreamSink<T> {
    const stream = this.transform('Print to Std. Out', { type: 'print', identifier: sinkIdentifier }, Types.GENERIC)
    return new DataStreamSink<T>(this.environment, stream.transformation)
  }

  protected transform<R>(name: string, spec: OperatorSpec, outputType: TypeInformation<R> = Types.GENERIC): DataStream<R> {
    const t = this.environment.add({ name, spec, input: this.transformation, outputType, ...this.partitioning })
    return new DataStream<R>(this.environment, t)
  }
}

/** A stream whose records of one key all meet in one place. */
export class KeyedStream<T, K extends Key> extends DataStream<T> {
  readonly #key: KeySelector<T, K>

  /** @internal */
  constructor(environment: StreamExecutionEnvironment, transformation: Transformation, key: KeySelector<T, K>) {
    super(environment, transformation, { key })
    this.#key = key
  }

  /** Combines each record with what its key has so far, and gives the result out. */
  reduce(reducer: ReduceFunction<T>): DataStream<T> {
    return this.#reduce('Keyed Reduce', checkFunction(reducer, 'reduce'))
  }

  /** The running sum of one field for each key: its position in a tuple, or its name in an object. */
  sum(field: number | (keyof T & string)): DataStream<T> {
    return this.#reduce('Keyed Aggregation', summing(field))
  }

  #reduce(name: string, reducer: ReduceFunction<T>): DataStream<T> {
    return this.transform(name, { type: 'reduce', function: reducer, key: this.#key }, this.transformation.outputType as TypeInformation<T>)
  }
}

export class DataStreamSink<T> extends Configurable {
  declare readonly _type?: T
}

function summing<T>(field: number | string): ReduceFunction<T> {
  const add = (left: unknown, right: unknown): number => {
    if (typeof left !== 'number' || typeof right !== 'number')
      throw new TypeError(`sum(${JSON.stringify(field)}): the field is ${typeof right === 'number' ? typeof left : typeof right}, not a number`)
    return left + right
  }
  return (left, right) => {
    if (Array.isArray(left)) {
      const sum = left.slice()
      sum[field as number] = add(left[field as number], (right as unknown[])[field as number])
      return sum as T
    }
    if (typeof left === 'object' && left !== null)
      return { ...left, [field]: add((left as Record<string, unknown>)[field], (right as Record<string, unknown>)[field]) }
    // Flink sums a stream of plain numbers by position 0.
    return add(left, right) as T
  }
}

function checkFunction<F>(f: F, method: string): F {
  if (typeof f !== 'function') throw new TypeError(`${method}() takes a function, not ${f === null ? 'null' : typeof f}`)
  return f
}

export function checkParallelism(parallelism: number): void {
  if (!Number.isInteger(parallelism) || parallelism < 1)
    throw new Error('Parallelism must be at least one, or ExecutionConfig.PARALLELISM_DEFAULT (use system default).')
  if (parallelism > MAX_PARALLELISM) throw new Error(`The parallelism ${parallelism} is above the greatest possible one, ${MAX_PARALLELISM}.`)
}
