/** A container on this node: what it was asked to be, what became of it. */
import type { StartContainerRequestProto } from '../../common/proto/gen/container-management.js'
import type { ContainerTokenIdentifierProto } from '../../common/proto/gen/yarn-security.js'
import type { ContainerLaunchContextProto, ContainerStatusProtoInit, LocalResourceProto } from '../../common/proto/gen/yarn.js'
import type { NMContainerStatusProtoInit } from '../../common/proto/gen/resource-tracker.js'
import { containerIdOfProto, containerIdProto, resourceOf, resourceProto } from '../../common/protocols/records.js'
import { type ApplicationId, type ContainerId, formatApplicationId, formatContainerId } from '../../common/records/ids.js'
import type { Resource } from '../../common/records/resource.js'
import { type ContainerLife, NEVER_RETRY, type RetryContext, newContainerLife, reportedState, reportedSubState } from '../core/container.js'
import type { ContainerProcess } from '../launcher/launch.js'
import { type Asker, resourceId } from '../localizer/localizer.js'
import { requestOf } from '../localizer/request.js'

export interface Counters {
  bytesMissed: number
  bytesCached: number
  filesMissed: number
  filesCached: number
  /** Milliseconds; the negative start time until all is there, as Hadoop's counter has it. */
  millis: number
}

/** A local resource under the names that a container wants it by. */
export interface Wanted {
  readonly proto: LocalResourceProto
  readonly links: string[]
}

export interface NodeContainer extends Asker {
  readonly id: ContainerId
  readonly application: ApplicationId
  token: ContainerTokenIdentifierProto
  launchContext: ContainerLaunchContextProto
  readonly startTime: number
  readonly life: ContainerLife
  diagnostics: string
  /** By the localizer's id, in the order asked. */
  readonly resources: Map<string, Wanted>
  readonly counters: Counters
  workDir: string | undefined
  logDir: string | undefined
  process: ContainerProcess | undefined
  relaunch: NodeJS.Timeout | undefined
  /** The earlier launch context while a re-initialised one runs uncommitted. */
  previous: ContainerLaunchContextProto | undefined
  launchedAt: number | undefined
}

export function retryContextOf(p: ContainerLaunchContextProto): RetryContext {
  const r = p.containerRetryContext
  return r
    ? {
        policy: r.retryPolicy,
        errorCodes: r.errorCodes,
        maxRetries: r.maxRetries,
        interval: r.retryInterval,
        failuresValidityInterval: r.failuresValidityInterval,
      }
    : NEVER_RETRY
}

export function newContainer(token: ContainerTokenIdentifierProto, request: StartContainerRequestProto, startTime: number): NodeContainer {
  const id = containerIdOfProto(token.containerId)
  const launchContext = request.containerLaunchContext!
  const container: NodeContainer = {
    id,
    application: id.applicationAttemptId.applicationId,
    containerId: formatContainerId(id),
    applicationId: formatApplicationId(id.applicationAttemptId.applicationId),
    user: token.appSubmitter ?? '',
    token,
    launchContext,
    startTime,
    life: newContainerLife(retryContextOf(launchContext)),
    diagnostics: '',
    resources: new Map(),
    counters: { bytesMissed: 0, bytesCached: 0, filesMissed: 0, filesCached: 0, millis: 0 },
    workDir: undefined,
    logDir: undefined,
    process: undefined,
    relaunch: undefined,
    previous: undefined,
    launchedAt: undefined,
  }
  wantResources(container, launchContext.localResources)
  return container
}

/** Notes what it wants. @returns ids of resources that it did not want before */
export function wantResources(c: NodeContainer, resources: readonly { readonly key?: string; readonly value?: LocalResourceProto }[]): string[] {
  const fresh: string[] = []
  for (const { key, value } of resources) {
    if (key === undefined || value === undefined) continue
    const id = resourceId(requestOf(value), c)
    const wanted = c.resources.get(id)
    if (!wanted) {
      c.resources.set(id, { proto: value, links: [key] })
      fresh.push(id)
    } else if (!wanted.links.includes(key)) {
      wanted.links.push(key)
    }
  }
  return fresh
}

export function resourceOfContainer(c: NodeContainer): Resource {
  return resourceOf(c.token.resource)
}

export function statusOf(c: NodeContainer, host: { readonly name: string; readonly ips: string }): ContainerStatusProtoInit {
  const attributes =
    c.launchedAt === undefined || c.life.state !== 'RUNNING'
      ? []
      : [
          { key: 'HOST', value: host.name },
          { key: 'IPS', value: host.ips },
        ]
  return {
    containerId: containerIdProto(c.id),
    state: reportedState(c.life.state),
    diagnostics: c.diagnostics,
    exitStatus: c.life.exitCode,
    capability: resourceProto(resourceOfContainer(c)),
    executionType: c.token.executionType,
    containerAttributes: attributes,
    containerSubState: reportedSubState(c.life.state),
  }
}

/** For registration: the ResourceManager may never have heard of it. */
export function registrationStatusOf(c: NodeContainer): NMContainerStatusProtoInit {
  return {
    containerId: containerIdProto(c.id),
    containerState: reportedState(c.life.state),
    resource: resourceProto(resourceOfContainer(c)),
    priority: c.token.priority,
    diagnostics: c.diagnostics,
    containerExitStatus: c.life.exitCode,
    creationTime: c.token.creationTime,
    nodeLabelExpression: c.token.nodeLabelExpression,
    version: c.token.version,
    executionType: c.token.executionType,
    allocationRequestId: c.token.allocationRequestId,
    allocationTags: c.token.allocationTags,
  }
}

export function countersText(c: Counters): string {
  return [c.bytesMissed, c.bytesCached, c.filesMissed, c.filesCached, c.millis].join(',')
}
