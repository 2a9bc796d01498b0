import { afterEach, describe, expect, it } from 'vitest'
import { Configuration } from '../../../common/config/configuration.js'
import { exception, isException } from '../../../common/errors.js'
import type { ContainerProto } from '../../../common/proto/gen/yarn.js'
import { containerManagementProtocol } from '../../../common/protocols/container-management.js'
import { containerIdOfProto } from '../../../common/protocols/records.js'
import type { Handlers } from '../../../common/rpc/protocol.js'
import { RpcServer } from '../../../common/rpc/server.js'
import { newMasterKey, tokenPassword } from '../../../common/security/tokens.js'
import { NMClient } from '../../../common/yarn-client/index.js'

const key = newMasterKey(1)
const identifier = Buffer.from('attempt 1 on this node')
const nmToken = { identifier, password: tokenPassword(identifier, key), kind: 'NMToken', service: '' }
const id = { appAttemptId: { applicationId: { id: 1, clusterTimestamp: 1_700_000_000_000 }, attemptId: 1 }, id: 2 }
const name = 'container_1700000000000_0001_01_000002'
const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const o of open.splice(0)) await o.close()
})

async function node(handlers: Handlers<typeof containerManagementProtocol>) {
  const server = new RpcServer({ tokens: { passwordOf: (i) => tokenPassword(i, key), userOf: () => 'attempt' }, tokenRequired: true }).serve(
    containerManagementProtocol,
    handlers,
  )
  const nodeId = { host: '127.0.0.1', port: await server.listen(0) }
  const client = new NMClient(new Configuration())
  open.push(client, server)
  const container = { id, nodeId, containerToken: { identifier: Buffer.from('t'), password: Buffer.from('p'), kind: 'ContainerToken', service: '' } }
  return { client, nodeId, container: container as unknown as ContainerProto }
}

describe('NMClient', () => {
  it('starts a container with its token and gives what the auxiliary services answer', async () => {
    let started: unknown
    const { client, container } = await node({
      startContainers: (request) => {
        started = request.startContainerRequest[0]
        return { succeededRequests: [id], servicesMetaData: [{ key: 'mapreduce_shuffle', value: Buffer.from('x') }] }
      },
    })
    const services = await client.startContainer(container, nmToken, { command: ['true'] })
    expect(started).toMatchObject({ containerLaunchContext: { command: ['true'] }, containerToken: { kind: 'ContainerToken' } })
    expect(Buffer.from(services.get('mapreduce_shuffle')!).toString()).toBe('x')
  })

  it("throws the NodeManager's reason when it refuses one container", async () => {
    const refusal = { className: 'org.apache.hadoop.yarn.exceptions.InvalidContainerException', message: 'No such container' }
    const { client, nodeId, container } = await node({
      startContainers: () => ({ failedRequests: [{ containerId: id, exception: refusal }] }),
      stopContainers: () => ({ failedRequests: [{ containerId: id, exception: refusal }] }),
    })
    const failure = await client.startContainer(container, nmToken, {}).catch((e) => e)
    expect(isException(failure, 'InvalidContainerException')).toBe(true)
    await expect(client.stopContainer(containerIdOfProto(id), nodeId, nmToken)).rejects.toThrow('No such container')
  })

  it('waits for a NodeManager that is not ready yet', async () => {
    let tries = 0
    const { client, container } = await node({
      startContainers: () => {
        if (++tries < 3) throw exception('NMNotYetReadyException', 'Rejecting new containers as NodeManager has not yet connected with ResourceManager')
        return { succeededRequests: [id] }
      },
    })
    await client.startContainer(container, nmToken, {})
    expect(tries).toBe(3)
  })

  it('tells when nothing was answered about a container', async () => {
    const { client, nodeId } = await node({ getContainerStatuses: () => ({}) })
    await expect(client.getContainerStatus(containerIdOfProto(id), nodeId, nmToken)).rejects.toThrow(`answered nothing about ${name}`)
  })

  it('is refused with the token of another key', async () => {
    const { client, container } = await node({ startContainers: () => ({}) })
    await expect(client.startContainer(container, { ...nmToken, password: Buffer.alloc(20) }, {})).rejects.toThrow()
  })
})
