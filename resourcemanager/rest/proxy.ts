/**
 * /proxy/APPLICATION/: the application master's own pages, fetched from the address that it registered and from nowhere else
 * (org.apache.hadoop.yarn.server.webproxy.WebAppProxyServlet).
 */
import http from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { formatApplicationId } from '../../common/records/ids.js'
import type { ApplicationReport } from '../core/index.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { applicationOf } from './context.js'

/** Headers that are between two neighbours, not between the ends (RFC 9110 section 7.6.1). */
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade']

export function proxyRoutes(web: FastifyInstance, requireActive: () => ResourceManager): void {
  // Bodies go through as they come.
  web.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    scope.route({ method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'], url: '/proxy/:app', handler: proxy(requireActive) })
    scope.route({ method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'], url: '/proxy/:app/*', handler: proxy(requireActive) })
  })
}

function proxy(requireActive: () => ResourceManager) {
  return (request: FastifyRequest, reply: FastifyReply) => {
    const rm = requireActive()
    const { app: text, '*': rest = '' } = request.params as { app: string; '*'?: string }
    const app = applicationOf(rm, text)
    const target = targetOf(app)
    if (!target) return reply.code(302).redirect(`http://${request.headers.host ?? rm.proxyAddress}/cluster/app/${formatApplicationId(app.applicationId)}`)
    const query = request.url.indexOf('?')
    const base = target.pathname.endsWith('/') ? target.pathname : `${target.pathname}/`
    const path = `${rest === '' ? target.pathname : base + rest}${query < 0 ? '' : request.url.slice(query)}`
    return forward(request, reply, target, path, `/proxy/${formatApplicationId(app.applicationId)}`)
  }
}

/** Only http, only while the application master lives. */
function targetOf(app: ApplicationReport): URL | undefined {
  if (app.yarnState !== 'RUNNING' || !app.originalTrackingUrl) return undefined
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(app.originalTrackingUrl) ? app.originalTrackingUrl : `http://${app.originalTrackingUrl}`
  try {
    const url = new URL(text)
    return url.protocol === 'http:' ? url : undefined
  } catch {
    return undefined
  }
}

function forward(request: FastifyRequest, reply: FastifyReply, target: URL, path: string, prefix: string): FastifyReply {
  const headers = { ...request.headers, host: target.host, 'x-forwarded-prefix': prefix }
  for (const name of HOP_BY_HOP) delete headers[name as keyof typeof headers]
  reply.hijack()
  const out = reply.raw
  const upstream = http.request({ host: target.hostname, port: target.port || 80, method: request.method, path, headers }, (answer) => {
    const own = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !HOP_BY_HOP.includes(name)))
    if (own.location) own.location = relocated(String(own.location), target, prefix)
    out.writeHead(answer.statusCode ?? 502, own)
    answer.pipe(out)
    answer.on('error', () => out.destroy())
  })
  upstream.on('error', (e) => {
    if (out.headersSent) return out.destroy()
    out.writeHead(502, { 'content-type': 'text/plain; charset=utf-8' })
    out.end(`The application master at ${target.host} does not answer: ${e.message}\n`)
  })
  out.on('close', () => upstream.destroy())
  request.raw.pipe(upstream)
  return reply
}

/** A redirection within the application master stays behind the proxy. */
function relocated(location: string, target: URL, prefix: string): string {
  const url = new URL(location, target)
  return url.host === target.host ? `${prefix}${url.pathname}${url.search}` : location
}
