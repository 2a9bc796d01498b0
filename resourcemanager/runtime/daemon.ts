/**
 * The process: what it serves always (administration, web) and what only the active one serves (clients, application masters,
 * NodeManagers). Alone, it becomes active at once; as one of a pair it waits for the lease.
 */
import { exception } from '../../common/errors.js'
import type { Logger, RunningDaemon } from '../../common/daemon/daemon.js'
import { getUserMappingsProtocol } from '../../common/protocols/get-user-mappings.js'
import { haServiceProtocol } from '../../common/protocols/ha-service.js'
import { refreshUserMappingsProtocol } from '../../common/protocols/refresh-user-mappings.js'
import { resourceManagerAdministrationProtocol } from '../../common/protocols/resourcemanager-administration.js'
import { RpcServer } from '../../common/rpc/server.js'
import type { Groups } from '../../common/security/groups.js'
import { buildRmWeb } from '../rest/web.js'
import { adminService, refreshUserMappings, userMappings } from '../rpc/admin-service.js'
import { haService } from '../rpc/ha-service.js'
import type { AclCheck } from './acl.js'
import { type Election, startElection } from './election.js'
import { ResourceManager } from './resource-manager.js'
import { type ActiveServices, listenOn, portProblem, startActiveServices } from './services.js'
import type { Settings } from './settings.js'

export interface DaemonOptions {
  readonly settings: Settings
  readonly groups: Groups
  readonly acl: AclCheck
  readonly logDir: string
  readonly log: Logger
  readonly fatal: (error: unknown) => never
}

/** What is there while this process is the active one. */
interface Active {
  readonly rm: ResourceManager
  readonly services: ActiveServices
}

export async function startDaemon(options: DaemonOptions): Promise<RunningDaemon> {
  const { settings, log, groups, acl } = options
  const startedAt = Date.now()
  let active: Active | undefined
  let election: Election | undefined

  /** A lease that ran out while this process did not run: the other one may be active by now. */
  const guard = () => {
    if (election && !election.holds()) throw exception('StandbyException', `ResourceManager ${settings.id} has lost its lease`)
  }
  const activate = async () => {
    const rm = new ResourceManager({
      settings,
      groups,
      log,
      // What was answered before is durable; nothing more may be answered.
      onFailure: (e) => (settings.id === undefined ? options.fatal(e) : election?.fenced(e)),
    })
    try {
      active = { rm, services: await startActiveServices(rm, guard) }
    } catch (e) {
      rm.stop()
      throw e
    }
  }
  const deactivate = async () => {
    const was = active
    active = undefined
    await was?.services.stop()
    was?.rm.stop()
  }

  const requireActive = (forWhat: string): ResourceManager => {
    if (active) return active.rm
    throw exception('StandbyException', `ResourceManager ${settings.id ?? ''} is not Active. Can not ${forWhat}`)
  }
  const adminOptions = {
    active: requireActive,
    confDir: settings.confDir,
    acl,
    refreshGroups: () => groups.refresh(),
    groupsOf: (user: string) => groups.of(user),
  }
  const admin = new RpcServer({ onError: (error, method) => log.error({ err: error }, `${method} failed`) })
    .serve(resourceManagerAdministrationProtocol, adminService(adminOptions))
    .serve(getUserMappingsProtocol, userMappings(adminOptions))
    .serve(refreshUserMappingsProtocol, refreshUserMappings(adminOptions))
    .serve(haServiceProtocol, haService({ settings, acl, election: () => election, isActive: () => active !== undefined }))
  const web = buildRmWeb({ settings, logDir: options.logDir, log, acl, startedAt, active: () => active?.rm })

  const listenWeb = async () => {
    const { port } = settings.addresses.web
    try {
      await web.listen({ port, host: settings.bindHosts.web })
    } catch (e) {
      throw portProblem(e, port, settings.bindHosts.web, 'web')
    }
    return (web.server.address() as { port: number }).port
  }
  const stop = async () => {
    await election?.stop()
    await Promise.all([admin.close(), web.close()])
    await deactivate()
  }
  // All of them are waited for before one that failed is told: nothing is left behind.
  const listening = await Promise.allSettled([
    listenOn(admin, settings.addresses.admin.port, settings.bindHosts.admin, 'administration'),
    listenWeb(),
    settings.id === undefined ? activate() : undefined,
  ])
  const [adminPort, webPort] = listening.map((l) => (l.status === 'fulfilled' ? (l.value ?? 0) : 0)) as [number, number]
  try {
    for (const l of listening) if (l.status === 'rejected') throw l.reason
    if (settings.id !== undefined) election = await startElection({ settings, log, activate, deactivate, onFailure: options.fatal })
  } catch (e) {
    await stop()
    throw e
  }

  const at = (host: string, port: number) => `${host}:${port}`
  const { addresses } = settings
  return {
    addresses: {
      admin: at(addresses.admin.host, adminPort),
      web: at(addresses.web.host, webPort),
      client: at(addresses.client.host, active?.services.ports.client ?? addresses.client.port),
      scheduler: at(addresses.scheduler.host, active?.services.ports.scheduler ?? addresses.scheduler.port),
      tracker: at(addresses.tracker.host, active?.services.ports.tracker ?? addresses.tracker.port),
    },
    stop,
  }
}
