/** What requests are refused for, in Hadoop's words (SchedulerUtils, RMServerUtils, RMAppManager). */
import { exception } from '../../common/errors.js'
import { formatAttemptId, formatContainerId, formatResource, type ApplicationAttemptId, type ContainerId, type Resource } from '../../common/records/index.js'
import type { QueueInfo } from '../scheduler/scheduler.js'
import { ANY, type ApplicationSubmission, type ResourceRequest } from './events.js'
import type { ResourceManager } from './resourcemanager.js'

const invalid = (message: string) => exception('InvalidResourceRequestException', message)
const invalidLabel = (message: string) => exception('InvalidLabelResourceRequestException', message)

/** @throws InvalidResourceRequestException naming the amount that is negative or more than may be had */
export function checkAmounts(rm: ResourceManager, requested: Resource, maximum: Resource): void {
  const { resourceTypes, maximumAllocation } = rm.config
  const types: [string, number, number][] = [
    ['memory-mb', requested.memory, maximum.memory],
    ['vcores', requested.vcores, maximum.vcores],
    ...resourceTypes.map((t): [string, number, number] => [t, requested.extended?.[t] ?? 0, maximum.extended?.[t] ?? 0]),
  ]
  for (const [name, asked, most] of types) {
    if (asked < 0) {
      throw invalid(
        `Invalid resource request! Cannot allocate containers as requested resource is less than 0! Requested resource type=[${name}], Requested resource=${formatResource(requested)}`,
      )
    }
    if (asked > most) {
      throw invalid(
        `Invalid resource request! Cannot allocate containers as requested resource is greater than maximum allowed allocation. Requested resource type=[${name}], Requested resource=${formatResource(requested)}, maximum allowed allocation=${formatResource(maximum)}, please note that maximum allowed allocation is calculated by scheduler based on maximum resource of registered NodeManagers, which might be less than configured maximum allocation=${formatResource(maximumAllocation)}`,
      )
    }
  }
}

/** The request with its label filled in from application and queue. @throws InvalidResourceRequestException in Hadoop's words */
export function normalizeRequest(
  rm: ResourceManager,
  request: ResourceRequest,
  maximum: Resource,
  queue: QueueInfo | undefined,
  applicationLabel: string | undefined,
): ResourceRequest {
  let label = request.nodeLabelExpression
  const any = request.resourceName === ANY
  if (any) label ??= applicationLabel
  if (!rm.config.nodeLabelsEnabled && label !== undefined && label !== '') {
    throw invalidLabel('Invalid resource request, node label not enabled but request contains label expression')
  }
  if (queue) label ??= (any ? queue.defaultLabel : undefined) ?? ''
  checkAmounts(rm, request.capability, maximum)
  if (queue && label !== undefined && label.trim() !== '') {
    if (!any) {
      throw invalidLabel(
        `Invalid resource request, queue=${queue.name} specified node label expression in a resource request has resource name = ${request.resourceName}`,
      )
    }
    if (label.includes('&&')) {
      throw invalidLabel(
        `Invalid resource request, queue=${queue.name} specified more than one node label in a node label expression, node label expression = ${label}`,
      )
    }
    if (!queue.accessibleLabels.has('*') && !queue.accessibleLabels.has(label)) {
      throw invalidLabel(
        `Invalid resource request, queue=${queue.name} doesn't have permission to access all labels in resource request. labelExpression of resource request=${label}. Queue labels=${[...queue.accessibleLabels].join(',')}`,
      )
    }
    if (!rm.labels.has(label)) throw invalidLabel(`Invalid label resource request, cluster do not contain , label= ${label}`)
  }
  return label === request.nodeLabelExpression ? request : { ...request, nodeLabelExpression: label }
}

/** The application master's requests, that for ANY first, all of one size, normalised. */
export function masterRequests(rm: ResourceManager, submission: ApplicationSubmission, queue: string, recovering: boolean): ResourceRequest[] {
  if (submission.unmanagedAM) return []
  const { amRequests } = submission
  if (amRequests.length === 0) throw invalid('Invalid resource request, no resources requested')
  const anys = amRequests.filter((r) => r.resourceName === ANY)
  if (anys.length > 1) throw invalid(`Invalid resource request, only one resource request with ${ANY} is allowed`)
  const [any] = anys
  if (!any) throw invalid(`Invalid resource request, no resource request specified with ${ANY}`)
  const maximum = rm.scheduler.maximumAllocation(queue)
  const info = rm.scheduler.queueInfo(queue)
  const ordered = [any, ...amRequests.filter((r) => r !== any)]
  return ordered.map((r) => {
    const request: ResourceRequest = { ...r, capability: any.capability, numContainers: 1, priority: 0, executionType: 'GUARANTEED' }
    const normal = recovering ? request : normalizeRequest(rm, request, maximum, info, submission.nodeLabelExpression)
    return { ...normal, capability: rm.scheduler.normalized(any.capability, maximum) }
  })
}

export function checkReleases(releases: readonly ContainerId[], attempt: ApplicationAttemptId): void {
  for (const id of releases) {
    const owner = id.applicationAttemptId
    const same =
      owner.attemptId === attempt.attemptId &&
      owner.applicationId.id === attempt.applicationId.id &&
      owner.applicationId.clusterTimestamp === attempt.applicationId.clusterTimestamp
    if (!same) {
      throw exception(
        'InvalidContainerReleaseException',
        `Cannot release container : ${formatContainerId(id)} not belonging to this application attempt : ${formatAttemptId(attempt)}`,
      )
    }
  }
}

export function checkBlacklist(additions: readonly string[]): void {
  if (additions.includes(ANY)) throw exception('InvalidResourceBlacklistRequestException', `Cannot add ${ANY} to the blacklist!`)
}

const MAX_TAGS = 10
const MAX_TAG_LENGTH = 100

/** Java's "Tag size" rules for application tags. */
export function checkTags(tags: readonly string[]): void {
  if (tags.length > MAX_TAGS) throw exception('IllegalArgumentException', `Too many applicationTags, a maximum of only ${MAX_TAGS} are allowed!`)
  for (const tag of tags) {
    if (tag.length > MAX_TAG_LENGTH) throw exception('IllegalArgumentException', `Tag ${tag} is too long, maximum allowed length of a tag is ${MAX_TAG_LENGTH}`)
    if (!/^[\x00-\x7f]*$/.test(tag)) throw exception('IllegalArgumentException', 'A tag can only have ASCII characters! Invalid tag - ' + tag)
  }
}
