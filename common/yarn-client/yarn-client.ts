/** What clients ask the ResourceManager (org.apache.hadoop.yarn.client.api.YarnClient). */
import type { Configuration } from '../config/configuration.js'
import { yarn } from '../config/keys/yarn.js'
import { exception, isException } from '../errors.js'
import type {
  ApplicationAttemptReportProto,
  ApplicationReportProto,
  ApplicationSubmissionContextProtoInit,
  ContainerReportProto,
  GetApplicationsRequestProtoInit,
  GetNewApplicationResponseProto,
  LabelsToNodeIdsProto,
  NodeAttributeInfoProto,
  QueueInfoProto,
  QueueUserACLInfoProto,
  UpdateApplicationTimeoutsResponseProto,
  YarnApplicationStateProto,
  YarnClusterMetricsProto,
} from '../proto/gen/application-client.js'
import type {
  ApplicationIdProtoInit,
  NodeIdToLabelsProto,
  NodeLabelProto,
  NodeReportProto,
  NodeStateProto,
  ResourceTypeInfoProto,
  SignalContainerCommandProto,
} from '../proto/gen/yarn.js'
import { applicationClientProtocol } from '../protocols/application-client.js'
import { applicationIdOf, containerIdProto } from '../protocols/records.js'
import { type ApplicationAttemptId, type ApplicationId, type ContainerId, formatApplicationId } from '../records/ids.js'
import { type Address, RpcClient } from '../rpc/client.js'
import type { Proxy as RpcProxy } from '../rpc/protocol.js'
import { currentUser } from '../security/user.js'
import { rmAddresses } from './addresses.js'
import { pauses, sleep } from './retry.js'

export interface YarnClientOptions {
  /** Who asks; unset: HADOOP_USER_NAME or the user of the operating system. */
  readonly user?: string
  /** Milliseconds that one call may take. */
  readonly timeout?: number
}

export interface QueueInfoOptions {
  readonly includeApplications?: boolean
  readonly includeChildQueues?: boolean
  readonly recursive?: boolean
}

const NOT_YET_SUBMITTED: ReadonlySet<YarnApplicationStateProto | undefined> = new Set(['NEW', 'NEW_SAVING', 'SUBMITTED'])
const NEVER_TO_RUN: ReadonlySet<YarnApplicationStateProto | undefined> = new Set(['FAILED', 'KILLED'])

export class YarnClient {
  readonly #rpc: RpcClient<typeof applicationClientProtocol>
  /** The protocol's methods with their own messages. */
  readonly proxy: RpcProxy<typeof applicationClientProtocol>
  readonly #pollInterval: number
  readonly #pollTimeout: number

  /** Connects with the first call. Members of a pair (yarn.resourcemanager.ha.rm-ids) are tried in turn. */
  constructor(
    readonly conf: Configuration,
    options: YarnClientOptions = {},
  ) {
    this.#rpc = new RpcClient(applicationClientProtocol, rmAddresses(conf, 'client'), {
      user: options.user ?? currentUser(),
      ...(options.timeout !== undefined && { timeout: options.timeout }),
    })
    this.proxy = this.#rpc.proxy
    this.#pollInterval = conf.get(yarn.clientPollInterval)
    this.#pollTimeout = conf.get(yarn.clientPollTimeout)
  }

  /** The address that answered last, or is asked first. */
  get address(): Address {
    return this.#rpc.active
  }

  async getNewApplication(): Promise<GetNewApplicationResponseProto & { applicationId: ApplicationId }> {
    const answer = await this.proxy.getNewApplication({})
    return { ...answer, applicationId: applicationIdOf(answer.applicationId) }
  }

  /**
   * Submits, and waits until the ResourceManager has taken the application up.
   * @throws YarnException with the ResourceManager's diagnostics when it refuses
   */
  async submitApplication(context: ApplicationSubmissionContextProtoInit): Promise<ApplicationId> {
    const id = requireId(context.applicationId)
    const name = formatApplicationId(id)
    await this.proxy.submitApplication({ applicationSubmissionContext: context })
    await this.#poll(`Timed out while waiting for application ${name} to be submitted successfully`, async () => {
      try {
        const report = await this.getApplicationReport(id)
        const state = report.yarnApplicationState
        if (NEVER_TO_RUN.has(state)) throw exception('YarnException', `Failed to submit ${name} to YARN : ${report.diagnostics}`)
        return !NOT_YET_SUBMITTED.has(state)
      } catch (e) {
        // A ResourceManager that took over before the application was stored does not know it.
        if (!isException(e, 'ApplicationNotFoundException')) throw e
        await this.proxy.submitApplication({ applicationSubmissionContext: context })
        return false
      }
    })
    return id
  }

  /** @throws ApplicationNotFoundException */
  async getApplicationReport(id: ApplicationId): Promise<ApplicationReportProto> {
    const { applicationReport } = await this.proxy.getApplicationReport({ applicationId: id })
    if (!applicationReport) throw exception('ApplicationNotFoundException', `Application with id '${formatApplicationId(id)}' doesn't exist in RM.`)
    return applicationReport
  }

  async getApplications(filter: GetApplicationsRequestProtoInit = {}): Promise<ApplicationReportProto[]> {
    return (await this.proxy.getApplications(filter)).applications
  }

  /** Kills, and waits until the application is in a final state. */
  async forceKillApplication(id: ApplicationId, diagnostics?: string): Promise<void> {
    await this.#poll(
      `Timed out while waiting for application ${formatApplicationId(id)} to be killed.`,
      async () => (await this.proxy.forceKillApplication({ applicationId: id, diagnostics })).isKillCompleted,
    )
  }

  async failApplicationAttempt(id: ApplicationAttemptId): Promise<void> {
    await this.proxy.failApplicationAttempt({ applicationAttemptId: id })
  }

  async getClusterMetrics(): Promise<YarnClusterMetricsProto> {
    return (await this.proxy.getClusterMetrics({})).clusterMetrics ?? {}
  }

  /** Nodes in any of `states`; none given: all. */
  async getClusterNodes(states: readonly NodeStateProto[] = []): Promise<NodeReportProto[]> {
    return (await this.proxy.getClusterNodes({ nodeStates: states })).nodeReports
  }

  /** Undefined when the ResourceManager answers nothing about such a queue. */
  async getQueueInfo(queueName: string, options: QueueInfoOptions = {}): Promise<QueueInfoProto | undefined> {
    const { includeApplications = true, includeChildQueues = false, recursive = false } = options
    return (await this.proxy.getQueueInfo({ queueName, includeApplications, includeChildQueues, recursive })).queueInfo
  }

  async getQueueUserAcls(): Promise<QueueUserACLInfoProto[]> {
    return (await this.proxy.getQueueUserAcls({})).queueUserAcls
  }

  async getApplicationAttempts(id: ApplicationId): Promise<ApplicationAttemptReportProto[]> {
    return (await this.proxy.getApplicationAttempts({ applicationId: id })).applicationAttempts
  }

  async getApplicationAttemptReport(id: ApplicationAttemptId): Promise<ApplicationAttemptReportProto | undefined> {
    return (await this.proxy.getApplicationAttemptReport({ applicationAttemptId: id })).applicationAttemptReport
  }

  async getContainers(id: ApplicationAttemptId): Promise<ContainerReportProto[]> {
    return (await this.proxy.getContainers({ applicationAttemptId: id })).containers
  }

  async getContainerReport(id: ContainerId): Promise<ContainerReportProto | undefined> {
    return (await this.proxy.getContainerReport({ containerId: containerIdProto(id) })).containerReport
  }

  async signalToContainer(id: ContainerId, command: SignalContainerCommandProto): Promise<void> {
    await this.proxy.signalToContainer({ containerId: containerIdProto(id), command })
  }

  async moveApplicationAcrossQueues(id: ApplicationId, targetQueue: string): Promise<void> {
    await this.proxy.moveApplicationAcrossQueues({ applicationId: id, targetQueue })
  }

  /** The priority that came of it: the cluster's maximum at most. Undefined for an application that has ended. */
  async updateApplicationPriority(id: ApplicationId, priority: number): Promise<number | undefined> {
    return (await this.proxy.updateApplicationPriority({ applicationId: id, applicationPriority: { priority } })).applicationPriority?.priority
  }

  /** @param expireTime when the application is to be ended, as ISO 8601 with zone */
  updateApplicationLifetime(id: ApplicationId, expireTime: string): Promise<UpdateApplicationTimeoutsResponseProto> {
    return this.proxy.updateApplicationTimeouts({ applicationId: id, applicationTimeouts: [{ applicationTimeoutType: 'APP_TIMEOUT_LIFETIME', expireTime }] })
  }

  async getResourceTypeInfo(): Promise<ResourceTypeInfoProto[]> {
    return (await this.proxy.getResourceTypeInfo({})).resourceTypeInfo
  }

  async getClusterNodeLabels(): Promise<NodeLabelProto[]> {
    return (await this.proxy.getClusterNodeLabels({})).nodeLabels
  }

  async getNodeToLabels(): Promise<NodeIdToLabelsProto[]> {
    return (await this.proxy.getNodeToLabels({})).nodeToLabels
  }

  async getLabelsToNodes(labels: readonly string[] = []): Promise<LabelsToNodeIdsProto[]> {
    return (await this.proxy.getLabelsToNodes({ nodeLabels: labels })).labelsToNodes
  }

  async getClusterNodeAttributes(): Promise<NodeAttributeInfoProto[]> {
    return (await this.proxy.getClusterNodeAttributes({})).nodeAttributes
  }

  close(): void {
    this.#rpc.close()
  }

  async #poll(late: string, done: () => Promise<boolean>): Promise<void> {
    const started = performance.now()
    for (const pause of pauses(this.#pollInterval)) {
      if (await done()) return
      if (this.#pollTimeout >= 0 && performance.now() - started >= this.#pollTimeout) throw exception('YarnException', late)
      await sleep(pause)
    }
  }
}

function requireId(id: ApplicationIdProtoInit | undefined): ApplicationId {
  if (id?.id === undefined || id.clusterTimestamp === undefined)
    throw exception('ApplicationIdNotProvidedException', 'ApplicationId is not provided in ApplicationSubmissionContext')
  return { id: id.id, clusterTimestamp: id.clusterTimestamp }
}
