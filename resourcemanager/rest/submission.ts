/** A submission as REST takes it (webapp.dao.ApplicationSubmissionContextInfo) into the context that RPC takes. */
import type { ApplicationSubmissionContextProtoInit } from '../../common/proto/gen/application-client.js'
import type { ContainerLaunchContextProtoInit, LocalResourceTypeProto, LocalResourceVisibilityProto } from '../../common/proto/gen/yarn.js'
import { applicationIdProto, resourceProto } from '../../common/protocols/records.js'
import { type ApplicationId, parseApplicationId } from '../../common/records/ids.js'
import { resource } from '../../common/records/resource.js'
import { encodeCredentials } from '../../common/security/credentials.js'
import { WritableReader } from '../../common/security/writable.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { type Entries, type Entry, asList } from './body.js'
import { badRequest } from './context.js'

interface LocalResourceInfo {
  readonly resource: string
  readonly type: string
  readonly visibility: string
  readonly size: number | string
  readonly timestamp: number | string
}

interface LaunchContextInfo {
  readonly 'local-resources'?: Entries<LocalResourceInfo>
  readonly environment?: Entries<string>
  readonly commands?: { readonly command?: string | readonly string[] }
  readonly 'service-data'?: Entries<string>
  readonly credentials?: { readonly tokens?: Entries<string>; readonly secrets?: Entries<string> }
  readonly 'application-acls'?: Entries<string>
}

export interface AppSubmission {
  readonly 'application-id'?: string
  readonly 'application-name'?: string
  readonly queue?: string
  readonly priority?: number
  readonly 'am-container-spec'?: LaunchContextInfo
  readonly 'unmanaged-AM'?: boolean
  readonly 'max-app-attempts'?: number
  readonly resource?: { readonly memory?: number | string; readonly vCores?: number | string }
  readonly 'application-type'?: string
  readonly 'keep-containers-across-application-attempts'?: boolean
  readonly 'application-tags'?: { readonly tag?: string | readonly string[] }
  readonly 'app-node-label-expression'?: string
  readonly 'am-container-node-label-expression'?: string
  readonly 'log-aggregation-context'?: Readonly<Record<string, string>>
  readonly 'attempt-failures-validity-interval'?: number
  readonly timeouts?: Entries<number> | { readonly timeout?: { readonly type: string; readonly timeout: number } }
}

/** @throws BadRequestException in Hadoop's words */
export function contextOf(rm: ResourceManager, body: AppSubmission | undefined): ApplicationSubmissionContextProtoInit {
  if (!body || typeof body !== 'object') throw badRequest('Invalid application submission: the body must be a JSON object')
  const spec = body['am-container-spec'] ?? {}
  const label = body['am-container-node-label-expression']
  const capability = resourceProto(amResource(rm, body), rm.settings.resourceTypes)
  const lifetime = lifetimeOf(body.timeouts)
  return {
    applicationId: applicationIdProto(idOf(body['application-id'])),
    applicationName: body['application-name'],
    queue: body.queue,
    priority: body.priority === undefined ? undefined : { priority: Number(body.priority) },
    amContainerSpec: launchContextOf(spec),
    unmanagedAm: String(body['unmanaged-AM']) === 'true',
    maxAppAttempts: Number(body['max-app-attempts'] ?? 0),
    resource: capability,
    applicationType: body['application-type'],
    keepContainersAcrossApplicationAttempts: String(body['keep-containers-across-application-attempts']) === 'true',
    applicationTags: asList(body['application-tags']?.tag),
    nodeLabelExpression: body['app-node-label-expression'] ?? '',
    attemptFailuresValidityInterval: Number(body['attempt-failures-validity-interval'] ?? -1),
    ...(label !== undefined && {
      amContainerResourceRequest: [{ priority: { priority: 0 }, resourceName: '*', capability, numContainers: 1, nodeLabelExpression: label }],
    }),
    ...(lifetime !== undefined && { applicationTimeouts: [{ applicationTimeoutType: 'APP_TIMEOUT_LIFETIME', timeout: lifetime }] }),
  }
}

function idOf(text = ''): ApplicationId {
  try {
    return parseApplicationId(text)
  } catch {
    throw badRequest(`Could not parse application id ${text}`)
  }
}

function amResource(rm: ResourceManager, body: AppSubmission) {
  const memory = Number(body.resource?.memory ?? 0)
  const vcores = Number(body.resource?.vCores ?? 0)
  if (!Number.isInteger(memory) || !Number.isInteger(vcores)) throw badRequest('memory and vCores of the resource must be whole numbers')
  const maximum = rm.core.maximumAllocation()
  if (vcores > maximum.vcores) throw badRequest('Requested more cores than configured max')
  if (memory > maximum.memory) throw badRequest('Requested more memory than configured max')
  return resource(memory, vcores)
}

function lifetimeOf(timeouts: AppSubmission['timeouts']): number | undefined {
  if (!timeouts) return undefined
  if ('timeout' in timeouts && timeouts.timeout) return Number(timeouts.timeout.timeout)
  const entry = asList((timeouts as Entries<number>).entry).find((e) => e.key === 'LIFETIME')
  return entry && Number(entry.value)
}

const base64 = (text: string) => Buffer.from(text, 'base64')

function launchContextOf(spec: LaunchContextInfo): ContainerLaunchContextProtoInit {
  return {
    localResources: asList(spec['local-resources']?.entry).map((e) => ({ key: e.key, value: localResourceOf(e) })),
    tokens: credentialsOf(spec.credentials),
    serviceData: asList(spec['service-data']?.entry).map((e) => ({ key: e.key, value: base64(e.value) })),
    environment: asList(spec.environment?.entry).map((e) => ({ key: e.key, value: e.value })),
    command: asList(spec.commands?.command),
    application_ACLs: asList(spec['application-acls']?.entry).map((e) => ({
      accessType: e.key === 'MODIFY_APP' ? ('APPACCESS_MODIFY_APP' as const) : ('APPACCESS_VIEW_APP' as const),
      acl: e.value,
    })),
  }
}

function localResourceOf({ key, value }: Entry<LocalResourceInfo>) {
  let url: URL
  try {
    url = new URL(value.resource)
  } catch {
    throw badRequest(`the local resource ${key} has no URL: ${value.resource}`)
  }
  return {
    resource: {
      scheme: url.protocol.slice(0, -1),
      host: url.hostname || undefined,
      port: url.port === '' ? -1 : Number(url.port),
      file: decodeURIComponent(url.pathname),
    },
    size: Number(value.size),
    timestamp: Number(value.timestamp),
    type: value.type as LocalResourceTypeProto,
    visibility: value.visibility as LocalResourceVisibilityProto,
  }
}

/** Tokens stand as Token.encodeToUrlString makes them: base64 (URL-safe) of identifier, password, kind and service. */
function credentialsOf(credentials: LaunchContextInfo['credentials']): Uint8Array | undefined {
  const tokens = asList(credentials?.tokens?.entry)
  const secrets = asList(credentials?.secrets?.entry)
  if (tokens.length === 0 && secrets.length === 0) return undefined
  return encodeCredentials({
    tokens: new Map(
      tokens.map((e) => {
        const r = new WritableReader(base64(e.value))
        return [e.key, { identifier: r.vbytes(), password: r.vbytes(), kind: r.text(), service: r.text() }]
      }),
    ),
    secrets: new Map(secrets.map((e) => [e.key, base64(e.value)])),
  })
}
