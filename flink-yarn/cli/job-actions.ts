/** `flink list` and `flink cancel`: jobs of a cluster that runs. */
import type { CommandLine } from '../../common/cli/options.js'
import { flinkError } from '../config/errors.js'
import type { FlinkConfiguration } from '../config/index.js'
import { type Cluster, retrieveCluster } from '../deployment/retrieve.js'
import { type JobDetails, TERMINAL_STATES } from '../deployment/rest-client.js'
import { CliArgsException, type Output } from './output.js'
import { effectiveConfiguration } from './targets.js'

async function withCluster(conf: FlinkConfiguration, output: Output, use: (cluster: Cluster) => Promise<void>): Promise<number> {
  const cluster = await retrieveCluster(conf, output.log)
  try {
    await use(cluster)
    return 0
  } finally {
    cluster.close()
  }
}

const SCHEDULED: ReadonlySet<string> = new Set(['CREATED', 'INITIALIZING'])

export async function list(line: CommandLine, base: FlinkConfiguration, output: Output): Promise<number> {
  const all = line.has('a')
  const neither = !line.has('r') && !line.has('s')
  const running = all || neither || line.has('r')
  const scheduled = all || neither || line.has('s')
  return withCluster(effectiveConfiguration(line, base, output), output, async ({ rest }) => {
    output.out('Waiting for response...')
    let jobs: JobDetails[]
    try {
      jobs = await rest.jobs()
    } catch (e) {
      throw flinkError('FlinkException', 'Failed to retrieve job list.', { cause: e })
    }
    const of = (wanted: (state: string) => boolean) =>
      jobs.filter((j) => wanted(j.state)).sort((a, b) => a['start-time'] - b['start-time'] || (a.jid < b.jid ? -1 : 1))
    const isScheduled = (s: string) => SCHEDULED.has(s)
    const isTerminal = (s: string) => TERMINAL_STATES.has(s)
    if (running)
      section(
        output,
        of((s) => !isScheduled(s) && !isTerminal(s)),
        '------------------ Running/Restarting Jobs -------------------',
        'No running jobs.',
      )
    if (scheduled) section(output, of(isScheduled), '----------------------- Scheduled Jobs -----------------------', 'No scheduled jobs.')
    const ended = of(isTerminal)
    if (all && ended.length > 0) section(output, ended, '---------------------- Terminated Jobs -----------------------', '')
  })
}

function section(output: Output, jobs: readonly JobDetails[], head: string, none: string): void {
  if (jobs.length === 0) {
    output.out(none)
    return
  }
  output.out(head)
  for (const j of jobs) output.out(`${startTime(j['start-time'])} : ${j.jid} : ${j.name} (${j.state})`)
  output.out('--------------------------------------------------------------')
}

/** `31.01.2024 10:00:00` */
function startTime(ms: number): string {
  const at = new Date(ms)
  const two = (n: number) => String(n).padStart(2, '0')
  return `${two(at.getDate())}.${two(at.getMonth() + 1)}.${at.getFullYear()} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

export function parseJobId(text: string): string {
  if (/^[0-9a-fA-F]{32}$/.test(text)) return text.toLowerCase()
  throw new CliArgsException(`Cannot parse JobID from "${text}". The expected format is [0-9a-fA-F]{32}, e.g. fd72014d4c864993a2e5a9287b4a9c5d.`)
}

export async function cancel(line: CommandLine, base: FlinkConfiguration, output: Output): Promise<number> {
  if (line.has('s')) throw new CliArgsException('-s/--withSavepoint is not supported: the engine takes no savepoints.')
  const [given] = line.args
  if (given === undefined) throw new CliArgsException('Missing JobID. Specify a JobID to cancel a job.')
  const id = parseJobId(given)
  const conf = effectiveConfiguration(line, base, output)
  output.out(`Cancelling job ${id}.`)
  return withCluster(conf, output, async ({ rest }) => {
    try {
      await rest.cancel(id)
    } catch (e) {
      throw flinkError('FlinkException', `Could not cancel job ${id}.`, { cause: e })
    }
    output.out(`Cancelled job ${id}.`)
  })
}
