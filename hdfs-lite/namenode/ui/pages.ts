/** The page at the NameNode's address, under the names that Hadoop's pages have. It holds all that it needs. */
import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import script from './explorer.client.js'
import style from './explorer.css'
import page from './explorer.html'

const PATHS = ['/', '/index.html', '/explorer.html', '/dfshealth.html']

const hashed = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** @param user who acts as long as the page's reader names nobody */
export function registerPages(web: FastifyInstance, user: string): void {
  const named = user.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)
  const text = page
    .replace('<html', () => `<html data-user="${named}"`)
    .replace('/*STYLE*/', () => style)
    .replace('/*SCRIPT*/', () => script)
  // Data comes from any DataNode. A file's name or content never becomes script.
  const policy = `default-src 'none'; connect-src *; img-src data:; style-src 'unsafe-inline'; script-src ${hashed(script)}; form-action 'none'; frame-ancestors 'self'`
  for (const path of PATHS)
    web.get(path, (_request, reply) =>
      reply.type('text/html; charset=utf-8').header('Content-Security-Policy', policy).header('X-Frame-Options', 'SAMEORIGIN').send(text),
    )
}
