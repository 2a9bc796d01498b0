/** What an active ResourceManager serves over RPC: clients, application masters and NodeManagers, each on a port of its own. */
import { applicationClientProtocol } from '../../common/protocols/application-client.js'
import { applicationMasterProtocol } from '../../common/protocols/application-master.js'
import { resourceTracker } from '../../common/protocols/resource-tracker.js'
import { RpcServer } from '../../common/rpc/server.js'
import { clientService } from '../rpc/client-service.js'
import { delegationAuthenticator } from '../rpc/delegation-tokens.js'
import { amRmAuthenticator, masterService } from '../rpc/master-service.js'
import { trackerService } from '../rpc/tracker-service.js'
import type { ResourceManager } from './resource-manager.js'

export interface ActiveServices {
  readonly ports: Readonly<Record<'client' | 'scheduler' | 'tracker', number>>
  stop(): Promise<void>
}

/** @param guard called before each call; throws when this process may not serve after all */
export async function startActiveServices(rm: ResourceManager, guard: () => void): Promise<ActiveServices> {
  const { settings, log } = rm
  const onError = (error: unknown, method: string) => log.error({ err: error }, `${method} failed`)
  const common = { onError, before: guard }
  const servers = {
    client: new RpcServer({ ...common, tokens: delegationAuthenticator(rm) }).serve(applicationClientProtocol, clientService(rm)),
    scheduler: new RpcServer({ ...common, tokens: amRmAuthenticator(rm), tokenRequired: true }).serve(applicationMasterProtocol, masterService(rm)),
    tracker: new RpcServer(common).serve(resourceTracker, trackerService(rm)),
  }
  const stop = async () => {
    await Promise.all(Object.values(servers).map((s) => s.close()))
  }
  const listen = (name: keyof typeof servers) => listenOn(servers[name], settings.addresses[name].port, settings.bindHosts[name], name)
  try {
    const [client, scheduler, tracker] = await Promise.all([listen('client'), listen('scheduler'), listen('tracker')])
    return { ports: { client, scheduler, tracker }, stop }
  } catch (e) {
    await stop()
    throw e
  }
}

/** @throws Error naming the port and what it was for */
export async function listenOn(server: RpcServer, port: number, host: string, what: string): Promise<number> {
  try {
    return await server.listen(port, host)
  } catch (e) {
    throw portProblem(e, port, host, what)
  }
}

/** What a person is told of a port that could not be listened on. */
export function portProblem(e: unknown, port: number, host: string, what: string): Error {
  const { code, message } = e as NodeJS.ErrnoException
  const text = code === 'EADDRINUSE' ? `port ${port} on ${host}, the ResourceManager's ${what} port, is taken by another process` : `${what} port: ${message}`
  return new Error(text, { cause: e })
}
