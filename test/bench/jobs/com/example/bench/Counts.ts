/** Counts by key: generator RECORDS PARALLELISM, or words PORT PARALLELISM. Nothing is printed, all is counted. */
import { type DataStream, StreamExecutionEnvironment, Types } from 'bobbin/streaming'

export async function main([kind, amount, parallelism]: string[]): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment().setParallelism(Number(parallelism))
  if (kind === 'generator') {
    const pairs = env.fromSequence(1, Number(amount)).map<[number, number]>((n) => [n % 1000, 1])
    count(pairs.returns(Types.TUPLE(Types.LONG, Types.LONG)))
  } else {
    const words = env.socketTextStream('localhost', Number(amount)).flatMap<[string, number]>((line, out) => {
      for (const word of line.split(' ')) out.collect([word, 1])
    })
    count(words.returns(Types.TUPLE(Types.STRING, Types.LONG)))
  }
  console.log(`ran for ${(await env.execute('counts')).getNetRuntime()} ms`)
}

function count<K extends string | number>(pairs: DataStream<[K, number]>): void {
  pairs
    .keyBy((t) => t[0])
    .sum(1)
    .filter((t) => t[1] < 0)
    .print()
}
