/** Counts the words of a few lines that the program holds itself, and ends. `--times N` reads them N times. */
import { ParameterTool, StreamExecutionEnvironment, Types } from 'bobbin/streaming'

const LINES = ['hello world', 'hello flink', 'hello yarn']

export async function main(args: string[]): Promise<void> {
  const times = ParameterTool.fromArgs(args).getInt('times', 1)
  const env = StreamExecutionEnvironment.getExecutionEnvironment()
  const lines = Array.from({ length: times }, () => LINES).flat()
  env
    .fromCollection(lines)
    .flatMap<[string, number]>((line, out) => {
      for (const word of line.split(' ')) out.collect([word, 1])
    })
    .returns(Types.TUPLE(Types.STRING, Types.LONG))
    .keyBy((wordAndCount) => wordAndCount[0])
    .sum(1)
    .print()
  const result = await env.execute('bounded word count')
  console.log(`Job ${result.getJobID()} ran to its end.`)
}
