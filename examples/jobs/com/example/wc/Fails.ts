/** Fails on purpose: at its third record, or in main itself with `--main true`. */
import { ParameterTool, StreamExecutionEnvironment } from 'bobbin/streaming'

export async function main(args: string[]): Promise<void> {
  if (ParameterTool.fromArgs(args).getBoolean('main')) throw new Error('main fails on purpose')
  const env = StreamExecutionEnvironment.getExecutionEnvironment()
  env
    .fromSequence(1, 10)
    .map((n) => {
      if (n === 3) throw new Error('map fails on purpose')
      return n
    })
    .print()
  await env.execute('fails')
}
