/** How the REST endpoint answers. */
import type { FastifyReply } from 'fastify'

export const JSON_TYPE = 'application/json; charset=UTF-8'

export function send(reply: FastifyReply, value: unknown, status = 200): FastifyReply {
  return reply.code(status).header('content-type', JSON_TYPE).header('access-control-allow-origin', '*').send(JSON.stringify(value))
}
