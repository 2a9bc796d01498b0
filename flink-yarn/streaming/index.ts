/** What a job imports as `bobbin/streaming`: Flink's DataStream API. */
export type { DataStream, DataStreamSink, KeyedStream } from './datastream.js'
export { JobExecutionResult, StreamExecutionEnvironment } from './environment.js'
export type { Collector, FilterFunction, FlatMapFunction, Key, KeySelector, MapFunction, ReduceFunction } from './operators.js'
export { ParameterTool } from './parameter-tool.js'
export { type TypeInformation, Types } from './types.js'
