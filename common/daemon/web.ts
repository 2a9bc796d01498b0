/** What every daemon's web server has: /conf, /jmx, /logs, /prom, and errors that a person can read. */
import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import Fastify, { type FastifyInstance } from 'fastify'
import { type Registry, Registry as PromRegistry, collectDefaultMetrics } from 'prom-client'
import type { Configuration } from '../config/configuration.js'

export type Bean = { readonly name: string; readonly modelerType: string } & Record<string, unknown>

export interface WebOptions {
  readonly conf: Configuration
  readonly logDir: string
  /** Whose level /logLevel reads and sets. */
  readonly log?: { level: string }
  /** JMX beans under Hadoop's names, made anew for each request. */
  readonly beans?: () => Bean[]
  /** Adds the daemon's own metrics. */
  readonly metrics?: (registry: Registry) => void
}

/** Builds the server; `listen` is the caller's. */
export function buildWeb(options: WebOptions): FastifyInstance {
  const web = Fastify({
    logger: false,
    // A body may leave out, or send null for, what there is none of.
    ajv: { customOptions: { allowUnionTypes: true } },
    bodyLimit: 64 * 1024 * 1024,
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true },
  })
  // Hadoop's clients ask this of an address before anything else, to be told how to authenticate: not at all, here.
  web.options('/*', (_request, reply) => reply.header('Allow', 'OPTIONS,HEAD,GET,POST,PUT,DELETE').send(''))
  // Browsers ask for it beside each page that names none: a log's text, an answer in JSON, whatever stands behind the proxy.
  web.get('/favicon.ico', (_request, reply) => reply.header('cache-control', 'max-age=86400').code(204).send())
  web.get('/conf', (request, reply) => {
    const properties = [...options.conf.entries()].map((e) => ({ key: e.name, value: e.value, isFinal: e.final, resource: e.source }))
    const query = request.query as { format?: string }
    if (query.format === 'json' || /json/.test(request.headers.accept ?? '')) return reply.send({ properties })
    const escaped = (s: string) => s.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
    const lines = properties.map(
      (p) => `<property><name>${escaped(p.key)}</name><value>${escaped(p.value)}</value><final>${p.isFinal}</final><source>${p.resource}</source></property>`,
    )
    return reply.type('text/xml; charset=utf-8').send(`<?xml version="1.0" encoding="UTF-8" standalone="no"?><configuration>${lines.join('')}</configuration>`)
  })
  web.get('/jmx', (request, reply) => {
    const { qry, get } = request.query as { qry?: string; get?: string }
    const all = options.beans?.() ?? []
    if (get !== undefined) {
      const [name = '', attribute] = get.split('::')
      const bean = all.find((b) => b.name === name)
      if (!bean || attribute === undefined || !(attribute in bean))
        return reply.code(404).send({ result: 'ERROR', message: `No beans found with attribute ${get}` })
      return reply.send({ beans: [{ name: bean.name, modelerType: bean.modelerType, [attribute]: bean[attribute] }] })
    }
    const pattern =
      qry === undefined
        ? undefined
        : new RegExp(
            `^${qry
              .replace(/[.+^${}()|[\]\\]/g, '\\$&')
              .replace(/\*/g, '.*')
              .replace(/\?/g, '.')}$`,
          )
    return reply.send({ beans: pattern ? all.filter((b) => pattern.test(b.name)) : all })
  })
  if (options.log) logLevel(web, options.log)
  const registry = new PromRegistry()
  collectDefaultMetrics({ register: registry })
  options.metrics?.(registry)
  web.get('/prom', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()))
  web.get('/logs', (_request, reply) => {
    const files = existsSync(options.logDir) ? readdirSync(options.logDir).sort() : []
    return reply
      .type('text/html; charset=utf-8')
      .send(
        `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Logs</title><link rel="icon" href="data:,"><style>:root{color-scheme:light dark}body{font:15px/1.7 system-ui,sans-serif;margin:1rem;overflow-wrap:anywhere}</style><h1>Logs</h1><p><a href="/">Back to the pages</a><ul>${files.map((f) => `<li><a href="/logs/${encodeURIComponent(f)}">${f.replace(/[<&]/g, '')}</a>`).join('')}</ul>`,
      )
  })
  web.get('/logs/:file', (request, reply) => {
    const file = path.join(options.logDir, path.basename((request.params as { file: string }).file))
    if (!existsSync(file) || !statSync(file).isFile())
      return reply
        .code(404)
        .type('text/plain')
        .send(`no log file ${path.basename(file)}`)
    return reply.type('text/plain; charset=utf-8').send(createReadStream(file))
  })
  return web
}

/** Hadoop's names of levels, by the logger's. */
const LEVELS: Readonly<Record<string, string>> = { trace: 'TRACE', debug: 'DEBUG', info: 'INFO', warn: 'WARN', error: 'ERROR', fatal: 'FATAL', silent: 'OFF' }

/** How much is logged, read and set; what is marked OUTPUT is what `daemonlog` shows (org.apache.hadoop.log.LogLevel). */
function logLevel(web: FastifyInstance, log: { level: string }): void {
  web.get<{ Querystring: { log?: string; level?: string } }>('/logLevel', (request, reply) => {
    const said: string[] = []
    const say = (line: string) => said.push(`<!-- OUTPUT -->${line}<br />`)
    const escaped = (s: string) => s.replace(/[<>&"]/g, '')
    const { log: name, level } = request.query
    if (name !== undefined) {
      say(`Submitted Class Name: <b>${escaped(name)}</b>`)
      if (level !== undefined) {
        say(`Submitted Level: <b>${escaped(level)}</b>`)
        const wanted = Object.keys(LEVELS).find((l) => LEVELS[l] === level.toUpperCase())
        if (wanted) {
          log.level = wanted
          say(`Setting Level to ${level.toUpperCase()} ...`)
        } else say(`Bad Level : <b>${escaped(level)}</b>`)
      }
      say(`Effective Level: <b>${LEVELS[log.level] ?? log.level}</b>`)
    }
    return reply
      .type('text/html; charset=utf-8')
      .send(
        `<!doctype html><html lang="en"><meta charset="utf-8"><title>Log level</title><h1>Log level</h1>\n${said.join('\n')}\n<form>Log: <input name="log" value="root" aria-label="Log"> Level: <input name="level" aria-label="Level"> <button>Get or set</button></form>`,
      )
  })
}
