import net from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { HadoopException, exception } from '../../../common/errors.js'
import { clientProtocol } from '../../../common/protocols/client-namenode.js'
import { haServiceProtocol } from '../../../common/protocols/ha-service.js'
import { ConnectionError, RpcClient, type RpcToken } from '../../../common/rpc/client.js'
import type { CallContext, Handlers } from '../../../common/rpc/protocol.js'
import { RpcServer, type RpcServerOptions } from '../../../common/rpc/server.js'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function serve(handlers: Handlers<typeof clientProtocol>, options: RpcServerOptions = {}): Promise<RpcServer> {
  const server = new RpcServer(options).serve(clientProtocol, handlers)
  await server.listen(0)
  closing.push(() => server.close())
  return server
}

function connect(server: RpcServer, token?: RpcToken) {
  const client = new RpcClient(clientProtocol, [{ host: '127.0.0.1', port: server.port }], { user: 'alice', ...(token && { token }) })
  closing.push(() => client.close())
  return client.proxy
}

describe('a call', () => {
  it('reaches its handler with user and request, and brings the answer back', async () => {
    let seen: CallContext | undefined
    const server = await serve({
      getFileInfo: (request, call) => {
        seen = call
        expect(request.src).toBe('/x')
        return {}
      },
    })
    expect(await connect(server).getFileInfo({ src: '/x' })).toEqual({ fs: undefined })
    expect(seen).toMatchObject({ user: 'alice', realUser: undefined, tokenIdentifier: undefined, retryCount: 0 })
    expect(seen!.clientId).toHaveLength(16)
  })

  it('is answered in the order of completion, many at once on one connection', async () => {
    const waiting: (() => void)[] = []
    const server = await serve({
      delete: (request) => (request.src === '/slow' ? new Promise((resolve) => waiting.push(() => resolve({ result: false }))) : { result: true }),
    })
    const proxy = connect(server)
    const slow = proxy.delete({ src: '/slow', recursive: false })
    const quick = await Promise.all(Array.from({ length: 500 }, (_, i) => proxy.delete({ src: `/${i}`, recursive: false })))
    expect(quick.every((r) => r.result)).toBe(true)
    waiting[0]!()
    expect((await slow).result).toBe(false)
    expect(server.connectionCount).toBe(1)
  })

  it('tells for how long it has been the only connection that calls', async () => {
    const server = await serve({ delete: () => ({ result: true }) })
    const [one, other] = [connect(server), connect(server)]
    const from = async (proxy: typeof one) => {
      await proxy.delete({ src: '/', recursive: false })
      return server.millisOfOneCaller
    }
    await from(one)
    const before = await from(one)
    // Whatever time passes, calls over the same connection do not set it back; one over another does.
    expect(await from(one)).toBeGreaterThan(before)
    const began = performance.now()
    expect(await from(other)).toBeLessThanOrEqual(performance.now() - began)
  })

  it('after calls at once of one client keeps the server awake for a moment, where it is told to', async () => {
    const turns = vi.spyOn(globalThis, 'setImmediate')
    const turnsOfCalls = async (options: RpcServerOptions) => {
      const proxy = connect(await serve({ delete: () => ({ result: true }) }, options))
      await proxy.delete({ src: '/', recursive: false })
      turns.mockClear()
      for (let i = 0; i < 20; i++) await proxy.delete({ src: '/', recursive: false })
      return turns.mock.calls.length
    }
    expect(await turnsOfCalls({})).toBe(0)
    expect(await turnsOfCalls({ awakeMillis: 500 })).toBeGreaterThan(0)
    // And no longer.
    await vi.waitUntil(() => turns.mock.calls.splice(0).length === 0)
    turns.mockRestore()
  })

  it("brings a handler's exception to the caller, class and message", async () => {
    const server = await serve({
      delete: () => {
        throw exception('SafeModeException', 'Cannot delete /x.')
      },
    })
    const error = await connect(server)
      .delete({ src: '/x', recursive: true })
      .catch((e) => e)
    expect(error).toBeInstanceOf(HadoopException)
    expect(error).toMatchObject({ className: 'org.apache.hadoop.hdfs.server.namenode.SafeModeException', message: 'Cannot delete /x.' })
  })

  it('of an unknown method or protocol is answered as Hadoop answers it', async () => {
    const server = await serve({})
    await expect(connect(server).getFileInfo({ src: '/' })).rejects.toMatchObject({
      className: 'org.apache.hadoop.ipc.RpcNoSuchMethodException',
      message: 'Unknown method getFileInfo called on org.apache.hadoop.hdfs.protocol.ClientProtocol protocol.',
    })
    const other = new RpcClient(haServiceProtocol, [{ host: '127.0.0.1', port: server.port }], { user: 'alice' })
    closing.push(() => other.close())
    await expect(other.proxy.monitorHealth({})).rejects.toMatchObject({ className: 'org.apache.hadoop.ipc.RpcNoSuchProtocolException' })
  })

  it('fails at once with the address when nobody listens', async () => {
    const free = net.createServer().listen(0, '127.0.0.1')
    await new Promise((r) => free.once('listening', r))
    const { port } = free.address() as net.AddressInfo
    await new Promise((r) => free.close(r))
    const client = new RpcClient(clientProtocol, [{ host: '127.0.0.1', port }], { user: 'alice' })
    closing.push(() => client.close())
    const error = await client.proxy.getFileInfo({ src: '/' }).catch((e) => e)
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({ sent: false, code: 'ECONNREFUSED' })
    expect(error.message).toContain(`127.0.0.1:${port}`)
  })

  it('fails when the server dies before it answers', async () => {
    const server = await serve({ delete: () => new Promise(() => {}) })
    const pending = connect(server).delete({ src: '/x', recursive: false })
    await expect.poll(() => server.connectionCount).toBe(1)
    await server.close()
    closing.pop()
    closing.pop()
    await expect(pending).rejects.toMatchObject({ name: 'ConnectionError', sent: true })
  })
})

describe('a pair of servers', () => {
  it('is asked in turn until the active one answers', async () => {
    const standby = await serve({
      delete: () => {
        throw exception('StandbyException', 'Operation category WRITE is not supported in state standby.')
      },
    })
    const active = await serve({ delete: () => ({ result: true }) })
    const client = new RpcClient(
      clientProtocol,
      [standby, active].map((s) => ({ host: '127.0.0.1', port: s.port })),
      { user: 'alice' },
      { attempts: 4, delay: 1 },
    )
    closing.push(() => client.close())
    expect((await client.proxy.delete({ src: '/x', recursive: false })).result).toBe(true)
    expect(client.active.port).toBe(active.port)
  })

  it('is given up after the stated number of attempts', async () => {
    let asked = 0
    const standby = await serve({
      delete: () => {
        asked++
        throw exception('StandbyException', 'standby')
      },
    })
    const address = { host: '127.0.0.1', port: standby.port }
    const client = new RpcClient(clientProtocol, [address, address], { user: 'alice' }, { attempts: 3, delay: 1 })
    closing.push(() => client.close())
    await expect(client.proxy.delete({ src: '/x', recursive: false })).rejects.toMatchObject({ message: 'standby' })
    expect(asked).toBe(3)
  })
})

describe('authentication by token', () => {
  const token = { identifier: Buffer.from('appattempt'), password: Buffer.from('secret') }
  const tokens = {
    passwordOf: (id: Uint8Array) => {
      if (Buffer.from(id).toString() !== 'appattempt') throw exception('InvalidToken', 'no such token')
      return token.password
    },
    userOf: () => 'bob',
  }
  const handlers: Handlers<typeof clientProtocol> = {
    delete: (_request, call) => ({ result: call.user === 'bob' && Buffer.from(call.tokenIdentifier!).equals(token.identifier) }),
  }

  it('names the user and the identifier to the handler', async () => {
    const server = await serve(handlers, { tokens, tokenRequired: true })
    expect((await connect(server, token).delete({ src: '/', recursive: false })).result).toBe(true)
  })

  it('fails for another password, an unknown token, and no token where one is required', async () => {
    const server = await serve(handlers, { tokens, tokenRequired: true })
    const call = { src: '/', recursive: false }
    await expect(connect(server, { ...token, password: Buffer.from('other') }).delete(call)).rejects.toMatchObject({
      className: 'javax.security.sasl.SaslException',
    })
    await expect(connect(server, { ...token, identifier: Buffer.from('x') }).delete(call)).rejects.toMatchObject({ message: 'no such token' })
    await expect(connect(server).delete(call)).rejects.toMatchObject({ message: 'SIMPLE authentication is not enabled.  Available:[TOKEN]' })
  })

  it('falls back to simple authentication where the server knows no tokens', async () => {
    const server = await serve({ delete: (_r, call) => ({ result: call.user === 'alice' }) })
    expect((await connect(server, token).delete({ src: '/', recursive: false })).result).toBe(true)
  })
})

describe('bytes that are no call', () => {
  async function answerTo(server: RpcServer, bytes: Buffer): Promise<Buffer> {
    const socket = net.connect(server.port, '127.0.0.1')
    const got: Buffer[] = []
    socket.on('data', (c) => got.push(c))
    socket.on('error', () => {})
    socket.write(bytes)
    await new Promise((r) => socket.once('close', r))
    return Buffer.concat(got)
  }

  it('close the connection, and the server serves on', async () => {
    const server = await serve({ delete: () => ({ result: true }) })
    expect((await answerTo(server, Buffer.from('GET /conf HTTP/1.1\r\n\r\n'))).toString()).toMatch(/^HTTP\/1\.1 404[\s\S]*not the correct port/)
    expect((await answerTo(server, Buffer.from('68727063080000', 'hex'))).toString('latin1')).toContain('cannot communicate with client version 8')
    expect((await answerTo(server, Buffer.from('6872706309000070000000', 'hex'))).toString('latin1')).toContain('longer than maximum')
    expect((await answerTo(server, Buffer.from('6872706309000000000003ffffff', 'hex'))).length).toBeGreaterThan(0)
    expect((await connect(server).delete({ src: '/', recursive: false })).result).toBe(true)
  })
})
