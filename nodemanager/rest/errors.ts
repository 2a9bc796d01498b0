/** Errors of the web services in Hadoop's form. */
import type { FastifyReply } from 'fastify'
import { HadoopException, exception } from '../../common/errors.js'

export const notFound = (message: string) => exception('NotFoundException', `java.lang.Exception: ${message}`)
export const badRequest = (message: string) => exception('BadRequestException', `java.lang.Exception: ${message}`)

export function remoteException(e: HadoopException) {
  return { RemoteException: { exception: e.simpleName, message: e.message, javaClassName: e.className } }
}

export function sendError(reply: FastifyReply, e: unknown) {
  const h = e instanceof HadoopException ? e : exception('YarnRuntimeException', (e as Error).message)
  return reply
    .code(h.http)
    .type('application/json;charset=utf-8')
    .send(JSON.stringify(remoteException(h)))
}
