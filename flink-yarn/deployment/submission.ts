/** What is submitted to YARN for a cluster: context, environment and command of its JobManager. */
import path from 'node:path'
import type { ApplicationSubmissionContextProtoInit } from '../../common/proto/gen/application-client.js'
import type { ApplicationACLMapProtoInit } from '../../common/proto/gen/yarn.js'
import { resourceProto } from '../../common/protocols/records.js'
import { type ApplicationId, formatApplicationId } from '../../common/records/ids.js'
import { type FlinkConfiguration, options } from '../config/index.js'
import { CONTAINERIZED_MASTER_ENV } from '../config/options.js'
import { type JobManagerProcessSpec, containerMemoryMb, jobManagerDynamicProperties } from '../memory/index.js'
import type { ApplicationFiles } from './files.js'

export type DeployMode = 'session' | 'per-job' | 'application'

export const FLINK_CONF_KEY = 'flink-conf.yaml'
export const JOB_GRAPH_KEY = 'job.graph'

export interface Submission {
  readonly applicationId: ApplicationId
  readonly conf: FlinkConfiguration
  readonly mode: DeployMode
  readonly name: string
  readonly user: string
  readonly spec: JobManagerProcessSpec
  readonly files: ApplicationFiles
  /** The engine's key among the local resources. */
  readonly dist: string
  /** Of the application mode; `jar` is its key among the local resources. */
  readonly program?: { readonly entryClass?: string | undefined; readonly jar: string; readonly args: readonly string[] }
}

export function submissionContext(s: Submission): ApplicationSubmissionContextProtoInit {
  const { conf } = s
  const queue = conf.optional(options.yarn.queue)
  const priority = conf.get(options.yarn.priority)
  const nodeLabel = conf.optional(options.yarn.nodeLabel)
  const tags = conf
    .get(options.yarn.tags)
    .split(',')
    .map((t) => t.trim())
    .filter((t) => t !== '')
  return {
    applicationId: s.applicationId,
    applicationName: conf.optional(options.yarn.name) ?? s.name,
    queue,
    ...(priority >= 0 && { priority: { priority } }),
    applicationType: conf.optional(options.yarn.type) ?? 'Apache Flink',
    applicationTags: tags,
    nodeLabelExpression: nodeLabel,
    maxAppAttempts: Number(conf.optional(options.yarn.attempts) ?? 1),
    resource: resourceProto({ memory: containerMemoryMb(s.spec.totalProcess), vcores: conf.get(options.yarn.appMasterVcores) }),
    amContainerSpec: {
      localResources: s.files.localResources(),
      environment: environment(s).map(([key, value]) => ({ key, value })),
      command: [command(s)],
      application_ACLs: acls(conf),
    },
  }
}

function environment(s: Submission): (readonly [string, string])[] {
  return [
    ...s.conf.withPrefix(CONTAINERIZED_MASTER_ENV),
    ['_APP_ID', formatApplicationId(s.applicationId)],
    ['_CLIENT_HOME_DIR', s.files.dfs.uri + s.files.dfs.home],
    ['_CLIENT_SHIP_FILES', s.files.shipped(s.dist)],
    ['_FLINK_DIST_JAR', s.files.descriptor(s.dist)],
    ['_FLINK_YARN_FILES', s.files.uri],
    ['FLINK_LIB_DIR', `./${path.posix.dirname(s.dist)}`],
    ['FLINK_OPT_DIR', './opt'],
    ['HADOOP_USER_NAME', s.user],
  ]
}

function acls(conf: FlinkConfiguration): ApplicationACLMapProtoInit[] {
  const view = conf.optional(options.yarn.viewAcls)
  const modify = conf.optional(options.yarn.modifyAcls)
  return [
    ...(view === undefined ? [] : [{ accessType: 'APPACCESS_VIEW_APP' as const, acl: view }]),
    ...(modify === undefined ? [] : [{ accessType: 'APPACCESS_MODIFY_APP' as const, acl: modify }]),
  ]
}

function command(s: Submission): string {
  const { program } = s
  const words = [
    'node',
    s.dist,
    'jobmanager',
    '--mode',
    s.mode,
    ...(program?.entryClass === undefined ? [] : ['--class', program.entryClass]),
    ...(program ? ['--jar', program.jar] : []),
    ...(s.mode === 'per-job' ? ['--job-graph', JOB_GRAPH_KEY] : []),
    ...[...jobManagerDynamicProperties(s.spec), ...s.conf.unwritable()].flatMap(([k, v]) => ['-D', `${k}=${v}`]),
    ...(program && program.args.length > 0 ? ['--', ...program.args] : []),
  ]
  return `${words.map(quote).join(' ')} 1> <LOG_DIR>/jobmanager.out 2> <LOG_DIR>/jobmanager.err`
}

/**
 * A word of a container's command. NodeManagers replace {{, }}, <LOG_DIR> and <CPS> in it, put it into double quotes, and
 * a second shell reads the result.
 */
export function quote(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word
  const inner = `'${word.replace(/'/g, `'\\''`)}'`
    .replace(/\{(?=\{)/g, `{''`)
    .replace(/\}(?=\})/g, `}''`)
    .replace(/<(?=(LOG_DIR|CPS)>)/g, `<''`)
  return inner.replace(/[\\"$`]/g, '\\$&')
}
