import { afterEach, describe, expect, it } from 'vitest'
import { Configuration } from '../../../common/config/configuration.js'
import { exception } from '../../../common/errors.js'
import type { AllocateRequestProto, AllocateResponseProtoInit } from '../../../common/proto/gen/application-master.js'
import { AMRMTokenIdentifierProto } from '../../../common/proto/gen/yarn-security.js'
import type { ResourceRequestProtoInit } from '../../../common/proto/gen/yarn.js'
import { applicationMasterProtocol } from '../../../common/protocols/application-master.js'
import { RpcServer } from '../../../common/rpc/server.js'
import { type MasterKey, newMasterKey, tokenPassword } from '../../../common/security/tokens.js'
import { AMRMClient, ANY } from '../../../common/yarn-client/index.js'

const identifier = AMRMTokenIdentifierProto.encode({
  appAttemptId: { applicationId: { id: 1, clusterTimestamp: 1_700_000_000_000 }, attemptId: 1 },
  keyId: 7,
})
const key: MasterKey = newMasterKey(7)
const token = { identifier, password: tokenPassword(identifier, key), kind: 'YARN_AM_RM_TOKEN', service: '' }

const ask = (numContainers: number, memory = 100): ResourceRequestProtoInit => ({
  priority: { priority: 1 },
  resourceName: ANY,
  capability: { memory, virtualCores: 1 },
  numContainers,
})

const container = (id: number, memory: number) => ({
  id: { appAttemptId: { applicationId: { id: 1, clusterTimestamp: 1_700_000_000_000 }, attemptId: 1 }, id },
  nodeId: { host: 'n1', port: 45454 },
  resource: { memory, virtualCores: 1 },
  priority: { priority: 1 },
})

/** A ResourceManager that keeps response ids, forgets when it is told to, and records what it was asked. */
class FakeResourceManager {
  readonly allocates: AllocateRequestProto[] = []
  registrations = 0
  finishes = 0
  registered = false
  #responseId = 0
  answers: AllocateResponseProtoInit[] = []
  /** How often finishApplicationMaster says that it is not done yet. */
  notYetFinished = 0
  readonly server = new RpcServer({ tokens: { passwordOf: (id) => tokenPassword(id, key), userOf: () => 'appattempt' }, tokenRequired: true }).serve(
    applicationMasterProtocol,
    {
      registerApplicationMaster: () => {
        this.registrations++
        this.registered = true
        this.#responseId = 0
        return { queue: 'default', maximumCapability: { memory: 8192, virtualCores: 4 } }
      },
      allocate: (request) => {
        if (!this.registered) throw exception('ApplicationMasterNotRegisteredException', 'AM is not registered for known application attempt')
        if (request.responseId !== this.#responseId) throw exception('InvalidApplicationMasterRequestException', `Invalid responseId ${request.responseId}`)
        this.allocates.push(request)
        return { responseId: ++this.#responseId, limit: { memory: 0, virtualCores: 0 }, numClusterNodes: 1, ...this.answers.shift() }
      },
      finishApplicationMaster: () => {
        if (!this.registered) throw exception('ApplicationMasterNotRegisteredException', 'AM is not registered')
        this.finishes++
        return { isUnregistered: this.notYetFinished-- <= 0 }
      },
    },
  )

  forget(): void {
    this.registered = false
  }
}

describe('AMRMClient', () => {
  let rm: FakeResourceManager
  let client: AMRMClient
  let resyncs = 0

  async function connect(): Promise<void> {
    rm = new FakeResourceManager()
    resyncs = 0
    const port = await rm.server.listen(0)
    const conf = new Configuration().set('yarn.resourcemanager.scheduler.address', `127.0.0.1:${port}`)
    client = new AMRMClient(conf, { token, onResync: () => resyncs++ })
  }

  afterEach(async () => {
    client.close()
    await rm.server.close()
  })

  it('proves itself with the token and counts response ids', async () => {
    await connect()
    expect((await client.registerApplicationMaster({ host: 'h', rpcPort: 0, trackingUrl: '' })).queue).toBe('default')
    for (let i = 0; i < 3; i++) await client.allocate({ progress: 0.5 })
    expect(rm.allocates.map((a) => a.responseId)).toEqual([0, 1, 2])
  })

  it('is refused with a wrong token', async () => {
    await connect()
    const port = rm.server.port
    const conf = new Configuration().set('yarn.resourcemanager.scheduler.address', `127.0.0.1:${port}`)
    const impostor = new AMRMClient(conf, { token: { ...token, password: Buffer.alloc(20) } })
    await expect(impostor.registerApplicationMaster({})).rejects.toThrow()
    expect(rm.registrations).toBe(0)
    impostor.close()
  })

  it('carries out calls that are made at once one after the other', async () => {
    await connect()
    await client.registerApplicationMaster({})
    await Promise.all([client.allocate(), client.allocate(), client.allocate()])
    expect(rm.allocates.map((a) => a.responseId)).toEqual([0, 1, 2])
  })

  it('tells a ResourceManager that restarted all that is outstanding', async () => {
    await connect()
    await client.registerApplicationMaster({ host: 'h' })
    const released = container(9, 128).id
    rm.answers = [{ allocatedContainers: [container(2, 128)] }]
    await client.allocate({ ask: [ask(3)], release: [released], blacklistRequest: { blacklistAdditions: ['bad'] } })
    rm.forget()
    await client.allocate({ progress: 0.7 })
    expect(resyncs).toBe(1)
    expect(rm.registrations).toBe(2)
    const told = rm.allocates.at(-1)!
    expect(told.responseId).toBe(0)
    expect(told.progress).toBeCloseTo(0.7)
    expect(told.ask.map((a) => a.numContainers)).toEqual([2])
    expect(told.release).toMatchObject([released])
    expect(told.blacklistRequest?.blacklistAdditions).toEqual(['bad'])
  })

  it('does not release again what is known to have completed', async () => {
    await connect()
    await client.registerApplicationMaster({})
    const released = container(9, 128).id
    rm.answers = [{ completedContainerStatuses: [{ containerId: released }] }]
    await client.allocate({ release: [released] })
    rm.forget()
    await client.allocate()
    expect(rm.allocates.at(-1)!.release).toEqual([])
  })

  it('unregisters until the ResourceManager has let go, also one that restarted', async () => {
    await connect()
    await client.registerApplicationMaster({})
    rm.notYetFinished = 2
    rm.forget()
    await client.finishApplicationMaster({ finalApplicationStatus: 'APP_SUCCEEDED' })
    expect(rm.finishes).toBe(3)
    expect(rm.registrations).toBe(2)
  })

  it('keeps the NM tokens of the answers', async () => {
    await connect()
    await client.registerApplicationMaster({})
    const nmToken = { identifier: Buffer.from('a'), password: Buffer.from('b'), kind: 'NMToken', service: 'n1:45454' }
    rm.answers = [{ nmTokens: [{ nodeId: { host: 'n1', port: 45454 }, token: nmToken }] }]
    await client.allocate()
    expect(client.nmToken({ host: 'n1', port: 45454 })).toMatchObject({ kind: 'NMToken' })
    expect(client.nmToken({ host: 'n2', port: 45454 })).toBeUndefined()
  })

  it('goes on with a token that was rolled', async () => {
    await connect()
    await client.registerApplicationMaster({})
    rm.answers = [{ amRmToken: token }]
    await client.allocate()
    await client.allocate()
    expect(rm.allocates).toHaveLength(2)
  })

  it('waits for a ResourceManager that is away', async () => {
    await connect()
    await client.registerApplicationMaster({})
    const { port } = rm.server
    await rm.server.close()
    const answer = client.allocate()
    const before = rm
    rm = new FakeResourceManager()
    rm.registered = true
    await rm.server.listen(port)
    await answer
    expect(before.allocates).toHaveLength(0)
    expect(rm.allocates).toHaveLength(1)
  })
})
