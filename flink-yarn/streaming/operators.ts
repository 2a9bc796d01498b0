/** What operators do, as the runtime takes it: the user's functions and what stands beside them. */
import type { TypeInformation } from './types.js'

/** Takes what a function gives out. */
export interface Collector<T> {
  collect(record: T): void
}

export type MapFunction<T, R> = (value: T) => R
export type FlatMapFunction<T, R> = (value: T, out: Collector<R>) => void
export type FilterFunction<T> = (value: T) => boolean
export type ReduceFunction<T> = (left: T, right: T) => T
/** Keys are strings, numbers, bigints, booleans, or arrays of them. */
export type Key = string | number | bigint | boolean | readonly Key[]
export type KeySelector<T, K extends Key = Key> = (value: T) => K

export type SourceSpec =
  | { readonly type: 'socketTextStream'; readonly host: string; readonly port: number; readonly delimiter: string; readonly maxRetry: number }
  | { readonly type: 'fromCollection'; readonly elements: readonly unknown[] }
  | { readonly type: 'fromSequence'; readonly from: number; readonly to: number }

export type OperatorSpec =
  | SourceSpec
  | { readonly type: 'map'; readonly function: MapFunction<any, any> }
  | { readonly type: 'flatMap'; readonly function: FlatMapFunction<any, any> }
  | { readonly type: 'filter'; readonly function: FilterFunction<any> }
  | { readonly type: 'reduce'; readonly function: ReduceFunction<any>; readonly key: KeySelector<any> }
  | { readonly type: 'print'; readonly identifier: string }

/** An operator of a job, ready to be run. */
export interface Operator {
  readonly id: string
  readonly name: string
  readonly spec: OperatorSpec
  readonly outputType: TypeInformation
  /** Set when its input is partitioned by key. */
  readonly key: KeySelector<any> | undefined
}
