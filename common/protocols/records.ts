/** Between Hadoop's messages and our records: ids, resources, tokens. Nothing here decides anything. */
import type { TokenProto, TokenProtoInit } from '../proto/gen/common.js'
import type {
  ApplicationAttemptIdProto,
  ApplicationAttemptIdProtoInit,
  ApplicationIdProto,
  ApplicationIdProtoInit,
  ContainerIdProto,
  ContainerIdProtoInit,
  NodeIdProto,
  ResourceProto,
  ResourceProtoInit,
} from '../proto/gen/yarn.js'
import type { ApplicationAttemptId, ApplicationId, ContainerId, NodeId } from '../records/ids.js'
import { type Resource, resource } from '../records/resource.js'
import type { Token } from '../security/credentials.js'

export function applicationIdOf(p: ApplicationIdProto | undefined): ApplicationId {
  return { clusterTimestamp: p?.clusterTimestamp ?? 0, id: p?.id ?? 0 }
}

export function attemptIdOf(p: ApplicationAttemptIdProto | undefined): ApplicationAttemptId {
  return { applicationId: applicationIdOf(p?.applicationId), attemptId: p?.attemptId ?? 0 }
}

export function containerIdOfProto(p: ContainerIdProto | undefined): ContainerId {
  return { applicationAttemptId: attemptIdOf(p?.appAttemptId), id: p?.id ?? 0 }
}

export function nodeIdOf(p: NodeIdProto | undefined): NodeId {
  return { host: p?.host ?? '', port: p?.port ?? 0 }
}

export function applicationIdProto(id: ApplicationId): ApplicationIdProtoInit {
  return { id: id.id, clusterTimestamp: id.clusterTimestamp }
}

export function attemptIdProto(id: ApplicationAttemptId): ApplicationAttemptIdProtoInit {
  return { applicationId: applicationIdProto(id.applicationId), attemptId: id.attemptId }
}

export function containerIdProto(id: ContainerId): ContainerIdProtoInit {
  return { appAttemptId: attemptIdProto(id.applicationAttemptId), id: id.id }
}

/** A countable type of resource, and the unit in which its amounts are kept (`Mi`, `G`, or none). */
export interface ResourceType {
  readonly name: string
  readonly units: string
}

export const MEMORY: ResourceType = { name: 'memory-mb', units: 'Mi' }
export const VCORES: ResourceType = { name: 'vcores', units: '' }
export const BUILT_IN_TYPES: readonly ResourceType[] = [MEMORY, VCORES]

const UNITS: Record<string, number> = {
  p: 1e-12,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
}

/** @throws Error for a unit that Hadoop's UnitsConversionUtil does not know */
export function convertUnits(value: number, from: string, to: string): number {
  if (from === to) return value
  const [a, b] = [UNITS[from], UNITS[to]]
  if (a === undefined || b === undefined) throw new Error(`Unknown unit '${a === undefined ? from : to}'. Known units are [${Object.keys(UNITS).join(', ')}]`)
  return Math.trunc((value * a) / b)
}

/** `types`: all that the cluster knows, with the built-in two in front. */
export function resourceProto(r: Resource, types: readonly ResourceType[] = BUILT_IN_TYPES): ResourceProtoInit {
  const values = types.map((t) => ({ key: t.name, value: amount(r, t.name), units: t.units, type: 'COUNTABLE' as const }))
  return { memory: r.memory, virtualCores: r.vcores, resourceValueMap: values }
}

function amount(r: Resource, name: string): number {
  return name === MEMORY.name ? r.memory : name === VCORES.name ? r.vcores : (r.extended?.[name] ?? 0)
}

export function resourceOf(p: ResourceProto | undefined, types: readonly ResourceType[] = BUILT_IN_TYPES): Resource {
  const memory = p?.memory ?? 0
  const vcores = p?.virtualCores ?? 0
  if (!p || p.resourceValueMap.length <= 2) {
    if (!p?.resourceValueMap.some((v) => v.key !== MEMORY.name && v.key !== VCORES.name)) return { memory, vcores }
  }
  const extended: Record<string, number> = {}
  for (const v of p.resourceValueMap) {
    if (v.key === MEMORY.name || v.key === VCORES.name) continue
    extended[v.key] = convertUnits(v.value ?? 0, v.units ?? '', types.find((t) => t.name === v.key)?.units ?? v.units ?? '')
  }
  return resource(memory, vcores, extended)
}

export function tokenProto(t: Token): TokenProtoInit {
  return { identifier: t.identifier, password: t.password, kind: t.kind, service: t.service }
}

export function tokenOf(p: TokenProto): Token {
  return { identifier: p.identifier, password: p.password, kind: p.kind, service: p.service }
}
