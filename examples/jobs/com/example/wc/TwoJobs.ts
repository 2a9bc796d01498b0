/** Two jobs in one program, the second after the first. */
import { StreamExecutionEnvironment } from 'bobbin/streaming'

export async function main(): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment()
  for (const n of [1, 2]) {
    env
      .fromElements('a', 'b', 'c')
      .name('words')
      .map((word) => `job ${n}: ${word}`)
      .print()
      .name('out')
    const result = await env.execute(`job ${n} of 2`)
    console.log(`main: job ${n} is ${result.getJobID()}`)
  }
}
