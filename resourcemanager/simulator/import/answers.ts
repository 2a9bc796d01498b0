/** What a ResourceManager's REST API answers about applications, nodes and queues, of which a workload is made. Every version's answers have these. */
import { ConfigurationError } from '../../../common/config/configuration.js'

export interface AppInfo {
  readonly id: string
  readonly user: string
  readonly name: string
  readonly queue: string
  readonly state: string
  readonly finalStatus: string
  readonly diagnostics?: string
  readonly applicationType?: string
  readonly applicationTags?: string
  readonly priority?: number
  readonly startedTime: number
  /** 0 where its master never started; absent before Hadoop 3.2. */
  readonly launchTime?: number
  readonly finishedTime: number
  readonly elapsedTime: number
  readonly runningContainers?: number
  readonly memorySeconds: number
  readonly vcoreSeconds: number
  readonly unmanagedApplication?: boolean
  readonly appNodeLabelExpression?: string
  readonly amNodeLabelExpression?: string
}

export interface NodeInfo {
  readonly rack?: string
  readonly state: string
  readonly id: string
  readonly nodeHostName: string
  readonly usedMemoryMB: number
  readonly availMemoryMB: number
  readonly usedVirtualCores?: number
  readonly availableVirtualCores?: number
  readonly nodeLabels?: readonly string[]
}

export interface QueueInfo {
  readonly type?: string
  readonly queueName: string
  readonly queuePath?: string
  readonly capacity: number
  readonly maxCapacity: number
  readonly state?: string
  readonly userLimit?: number
  readonly userLimitFactor?: number
  readonly maxApplications?: number
  readonly isAbsoluteResource?: boolean
  readonly capacities?: { readonly queueCapacitiesByPartition?: readonly { readonly partitionName?: string; readonly maxAMLimitPercentage?: number }[] }
  readonly queues?: { readonly queue?: readonly QueueInfo[] }
  readonly orderingPolicyInfo?: string
}

export interface Dump {
  readonly applications: readonly AppInfo[]
  readonly nodes: readonly NodeInfo[]
  readonly scheduler?: QueueInfo
}

type Answer = 'apps' | 'nodes' | 'scheduler'

export const PATHS: Readonly<Record<Answer, string>> = {
  apps: '/ws/v1/cluster/apps?deSelects=resourceRequests',
  nodes: '/ws/v1/cluster/nodes',
  scheduler: '/ws/v1/cluster/scheduler',
}

/** One that has none of a kind answers with nothing in the list's place; one with a single entry, through some proxies, with the entry itself. */
function listOf<T>(container: unknown, key: string): readonly T[] {
  const value = (container as Record<string, unknown> | null | undefined)?.[key]
  if (value === undefined || value === null) return []
  return (Array.isArray(value) ? value : [value]) as readonly T[]
}

/** Checks what the workload is made from. @throws ConfigurationError naming entry and field */
function checked<T>(list: readonly T[], source: string, kind: string, strings: readonly (keyof T)[], numbers: readonly (keyof T)[]): readonly T[] {
  for (const [i, entry] of list.entries()) {
    for (const key of strings)
      if (typeof entry?.[key] !== 'string') throw new ConfigurationError(`${source}: ${kind}[${i}] has no "${String(key)}": is it the answer of ${PATHS.apps}?`)
    for (const key of numbers) {
      const value = entry[key]
      if (typeof value !== 'number' || !Number.isFinite(value))
        throw new ConfigurationError(`${source}: ${kind}[${i}].${String(key)} is ${JSON.stringify(value)}, not a number`)
    }
  }
  return list
}

/** Puts an answer where it belongs, by its top key. @throws ConfigurationError naming the source when it is none */
export function readAnswer(text: string, source: string): Partial<Dump> {
  if (/^\s*</.test(text)) throw new ConfigurationError(`${source} is XML (or a page): save the JSON answer, with the header "Accept: application/json"`)
  let value: Record<string, any>
  try {
    value = JSON.parse(text)
  } catch (e) {
    throw new ConfigurationError(`${source} is no JSON: ${(e as Error).message}. Was it saved whole?`)
  }
  if (typeof value === 'object' && value !== null) {
    if ('apps' in value) {
      const applications = listOf<AppInfo>(value.apps, 'app')
      return {
        applications: checked(applications, source, 'app', ['id', 'user', 'queue', 'state'], ['startedTime', 'finishedTime', 'memorySeconds', 'vcoreSeconds']),
      }
    }
    if ('nodes' in value)
      return { nodes: checked(listOf<NodeInfo>(value.nodes, 'node'), source, 'node', ['id', 'state', 'nodeHostName'], ['usedMemoryMB', 'availMemoryMB']) }
    if ('scheduler' in value) {
      const info = value.scheduler?.schedulerInfo
      if (typeof info?.type !== 'string') throw new ConfigurationError(`${source}: the scheduler's answer has no schedulerInfo.type`)
      return { scheduler: info as QueueInfo }
    }
  }
  throw new ConfigurationError(`${source} is the answer of none of ${Object.values(PATHS).join(', ')}`)
}

/** Asks a ResourceManager that runs; a standby's word on where the active one is is followed. @throws Error saying what it answered */
export async function askResourceManager(address: string): Promise<Dump> {
  const base = (/^https?:\/\//.test(address) ? address : `http://${address}`).replace(/\/+$/, '')
  const ask = async (which: Answer): Promise<Partial<Dump>> => {
    const url = `${base}${PATHS[which]}`
    let response: Response
    try {
      response = await fetch(url, { headers: { accept: 'application/json' } })
    } catch (e) {
      const { cause } = e as { cause?: Error }
      throw new Error(
        `${url} does not answer: ${cause?.message ?? (e as Error).message}. --rm takes the address of the ResourceManager's web pages, such as http://rm:8088`,
      )
    }
    const text = await response.text()
    if (!response.ok) throw new Error(`${url} answers ${response.status}: ${text.slice(0, 300)}`)
    return readAnswer(text, url)
  }
  const [apps, nodes, scheduler] = await Promise.all([ask('apps'), ask('nodes'), ask('scheduler')])
  return { applications: apps.applications ?? [], nodes: nodes.nodes ?? [], ...(scheduler.scheduler && { scheduler: scheduler.scheduler }) }
}
