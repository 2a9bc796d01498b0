/** The Flink options that Bobbin reads, with Flink's keys, types and defaults. */
import { booleanOption, durationOption, floatOption, intOption, listOption, memoryOption, stringOption } from './option.js'

export const deployment = {
  target: stringOption('execution.target', undefined, 'where jobs run: remote, yarn-session, yarn-per-job or yarn-application'),
  attached: booleanOption('execution.attached', 'false', 'whether the client waits for the end of the job (of the cluster, in application mode)'),
  shutdownIfAttached: booleanOption('execution.shutdown-on-attached-exit', 'false', 'whether the cluster ends with an attached client'),
} as const

export const pipeline = {
  name: stringOption('pipeline.name', undefined, 'name of the job'),
  maxParallelism: intOption('pipeline.max-parallelism', '-1', 'most subtasks that a job can be rescaled to; -1: derived'),
} as const

export const core = {
  parallelism: intOption('parallelism.default', '1', 'parallelism of a job that does not set its own'),
} as const

export const jobManager = {
  rpcAddress: stringOption('jobmanager.rpc.address', undefined, "the JobManager's host name"),
  rpcPort: intOption('jobmanager.rpc.port', '6123', "the JobManager's RPC port"),
  bindHost: stringOption('jobmanager.bind-host', undefined, 'interface that the JobManager listens on'),
  slotRequestTimeout: durationOption('slot.request.timeout', '300000', 'how long a job waits for a slot'),
} as const

export const taskManager = {
  host: stringOption('taskmanager.host', undefined, "the TaskManager's host name"),
  bindHost: stringOption('taskmanager.bind-host', undefined, 'interface that a TaskManager listens on'),
  rpcPort: stringOption('taskmanager.rpc.port', '0', "a TaskManager's RPC port, range or list"),
  dataPort: intOption('taskmanager.data.port', '0', 'port of the exchange between TaskManagers'),
  slots: intOption('taskmanager.numberOfTaskSlots', '1', 'slots of a TaskManager'),
  resourceId: stringOption('taskmanager.resource-id', undefined, 'id of this TaskManager'),
} as const

export const resourceManager = {
  taskManagerTimeout: durationOption('resourcemanager.taskmanager-timeout', '30000', 'after how long an idle TaskManager is let go', [
    'slotmanager.taskmanager-timeout',
  ]),
  registrationTimeout: durationOption('resourcemanager.taskmanager-registration.timeout', '5 min', 'how long a started TaskManager may take to register'),
} as const

export const heartbeat = {
  interval: durationOption('heartbeat.interval', '10000', 'between heartbeats of JobManager and TaskManager'),
  timeout: durationOption('heartbeat.timeout', '50000', 'after how long a silent peer is lost'),
} as const

export const rest = {
  address: stringOption('rest.address', undefined, "host that clients find the JobManager's REST endpoint at", ['jobmanager.rpc.address']),
  port: intOption('rest.port', '8081', "port that clients find the JobManager's REST endpoint at", ['web.port', 'jobmanager.web.port']),
  bindAddress: stringOption('rest.bind-address', undefined, 'interface that the REST endpoint listens on'),
  bindPort: stringOption('rest.bind-port', '8081', 'port, range or list that the REST endpoint listens on', ['rest.port', 'web.port', 'jobmanager.web.port']),
} as const

export const client = {
  timeout: durationOption('client.timeout', '60 s', 'how long a client waits for an answer', ['akka.client.timeout']),
} as const

export const restartStrategy = {
  strategy: stringOption('restart-strategy', undefined, 'none, fixed-delay, failure-rate or exponential-delay', ['restart-strategy.type']),
  fixedDelayAttempts: intOption('restart-strategy.fixed-delay.attempts', '1', 'how often a job is restarted'),
  fixedDelay: durationOption('restart-strategy.fixed-delay.delay', '1 s', 'pause before a restart'),
} as const

export const state = {
  backend: stringOption('state.backend', undefined, 'where state is kept: hashmap or rocksdb', ['state.backend.type']),
} as const

/** Memory of the two processes; ../memory computes with it. */
const memoryOf = (role: 'jobmanager' | 'taskmanager', name: string) => ({
  totalProcess: memoryOption(`${role}.memory.process.size`, undefined, `all memory of a ${name}, what its container gets`),
  totalFlink: memoryOption(`${role}.memory.flink.size`, undefined, `memory of a ${name} without metaspace and overhead`),
  overheadMin: memoryOption(`${role}.memory.jvm-overhead.min`, '192m', `least overhead of the JVM of a ${name}`),
  overheadMax: memoryOption(`${role}.memory.jvm-overhead.max`, '1g', `most overhead of the JVM of a ${name}`),
  overheadFraction: floatOption(`${role}.memory.jvm-overhead.fraction`, '0.1', `overhead as a share of all memory of a ${name}`),
  metaspace: memoryOption(`${role}.memory.jvm-metaspace.size`, '256m', `metaspace of a ${name}`),
})

export const jobManagerMemory = {
  ...memoryOf('jobmanager', 'JobManager'),
  heap: memoryOption('jobmanager.memory.heap.size', undefined, 'heap of a JobManager'),
  offHeap: memoryOption('jobmanager.memory.off-heap.size', '128m', 'direct and native memory of a JobManager'),
  legacyHeap: memoryOption('jobmanager.heap.size', undefined, 'older name of the memory of a JobManager', ['jobmanager.heap.mb']),
} as const

export const taskManagerMemory = {
  ...memoryOf('taskmanager', 'TaskManager'),
  frameworkHeap: memoryOption('taskmanager.memory.framework.heap.size', '128m', "Flink's own heap"),
  taskHeap: memoryOption('taskmanager.memory.task.heap.size', undefined, 'heap for tasks'),
  frameworkOffHeap: memoryOption('taskmanager.memory.framework.off-heap.size', '128m', "Flink's own direct memory"),
  taskOffHeap: memoryOption('taskmanager.memory.task.off-heap.size', '0b', 'direct memory for tasks'),
  managed: memoryOption('taskmanager.memory.managed.size', undefined, 'managed memory (state backends, sorting)', ['taskmanager.memory.size']),
  managedFraction: floatOption('taskmanager.memory.managed.fraction', '0.4', 'managed memory as a share of Flink memory'),
  networkMin: memoryOption('taskmanager.memory.network.min', '64m', 'least memory of the exchange', ['taskmanager.network.memory.min']),
  networkMax: memoryOption('taskmanager.memory.network.max', '9223372036854775807b', 'most memory of the exchange', ['taskmanager.network.memory.max']),
  networkFraction: floatOption('taskmanager.memory.network.fraction', '0.1', 'memory of the exchange as a share of Flink memory', [
    'taskmanager.network.memory.fraction',
  ]),
  cpuCores: floatOption('taskmanager.cpu.cores', undefined, 'CPU cores of a TaskManager'),
  legacyHeap: memoryOption('taskmanager.heap.size', undefined, 'older name of the memory of a TaskManager', ['taskmanager.heap.mb']),
} as const

export const yarn = {
  applicationId: stringOption('yarn.application.id', undefined, 'the application that a command is about'),
  queue: stringOption('yarn.application.queue', undefined, 'queue that the application goes to'),
  name: stringOption('yarn.application.name', undefined, 'name of the application'),
  type: stringOption('yarn.application.type', undefined, 'type of the application; `Apache Flink` unless set'),
  nodeLabel: stringOption('yarn.application.node-label', undefined, 'node label of the application'),
  priority: intOption('yarn.application.priority', '-1', 'priority of the application; negative: the default of the cluster'),
  tags: stringOption('yarn.tags', '', 'comma-separated tags of the application'),
  attempts: stringOption('yarn.application-attempts', undefined, 'attempts of the application'),
  appMasterVcores: intOption('yarn.appmaster.vcores', '1', 'vcores of the JobManager'),
  vcores: intOption('yarn.containers.vcores', '-1', 'vcores of a TaskManager; -1: one for each slot'),
  heartbeatInterval: intOption('yarn.heartbeat.interval', '5', "seconds between the JobManager's heartbeats", ['yarn.heartbeat-delay']),
  requestHeartbeatInterval: intOption('yarn.heartbeat.container-request-interval', '500', 'milliseconds between heartbeats while containers are asked for'),
  propertiesFileLocation: stringOption('yarn.properties-file.location', undefined, 'folder of .yarn-properties-USER; the temporary folder unless set'),
  applicationMasterPort: stringOption('yarn.application-master.port', '0', "the JobManager's RPC port, range or list"),
  fileReplication: intOption('yarn.file-replication', '-1', 'replicas of uploaded files; -1: the default of the store'),
  stagingDirectory: stringOption('yarn.staging-directory', undefined, "where files are uploaded to; the user's home unless set"),
  providedLibDirs: listOption('yarn.provided.lib.dirs', undefined, 'remote folders with the engine, used in place'),
  providedUsrLibDir: stringOption('yarn.provided.usrlib.dir', undefined, 'remote folder with the jars of the application, used in place'),
  shipFiles: listOption('yarn.ship-files', undefined, 'local files and folders that every container gets', ['yarn.ship-directories']),
  shipArchives: listOption('yarn.ship-archives', undefined, 'local archives that every container gets unpacked'),
  flinkDistJar: stringOption('yarn.flink-dist-jar', undefined, "the engine's own file, local or remote"),
  viewAcls: stringOption('yarn.view.acls', undefined, 'who may view the application'),
  modifyAcls: stringOption('yarn.modify.acls', undefined, 'who may change the application'),
} as const

/** containerized.master.env.NAME and containerized.taskmanager.env.NAME become environment variables of the containers. */
export const CONTAINERIZED_MASTER_ENV = 'containerized.master.env.'
export const CONTAINERIZED_TASKMANAGER_ENV = 'containerized.taskmanager.env.'
