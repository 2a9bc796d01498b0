import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HadoopException, ERRORS } from '../../../common/errors.js'
import { applicationClientProtocol } from '../../../common/protocols/application-client.js'
import { applicationMasterProtocol } from '../../../common/protocols/application-master.js'
import { haServiceProtocol } from '../../../common/protocols/ha-service.js'
import { resourceTracker } from '../../../common/protocols/resource-tracker.js'
import { resourceManagerAdministrationProtocol } from '../../../common/protocols/resourcemanager-administration.js'
import { RpcClient, parseAddress } from '../../../common/rpc/client.js'
import type { Protocol } from '../../../common/rpc/protocol.js'
import { LEFT_OUT, type LeftOut } from '../../../resourcemanager/rpc/left-out.js'
import { Folder, TestRm } from '../../integration/resourcemanager/harness.js'

// The list is written anew by `npx vitest run test/golden/resourcemanager-rpc --update`.
const LIST = path.resolve(import.meta.dirname, '../../../docs/resourcemanager-rpc.md')

const SERVED: { protocol: Protocol; port: 'client' | 'scheduler' | 'tracker' | 'admin' }[] = [
  { protocol: applicationClientProtocol, port: 'client' },
  { protocol: applicationMasterProtocol, port: 'scheduler' },
  { protocol: resourceTracker, port: 'tracker' },
  { protocol: resourceManagerAdministrationProtocol, port: 'admin' },
  { protocol: haServiceProtocol, port: 'admin' },
]

const shortName = (p: Protocol) => p.name.replace(/^.*\./, '').replace(/PB$/, '')
const leftOut = (method: string): LeftOut | undefined => (LEFT_OUT as Record<string, LeftOut>)[method]

let folder: Folder
let rm: TestRm
beforeAll(async () => {
  folder = new Folder()
  rm = await TestRm.start(folder)
})
afterAll(async () => {
  await rm.stop()
  folder.remove()
})

/** What an empty request is answered with. */
async function refusalOf(protocol: Protocol, port: string, method: string): Promise<HadoopException | undefined> {
  const client = new RpcClient(protocol, [parseAddress(rm.addresses[port]!)], { user: os.userInfo().username })
  try {
    await client.call(method, { profile: 'p', reqInfo: { reqSource: 'REQUEST_BY_USER' } })
    return undefined
  } catch (e) {
    return e as HadoopException
  } finally {
    client.close()
  }
}

describe('the ResourceManager’s protocols', () => {
  const methods = SERVED.flatMap(({ protocol, port }) =>
    Object.keys(protocol.methods).map((method) => ({ protocol, port, method, name: `${shortName(protocol)}.${method}` })),
  )

  it.each(methods.filter((m) => m.port !== 'scheduler' && leftOut(m.method)))('$name says why it is not carried out', async ({ protocol, port, method }) => {
    const { error, message } = leftOut(method)!
    expect(await refusalOf(protocol, port, method)).toMatchObject({ className: ERRORS[error].className, message })
  })

  it.each(methods.filter((m) => m.port === 'client' && !leftOut(m.method)))('$name is carried out', async ({ protocol, port, method }) => {
    const refusal = await refusalOf(protocol, port, method)
    expect(refusal?.className ?? '').not.toMatch(/RpcNoSuchMethodException|UnsupportedOperationException|RuntimeException$/)
  })

  it('are listed with what is left out of them', async () => {
    const out = methods.filter((m) => leftOut(m.method))
    const lines = [
      '# What the ResourceManager answers over RPC',
      '',
      `${methods.length} methods in ${SERVED.length} protocols; ${methods.length - out.length} are carried out, ${out.length} are answered with an error:`,
      '',
      '| method | answer | why |',
      '|---|---|---|',
      ...out.map((m) => `| ${m.name} | ${leftOut(m.method)!.error} | ${leftOut(m.method)!.reason} |`),
      '',
    ]
    await expect(lines.join('\n')).toMatchFileSnapshot(LIST)
  })
})
