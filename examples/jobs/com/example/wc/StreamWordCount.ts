/** Counts the words of lines read from a socket: `--host HOST --port PORT` (`nc -lk PORT` serves lines). */
import { ParameterTool, StreamExecutionEnvironment, Types } from 'bobbin/streaming'

export async function main(args: string[]): Promise<void> {
  const parameters = ParameterTool.fromArgs(args)
  const env = StreamExecutionEnvironment.getExecutionEnvironment()
  env
    .socketTextStream(parameters.getRequired('host'), parameters.getInt('port'))
    .flatMap<[string, number]>((line, out) => {
      for (const word of line.split(' ')) out.collect([word, 1])
    })
    .returns(Types.TUPLE(Types.STRING, Types.LONG))
    .keyBy((wordAndCount) => wordAndCount[0])
    .sum(1)
    .print()
  await env.execute()
}
