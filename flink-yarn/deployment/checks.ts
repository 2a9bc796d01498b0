/** Whether YARN can run the cluster at all: checked before anything is uploaded, in Flink's words. */
import { yarn as yarnKeys } from '../../common/config/keys/yarn.js'
import type { QueueInfoProto } from '../../common/proto/gen/application-client.js'
import type { NodeReportProto, ResourceProto } from '../../common/proto/gen/yarn.js'
import { flinkError } from '../config/errors.js'
import { type FlinkConfiguration, options } from '../config/index.js'
import type { YarnEnvironment } from './environment.js'
import type { Log } from './log.js'

export interface ClusterSpecification {
  readonly masterMemoryMb: number
  readonly taskManagerMemoryMb: number
  readonly slots: number
}

/** @throws FlinkError (IllegalConfigurationException) when no node has the virtual cores of a TaskManager */
export function checkVcores(conf: FlinkConfiguration, spec: ClusterSpecification, nodes: readonly NodeReportProto[]): void {
  const available = Math.max(0, ...nodes.map((n) => n.capability?.virtualCores ?? 0))
  const configured = conf.get(options.yarn.vcores)
  const wanted = configured < 0 ? spec.slots : configured
  if (wanted > available) {
    throw flinkError(
      'IllegalConfigurationException',
      `The number of requested virtual cores per node ${wanted} exceeds the maximum number of virtual cores ${available} available in the Yarn Cluster. Please note that the number of virtual cores is set to the number of task slots by default unless configured in the Flink config with '${options.yarn.vcores.key}.'`,
    )
  }
}

function leafQueues(queue: QueueInfoProto): string[] {
  return queue.childQueues.length === 0 ? [queue.queueName ?? ''] : queue.childQueues.flatMap(leafQueues)
}

/** Only a warning: the ResourceManager has the last word. */
export function checkQueue(conf: FlinkConfiguration, root: QueueInfoProto | undefined, log: Log): void {
  const queue = conf.optional(options.yarn.queue)
  if (queue === undefined || !root) return
  const names = root.childQueues.flatMap(leafQueues)
  if (names.some((n) => n === queue || n === `root.${queue}` || queue === `root.${n}` || queue.endsWith(`.${n}`))) return
  log('WARN', 'descriptor', `The specified queue '${queue}' does not exist. Available queues: ${names.join(', ')}`)
}

/** @throws FlinkError (YarnDeploymentException) when a container is larger than the largest one */
export function checkMaximum(spec: ClusterSpecification, maximum: ResourceProto | undefined): void {
  const most = maximum?.memory ?? 0
  const hint = "Please check the 'yarn.scheduler.maximum-allocation-mb' and the 'yarn.nodemanager.resource.memory-mb' configuration values\n"
  if (spec.masterMemoryMb > most) {
    throw flinkError(
      'YarnDeploymentException',
      `The cluster does not have the requested resources for the JobManager available!\nMaximum Memory: ${most}MB Requested: ${spec.masterMemoryMb}MB. ${hint}`,
    )
  }
  if (spec.taskManagerMemoryMb > most) {
    throw flinkError(
      'YarnDeploymentException',
      `The cluster does not have the requested resources for the TaskManagers available!\nMaximum Memory: ${most} Requested: ${spec.taskManagerMemoryMb}MB. ${hint}`,
    )
  }
}

const NOTE =
  'The Flink YARN client will try to allocate the YARN session, but maybe not all TaskManagers are connecting from the beginning because the resources are currently not available in the cluster. The allocation might take more time than usual because the Flink YARN client needs to wait until the resources become available.'

/** What a person should know of the sizes before they wait. */
export function describeMemory(env: YarnEnvironment, spec: ClusterSpecification, nodes: readonly NodeReportProto[], log: Log): void {
  const minimum = env.hadoop.get(yarnKeys.minAllocationMb)
  if (spec.masterMemoryMb < minimum || spec.taskManagerMemoryMb < minimum) {
    log(
      'WARN',
      'descriptor',
      `The JobManager or TaskManager memory is below the smallest possible YARN Container size. The value of 'yarn.scheduler.minimum-allocation-mb' is '${minimum}'. Please increase the memory size. YARN will allocate the smaller containers but the scheduler will account for the minimum-allocation-mb, maybe not all instances you requested will start.`,
    )
  }
  const free = Math.max(0, ...nodes.map((n) => (n.capability?.memory ?? 0) - (n.used?.memory ?? 0)))
  if (spec.taskManagerMemoryMb > free) {
    log(
      'WARN',
      'descriptor',
      `The requested amount of memory for the TaskManagers (${spec.taskManagerMemoryMb}MB) is more than the largest possible YARN container: ${free}. ${NOTE}`,
    )
  }
  if (spec.masterMemoryMb > free) {
    log(
      'WARN',
      'descriptor',
      `The requested amount of memory for the JobManager (${spec.masterMemoryMb}MB) is more than the largest possible YARN container: ${free}. ${NOTE}`,
    )
  }
  for (const [who, mb] of [
    ['JobManager', spec.masterMemoryMb],
    ['TaskManager', spec.taskManagerMemoryMb],
  ] as const) {
    const given = Math.ceil(mb / minimum) * minimum
    if (given > mb) {
      log(
        'INFO',
        'descriptor',
        `The configured ${who} memory is ${mb} MB. YARN will allocate ${given} MB to make up an integer multiple of its minimum allocation memory (${minimum} MB, configured via 'yarn.scheduler.minimum-allocation-mb'). The extra ${given - mb} MB may not be used by Flink.`,
      )
    }
  }
  log(
    'INFO',
    'descriptor',
    `Cluster specification: ClusterSpecification{masterMemoryMB=${spec.masterMemoryMb}, taskManagerMemoryMB=${spec.taskManagerMemoryMb}, slotsPerTaskManager=${spec.slots}}`,
  )
}
