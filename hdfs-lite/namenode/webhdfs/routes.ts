/** WebHDFS on the NameNode: /webhdfs/v1/PATH?op=… */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { core } from '../../../common/config/keys/core.js'
import { HadoopException, exception } from '../../../common/errors.js'
import type { Datanode } from '../core/block.js'
import { liveReplicas } from '../core/blocks.js'
import { lastOf, walk, componentsOf } from '../core/path.js'
import { chooseTargets } from '../core/placement.js'
import type { Caller } from '../core/state.js'
import type { Namesystem } from '../namesystem.js'
import { standbyException } from '../rpc/standby.js'
import type { WebAnswer, WebContext, WebOperation } from './context.js'
import { GET_OPERATIONS } from './get-operations.js'
import { Parameters, operationOf } from './parameters.js'
import { ALL_PUT_OPERATIONS, DELETE_OPERATIONS, POST_OPERATIONS } from './write-operations.js'

export const WEBHDFS_PREFIX = '/webhdfs/v1'

const OPERATIONS: Readonly<Record<string, Readonly<Record<string, WebOperation>>>> = {
  GET: GET_OPERATIONS,
  HEAD: GET_OPERATIONS,
  PUT: ALL_PUT_OPERATIONS,
  POST: POST_OPERATIONS,
  DELETE: DELETE_OPERATIONS,
}

/** The same words for every failed request. */
export function remoteException(e: unknown): { status: number; body: unknown } {
  const known = e instanceof HadoopException
  const className = known ? e.className : 'java.lang.RuntimeException'
  return {
    status: known ? e.http : 500,
    body: { RemoteException: { exception: className.replace(/^.*[.$]/, ''), javaClassName: className, message: e instanceof Error ? e.message : String(e) } },
  }
}

/** The path of a request, decoded; the query as parameters. @throws for a path that is not UTF-8 */
export function parseUrl(url: string): { path: string; parameters: Parameters; query: URLSearchParams } {
  const [raw = '', search = ''] = url.split('?', 2) as [string, string?]
  let path: string
  try {
    path = decodeURIComponent(raw.slice(WEBHDFS_PREFIX.length)) || '/'
  } catch {
    throw exception('IllegalArgumentException', `the path ${raw} is not percent-encoded UTF-8`)
  }
  const query = new URLSearchParams(search)
  return { path, parameters: new Parameters(query), query }
}

/** Who acts: `user.name`, or whom it acts for by `doas`. */
function callerOf(ns: Namesystem, p: Parameters): Caller {
  const user = p.user('user.name') ?? ns.conf.get(core.staticUser)
  const doas = p.user('doas')
  if (doas === undefined || doas === user) return ns.caller(user)
  const hosts = ns.conf.raw(`hadoop.proxyuser.${user}.hosts`)
  const groups = ns.conf.raw(`hadoop.proxyuser.${user}.groups`) ?? ns.conf.raw(`hadoop.proxyuser.${user}.users`)
  const allowed = hosts !== undefined && groups !== undefined && (groups === '*' || groups.split(',').some((g) => g === doas || ns.groups.of(doas).includes(g)))
  if (!allowed) throw exception('AuthorizationException', `User: ${user} is not allowed to impersonate ${doas}`)
  return ns.caller(doas)
}

/** @param current the namespace, while this NameNode is the active one */
export function registerWebHdfs(web: FastifyInstance, current: () => Namesystem | undefined, rpcAddress: () => string): void {
  /** A DataNode for the data: one that has the block at `offset`, or one that a block may be written to. */
  const chooseNode = ({ fs }: Namesystem, path: string, client: string, excluded: readonly string[], offset: number | undefined): Datanode => {
    const out = new Set(
      [...fs.datanodes.values()]
        .filter((d) => excluded.some((x) => x === d.hostName || x === `${d.hostName}:${d.xferPort}` || x === `${d.address}:${d.xferPort}`))
        .map((d) => d.uuid),
    )
    if (offset !== undefined) {
      const inode = lastOf(walk(fs, componentsOf(path)))
      if (inode?.kind === 'file') {
        let at = 0
        for (const b of inode.blocks) {
          const nodes = (b.construction ? b.construction.expected : liveReplicas(b)).map((s) => s.node).filter((n) => !out.has(n.uuid))
          if (at + b.length > offset && nodes.length > 0) return nodes.find((n) => n.address === client) ?? nodes[0]!
          at += b.length
        }
      }
    }
    const [target] = chooseTargets(fs, { replicas: 1, blockSize: 0, client, excluded: out, chosen: [], favored: [] })
    if (!target) throw exception('IOException', 'Failed to find datanode, suggest to check cluster health. excludeDatanodes=' + (excluded.join(',') || 'null'))
    return target.node
  }

  const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    try {
      const { path, parameters } = parseUrl(request.raw.url ?? '')
      const operations = OPERATIONS[request.method]!
      const ns = current()
      if (!ns) throw standbyException()
      const caller = callerOf(ns, parameters)
      const op = operationOf(parameters, request.method, new Set(Object.keys(operations)))
      const client = request.socket.remoteAddress?.replace(/^::ffff:/, '') ?? ''
      const context: WebContext = {
        ns,
        path,
        caller,
        parameters,
        client,
        redirect(name, further, openOffset) {
          const node = chooseNode(ns, path, client, parameters.all('excludedatanodes'), openOffset)
          const user = parameters.text('user.name')
          const query: [string, string | number | boolean][] = [
            ['op', name],
            ...(user === undefined ? [['user.name', caller.user] as [string, string]] : [['user.name', user] as [string, string]]),
            ...(parameters.text('doas') ? [['doas', parameters.text('doas')!] as [string, string]] : []),
            ['namenoderpcaddress', rpcAddress()],
            ...further.map(([k, v]) => [k, v] as [string, string | number | boolean]),
          ]
          const text = query.map(([k, v]) => `${k}=${encodeURIComponent(String(v)).replace(/%3A/g, ':')}`).join('&')
          // What a path may hold as it is, Java leaves as it is.
          const encoded = encodeURI(path).replace(/[?#]/g, encodeURIComponent)
          return `http://${node.hostName}:${node.infoPort}${WEBHDFS_PREFIX}${encoded}?${text}`
        },
      }
      return send(reply, parameters, await operations[op]!(context))
    } catch (e) {
      const { status, body } = remoteException(e)
      return reply.code(status).type('application/json').send(bytes(body))
    }
  }

  web.register(async (scope) => {
    // The body of a CREATE is for the DataNode: whatever comes here is not read as anything.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, payload, done) => {
      payload.resume()
      done(null)
    })
    scope.route({ method: ['GET', 'PUT', 'POST', 'DELETE'], url: `${WEBHDFS_PREFIX}/*`, handler: handle })
    scope.route({ method: ['GET', 'PUT', 'POST', 'DELETE'], url: WEBHDFS_PREFIX, handler: handle })
  })
}

/** As bytes, which keep the content type as it is given: Hadoop's has no charset. */
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value))

function send(reply: FastifyReply, parameters: Parameters, answer: WebAnswer): FastifyReply {
  switch (answer.kind) {
    case 'json':
      return reply.type('application/json').send(bytes(answer.value))
    case 'empty':
      return reply.type(answer.type ?? 'application/octet-stream').send('')
    case 'redirect':
      if (parameters.boolean('noredirect', false)) return reply.type('application/json').send(bytes({ Location: answer.location }))
      return reply.code(307).header('Location', answer.location).type('application/octet-stream').send('')
  }
}
