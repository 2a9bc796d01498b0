/** What lets pages of other origins read an answer (CrossOriginFilter). A request that is not let is answered all the same, without the headers. */
import type { FastifyInstance } from 'fastify'
import type { Configuration } from '../config/configuration.js'
import { core } from '../config/keys/core.js'

export function allowCrossOrigin(web: FastifyInstance, conf: Configuration): void {
  const allowed = conf.get(core.crossOriginOrigins).map(patternOf)
  const methods = conf.get(core.crossOriginMethods)
  const headers = conf.get(core.crossOriginHeaders)
  const maxAge = conf.get(core.crossOriginMaxAge)
  web.addHook('onRequest', (request, reply, done) => {
    const { origin, 'access-control-request-method': method, 'access-control-request-headers': asked } = request.headers
    const namesAllowed = !asked || asked.split(',').every((name) => headers.includes(name.trim()))
    const isAllowed = origin?.split(' ').some((o) => allowed.some((pattern) => pattern.test(o)))
    if (isAllowed && (method === undefined || methods.includes(method)) && namesAllowed) {
      reply.headers({
        'access-control-allow-origin': origin!.replace(/[\r\n]/g, ''),
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': methods.join(','),
        'access-control-allow-headers': headers.join(','),
        'access-control-max-age': String(maxAge),
      })
    }
    done()
  })
}

/** `*`, an origin in which `*` stands for anything, or `regex:` with an expression. */
function patternOf(origin: string): RegExp {
  const expression = origin.startsWith('regex:') ? origin.slice('regex:'.length) : origin.replace(/[.+?^${}()|[\]\\/]/g, '\\$&').replaceAll('*', '.*')
  return new RegExp(`^(?:${expression})$`)
}
