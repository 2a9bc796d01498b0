/** The JobManager's REST endpoint: Flink's paths and shapes, with and without /v1. */
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Cluster } from '../jobmanager/cluster.js'
import type { Log } from '../log.js'
import { JSON_TYPE, send } from './answers.js'
import { clusterRoutes } from './cluster-routes.js'
import { RestError, internalError } from './errors.js'
import { jobRoutes } from './job-routes.js'
import { pageRoutes } from './page.js'

/** rest.server.max-content-length */
const MAX_BODY = 100 * 1024 * 1024

/** Builds the server; `listen` is the caller's. */
export function buildRest(cluster: Cluster, log: Log): FastifyInstance {
  const app = Fastify({ logger: false, bodyLimit: MAX_BODY, forceCloseConnections: true, exposeHeadRoutes: false })
  app.removeAllContentTypeParsers()
  // Handlers look at the bytes themselves: Flink's client sends a JSON body with every request, GET too.
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const known = error instanceof RestError ? error : undefined
    if (known) return sendErrors(reply, known.status, known.errors)
    if (error.statusCode !== undefined && error.statusCode < 500) return sendErrors(reply, error.statusCode, [error.message])
    log.error(`${request.method} ${request.url} failed`, error)
    return sendErrors(reply, 500, internalError(error.name, error.message).errors)
  })
  app.setNotFoundHandler((request, reply) => missing(request, reply))
  const routes = (scope: FastifyInstance) => {
    jobRoutes(scope, cluster)
    clusterRoutes(scope, cluster)
  }
  routes(app)
  pageRoutes(app)
  void app.register(async (scope) => routes(scope), { prefix: '/v1' })
  return app
}

function sendErrors(reply: FastifyReply, status: number, errors: readonly string[]): FastifyReply {
  return send(reply, { errors }, status)
}

/** Flink takes a GET of an unknown path for a file of its web interface. */
function missing(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.split('?', 1)[0]!
  if (request.method === 'GET') {
    return reply
      .code(404)
      .header('content-type', JSON_TYPE)
      .send(JSON.stringify({ errors: [`Unable to load requested file ${path}.`] }))
  }
  return sendErrors(reply, 404, [`Not found: ${path}`])
}
