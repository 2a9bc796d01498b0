/** A resource as a container asks for it: where it is, how it must look, how it is unpacked, who may share it. */
import type { LocalResourceProto } from '../../common/proto/gen/yarn.js'

export type Visibility = 'PUBLIC' | 'PRIVATE' | 'APPLICATION'
export type ResourceType = 'ARCHIVE' | 'FILE' | 'PATTERN'

export interface ResourceRequest {
  /** hdfs://mycluster/user/… */
  readonly uri: string
  readonly size: number
  readonly timestamp: number
  readonly type: ResourceType
  readonly visibility: Visibility
  readonly pattern: string | undefined
}

/** Its proto has all of resource, type and visibility (checked when the container is asked for). */
export function requestOf(p: LocalResourceProto): ResourceRequest {
  const { scheme, host, port, file, userInfo } = p.resource!
  const authority = host ? `${userInfo ? `${userInfo}@` : ''}${host}${port !== undefined && port > 0 ? `:${port}` : ''}` : ''
  const uri = scheme ? `${scheme}://${authority}${file ?? ''}` : (file ?? '')
  return { uri, size: p.size ?? 0, timestamp: p.timestamp ?? 0, type: p.type!, visibility: p.visibility!, pattern: p.pattern }
}

/** The file's name, which the localised copy keeps. */
export function nameOf(r: ResourceRequest): string {
  return r.uri.replace(/\/+$/, '').replace(/^.*\//, '')
}

/** Two requests with one identity share a copy (within their visibility's bounds). */
export function identityOf(r: ResourceRequest): string {
  return `${r.uri}|${r.timestamp}|${r.type}|${r.pattern ?? ''}`
}

/** `{ hdfs://mycluster/a, 1700000000000, FILE, null }`, as LocalResourceRequest.toString. */
export function describe(r: ResourceRequest): string {
  return `{ ${r.uri}, ${r.timestamp}, ${r.type}, ${r.pattern ?? 'null'} }`
}
