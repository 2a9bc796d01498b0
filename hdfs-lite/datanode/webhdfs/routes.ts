/** WebHDFS on the DataNode: the data itself. It reads and writes as any client, so the blocks may be anywhere. */
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Configuration } from '../../../common/config/configuration.js'
import { HadoopException, exception } from '../../../common/errors.js'
import { DfsClient } from '../../client/index.js'
import { fileChecksum } from '../../client/file-checksum.js'
import { originCheck } from './cross-origin.js'

const PREFIX = '/webhdfs/v1'

function failure(reply: FastifyReply, e: unknown): FastifyReply {
  const known = e instanceof HadoopException
  const className = known ? e.className : 'java.io.IOException'
  return reply
    .code(known ? e.http : 403)
    .header('Connection', 'close')
    .type('application/json; charset=utf-8')
    .send({ RemoteException: { exception: className.replace(/^.*[.$]/, ''), javaClassName: className, message: e instanceof Error ? e.message : String(e) } })
}

function number(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  if (!/^-?\d+$/.test(text))
    throw exception('IllegalArgumentException', `Invalid value for webhdfs parameter "${name}": Failed to parse "${text}" as a radix-10 long integer.`)
  return Number(text)
}

/** Between them is a comma, or what NameNodes make of it (CreateFlagParam). */
const createFlags = (query: URLSearchParams) => (query.get('createflag') ?? '').toUpperCase().split(/,|%2C/)

export function registerWebHdfs(web: FastifyInstance, conf: Configuration, defaultUser: string): void {
  const mayWrite = originCheck(conf)
  // The permission that arrives is final: the NameNode's side knows of no umask.
  const own = conf.copy().set('fs.permissions.umask-mode', '000')

  async function withClient<T>(query: URLSearchParams, run: (client: DfsClient) => Promise<T>): Promise<T> {
    const user = query.get('doas') || query.get('user.name') || defaultUser
    const service = query.get('namenoderpcaddress')
    const client = new DfsClient(own, { user, ...(service && { service }) })
    try {
      return await run(client)
    } finally {
      client.close()
    }
  }

  const parse = (request: FastifyRequest) => {
    const [raw = '', search = ''] = (request.raw.url ?? '').split('?', 2) as [string, string?]
    return {
      path: decodeURIComponent(raw.slice(PREFIX.length)) || '/',
      query: new URLSearchParams(search),
      op: new URLSearchParams(search).get('op')?.toUpperCase(),
    }
  }

  async function open(path: string, query: URLSearchParams, reply: FastifyReply): Promise<FastifyReply> {
    const user = query.get('doas') || query.get('user.name') || defaultUser
    const service = query.get('namenoderpcaddress')
    const client = new DfsClient(own, { user, ...(service && { service }) })
    try {
      const status = await client.getFileStatus(path)
      if (status.type !== 'FILE') throw exception('FileNotFoundException', `Path is not a file: ${path}`)
      const start = number(query, 'offset') ?? 0
      if (start > status.length) throw exception('IOException', `Offset=${start} out of the range [0, ${status.length}); OPEN, path=${path}`)
      const length = number(query, 'length')
      const end = length === undefined ? status.length : Math.min(status.length, start + length)
      const stream = client.open(path, { start, end })
      stream.on('close', () => client.close())
      return reply
        .header('Access-Control-Allow-Methods', 'GET')
        .header('Access-Control-Allow-Origin', '*')
        .header('Content-Length', end - start)
        .type('application/octet-stream')
        .send(stream)
    } catch (e) {
      client.close()
      throw e
    }
  }

  const handlers: Readonly<Record<string, (path: string, query: URLSearchParams, body: Readable, reply: FastifyReply) => Promise<FastifyReply>>> = {
    'GET OPEN': (path, query, _body, reply) => open(path, query, reply),
    'GET GETFILECHECKSUM': (path, query, _body, reply) =>
      withClient(query, async (client) => {
        const sum = await fileChecksum(client, path)
        return reply
          .type('application/json; charset=utf-8')
          .send({ FileChecksum: { algorithm: sum.algorithm, bytes: `${sum.hex}00000000`, length: sum.hex.length / 2 } })
      }),
    'PUT CREATE': (path, query, body, reply) =>
      withClient(query, async (client) => {
        const permission = query.get('permission')
        const blockSize = number(query, 'blocksize')
        const replication = number(query, 'replication')
        const flags = createFlags(query)
        const stream = client.create(path, {
          overwrite: query.get('overwrite') === 'true' || flags.includes('OVERWRITE'),
          lazyPersist: flags.includes('LAZY_PERSIST'),
          syncBlock: flags.includes('SYNC_BLOCK'),
          placement: (['NO_LOCAL_WRITE', 'IGNORE_CLIENT_LOCALITY'] as const).filter((flag) => flags.includes(flag)),
          createParent: query.get('createparent') !== 'false',
          permission: permission ? Number.parseInt(permission, 8) : 0o644,
          ...(blockSize !== undefined && { blockSize }),
          ...(replication !== undefined && { replication }),
        })
        await pipeline(body, stream)
        const service = query.get('namenoderpcaddress') ?? ''
        return reply
          .code(201)
          .header('Location', `hdfs://${service}${encodeURI(path).replace(/[?#]/g, encodeURIComponent)}`)
          .header('Access-Control-Allow-Origin', '*')
          .header('Content-Length', 0)
          .send()
      }),
    'POST APPEND': (path, query, body, reply) =>
      withClient(query, async (client) => {
        await pipeline(body, client.append(path))
        return reply.code(200).header('Content-Length', 0).send()
      }),
  }

  const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    try {
      const { path, query, op } = parse(request)
      const handler = handlers[`${request.method} ${op}`]
      if (!handler)
        throw exception('IllegalArgumentException', `Invalid value for webhdfs parameter "op": ${op ?? 'null'} is not a valid ${request.method} operation.`)
      return await handler(path, query, request.raw, reply)
    } catch (e) {
      // What the client still sends is not read: the connection ends with the answer.
      request.raw.resume()
      // The page may read why.
      if (request.headers.origin !== undefined && mayWrite(request.headers.origin)) reply.header('Access-Control-Allow-Origin', request.headers.origin)
      return failure(reply, e)
    }
  }

  web.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    for (const url of [PREFIX, `${PREFIX}/*`]) scope.route({ method: ['GET', 'PUT', 'POST'], url, handler: handle })
    // A browser asks this before it sends a file from another origin.
    scope.options(`${PREFIX}/*`, (request, reply) => {
      const { origin } = request.headers
      if (origin === undefined || !mayWrite(origin)) return reply.code(403).type('text/plain').send('only the pages of the NameNode may write from a browser\n')
      return reply
        .header('Access-Control-Allow-Origin', origin)
        .header('Access-Control-Allow-Headers', 'Accept, Content-Type')
        .header('Access-Control-Allow-Methods', 'PUT')
        .header('Access-Control-Max-Age', '1728000')
        .send('')
    })
  })
}
