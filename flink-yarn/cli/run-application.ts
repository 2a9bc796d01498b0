/** `flink run-application`: main runs in the JobManager of a cluster of its own. */
import type { CommandLine } from '../../common/cli/options.js'
import { parseApplicationId } from '../../common/records/ids.js'
import { sleep } from '../../common/yarn-client/retry.js'
import { flinkError } from '../config/errors.js'
import { type FlinkConfiguration, options } from '../config/index.js'
import { type YarnEnvironment, yarnEnvironment } from '../deployment/environment.js'
import { isRemote } from '../deployment/files.js'
import { finalStatus } from '../deployment/retrieve.js'
import { deployCluster } from '../deployment/yarn-descriptor.js'
import { checkProgram } from '../program/run.js'
import { Interrupted, interruption } from './interruption.js'
import type { Output } from './output.js'
import { openJar, programOf } from './program.js'
import { effectiveConfiguration } from './targets.js'

const WATCH_INTERVAL = 250

export async function runApplication(line: CommandLine, base: FlinkConfiguration, output: Output): Promise<number> {
  const given = base.copy()
  if (!given.contains(options.deployment.attached)) given.set(options.deployment.attached, false, 'default')
  const program = programOf(line, given)
  const conf = effectiveConfiguration(line, given, output)
  const target = conf.optional(options.deployment.target)
  if (target !== 'yarn-application') {
    throw flinkError('UnsupportedOperationException', `Application Mode not supported by ${target === 'remote' ? 'standalone' : `"${target}"`} deployments.`)
  }
  // A jar of the store is looked into by the JobManager.
  const jar = isRemote(program.jar) ? undefined : await openJar(program.jar)
  if (jar) checkProgram(jar, program.entryClass)
  const env = yarnEnvironment()
  const { signal, release } = interruption()
  try {
    const { applicationId, rest } = await deployCluster({
      mode: 'application',
      conf,
      env,
      log: output.log,
      signal,
      program: { jar: jar?.path ?? program.jar, entryClass: program.entryClass, args: program.args },
    })
    rest?.close()
    return conf.get(options.deployment.attached) ? await untilEnded(env, applicationId, signal, output) : 0
  } catch (e) {
    if (e instanceof Interrupted) return e.exitCode
    throw e
  } finally {
    release()
    env.yarn.close()
  }
}

async function untilEnded(env: YarnEnvironment, applicationId: string, signal: AbortSignal, output: Output): Promise<number> {
  for (;;) {
    const report = await env.yarn.getApplicationReport(parseApplicationId(applicationId))
    const state = report.yarnApplicationState
    if (state === 'FINISHED' || state === 'FAILED' || state === 'KILLED') {
      output.log(
        'INFO',
        'descriptor',
        `Application ${applicationId} finished with state ${state} and final state ${finalStatus(report)} at ${report.finishTime}`,
      )
      if (finalStatus(report) === 'SUCCEEDED') return 0
      if (report.diagnostics) output.err(report.diagnostics)
      output.err(`Its logs say more: yarn logs -applicationId ${applicationId}`)
      return 1
    }
    await sleep(WATCH_INTERVAL, signal)
  }
}
