/** The real ResourceManager as a process, with a folder of configuration that ours reads too. */
import { createWriteStream } from 'node:fs'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { loadConfiguration } from '../../../common/config/configuration.js'
import { RpcClient, type RpcToken } from '../../../common/rpc/client.js'
import type { Protocol } from '../../../common/rpc/protocol.js'
import { rmAddress } from '../../../common/yarn-client/addresses.js'
import { formatAddress } from '../../../common/rpc/client.js'
import type { Rm } from '../../integration/resourcemanager/harness.js'
import { until } from '../cluster.js'
import { resourceManager } from '../peers/layout.js'

export interface RealRm extends Rm {
  stop(): Promise<void>
}

/** @param confDir with the addresses of every service */
export async function startReal(confDir: string): Promise<RealRm> {
  const log = path.join(confDir, 'resourcemanager.log')
  const child = resourceManager(confDir)
  const out = createWriteStream(log)
  child.stdout!.pipe(out)
  child.stderr!.pipe(out)
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const conf = loadConfiguration(confDir, 'resourcemanager')
  const web = `http://${formatAddress(rmAddress(conf, 'web'))}`
  const clients: { close(): void }[] = []
  const stop = async () => {
    for (const c of clients) c.close()
    child.kill('SIGKILL')
    await ended
  }
  try {
    await until('the real ResourceManager answers', async () => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}:\n${readFileSync(log, 'utf8').slice(-3000)}`)
      // Its pages are there before it is active.
      return fetch(`${web}/ws/v1/cluster/info`).then(
        async (r) => r.ok && ((await r.json()) as { clusterInfo: { haState: string } }).clusterInfo.haState === 'ACTIVE',
        () => false,
      )
    })
  } catch (e) {
    await stop()
    throw e
  }
  return {
    web,
    connect<P extends Protocol>(protocol: P, service: 'client' | 'scheduler' | 'tracker' | 'admin', user: string, token?: RpcToken) {
      const client = new RpcClient(protocol, [rmAddress(conf, service)], { user, ...(token && { token }) })
      clients.push(client)
      return client.proxy
    },
    stop,
  }
}
