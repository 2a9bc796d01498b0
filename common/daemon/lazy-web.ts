/**
 * A web server that listens at once and is built when somebody first asks. Most of many daemons on a machine are
 * never looked at, and the framework takes a third of a small one's memory.
 */
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'

export interface LazyWeb {
  readonly port: number
  close(): Promise<void>
}

export async function listenWhenAsked(at: { readonly host: string; readonly port: number }, build: () => Promise<FastifyInstance>): Promise<LazyWeb> {
  let building: Promise<FastifyInstance> | undefined
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    building ??= build().then(async (web) => {
      await web.ready()
      return web
    })
    try {
      const web = await building
      web.routing(request, response)
    } catch (e) {
      building = undefined
      response.writeHead(500, { 'Content-Type': 'text/plain' }).end(`the web pages could not be made: ${(e as Error).message}\n`)
    }
  }
  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(at.port, at.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
      await (await building)?.close()
    },
  }
}
