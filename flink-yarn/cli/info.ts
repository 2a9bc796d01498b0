/** `flink info`: the plan of a program, without running it. */
import type { CommandLine } from '../../common/cli/options.js'
import type { FlinkConfiguration } from '../config/index.js'
import { executionPlan } from '../jobgraph/index.js'
import { buildJobGraph } from '../program/run.js'
import type { Output } from './output.js'
import { openJar, programOf, programOptions } from './program.js'

export async function info(line: CommandLine, base: FlinkConfiguration, output: Output): Promise<number> {
  const conf = base.copy()
  const program = programOf(line, conf)
  const graph = await buildJobGraph(await openJar(program.jar), programOptions(program, conf))
  output.out('----------------------- Execution Plan -----------------------')
  output.out(executionPlan(graph))
  output.out('--------------------------------------------------------------')
  output.out()
  output.out('No description provided.')
  return 0
}
