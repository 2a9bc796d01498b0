/** What every REST route needs: who asks, the active ResourceManager, errors in Hadoop's words. */
import type { FastifyRequest } from 'fastify'
import { core as coreKeys } from '../../common/config/keys/core.js'
import type { Logger } from '../../common/daemon/daemon.js'
import { exception } from '../../common/errors.js'
import { type ApplicationId, formatApplicationId, parseApplicationId, parseAttemptId, parseContainerId } from '../../common/records/ids.js'
import type { ApplicationReport, Caller } from '../core/index.js'
import type { AclCheck } from '../runtime/acl.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import type { Settings } from '../runtime/settings.js'

export interface RmWebOptions {
  readonly settings: Settings
  readonly logDir: string
  readonly log: Logger
  readonly acl: AclCheck
  readonly startedAt: number
  /** Undefined while another one is active. */
  readonly active: () => ResourceManager | undefined
}

/** What is asked for behind the `?`: each by name, and several times. */
export type Query = Readonly<Record<string, string | readonly string[] | undefined>>

export const queryOf = (request: FastifyRequest): Query => request.query as Query

/** The first value counts where one is wanted. */
export const firstOf = (value: Query[string]): string | undefined => (typeof value === 'object' ? value[0] : value)

/** What is given several times, or with commas, or both. */
export const listOf = (value: Query[string]): string[] =>
  [value ?? []]
    .flat()
    .flatMap((v) => v.split(','))
    .map((v) => v.trim())
    .filter((v) => v !== '')

/** `?user.name=NAME`, else the static user that browsers act as. */
export function callerOf(request: FastifyRequest, options: RmWebOptions): Caller {
  const named = firstOf(queryOf(request)['user.name'])
  const user = named || options.settings.conf.get(coreKeys.staticUser)
  return { user, groups: options.active()?.groups.of(user) ?? [] }
}

/** The class without its package. */
export const schedulerName = (rm: ResourceManager): string => rm.schedulerClass.replace(/^.*\./, '')

/** Messages of exceptions that YARN wraps once more. */
export const badRequest = (message: string) => exception('BadRequestException', `java.lang.Exception: ${message}`)
export const notFound = (message: string) => exception('NotFoundException', `java.lang.Exception: ${message}`)
export const forbidden = (message: string) => exception('ForbiddenException', `java.lang.Exception: ${message}`)

/** @throws BadRequestException in the words of org.apache.hadoop.yarn.api.records.ApplicationId.fromString */
export function applicationIdFrom(text: string): ApplicationId {
  if (!text.startsWith('application_'))
    throw exception(
      'BadRequestException',
      `java.lang.IllegalArgumentException: Invalid ApplicationId prefix: ${text}. The valid ApplicationId should start with prefix application`,
    )
  try {
    return parseApplicationId(text)
  } catch {
    throw exception('BadRequestException', `java.lang.IllegalArgumentException: Invalid ApplicationId: ${text}`)
  }
}

export function applicationOf(rm: ResourceManager, text: string): ApplicationReport {
  const report = rm.core.application(applicationIdFrom(text), rm.clock.now())
  if (!report) throw notFound(`app with id: ${text} not found`)
  return report
}

/** In the words of what RPC throws. */
export const absent = (exceptionName: 'ApplicationAttemptNotFoundException' | 'ContainerNotFoundException', what: string, id: string) =>
  exception('NotFoundException', `org.apache.hadoop.yarn.exceptions.${exceptionName}: ${what} with id '${id}' doesn't exist in RM.`)

export function attemptOf(rm: ResourceManager, { app, attempt: text }: { readonly app: string; readonly attempt: string }) {
  let id: ReturnType<typeof parseAttemptId>
  try {
    id = parseAttemptId(text)
  } catch {
    throw invalidId('AppAttemptId', 'appattempt', text)
  }
  if (formatApplicationId(applicationIdFrom(app)) !== formatApplicationId(id.applicationId)) throw notFound("appId and appAttemptId don't match")
  const report = applicationOf(rm, app)
  const attempt = rm.core.attempt(id)
  if (!attempt) throw absent('ApplicationAttemptNotFoundException', 'ApplicationAttempt', text)
  return { app: report, attempt }
}

const invalidId = (what: string, prefix: string, text: string) =>
  exception('BadRequestException', `java.lang.IllegalArgumentException: Invalid ${what}${text.startsWith(`${prefix}_`) ? '' : ' prefix'}: ${text}`)

export function containerIdFrom(text: string) {
  try {
    return parseContainerId(text)
  } catch {
    throw invalidId('ContainerId', 'container', text)
  }
}
