/** How a TaskManager's container is launched: the JobManager's own files, its command and environment. */
import type { ContainerLaunchContextProtoInit, LocalResourceProtoInit, StringLocalResourceMapProtoInit } from '../../common/proto/gen/yarn.js'
import type { NodeId } from '../../common/records/ids.js'
import { type FlinkConfiguration, options } from '../config/index.js'
import { CONTAINERIZED_TASKMANAGER_ENV } from '../config/options.js'
import { quote } from '../deployment/submission.js'
import { type TaskManagerProcessSpec, taskManagerDynamicProperties } from '../memory/index.js'
import { secretCredentials } from '../proto/secret.js'
import type { ClusterEndpoints } from './driver.js'

export interface LaunchEnvironment {
  readonly conf: FlinkConfiguration
  readonly secret: Uint8Array
  readonly spec: TaskManagerProcessSpec
  readonly endpoints: ClusterEndpoints
  readonly env: NodeJS.ProcessEnv
}

export interface FileDescriptor {
  readonly key: string
  readonly path: string
  readonly size: number
  readonly modificationTime: number
  readonly visibility: 'APPLICATION' | 'PUBLIC' | 'PRIVATE'
  readonly type: 'FILE' | 'ARCHIVE'
}

/** Reads `YarnLocalResourceDescriptor{key=…, path=…, …}` as the client wrote it; several stand with `;` between. @throws Error */
export function parseDescriptors(text: string): FileDescriptor[] {
  const found: FileDescriptor[] = []
  const pattern =
    /YarnLocalResourceDescriptor\{key=(.*?), path=(.*?), size=(\d+), modificationTime=(\d+), visibility=(APPLICATION|PUBLIC|PRIVATE)(?:, type=(FILE|ARCHIVE|PATTERN))?\}/gy
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex
    const m = pattern.exec(text)
    if (!m) throw new Error(`Error to parse YarnLocalResourceDescriptor from ${text.slice(at)}`)
    found.push({
      key: m[1]!,
      path: m[2]!,
      size: Number(m[3]),
      modificationTime: Number(m[4]),
      visibility: m[5] as FileDescriptor['visibility'],
      type: m[6] === 'ARCHIVE' ? 'ARCHIVE' : 'FILE',
    })
    if (text[pattern.lastIndex] === ';') pattern.lastIndex++
  }
  return found
}

function localResource(d: FileDescriptor): LocalResourceProtoInit {
  const m = /^([a-z][a-z0-9+.-]*):\/\/([^/:]*)(?::(\d+))?(\/.*)$/i.exec(d.path)
  if (!m) throw new Error(`the local resource ${d.key} has the path ${d.path}, which is no URI`)
  return {
    resource: { scheme: m[1]!, host: m[2]!, port: m[3] === undefined ? -1 : Number(m[3]), file: m[4]! },
    size: d.size,
    timestamp: d.modificationTime,
    type: d.type,
    visibility: d.visibility,
  }
}

function requireEnv(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name]
  if (value === undefined) throw new Error(`${name} is not set in the JobManager's environment; the client that deploys the cluster sets it`)
  return value
}

export function launchContext(l: LaunchEnvironment, resourceId: string, node: NodeId): ContainerLaunchContextProtoInit {
  const dist = parseDescriptors(requireEnv(l.env, '_FLINK_DIST_JAR'))[0]
  if (!dist) throw new Error('_FLINK_DIST_JAR is empty')
  const files = [dist, ...parseDescriptors(l.env._CLIENT_SHIP_FILES ?? '').filter((d) => d.key !== dist.key && d.key !== 'job.graph')]
  const environment: Record<string, string> = {
    ...Object.fromEntries(l.conf.withPrefix(CONTAINERIZED_TASKMANAGER_ENV)),
    _FLINK_NODE_ID: node.host,
    ...(l.env.HADOOP_USER_NAME !== undefined && { HADOOP_USER_NAME: l.env.HADOOP_USER_NAME }),
  }
  const properties = [
    ...taskManagerDynamicProperties(l.spec),
    [options.jobManager.rpcAddress.key, l.endpoints.host],
    [options.jobManager.rpcPort.key, String(l.endpoints.rpcPort)],
    [options.taskManager.resourceId.key, resourceId],
  ]
  const words = ['node', dist.key, 'taskmanager', ...properties.flatMap(([k, v]) => ['-D', `${k}=${v}`])]
  return {
    localResources: files.map((d): StringLocalResourceMapProtoInit => ({ key: d.key, value: localResource(d) })),
    tokens: secretCredentials(l.secret),
    environment: Object.entries(environment).map(([key, value]) => ({ key, value })),
    command: [`${words.map(quote).join(' ')} 1> <LOG_DIR>/taskmanager.out 2> <LOG_DIR>/taskmanager.err`],
  }
}
