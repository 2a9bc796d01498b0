/** The ResourceManager's web server: REST, the proxy, pages, and what every daemon has. */
import type { FastifyError, FastifyInstance } from 'fastify'
import { allowCrossOrigin } from '../../common/daemon/cross-origin.js'
import { buildWeb } from '../../common/daemon/web.js'
import { HadoopException, exception } from '../../common/errors.js'
import { yarn } from '../../common/config/keys/yarn.js'
import { rmAddress } from '../../common/yarn-client/addresses.js'
import { formatAddress } from '../../common/rpc/client.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { pageRoutes } from '../ui/pages.js'
import { accessRoutes } from './access-routes.js'
import { activityRoutes } from './activity-routes.js'
import { docRoutes } from './api.js'
import { appRoutes } from './app-routes.js'
import { beans, registerMetrics } from './beans.js'
import { parseXmlBody } from './body.js'
import { clusterRoutes } from './cluster-routes.js'
import type { RmWebOptions } from './context.js'
import { labelRoutes } from './label-routes.js'
import { proxyRoutes } from './proxy.js'
import { answerError } from './render.js'
import { schedulerConfRoutes } from './scheduler-conf-routes.js'
import { BODIES } from './schemas.js'

/** What a standby answers itself; every other page is the active one's (RMWebAppFilter). */
const LOCAL = /^\/(docs|conf|jmx|logs|logLevel|prom|metrics|static|isActive|ws\/v1\/cluster\/info|ws\/v1\/cluster\/?$)/

export function buildRmWeb(options: RmWebOptions): FastifyInstance {
  const { active, settings } = options
  const web = buildWeb({
    conf: settings.conf,
    logDir: options.logDir,
    log: options.log,
    beans: () => beans(options),
    metrics: (registry) => registerMetrics(registry, options),
  })
  if (settings.conf.get(yarn.crossOrigin)) allowCrossOrigin(web, settings.conf)
  const requireActive = (): ResourceManager => {
    const rm = active()
    if (!rm) throw exception('StandbyException', 'This ResourceManager is not active')
    return rm
  }

  // Bodies are held against what /docs says of them.
  web.addHook('onRoute', (route) => {
    const body = BODIES[`${route.method} ${route.url.replace('/ws/v1/cluster', '').replace(/:(\w+)/g, '{$1}')}`]
    if (body) route.schema = { ...route.schema, body }
  })
  web.addHook('onRequest', (request, reply, done) => {
    if (active() || LOCAL.test(request.url)) return done()
    const other = otherWebAddress(options)
    const url = other && `http://${other}${request.url}`
    if (url) reply.header('Refresh', `3; url=${url}`).redirect(url, 307)
    else reply.code(503).type('text/plain; charset=utf-8').send('This is standby RM. No other one is known.\n')
  })
  web.setErrorHandler((error: FastifyError, request, reply) => {
    if (error instanceof HadoopException) {
      // What a core event refused stands as YARN's own web services give it: a bad request around its class.
      if (error.className.startsWith('org.apache.hadoop.yarn.exceptions.') && !error.is('ApplicationNotFoundException', 'ContainerNotFoundException'))
        return answerError(request, reply, 400, 'org.apache.hadoop.yarn.webapp.BadRequestException', `${error.className}: ${error.message}`)
      const status = error.is('AuthorizationException') ? 401 : error.http
      return answerError(request, reply, status, error.className, error.message)
    }
    if (error.validation) return answerError(request, reply, 400, 'org.apache.hadoop.yarn.webapp.BadRequestException', `java.lang.Exception: ${error.message}`)
    if (error.statusCode !== undefined && error.statusCode < 500)
      return answerError(request, reply, error.statusCode, 'javax.ws.rs.WebApplicationException', error.message)
    options.log.error({ err: error }, `${request.method} ${request.url} failed`)
    return answerError(request, reply, 500, 'java.lang.RuntimeException', error.message)
  })
  web.setNotFoundHandler((request, reply) => {
    reply
      .code(404)
      .type('text/html;charset=utf-8')
      .send(
        `<!doctype html><title>Sorry, got error 404</title><h1>Sorry, got error 404</h1><p>There is no ${request.method} ${request.url.replace(/[<>&"]/g, '')} here.</p>`,
      )
  })

  // Many clients name a type whether or not there is a body; a call without one takes what it needs from its address.
  const json = web.getDefaultJsonParser('error', 'error')
  web.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined)
    else void json(request, String(body), done)
  })
  web.addContentTypeParser(['application/xml', 'text/xml'], { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? undefined : parseXmlBody(String(body)))
    } catch (e) {
      done(e as Error)
    }
  })

  web.get('/isActive', (_request, reply) => {
    if (active()) return reply.type('text/plain;charset=utf-8').send('I am Active!')
    return reply.code(405).type('text/plain;charset=utf-8').send('')
  })
  clusterRoutes(web, options, requireActive)
  appRoutes(web, options, requireActive)
  activityRoutes(web, requireActive)
  schedulerConfRoutes(web, options, requireActive)
  labelRoutes(web, options, requireActive)
  accessRoutes(web, options, requireActive)
  docRoutes(web)
  proxyRoutes(web, requireActive)
  pageRoutes(web, options, requireActive)
  return web
}

/** The web address of another member of the pair: where a standby sends its visitors. */
function otherWebAddress({ settings }: RmWebOptions): string | undefined {
  const other = settings.ids.find((id) => id !== settings.id)
  if (other === undefined || !settings.conf.get(yarn.rmHaEnabled)) return undefined
  return formatAddress(rmAddress(settings.conf, 'web', other))
}
