/** Numbers from a generator, counted by key; for measuring. `--records N --keys K`. */
import { ParameterTool, StreamExecutionEnvironment, Types } from 'bobbin/streaming'

export async function main(args: string[]): Promise<void> {
  const parameters = ParameterTool.fromArgs(args)
  const records = parameters.getLong('records', 10_000_000)
  const keys = parameters.getInt('keys', 1000)
  const env = StreamExecutionEnvironment.getExecutionEnvironment()
  env
    .fromSequence(1, records)
    .map<[number, number]>((n) => [n % keys, 1])
    .returns(Types.TUPLE(Types.LONG, Types.LONG))
    .keyBy((t) => t[0])
    .sum(1)
    // Only each key's last count is worth a line.
    .filter(([key, count]) => count === Math.floor(records / keys) && key === 0)
    .print()
  const result = await env.execute('throughput')
  const seconds = result.getNetRuntime() / 1000
  console.log(`${records} records in ${seconds} s: ${Math.round(records / seconds)} records/s`)
}
