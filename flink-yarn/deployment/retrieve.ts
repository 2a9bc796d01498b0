/** Finds a cluster that runs already: by its REST address, or by its application. */
import { type ApplicationId, parseApplicationId } from '../../common/records/ids.js'
import type { ApplicationReportProto, YarnApplicationStateProto } from '../../common/proto/gen/application-client.js'
import { flinkError } from '../config/errors.js'
import { type FlinkConfiguration, options } from '../config/index.js'
import { type YarnEnvironment, yarnEnvironment } from './environment.js'
import type { Log } from './log.js'
import { type RestAddress, RestClient } from './rest-client.js'

export const YARN_TARGETS = ['yarn-session', 'yarn-per-job', 'yarn-application'] as const
export type YarnTarget = (typeof YARN_TARGETS)[number]

export const isYarnTarget = (target: string | undefined): target is YarnTarget => YARN_TARGETS.includes(target as YarnTarget)

export interface Cluster {
  readonly rest: RestClient
  /** Of a cluster on YARN. */
  readonly applicationId?: string
  close(): void
}

const ENDED: ReadonlySet<YarnApplicationStateProto | undefined> = new Set(['FINISHED', 'FAILED', 'KILLED'])
const NOT_YET: ReadonlySet<YarnApplicationStateProto | undefined> = new Set(['NEW', 'NEW_SAVING', 'SUBMITTED', 'ACCEPTED'])

const restTimeout = (conf: FlinkConfiguration) => conf.get(options.client.timeout)

function open(address: RestAddress, conf: FlinkConfiguration, applicationId?: string, yarn?: YarnEnvironment): Cluster {
  const rest = new RestClient(address, restTimeout(conf))
  return {
    rest,
    ...(applicationId !== undefined && { applicationId }),
    close() {
      rest.close()
      yarn?.yarn.close()
    },
  }
}

/** The cluster that the configuration names. @throws FlinkError when it names none, or one that has ended */
export async function retrieveCluster(conf: FlinkConfiguration, log: Log): Promise<Cluster> {
  const target = conf.optional(options.deployment.target)
  if (target === undefined || target === 'remote') {
    const host = conf.optional(options.rest.address)
    if (host === undefined) throw flinkError('IllegalConfigurationException', `Neither -m HOST:PORT nor ${options.rest.address.key} names a JobManager.`)
    return open({ host, port: conf.get(options.rest.port) }, conf)
  }
  if (!isYarnTarget(target)) throw unknownTarget(target)
  const id = conf.optional(options.yarn.applicationId)
  if (id === undefined) throw flinkError('FlinkException', 'No cluster id was specified. Please specify a cluster to which you would like to connect.')
  const yarn = yarnEnvironment()
  try {
    return open(await addressOf(yarn, id, log), conf, id, yarn)
  } catch (e) {
    yarn.yarn.close()
    throw flinkError('ClusterRetrieveException', "Couldn't retrieve Yarn cluster", { cause: e })
  }
}

/** @throws FlinkError for what is no application id */
export function applicationIdFrom(text: string): ApplicationId {
  try {
    return parseApplicationId(text)
  } catch {
    throw flinkError(
      'IllegalArgumentException',
      `Invalid ApplicationId: ${text}. It looks like application_1700000000000_0001 (yarn application -list shows those there are).`,
    )
  }
}

async function addressOf(env: YarnEnvironment, id: string, log: Log): Promise<RestAddress> {
  const report = await env.yarn.getApplicationReport(applicationIdFrom(id))
  if (ENDED.has(report.yarnApplicationState)) {
    log('ERROR', 'descriptor', `The application ${id} doesn't run anymore. It has previously completed with final status: ${finalStatus(report)}`)
    throw flinkError('RuntimeException', `The Yarn application ${id} doesn't run anymore.`)
  }
  if (NOT_YET.has(report.yarnApplicationState)) {
    throw flinkError(
      'RuntimeException',
      `The Yarn application ${id} is ${report.yarnApplicationState}: its JobManager does not run yet. ${report.diagnostics}`.trim(),
    )
  }
  return webInterface(report, id, log)
}

/** Where the JobManager of a running application is; says so. */
export function webInterface(report: ApplicationReportProto, id: string, log: Log): RestAddress {
  const { host, rpcPort } = report
  if (!host || host === 'N/A' || rpcPort === undefined || rpcPort <= 0) {
    throw flinkError('RuntimeException', `The Yarn application ${id} tells no address of a JobManager (host ${host}, port ${rpcPort}): is it a Flink cluster?`)
  }
  log('INFO', 'descriptor', `Found Web Interface ${host}:${rpcPort} of application '${id}'.`)
  return { host, port: rpcPort }
}

/** As YARN's own reports write it: without the prefix that it has on the wire. */
export function finalStatus(report: ApplicationReportProto): string {
  return (report.finalApplicationStatus ?? 'APP_UNDEFINED').replace(/^APP_/, '')
}

export function unknownTarget(target: string): Error {
  if (/^kubernetes-/.test(target) || target === 'local') {
    return flinkError(
      'IllegalStateException',
      `The target "${target}" is not supported here; there are remote, yarn-session, yarn-per-job and yarn-application.`,
    )
  }
  return flinkError('IllegalStateException', 'No ExecutorFactory found to execute the application.')
}
