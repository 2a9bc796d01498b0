/** `yarn applicationattempt` and `yarn container`. */
import type { OptionTable } from '../../common/cli/index.js'
import { exception, isException } from '../../common/errors.js'
import { SignalContainerCommandProto } from '../../common/proto/gen/yarn.js'
import { attemptIdOf, containerIdOfProto, nodeIdOf } from '../../common/protocols/records.js'
import { formatAttemptId, formatContainerId, formatNodeId, parseApplicationId, parseAttemptId, parseContainerId } from '../../common/records/ids.js'
import { type Command, type Context, FAILED, bare, parse } from './command.js'
import { columns, time } from './format.js'

const CLUSTER_ID = { short: 'clusterId', args: 1, argName: 'Cluster ID', description: "The cluster's id; the ResourceManager's own is taken." } as const
const HELP = { short: 'help', description: 'Shows this help.' } as const

const ATTEMPT_OPTIONS: OptionTable = [
  CLUSTER_ID,
  { short: 'fail', args: 1, argName: 'Application Attempt ID', description: 'Fails the attempt; the application may try again.' },
  HELP,
  { short: 'list', args: 1, argName: 'Application ID', description: "Lists an application's attempts." },
  { short: 'status', args: 1, argName: 'Application Attempt ID', description: 'Shows all that is known of an attempt.' },
]

export const applicationattempt: Command = async (args, context) => {
  const parsed = parse('applicationattempt', ATTEMPT_OPTIONS, args, context)
  if (typeof parsed === 'number') return parsed
  const { line, words, usage } = parsed
  if (line.has('status')) return words === 2 ? attemptStatus(line.value('status')!, context) : usage()
  if (line.has('list')) return words === 2 ? listAttempts(line.value('list')!, context) : usage()
  if (line.has('fail')) {
    const text = line.value('fail')!
    context.out(`Failing attempt ${text} of application ${text.replace(/^appattempt_(\d+_\d+)_.*$/, 'application_$1')}`)
    await context.yarn.failApplicationAttempt(parseAttemptId(text))
    return 0
  }
  if (!line.has('help')) context.err('Invalid Command Usage : ')
  usage()
  return 0
}

const ATTEMPT_WIDTHS = [30, 20, 35, 35]

async function listAttempts(text: string, context: Context): Promise<number> {
  const attempts = await context.yarn.getApplicationAttempts(parseApplicationId(text))
  context.out(`Total number of application attempts :${attempts.length}`)
  context.out(columns(ATTEMPT_WIDTHS, ['ApplicationAttempt-Id', 'State', 'AM-Container-Id', 'Tracking-URL']))
  for (const a of attempts) {
    const container = a.amContainerId ? formatContainerId(containerIdOfProto(a.amContainerId)) : 'N/A'
    context.out(
      columns(ATTEMPT_WIDTHS, [
        formatAttemptId(attemptIdOf(a.applicationAttemptId)),
        bare(a.yarnApplicationAttemptState, 'APP_ATTEMPT_'),
        container,
        a.trackingUrl ?? 'N/A',
      ]),
    )
  }
  return 0
}

async function attemptStatus(text: string, context: Context): Promise<number> {
  try {
    const a = await context.yarn.getApplicationAttemptReport(parseAttemptId(text))
    context.out('Application Attempt Report : ')
    context.out(`\tApplicationAttempt-Id : ${formatAttemptId(attemptIdOf(a?.applicationAttemptId))}`)
    context.out(`\tState : ${bare(a?.yarnApplicationAttemptState, 'APP_ATTEMPT_')}`)
    context.out(`\tAMContainer : ${a?.amContainerId ? formatContainerId(containerIdOfProto(a.amContainerId)) : 'null'}`)
    context.out(`\tTracking-URL : ${a?.trackingUrl ?? 'null'}`)
    context.out(`\tRPC Port : ${a?.rpcPort ?? 0}`)
    context.out(`\tAM Host : ${a?.host ?? 'null'}`)
    context.out(`\tDiagnostics : ${a?.diagnostics ?? ''}`)
    return 0
  } catch (e) {
    if (isException(e, 'ApplicationNotFoundException')) context.out(`Application for AppAttempt with id '${text}' doesn't exist in RM or Timeline Server.`)
    else if (isException(e, 'ApplicationAttemptNotFoundException')) context.out(`Application Attempt with id '${text}' doesn't exist in RM or Timeline Server.`)
    else throw e
    return FAILED
  }
}

const SIGNALS = SignalContainerCommandProto.names

const CONTAINER_OPTIONS: OptionTable = [
  CLUSTER_ID,
  HELP,
  { short: 'list', args: 1, argName: 'Application Attempt ID', description: 'Lists the containers of an attempt.' },
  {
    short: 'signal',
    args: 3,
    argName: 'container ID [signal command]',
    description: `Sends a signal to a container: one of [${SIGNALS.join(', ')}]; OUTPUT_THREAD_DUMP if none is given.`,
  },
  { short: 'status', args: 1, argName: 'Container ID', description: 'Shows all that is known of a container.' },
]

export const container: Command = async (args, context) => {
  if (args.includes('-shell')) {
    context.err('-shell needs a terminal service of the NodeManagers, which is not supported here')
    return FAILED
  }
  const parsed = parse('container', CONTAINER_OPTIONS, args, context)
  if (typeof parsed === 'number') return parsed
  const { line, words, usage } = parsed
  if (line.has('status')) return words === 2 ? containerStatus(line.value('status')!, context) : usage()
  if (line.has('list')) return words === 2 ? listContainers(line.value('list')!, context) : usage()
  if (line.has('signal')) {
    const [id, name = 'OUTPUT_THREAD_DUMP'] = [...line.values('signal'), ...line.args]
    if (words > 3) return usage()
    const command = SIGNALS.find((s) => s === name)
    if (!command) throw exception('IllegalArgumentException', `No enum constant org.apache.hadoop.yarn.api.records.SignalContainerCommand.${name}`)
    context.out(`Signalling container ${id}`)
    await context.yarn.signalToContainer(parseContainerId(id!), command)
    return 0
  }
  if (!line.has('help')) context.err('Invalid Command Usage : ')
  usage()
  return 0
}

const CONTAINER_WIDTHS = [30, 20, 20, 20, 20, 20, 35]

async function listContainers(text: string, context: Context): Promise<number> {
  const containers = await context.yarn.getContainers(parseAttemptId(text))
  context.out(`Total number of containers :${containers.length}`)
  context.out(columns(CONTAINER_WIDTHS, ['Container-Id', 'Start Time', 'Finish Time', 'State', 'Host', 'Node Http Address', 'LOG-URL']))
  for (const c of containers) {
    context.out(
      columns(CONTAINER_WIDTHS, [
        formatContainerId(containerIdOfProto(c.containerId)),
        time(c.creationTime),
        time(c.finishTime),
        bare(c.containerState, 'C_'),
        formatNodeId(nodeIdOf(c.nodeId)),
        c.nodeHttpAddress ?? 'N/A',
        c.logUrl ?? 'N/A',
      ]),
    )
  }
  return 0
}

async function containerStatus(text: string, context: Context): Promise<number> {
  try {
    const c = await context.yarn.getContainerReport(parseContainerId(text))
    context.out('Container Report : ')
    context.out(`\tContainer-Id : ${formatContainerId(containerIdOfProto(c?.containerId))}`)
    context.out(`\tStart-Time : ${c?.creationTime ?? 0}`)
    context.out(`\tFinish-Time : ${c?.finishTime ?? 0}`)
    context.out(`\tState : ${bare(c?.containerState, 'C_')}`)
    context.out(`\tExecution-Type : ${c?.executionType ?? 'GUARANTEED'}`)
    context.out(`\tLOG-URL : ${c?.logUrl ?? 'null'}`)
    context.out(`\tHost : ${formatNodeId(nodeIdOf(c?.nodeId))}`)
    context.out(`\tNodeHttpAddress : ${c?.nodeHttpAddress ?? 'N/A'}`)
    context.out(`\tExposedPorts : ${c?.exposedPorts ?? ''}`)
    // The message's default stands where the ResourceManager sent nothing, which the real command shows as null.
    context.out(`\tDiagnostics : ${c === undefined || c.diagnosticsInfo === 'N/A' ? 'null' : c.diagnosticsInfo}`)
    return 0
  } catch (e) {
    if (isException(e, 'ApplicationNotFoundException')) context.out(`Application for Container with id '${text}' doesn't exist in RM or Timeline Server.`)
    else if (isException(e, 'ApplicationAttemptNotFoundException'))
      context.out(`Application Attempt for Container with id '${text}' doesn't exist in RM or Timeline Server.`)
    else if (isException(e, 'ContainerNotFoundException')) context.out(`Container with id '${text}' doesn't exist in RM or Timeline Server.`)
    else throw e
    return FAILED
  }
}
