/** The shapes that REST takes and gives, as JSON Schema: bodies are checked by them, /docs shows them, tests hold the answers against them. */
import { NODE_STATES, YARN_APPLICATION_STATES } from '../../common/records/states.js'

export type Schema = { readonly [key: string]: unknown }

const text: Schema = { type: 'string' }
const whole: Schema = { type: 'integer' }
const number: Schema = { type: 'number' }
const flag: Schema = { type: 'boolean' }
const one = (values: readonly string[]): Schema => ({ type: 'string', enum: values })
const list = (items: Schema): Schema => ({ type: 'array', items })
const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` })

/** Fields of one kind by their names, parted by blanks. */
const all = (kind: Schema, names: string): Record<string, Schema> => Object.fromEntries(names.split(' ').map((n) => [n, kind]))
const object = (required: Record<string, Schema>, optional: Record<string, Schema> = {}): Schema => ({
  type: 'object',
  properties: { ...required, ...optional },
  required: Object.keys(required),
  additionalProperties: false,
})
/** An answer with one named thing in it. */
const wrapped = (name: string, content: Schema): Schema => object({ [name]: content })
/** A list below its own name; an empty one has no list at all. */
const listed = (outer: string, inner: string, items: Schema): Schema => wrapped(outer, object({}, { [inner]: list(items) }))

const resourceInformation = object(all(text, 'name resourceType units'), {
  ...all(number, 'maximumAllocation minimumAllocation value'),
  attributes: { type: 'object' },
})
const entries = (value: Schema): Schema => ({ type: 'object', properties: { entry: { type: 'object', properties: { key: text, value } } } })

export const COMPONENTS: Readonly<Record<string, Schema>> = {
  Resource: object({
    ...all(whole, 'memory vCores'),
    resourceInformations: object({ resourceInformation: list(resourceInformation) }),
  }),
  Timeout: object({ ...all(text, 'type expiryTime'), remainingTimeInSeconds: whole }),
  ResourceUsage: object({ partitionName: text, ...all(ref('Resource'), 'used reserved pending amUsed amLimit userAmLimit') }),
  ResourceRequest: object(
    {
      ...all(whole, 'priority allocationRequestId numContainers'),
      ...all(text, 'resourceName nodeLabelExpression'),
      capability: ref('Resource'),
      relaxLocality: flag,
    },
    { executionTypeRequest: { type: 'object' }, enforceExecutionType: flag },
  ),
  ClusterInfo: object({
    ...all(whole, 'id startedOn'),
    ...all(text, 'state haState rmStateStoreName resourceManagerVersion resourceManagerBuildVersion resourceManagerVersionBuiltOn'),
    ...all(text, 'hadoopVersion hadoopBuildVersion hadoopVersionBuiltOn haZooKeeperConnectionState'),
  }),
  ClusterMetrics: object(
    {
      ...all(whole, 'appsSubmitted appsCompleted appsPending appsRunning appsFailed appsKilled reservedMB availableMB allocatedMB pendingMB'),
      ...all(whole, 'reservedVirtualCores availableVirtualCores allocatedVirtualCores pendingVirtualCores'),
      ...all(whole, 'containersAllocated containersReserved containersPending totalMB totalVirtualCores'),
      ...all(whole, 'utilizedMBPercent utilizedVirtualCoresPercent rmSchedulerBusyPercent totalNodes lostNodes unhealthyNodes'),
      ...all(whole, 'decommissioningNodes decommissionedNodes rebootedNodes activeNodes shutdownNodes totalAllocatedContainersAcrossPartition'),
      crossPartitionMetricsAvailable: flag,
    },
    all(ref('Resource'), 'totalUsedResourcesAcrossPartition totalClusterResourcesAcrossPartition totalReservedResourcesAcrossPartition'),
  ),
  Node: object(
    {
      ...all(text, 'rack id nodeHostName nodeHTTPAddress version healthReport'),
      state: one(NODE_STATES),
      ...all(whole, 'lastHealthUpdate numContainers usedMemoryMB availMemoryMB usedVirtualCores availableVirtualCores'),
      ...all(whole, 'numRunningOpportContainers usedMemoryOpportGB usedVirtualCoresOpport numQueuedContainers'),
      ...all(number, 'memUtilization cpuUtilization'),
      totalResource: ref('Resource'),
      allocationTags: { type: 'object' },
      nodeAttributesInfo: { type: 'object' },
    },
    {
      nodeLabels: list(text),
      ...all(ref('Resource'), 'usedResource availableResource'),
      resourceUtilization: object({
        ...all(whole, 'nodePhysicalMemoryMB nodeVirtualMemoryMB aggregatedContainersPhysicalMemoryMB aggregatedContainersVirtualMemoryMB'),
        ...all(number, 'nodeCPUUsage containersCPUUsage'),
      }),
    },
  ),
  App: object(
    {
      ...all(text, 'id user name queue finalStatus trackingUI diagnostics applicationType applicationTags masterNodeId'),
      state: one(YARN_APPLICATION_STATES),
      ...all(number, 'progress queueUsagePercentage clusterUsagePercentage'),
      ...all(whole, 'clusterId priority startedTime launchTime finishedTime elapsedTime allocatedMB allocatedVCores reservedMB reservedVCores'),
      ...all(whole, 'runningContainers memorySeconds vcoreSeconds preemptedResourceMB preemptedResourceVCores'),
      ...all(whole, 'numNonAMContainerPreempted numAMContainerPreempted preemptedMemorySeconds preemptedVcoreSeconds'),
      // Each resource type stands under the same key again, as in Hadoop's answers.
      resourceSecondsMap: entries(text),
      preemptedResourceSecondsMap: entries(text),
      unmanagedApplication: flag,
    },
    {
      ...all(text, 'logAggregationStatus trackingUrl amContainerLogs amHostHttpAddress amRPCAddress appNodeLabelExpression amNodeLabelExpression'),
      resourceInfo: object({ resourceUsagesByPartition: list(ref('ResourceUsage')) }),
      resourceRequests: list(ref('ResourceRequest')),
      timeouts: object({ timeout: list(ref('Timeout')) }),
    },
  ),
  AppAttempt: object(
    {
      ...all(whole, 'id startTime finishedTime'),
      ...all(text, 'containerId nodeHttpAddress nodeId logsLink blacklistedNodes appAttemptId exportPorts'),
    },
    { nodesBlacklistedBySystem: text },
  ),
  AppAttemptReport: object(all(text, 'appAttemptId host rpcPort trackingUrl originalTrackingUrl diagnosticsInfo appAttemptState startedTime finishedTime'), {
    amContainerId: text,
  }),
  Container: object(
    {
      ...all(text, 'containerId allocatedMB allocatedVCores assignedNodeId priority startedTime finishedTime elapsedTime logUrl containerExitStatus'),
      ...all(text, 'containerState nodeHttpAddress nodeId exposedPorts'),
      allocatedResources: object({ entry: list(object(all(text, 'key value'))) }),
    },
    { diagnosticsInfo: text },
  ),
  /** A queue, an application, a request or a node; what is below one is of the same kind. */
  Activity: object(
    { allocationState: text },
    {
      ...all(text, 'name diagnostic nodeId'),
      ...all(whole, 'appPriority requestPriority allocationRequestId count'),
      nodeIds: list(text),
      children: list({ type: 'object' }),
    },
  ),
  NodeActivities: object(
    {},
    {
      ...all(text, 'nodeId dateTime diagnostic'),
      timestamp: whole,
      allocations: list(object({ ...all(text, 'partition finalAllocationState'), root: ref('Activity') }, { updatedContainerId: text })),
    },
  ),
  ApplicationActivities: object(
    { applicationId: text },
    {
      ...all(text, 'dateTime diagnostic'),
      timestamp: whole,
      allocations: list(
        object(
          { ...all(text, 'dateTime queueName allocationState'), ...all(whole, 'timestamp appPriority') },
          { ...all(text, 'nodeId diagnostic'), children: list(ref('Activity')) },
        ),
      ),
    },
  ),
  RemoteException: wrapped('RemoteException', object(all(text, 'exception javaClassName'), { message: text })),
}

const app = '/apps/{app}'
const attempts = `${app}/appattempts`

/** What a call answers when it succeeds; calls that are not here answer what only their scheduler knows, or nothing. */
export const ANSWERS: Readonly<Record<string, Schema>> = {
  'GET ': wrapped('clusterInfo', ref('ClusterInfo')),
  'GET /info': wrapped('clusterInfo', ref('ClusterInfo')),
  'GET /metrics': wrapped('clusterMetrics', ref('ClusterMetrics')),
  'GET /userinfo': object(all(text, 'rmLoginUser requestedUser')),
  'GET /nodes': listed('nodes', 'node', ref('Node')),
  'GET /nodes/{node}': wrapped('node', ref('Node')),
  'GET /nodes/{node}/resource': wrapped('resourceInfo', ref('Resource')),
  'POST /nodes/{node}/resource': wrapped('resourceInfo', ref('Resource')),
  'GET /apps': listed('apps', 'app', ref('App')),
  'GET /appstatistics': wrapped('appStatInfo', object({ statItem: list(object({ ...all(text, 'state type'), count: whole })) })),
  'POST /apps/new-application': object({ 'application-id': text, 'maximum-resource-capability': ref('Resource') }),
  [`GET ${app}`]: wrapped('app', ref('App')),
  [`GET ${app}/state`]: wrapped('state', text),
  [`PUT ${app}/state`]: wrapped('state', text),
  [`GET ${app}/queue`]: wrapped('queue', text),
  [`PUT ${app}/queue`]: wrapped('queue', text),
  [`GET ${app}/priority`]: wrapped('priority', whole),
  [`PUT ${app}/priority`]: wrapped('priority', whole),
  [`GET ${app}/timeouts`]: wrapped('timeouts', object({ timeout: list(ref('Timeout')) })),
  [`GET ${app}/timeouts/{type}`]: wrapped('timeout', ref('Timeout')),
  [`PUT ${app}/timeout`]: wrapped('timeout', ref('Timeout')),
  [`GET ${attempts}`]: listed('appAttempts', 'appAttempt', ref('AppAttempt')),
  [`GET ${attempts}/{attempt}`]: ref('AppAttemptReport'),
  [`GET ${attempts}/{attempt}/containers`]: object({}, { container: { anyOf: [list(ref('Container')), ref('Container')] } }),
  [`GET ${attempts}/{attempt}/containers/{container}`]: ref('Container'),
  'GET /scheduler/activities': wrapped('activities', ref('NodeActivities')),
  'GET /scheduler/bulk-activities': wrapped('bulkActivities', object({}, { activities: list(ref('NodeActivities')) })),
  'GET /scheduler/app-activities/{app}': wrapped('appActivities', ref('ApplicationActivities')),
  'GET /queues/{queue}/access': object(all(text, 'allowed user diagnostics')),
  'POST /delegation-token': object({ ...all(text, 'token renewer owner kind'), ...all(whole, 'expiration-time max-validity') }),
  'POST /delegation-token/expiration': wrapped('expiration-time', whole),
}

/** A body may be left out: what must be in it, its route says in better words. */
const body = (properties: Record<string, Schema>): Schema => ({ type: ['object', 'null'], properties })
/** One or several, or (null, or an empty element in XML) none. */
const several = (items: Schema): Schema => ({ type: ['array', 'object', 'string', 'null'], items })
const map = (value: Schema): Schema => ({
  type: ['object', 'string', 'null'],
  properties: { entry: several({ type: 'object', properties: { key: text, value } }) },
})
const change = body({
  'add-queue': several({ type: 'object', properties: { 'queue-name': text, params: map(text) } }),
  'remove-queue': several(text),
  'update-queue': several({ type: 'object', properties: { 'queue-name': text, params: map(text) } }),
  'global-updates': several({ type: 'object' }),
})
const localResource = { type: 'object', properties: { ...all(text, 'resource type visibility'), size: whole, timestamp: whole } }

/** What a call takes, as JSON; XML is read into the same shape. */
export const BODIES: Readonly<Record<string, Schema>> = {
  'POST /nodes/{node}/resource': body({ resource: { type: 'object', properties: all({ type: 'integer', minimum: 0 }, 'memory vCores') } }),
  'POST /apps': body({
    ...all(text, 'application-id application-name queue application-type app-node-label-expression am-container-node-label-expression'),
    ...all(whole, 'priority max-app-attempts attempt-failures-validity-interval'),
    ...all(flag, 'unmanaged-AM keep-containers-across-application-attempts'),
    resource: { type: 'object', properties: all(whole, 'memory vCores') },
    'application-tags': { type: ['object', 'string', 'null'], properties: { tag: several(text) } },
    'am-container-spec': {
      type: ['object', 'string', 'null'],
      properties: {
        'local-resources': map(localResource),
        environment: map(text),
        commands: { type: ['object', 'string', 'null'], properties: { command: several(text) } },
        'service-data': map(text),
        credentials: { type: ['object', 'string', 'null'], properties: { tokens: map(text), secrets: map(text) } },
        'application-acls': map(text),
      },
    },
    'log-aggregation-context': { type: ['object', 'string', 'null'] },
    timeouts: { type: ['object', 'string', 'null'] },
  }),
  [`PUT ${app}/state`]: body({ state: text, diagnostics: text }),
  [`PUT ${app}/queue`]: body({ queue: text }),
  [`PUT ${app}/priority`]: body({ priority: whole }),
  [`PUT ${app}/timeout`]: body({ timeout: { type: 'object', properties: all(text, 'type expiryTime') }, ...all(text, 'type expiryTime') }),
  'PUT /scheduler-conf': change,
  'POST /scheduler-conf/validate': change,
  'POST /add-node-labels': body({ nodeLabelInfo: several({ type: 'object', properties: { name: text, exclusivity: flag } }) }),
  'POST /replace-node-to-labels': body({ nodeToLabels: several({ type: 'object', properties: { nodeId: text, labels: several(text) } }) }),
  'POST /delegation-token': body({ renewer: text }),
}
