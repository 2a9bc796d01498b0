/** `yarn top`: what runs and what it takes, again and again on a terminal, once into a pipe. */
import type { OptionTable } from '../../common/cli/index.js'
import type { ApplicationReportProto } from '../../common/proto/gen/application-client.js'
import { applicationIdOf, resourceOf } from '../../common/protocols/records.js'
import { formatApplicationId } from '../../common/records/ids.js'
import { type Command, type Context, FAILED, list, parse } from './command.js'

const OPTIONS: OptionTable = [
  { short: 'cols', args: 1, description: "Columns of the output; the terminal's unless given." },
  { short: 'delay', args: 1, description: 'Seconds between two looks; 3 unless given.' },
  { short: 'help', description: 'Shows this help.' },
  { short: 'queues', args: 'unlimited', separator: ',', description: 'Applications in these queues only, separated by commas.' },
  { short: 'rows', args: 1, description: "Rows of the output; the terminal's unless given." },
  { short: 'types', args: 'unlimited', separator: ',', description: 'Applications of these types only.' },
  { short: 'users', args: 'unlimited', separator: ',', description: 'Applications of these users only.' },
]

export const top: Command = async (args, context) => {
  const parsed = parse('yarn top', OPTIONS, args, context)
  if (typeof parsed === 'number') return parsed
  const { line, usage } = parsed
  if (line.has('help')) {
    usage()
    return 0
  }
  const number = (name: string, fallback: number) => (line.has(name) ? Number(line.value(name)) : fallback)
  const [cols, rows, delay] = [
    number('cols', process.stdout.columns ?? 160),
    number('rows', process.stdout.rows ?? Number.POSITIVE_INFINITY),
    number('delay', 3),
  ]
  if ([cols, rows, delay].some((n) => Number.isNaN(n) || n <= 0)) {
    context.err('-cols, -rows and -delay take numbers above 0')
    return FAILED
  }
  const filter = { queues: list(line.values('queues')), users: list(line.values('users')), applicationTypes: list(line.values('types')) }
  for (;;) {
    const text = (await screen(context, filter)).slice(0, rows).map((l) => l.slice(0, cols))
    if (!process.stdout.isTTY) {
      for (const l of text) context.out(l)
      return 0
    }
    context.write(`\x1b[H\x1b[2J${text.join('\n')}\n`)
    await new Promise((r) => setTimeout(r, delay * 1000))
  }
}

async function screen(context: Context, filter: { queues: string[]; users: string[]; applicationTypes: string[] }): Promise<string[]> {
  const [metrics, applications, rootQueue] = await Promise.all([
    context.yarn.getClusterMetrics(),
    context.yarn.getApplications({ ...filter, applicationStates: ['NEW', 'NEW_SAVING', 'SUBMITTED', 'ACCEPTED', 'RUNNING'] }),
    context.yarn.getQueueInfo('root', { includeApplications: false }),
  ])
  const s = rootQueue?.queueStatistics
  const gigabytes = (mb: number | undefined) => ((mb ?? 0) / 1024).toFixed(1)
  const head = [
    `YARN top - ${new Date().toLocaleTimeString()}`,
    `NodeManager(s): ${metrics.numNodeManagers ?? 0} total, ${metrics.numActiveNms ?? 0} active, ${metrics.numUnhealthyNms ?? 0} unhealthy, ${metrics.numDecommissionedNms ?? 0} decommissioned, ${metrics.numLostNms ?? 0} lost, ${metrics.numRebootedNms ?? 0} rebooted`,
    `Queue(s) Applications: ${s?.numAppsRunning ?? 0} running, ${s?.numAppsSubmitted ?? 0} submitted, ${s?.numAppsPending ?? 0} pending, ${s?.numAppsCompleted ?? 0} completed, ${s?.numAppsKilled ?? 0} killed, ${s?.numAppsFailed ?? 0} failed`,
    `Queue(s) Mem(GB): ${gigabytes(s?.availableMemoryMB)} available, ${gigabytes(s?.allocatedMemoryMB)} allocated, ${gigabytes(s?.pendingMemoryMB)} pending, ${gigabytes(s?.reservedMemoryMB)} reserved`,
    `Queue(s) VCores: ${s?.availableVCores ?? 0} available, ${s?.allocatedVCores ?? 0} allocated, ${s?.pendingVCores ?? 0} pending, ${s?.reservedVCores ?? 0} reserved`,
    '',
  ]
  const byMemory = applications.sort((a, b) => memoryOf(b) - memoryOf(a))
  return [...head, row(HEADINGS), ...byMemory.map((a) => row(cells(a)))]
}

const HEADINGS = ['APPLICATIONID', 'USER', 'TYPE', 'QUEUE', 'PRIOR', '#CONT', '#RCONT', 'VCORES', 'MEM(MB)', '%PROGR', 'TIME', 'NAME']
const WIDTHS = [-31, -10, -12, -10, 5, 5, 6, 6, 8, 6, 10, -20]

function row(values: readonly string[]): string {
  return values.map((v, i) => (WIDTHS[i]! < 0 ? v.padEnd(-WIDTHS[i]!) : v.padStart(WIDTHS[i]!))).join(' ')
}

const memoryOf = (a: ApplicationReportProto) => resourceOf(a.appResource_Usage?.usedResources).memory

function cells(a: ApplicationReportProto): string[] {
  const used = resourceOf(a.appResource_Usage?.usedResources)
  return [
    formatApplicationId(applicationIdOf(a.applicationId)),
    a.user ?? '',
    (a.applicationType ?? '').toLowerCase(),
    a.queue ?? '',
    String(a.priority?.priority ?? 0),
    String(a.appResource_Usage?.numUsedContainers ?? 0),
    String(a.appResource_Usage?.numReservedContainers ?? 0),
    String(used.vcores),
    String(used.memory),
    ((a.progress ?? 0) * 100).toFixed(2),
    elapsed(Date.now() - (a.startTime ?? Date.now())),
    a.name ?? '',
  ]
}

function elapsed(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  return `${Math.floor(minutes / 1440)}:${String(Math.floor(minutes / 60) % 24).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}
