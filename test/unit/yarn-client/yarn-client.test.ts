import { afterEach, describe, expect, it } from 'vitest'
import { Configuration } from '../../../common/config/configuration.js'
import { exception, isException } from '../../../common/errors.js'
import type { YarnApplicationStateProto } from '../../../common/proto/gen/application-client.js'
import { applicationClientProtocol } from '../../../common/protocols/application-client.js'
import type { Handlers } from '../../../common/rpc/protocol.js'
import { RpcServer } from '../../../common/rpc/server.js'
import { YarnClient, rmAddresses } from '../../../common/yarn-client/index.js'

const id = { clusterTimestamp: 1_700_000_000_000, id: 3 }
const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const o of open.splice(0)) await o.close()
})

async function serve(handlers: Handlers<typeof applicationClientProtocol>): Promise<number> {
  const server = new RpcServer().serve(applicationClientProtocol, handlers)
  open.push(server)
  return server.listen(0)
}

function clientOf(conf: Configuration): YarnClient {
  const client = new YarnClient(conf, { user: 'alice' })
  open.unshift(client)
  return client
}

const single = (port: number) => new Configuration().set('yarn.resourcemanager.address', `127.0.0.1:${port}`)

describe('YarnClient', () => {
  it('returns from a submission once the application was accepted', async () => {
    const states: YarnApplicationStateProto[] = ['NEW_SAVING', 'SUBMITTED', 'ACCEPTED', 'RUNNING']
    let user = ''
    const port = await serve({
      submitApplication: (_, call) => {
        user = call.user
        return {}
      },
      getApplicationReport: () => ({ applicationReport: { yarnApplicationState: states.shift()! } }),
    })
    expect(await clientOf(single(port)).submitApplication({ applicationId: id })).toEqual(id)
    expect(user).toBe('alice')
    expect(states).toEqual(['RUNNING'])
  })

  it("fails with the ResourceManager's diagnostics when it refuses", async () => {
    const diagnostics = 'Application application_1700000000000_0003 submitted by user alice to unknown queue: nosuch'
    const port = await serve({
      submitApplication: () => ({}),
      getApplicationReport: () => ({ applicationReport: { yarnApplicationState: 'FAILED', diagnostics } }),
    })
    await expect(clientOf(single(port)).submitApplication({ applicationId: id })).rejects.toThrow(
      `Failed to submit application_1700000000000_0003 to YARN : ${diagnostics}`,
    )
  })

  it('submits again to a ResourceManager that took over without knowing of it', async () => {
    let submissions = 0
    const port = await serve({
      submitApplication: () => {
        submissions++
        return {}
      },
      getApplicationReport: () => {
        if (submissions < 2) throw exception('ApplicationNotFoundException', "Application with id 'x' doesn't exist in RM.")
        return { applicationReport: { yarnApplicationState: 'ACCEPTED' } }
      },
    })
    await clientOf(single(port)).submitApplication({ applicationId: id })
    expect(submissions).toBe(2)
  })

  it('needs an id to submit', async () => {
    const failure = await clientOf(single(1))
      .submitApplication({})
      .catch((e) => e)
    expect(isException(failure, 'ApplicationIdNotProvidedException')).toBe(true)
  })

  it('kills until the application has ended', async () => {
    let asked = 0
    const port = await serve({ forceKillApplication: () => ({ isKillCompleted: ++asked === 3 }) })
    await clientOf(single(port)).forceKillApplication(id)
    expect(asked).toBe(3)
  })

  it('finds the active one of a pair', async () => {
    const standby = await serve({
      getClusterMetrics: () => {
        throw exception('StandbyException', 'ResourceManager rm1 is not Active!')
      },
    })
    const active = await serve({ getClusterMetrics: () => ({ clusterMetrics: { numNodeManagers: 2 } }) })
    const conf = new Configuration()
      .set('yarn.resourcemanager.ha.enabled', 'true')
      .set('yarn.resourcemanager.ha.rm-ids', 'rm1, rm2')
      .set('yarn.resourcemanager.address.rm1', `127.0.0.1:${standby}`)
      .set('yarn.resourcemanager.address.rm2', `127.0.0.1:${active}`)
    const client = clientOf(conf)
    expect((await client.getClusterMetrics()).numNodeManagers).toBe(2)
    expect(client.address.port).toBe(active)
  })
})

describe('the addresses of a pair', () => {
  const pair = () => new Configuration().set('yarn.resourcemanager.ha.enabled', 'true').set('yarn.resourcemanager.ha.rm-ids', 'a,b')

  it('come from host names and usual ports where they are not given', () => {
    const conf = pair().set('yarn.resourcemanager.hostname.a', 'one').set('yarn.resourcemanager.scheduler.address.b', 'two:99')
    expect(rmAddresses(conf, 'scheduler')).toEqual([
      { host: 'one', port: 8030 },
      { host: 'two', port: 99 },
    ])
  })

  it('are missed by name', () => {
    expect(() => rmAddresses(pair(), 'admin')).toThrow(
      'yarn.resourcemanager.ha.rm-ids names a, but neither yarn.resourcemanager.admin.address.a nor yarn.resourcemanager.hostname.a is set',
    )
    expect(() => rmAddresses(new Configuration().set('yarn.resourcemanager.ha.enabled', 'true'), 'client')).toThrow('names no ResourceManager')
  })

  it('are the one address where there is no pair', () => {
    expect(rmAddresses(new Configuration().set('yarn.resourcemanager.hostname', 'h'), 'web')).toEqual([{ host: 'h', port: 8088 }])
  })
})
