/** The command `yarn` against transcripts of Hadoop's own, with a ResourceManager that reports what stood behind them. */
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Configuration } from '../../../common/config/configuration.js'
import { HadoopException, exception } from '../../../common/errors.js'
import type { ApplicationReportProtoInit } from '../../../common/proto/gen/application-client.js'
import type { NodeReportProtoInit } from '../../../common/proto/gen/yarn.js'
import { applicationClientProtocol } from '../../../common/protocols/application-client.js'
import { resourceManagerAdministrationProtocol } from '../../../common/protocols/resourcemanager-administration.js'
import { RpcServer } from '../../../common/rpc/server.js'
import { YarnClient } from '../../../common/yarn-client/index.js'
import { application } from '../../../resourcemanager/cli/application.js'
import type { Command } from '../../../resourcemanager/cli/command.js'
import { applicationattempt, container } from '../../../resourcemanager/cli/containers.js'
import { node } from '../../../resourcemanager/cli/node.js'
import { cluster, queue } from '../../../resourcemanager/cli/queue.js'
import { rmadmin } from '../../../resourcemanager/cli/rmadmin.js'

process.env.TZ = 'UTC'
process.env.HADOOP_USER_NAME = 'root'

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), 'transcripts')
const COMMANDS: Record<string, Command> = { application, applicationattempt, container, node, queue, cluster, rmadmin }

const CLUSTER = 1795231004556
const app = (id: number) => ({ clusterTimestamp: CLUSTER, id })
const attempt = { applicationId: app(6), attemptId: 1 }
const web = (id: number) => `http://localhost:38088/cluster/app/application_${CLUSTER}_000${id}`

const base = { user: 'root', applicationType: 'YARN', rpcPort: -1, priority: { priority: 0 }, amNodeLabelExpression: '<DEFAULT_PARTITION>' } as const
const timeouts = [
  {
    applicationTimeoutType: 'APP_TIMEOUT_LIFETIME',
    applicationTimeout: { applicationTimeoutType: 'APP_TIMEOUT_LIFETIME', expireTime: 'UNLIMITED', remainingTime: -1 },
  },
] as const

const running: ApplicationReportProtoInit = {
  ...base,
  applicationId: app(6),
  name: 'DistributedShell',
  queue: 'hive',
  host: 'host1/127.0.0.1',
  yarnApplicationState: 'RUNNING',
  finalApplicationStatus: 'APP_UNDEFINED',
  originalTrackingUrl: 'N/A',
  progress: 0,
  startTime: 1795231214024,
  finishTime: 0,
  diagnostics: '',
  logAggregationStatus: 'LOG_NOT_START',
  appResource_Usage: { memorySeconds: 1070, vcoreSeconds: 8, preemptedMemorySeconds: 0, preemptedVcoreSeconds: 0 },
  appTimeouts: timeouts,
}

const killed: ApplicationReportProtoInit = {
  ...running,
  queue: 'default',
  host: 'N/A',
  yarnApplicationState: 'KILLED',
  finalApplicationStatus: 'APP_KILLED',
  originalTrackingUrl: web(6),
  progress: 1,
  finishTime: 1795231232199,
  diagnostics: `Application application_${CLUSTER}_0006 was killed by user root at 127.0.0.1`,
  logAggregationStatus: 'LOG_SUCCEEDED',
  appResource_Usage: { memorySeconds: 4158, vcoreSeconds: 32, preemptedMemorySeconds: 0, preemptedVcoreSeconds: 0 },
}

const past: ApplicationReportProtoInit[] = [
  {
    ...base,
    applicationId: app(3),
    name: 'rest-sleep',
    queue: 'nosuch',
    yarnApplicationState: 'FAILED',
    finalApplicationStatus: 'APP_FAILED',
    originalTrackingUrl: 'N/A',
    progress: 0,
  },
  {
    ...base,
    applicationId: app(2),
    name: 'rest-sleep',
    queue: 'hive',
    yarnApplicationState: 'KILLED',
    finalApplicationStatus: 'APP_KILLED',
    originalTrackingUrl: web(2),
    progress: 1,
  },
  {
    ...base,
    applicationId: app(5),
    name: 'DistributedShell',
    queue: 'default',
    yarnApplicationState: 'FINISHED',
    finalApplicationStatus: 'APP_SUCCEEDED',
    originalTrackingUrl: 'N/A',
    progress: 1,
  },
]

const utilization = (pmem: number, cpu: number) => ({ pmem, vmem: pmem, cpu })
const nodeReport = (port: number, web: number, numContainers: number, pmem: number, cpu: number): NodeReportProtoInit => ({
  nodeId: { host: 'localhost', port },
  httpAddress: `localhost:${web}`,
  rackName: '/default-rack',
  nodeState: 'NS_RUNNING',
  numContainers,
  used: { memory: 0, virtualCores: 0 },
  capability: { memory: 8192, virtualCores: 8 },
  healthReport: '',
  lastHealthReportTime: Date.UTC(2026, 10, 21, 3, 20, 32, 20),
  nodeUtilization: utilization(pmem, cpu),
  containersUtilization: utilization(0, 0),
})

const containers = [
  { id: 1, port: 38042, web: 38054, second: 14, created: 1795231214039 },
  { id: 2, port: 38041, web: 38053, second: 17, created: 0 },
].map((c) => {
  const name = `container_${CLUSTER}_0006_01_00000${c.id}`
  return {
    containerId: { appAttemptId: attempt, id: c.id },
    nodeId: { host: 'localhost', port: c.port },
    nodeHttpAddress: `http://localhost:${c.web}`,
    logUrl: `http://localhost:${c.web}/node/containerlogs/${name}/root`,
    containerState: 'C_RUNNING',
    finishTime: 0,
    creationTime: Date.UTC(2001, 1, 3, 3, 20, c.second),
    created: c.created,
  } as const
})

/** What differs from one transcript to the other. */
interface Scene {
  readonly applications: readonly ApplicationReportProtoInit[]
  readonly nodes: readonly NodeReportProtoInit[]
}

const idle = [nodeReport(38041, 38053, 0, 5548, 1.9860046), nodeReport(38042, 38054, 0, 5550, 1.9926691)]
const SCENES: Record<string, Partial<Scene>> = {
  'application-list': { applications: [] },
  'application-list-all': { applications: past },
  'application-status-killed': { applications: [killed] },
  'application-kill-again': { applications: [killed] },
  'node-list-running': { nodes: [nodeReport(38041, 38053, 1, 0, 0), nodeReport(38042, 38054, 1, 0, 0)] },
  'node-status': { nodes: [nodeReport(38041, 38053, 0, 5599, 1.9886742)] },
}

let scene: Scene
const unknown = () => exception('ApplicationNotFoundException', "Application doesn't exist in RM.")

const server = new RpcServer()
  .serve(applicationClientProtocol, {
    getApplications: () => ({ applications: scene.applications }),
    getApplicationReport: ({ applicationId }) => {
      const found = scene.applications.find((a) => a.applicationId?.id === applicationId?.id)
      if (!found) throw unknown()
      return { applicationReport: found }
    },
    forceKillApplication: () => ({ isKillCompleted: true }),
    moveApplicationAcrossQueues: () => ({}),
    updateApplicationPriority: () => ({ applicationPriority: { priority: 0 } }),
    getApplicationAttempts: () => ({ applicationAttempts: [attemptReport] }),
    getApplicationAttemptReport: () => ({ applicationAttemptReport: attemptReport }),
    getContainers: () => ({ containers }),
    getContainerReport: () => ({ containerReport: { ...containers[0], creationTime: containers[0]!.created, exposedPorts: '' } }),
    getClusterNodes: () => ({ nodeReports: scene.nodes }),
    getQueueInfo: ({ queueName }) =>
      queueName === 'default'
        ? {
            queueInfo: {
              queueName,
              state: 'Q_RUNNING',
              capacity: 0.5,
              currentCapacity: 0,
              maximumCapacity: 1,
              accessibleNodeLabels: ['*'],
              preemptionDisabled: true,
              intraQueuePreemptionDisabled: true,
            },
          }
        : {},
    getClusterNodeLabels: () => ({}),
  })
  .serve(resourceManagerAdministrationProtocol, {
    getGroupsForUser: () => ({ groups: ['root'] }),
    refreshQueues: () => ({}),
    updateNodeResource: () => ({}),
    refreshServiceAcls: () => {
      throw new HadoopException(
        'org.apache.hadoop.yarn.exceptions.YarnException',
        'java.io.IOException: Service Authorization (hadoop.security.authorization) not enabled.\n\tat x',
      )
    },
    addToClusterNodeLabels: () => {
      throw new HadoopException(
        'org.apache.hadoop.yarn.exceptions.YarnException',
        'java.io.IOException: Node-label-based scheduling is disabled. Please check yarn.node-labels.enabled\n\tat x',
      )
    },
  })

const attemptReport = {
  applicationAttemptId: attempt,
  host: 'host1/127.0.0.1',
  rpcPort: -1,
  trackingUrl: `http://localhost:38088/proxy/application_${CLUSTER}_0006/`,
  diagnostics: '',
  yarnApplicationAttemptState: 'APP_ATTEMPT_RUNNING',
  amContainerId: { appAttemptId: attempt, id: 1 },
} as const

const conf = new Configuration()
let yarn: YarnClient

beforeAll(async () => {
  const port = await server.listen(0)
  conf.set('yarn.resourcemanager.address', `127.0.0.1:${port}`).set('yarn.resourcemanager.admin.address', `127.0.0.1:${port}`)
  yarn = new YarnClient(conf)
})
afterAll(async () => {
  yarn.close()
  await server.close()
})

async function run(line: string): Promise<string> {
  let stdout = ''
  let stderr = ''
  const [, name = '', ...args] = line.split(' ')
  const context = {
    conf,
    confDir: '/conf',
    yarn,
    out: (l: string) => {
      stdout += `${l}\n`
    },
    write: (t: string | Uint8Array) => {
      stdout += t.toString()
    },
    err: (l: string) => {
      stderr += `${l}\n`
    },
    drained: async () => {},
  }
  const code = await COMMANDS[name]!(args, context)
  return `$ ${line}\nexit ${code}\n--- stdout\n${stdout.replace(/\n\n$/, '\n')}--- stderr\n${stderr}`
}

describe('yarn, as the transcripts of Hadoop', () => {
  const files = readdirSync(folder).filter((f) => f.endsWith('.txt'))
  it('has transcripts', () => expect(files.length).toBeGreaterThan(25))

  for (const file of files) {
    const name = file.replace('.txt', '')
    const text = readFileSync(path.join(folder, file), 'utf8')
    it(name, async () => {
      scene = { applications: [running], nodes: idle, ...SCENES[name] }
      expect(await run(/^\$ (.*)/.exec(text)![1]!)).toBe(text)
    })
  }
})
