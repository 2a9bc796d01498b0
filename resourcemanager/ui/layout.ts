/** What every page has around it, and how one is sent: whole, or its content alone to who has the page before him. */
import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { SCRIPT, SCRIPT_PATH, STYLE, STYLE_PATH } from './assets.js'
import { type Html, html } from './html.js'

const PAGES = [
  ['/cluster', 'Applications'],
  ['/cluster/nodes', 'Nodes'],
  ['/cluster/scheduler', 'Queues'],
  ['/cluster/cluster', 'About'],
] as const
const MORE = [
  ['/docs', 'REST'],
  ['/conf', 'Configuration'],
  ['/logs', 'Logs'],
] as const

/** Nothing is loaded from anywhere else, and nothing runs that is not ours. */
const POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"

export interface Content {
  readonly title: string
  /** Of the pages in the head, the one that this belongs to. */
  readonly under: (typeof PAGES)[number][0]
  readonly body: Html
}

function page({ title, under, body }: Content): string {
  const link = ([path, name]: readonly [string, string]) => html`<a href="${path}"${path === under ? html` aria-current="page"` : ''}>${name}</a>`
  return html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${title} · ResourceManager</title><link rel="icon" href="data:,"><link rel="stylesheet" href="${STYLE_PATH}"><script src="${SCRIPT_PATH}" defer></script></head><body>
<a class="skip" href="#main">To the content</a><header><div><b>ResourceManager</b><nav aria-label="Pages">${PAGES.map(link)}${MORE.map(link)}</nav><span id="live" role="status"></span></div></header>
<main id="main" tabindex="-1">${body}</main></body></html>`.text
}

/** Text that goes on by itself makes a page no other one. */
const tagOf = (content: string) =>
  createHash('sha256')
    .update(content.replace(/(<time data-since="\d+">)[^<]*/g, '$1'))
    .digest('hex')
    .slice(0, 16)

export function send(request: FastifyRequest, reply: FastifyReply, content: Content): FastifyReply {
  const seen = request.headers['x-live']
  if (seen === undefined) return reply.type('text/html; charset=utf-8').header('content-security-policy', POLICY).send(page(content))
  const { text } = content.body
  const tag = tagOf(text)
  reply.header('x-tag', tag).header('x-now', Date.now()).header('cache-control', 'no-store')
  return tag === seen ? reply.code(204).send() : reply.type('text/html; charset=utf-8').send(text)
}

export function assetRoutes(web: FastifyInstance): void {
  const forever = 'public, max-age=31536000, immutable'
  web.get(STYLE_PATH, (_request, reply) => reply.type('text/css; charset=utf-8').header('cache-control', forever).send(STYLE))
  web.get(SCRIPT_PATH, (_request, reply) => reply.type('text/javascript; charset=utf-8').header('cache-control', forever).send(SCRIPT))
}
