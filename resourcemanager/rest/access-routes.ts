/** Delegation tokens, queue access and reservations over REST. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { exception } from '../../common/errors.js'
import { cancelToken, decodeDelegationToken, encodeDelegationToken, issueToken, renewToken } from '../rpc/delegation-tokens.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { type RmWebOptions, badRequest, callerOf, firstOf, forbidden, queryOf } from './context.js'
import { answer } from './render.js'

const QUEUE_ACLS = { SUBMIT_APPLICATIONS: 'SUBMIT_APPLICATIONS', ADMINISTER_QUEUE: 'ADMINISTER_QUEUE' } as const

export function accessRoutes(web: FastifyInstance, options: RmWebOptions, requireActive: () => ResourceManager): void {
  const base = '/ws/v1/cluster'

  web.post<{ Body: { renewer?: string } }>(`${base}/delegation-token`, async (request, reply) => {
    const rm = requireActive()
    const { user } = callerOf(request, options)
    const renewer = request.body?.renewer
    if (!renewer) throw badRequest('the body must hold {"renewer": USER}')
    const token = await issueToken(rm, user, renewer, undefined)
    return answer(
      request,
      reply,
      'delegation-token',
      {
        token: encodeDelegationToken(rm.delegation, token),
        renewer,
        owner: user,
        kind: 'RM_DELEGATION_TOKEN',
        'expiration-time': token.expires,
        'max-validity': token.maxDate,
      },
      { bare: true },
    )
  })

  web.post(`${base}/delegation-token/expiration`, async (request, reply) => {
    const rm = requireActive()
    const { identifier, password } = tokenOf(request)
    const expires = await renewToken(rm, identifier, password, callerOf(request, options).user)
    return answer(request, reply, 'delegation-token', { 'expiration-time': expires }, { bare: true })
  })
  web.delete(`${base}/delegation-token`, async (request, reply) => {
    const { identifier, password } = tokenOf(request)
    await cancelToken(requireActive(), identifier, password, callerOf(request, options).user)
    return reply.code(200).send()
  })

  web.get<{ Params: { queue: string } }>(`${base}/queues/:queue/access`, (request, reply) => {
    const rm = requireActive()
    const caller = callerOf(request, options)
    const user = firstOf(queryOf(request).user)
    const type = firstOf(queryOf(request)['queue-acl-type']) ?? 'SUBMIT_APPLICATIONS'
    if (!user) throw exception('IllegalArgumentException', 'Null user')
    if (!rm.core.queue(request.params.queue) || !rm.core.mayAccessQueue(caller, request.params.queue, 'ADMINISTER_QUEUE'))
      throw forbidden(`User=${caller.user} doesn't haven access to queue=${request.params.queue} so it cannot check ACLs for other users.`)
    const acl = QUEUE_ACLS[type as keyof typeof QUEUE_ACLS]
    if (!acl) throw badRequest(`Specified queueAclType=${type} is not a valid type, valid queue acl types={${Object.keys(QUEUE_ACLS).join('/')}}`)
    const { queue } = request.params
    const allowed = rm.core.mayAccessQueue({ user, groups: rm.groups.of(user) }, queue, acl)
    const diagnostics = allowed ? '' : `User=${user} doesn't have access to queue=${queue} with acl-type=${acl}`
    return answer(request, reply, 'queueacl', { allowed: String(allowed), user, diagnostics }, { bare: true })
  })

  const noReservations = () => {
    throw badRequest('Reservation is not enabled. Please enable & try again')
  }
  web.get(`${base}/reservation/list`, noReservations)
  for (const what of ['new-reservation', 'submit', 'update', 'delete']) web.post(`${base}/reservation/${what}`, noReservations)
}

const TOKEN_HEADER = 'hadoop-yarn-rm-delegation-token'

function tokenOf(request: FastifyRequest) {
  const text = request.headers[TOKEN_HEADER]
  if (typeof text !== 'string' || text === '') throw badRequest(`Header '${TOKEN_HEADER}' containing encoded token not found`)
  try {
    return decodeDelegationToken(text)
  } catch (e) {
    throw badRequest(`Could not decode encoded token: ${(e as Error).message}`)
  }
}
