/** `yarn application`. Output and exit codes: org.apache.hadoop.yarn.client.cli.ApplicationCLI. */
import type { OptionTable } from '../../common/cli/index.js'
import { exception, isException } from '../../common/errors.js'
import type { ApplicationReportProto, ApplicationResourceUsageReportProto } from '../../common/proto/gen/application-client.js'
import { applicationIdOf } from '../../common/protocols/records.js'
import { type ApplicationId, formatApplicationId, parseApplicationId } from '../../common/records/ids.js'
import { YARN_APPLICATION_STATES, type YarnApplicationState } from '../../common/records/states.js'
import { type Command, type Context, FAILED, bare, list, parse } from './command.js'
import { columns, hashSetOrder, iso8601, percent } from './format.js'

const WIDTHS = [30, 20, 20, 10, 10, 18, 18, 15, 35]
const HEADINGS = ['Application-Id', 'Application-Name', 'Application-Type', 'User', 'Queue', 'State', 'Final-State', 'Progress', 'Tracking-URL']
const FINAL: ReadonlySet<string | undefined> = new Set(['FINISHED', 'KILLED', 'FAILED'])
const VALID_STATES = `The valid application state can be one of the following: ALL,${YARN_APPLICATION_STATES.join(',')}`

const OPTIONS: OptionTable = [
  { short: 'appId', args: 1, argName: 'Application ID', description: 'The application that -changeQueue, -updatePriority or -updateLifetime is for.' },
  {
    short: 'appStates',
    args: 'unlimited',
    argName: 'States',
    description: `With -list: only applications in one of these states, separated by commas. ${VALID_STATES}`,
  },
  { short: 'appTags', args: 'unlimited', argName: 'Tags', description: 'With -list: only applications that carry one of these tags.' },
  { short: 'appTypes', args: 'unlimited', argName: 'Types', description: 'With -list: only applications of one of these types.' },
  { short: 'changeQueue', args: 1, argName: 'Queue Name', description: 'Moves the application of -appId to another queue.' },
  { short: 'clusterId', args: 1, argName: 'Cluster ID', description: "The cluster's id; the ResourceManager's own is taken." },
  { short: 'help', description: 'Shows this help.' },
  { short: 'kill', args: 'unlimited', argName: 'Application ID', description: 'Kills applications; their ids are separated by blanks.' },
  { short: 'list', description: 'Lists applications that have not ended; see -appStates, -appTypes and -appTags.' },
  { short: 'movetoqueue', args: 1, argName: 'Application ID', description: 'Moves the application to the queue of -queue (older form of -changeQueue).' },
  { short: 'queue', args: 1, argName: 'Queue Name', description: 'The queue that -movetoqueue moves to.' },
  { short: 'status', args: 1, argName: 'Application ID', description: 'Shows all that is known of an application.' },
  { short: 'updateLifetime', args: 1, argName: 'Timeout', description: 'Seconds from now after which the application of -appId is killed.' },
  { short: 'updatePriority', args: 1, argName: 'Priority', description: 'Gives the application of -appId another priority.' },
]

/** YARN services, which need a ResourceManager that hosts them. */
const SERVICES = [
  '-launch',
  '-stop',
  '-start',
  '-save',
  '-flex',
  '-destroy',
  '-enableFastLaunch',
  '-upgrade',
  '-cancel',
  '-decommission',
  '-initiate',
  '-finalize',
]

export const application: Command = async (args, context) => {
  const service = args.find((a) => SERVICES.includes(a))
  if (service) {
    context.err(`${service} is for YARN services, which are not supported here`)
    return FAILED
  }
  const parsed = parse('application', OPTIONS, args, context)
  if (typeof parsed === 'number') return parsed
  const { line, words, usage } = parsed
  const onTheApplication = async (change: (id: ApplicationId) => Promise<void>) => {
    const id = line.value('appId')
    if (id === undefined) return usage()
    await change(parseApplicationId(id))
    return 0
  }
  if (line.has('status')) return words === 2 ? status(line.value('status')!, context) : usage()
  if (line.has('list')) {
    if (line.args.length > 0) return usage()
    return listApplications(list(line.values('appTypes')), list(line.values('appStates')), list(line.values('appTags')), context)
  }
  if (line.has('kill')) return kill([...line.values('kill'), ...line.args], context)
  if (line.has('movetoqueue')) {
    const queue = line.value('queue')
    if (queue === undefined) return usage()
    await move(parseApplicationId(line.value('movetoqueue')!), queue, context)
    return 0
  }
  if (line.has('changeQueue')) return onTheApplication((id) => move(id, line.value('changeQueue')!, context))
  if (line.has('updatePriority')) return onTheApplication((id) => updatePriority(id, line.value('updatePriority')!, context))
  if (line.has('updateLifetime')) return onTheApplication((id) => updateLifetime(id, line.value('updateLifetime')!, context))
  if (!line.has('help')) context.err('Invalid Command Usage : ')
  usage()
  return 0
}

async function listApplications(types: string[], stateNames: string[], tags: string[], context: Context): Promise<number> {
  const all = stateNames.some((s) => s.toUpperCase() === 'ALL')
  const states = new Set<YarnApplicationState>()
  for (const name of all ? [] : stateNames) {
    const state = YARN_APPLICATION_STATES.find((s) => s === name.toUpperCase())
    if (!state) {
      context.out(`The application state ${name} is invalid.`)
      context.out(VALID_STATES)
      return FAILED
    }
    states.add(state)
  }
  if (all) for (const s of YARN_APPLICATION_STATES) states.add(s)
  if (states.size === 0) for (const s of ['SUBMITTED', 'ACCEPTED', 'RUNNING'] as const) states.add(s)
  const wanted = YARN_APPLICATION_STATES.filter((s) => states.has(s))
  const applicationTypes = hashSetOrder(types.map((t) => t.toUpperCase()))
  const applicationTags = hashSetOrder(tags)
  const reports = await context.yarn.getApplications({ applicationTypes, applicationStates: wanted, applicationTags })
  const set = (values: readonly string[]) => `[${values.join(', ')}]`
  context.out(
    `Total number of applications (application-types: ${set(applicationTypes)}, states: ${set(wanted)} and tags: ${set(applicationTags)}):${reports.length}`,
  )
  context.out(columns(WIDTHS, HEADINGS))
  for (const r of reports) {
    context.out(
      columns(WIDTHS, [
        formatApplicationId(applicationIdOf(r.applicationId)),
        r.name ?? '',
        r.applicationType ?? '',
        r.user ?? '',
        r.queue ?? '',
        r.yarnApplicationState ?? '',
        bare(r.finalApplicationStatus, 'APP_'),
        percent(r.progress ?? 0),
        r.originalTrackingUrl ?? 'N/A',
      ]),
    )
  }
  return 0
}

async function status(text: string, context: Context): Promise<number> {
  const id = parseApplicationId(text)
  try {
    for (const line of statusLines(await context.yarn.getApplicationReport(id))) context.out(line)
    return 0
  } catch (e) {
    if (!isException(e, 'ApplicationNotFoundException')) throw e
    context.out(`Application with id '${text}' doesn't exist in RM or Timeline Server.`)
    return FAILED
  }
}

function statusLines(r: ApplicationReportProto): string[] {
  const usage = r.appResource_Usage
  const facts: [string, string | number | boolean][] = [
    ['Application-Id', formatApplicationId(applicationIdOf(r.applicationId))],
    ['Application-Name', r.name ?? ''],
    ['Application-Type', r.applicationType ?? ''],
    ['User', r.user ?? ''],
    ['Queue', r.queue ?? ''],
    ['Application Priority', r.priority?.priority ?? 0],
    ['Start-Time', r.startTime ?? 0],
    ['Finish-Time', r.finishTime ?? 0],
    ['Progress', percent(r.progress ?? 0)],
    ['State', r.yarnApplicationState ?? ''],
    ['Final-State', bare(r.finalApplicationStatus, 'APP_')],
    ['Tracking-URL', r.originalTrackingUrl ?? 'N/A'],
    ['RPC Port', r.rpcPort ?? 0],
    ['AM Host', r.host ?? ''],
    ['Aggregate Resource Allocation', usage ? resourceSeconds(usage, 'used') : 'N/A'],
    ['Aggregate Resource Preempted', usage ? resourceSeconds(usage, 'preempted') : 'N/A'],
    ['Log Aggregation Status', r.logAggregationStatus === undefined ? 'N/A' : bare(r.logAggregationStatus, 'LOG_')],
    ['Diagnostics', r.diagnostics],
    ['Unmanaged Application', r.unmanagedApplication],
    ['Application Node Label Expression', r.appNodeLabelExpression ?? '<Not set>'],
    ['AM container Node Label Expression', r.amNodeLabelExpression ?? '<DEFAULT_PARTITION>'],
  ]
  const timeouts = r.appTimeouts.map(
    ({ applicationTimeout: t }) =>
      `\tTimeoutType : ${bare(t?.applicationTimeoutType, 'APP_TIMEOUT_')}\tExpiryTime : ${t?.expireTime ?? 'UNLIMITED'}\tRemainingTime : ${t?.remainingTime ?? -1}seconds`,
  )
  return ['Application Report : ', ...facts.map(([name, value]) => `\t${name} : ${value}`), ...timeouts, '']
}

function resourceSeconds(u: ApplicationResourceUsageReportProto, kind: 'used' | 'preempted'): string {
  const [memory, vcores, more] =
    kind === 'used'
      ? [u.memorySeconds, u.vcoreSeconds, u.applicationResourceUsageMap]
      : [u.preemptedMemorySeconds, u.preemptedVcoreSeconds, u.applicationPreemptedResourceUsageMap]
  const extended = more.filter((m) => m.key !== 'memory-mb' && m.key !== 'vcores').map((m) => `, ${m.value} ${m.key}-seconds`)
  return `${memory ?? 0} MB-seconds, ${vcores ?? 0} vcore-seconds${extended.join('')}`
}

/** The exit code tells whether any could be killed, or had ended. */
async function kill(ids: readonly string[], context: Context): Promise<number> {
  let code = FAILED
  for (const text of ids) {
    const id = parseApplicationId(text)
    try {
      const { yarnApplicationState } = await context.yarn.getApplicationReport(id)
      if (FINAL.has(yarnApplicationState)) context.out(`Application ${text} has already finished `)
      else {
        context.out(`Killing application ${text}`)
        await context.yarn.forceKillApplication(id)
        context.err(`Killed application ${text}`)
      }
      code = 0
    } catch (e) {
      if (!isException(e, 'ApplicationNotFoundException')) throw e
      context.out(`Application with id '${text}' doesn't exist in RM.`)
    }
  }
  return code
}

async function move(id: ApplicationId, queue: string, context: Context): Promise<void> {
  const text = formatApplicationId(id)
  const { yarnApplicationState } = await context.yarn.getApplicationReport(id)
  if (FINAL.has(yarnApplicationState)) return context.out(`Application ${text} has already finished `)
  context.out(`Moving application ${text} to queue ${queue}`)
  await context.yarn.moveApplicationAcrossQueues(id, queue)
  context.out('Successfully completed move.')
}

async function updatePriority(id: ApplicationId, priority: string, context: Context): Promise<void> {
  if (!/^[+-]?\d+$/.test(priority)) throw exception('NumberFormatException', `For input string: "${priority}"`)
  const text = formatApplicationId(id)
  context.out(`Updating priority of an application ${text}`)
  const now = await context.yarn.updateApplicationPriority(id, Number(priority))
  context.out(
    now === Number(priority)
      ? `Successfully updated the application ${text} with priority '${priority}'`
      : `Updated priority of an application  ${text} to cluster max priority OR keeping old priority as application is in final states`,
  )
}

async function updateLifetime(id: ApplicationId, seconds: string, context: Context): Promise<void> {
  if (!/^[+-]?\d+$/.test(seconds)) throw exception('NumberFormatException', `For input string: "${seconds}"`)
  const text = formatApplicationId(id)
  const expiry = iso8601(Date.now() + Number(seconds) * 1000)
  context.out(`Updating timeout for given timeoutType: LIFETIME of an application ${text}`)
  const answer = await context.yarn.updateApplicationLifetime(id, expiry)
  context.out(`Successfully updated LIFETIME of an application ${text}. New expiry time is ${answer.applicationTimeouts[0]?.expireTime ?? expiry}`)
}
