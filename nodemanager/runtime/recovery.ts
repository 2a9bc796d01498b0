/** Taking up what an earlier run left: containers go on, finished ones are reported (Hadoop's ContainerManagerImpl.recover). */
import { existsSync, readdirSync, renameSync } from 'node:fs'
import path from 'node:path'
import type { Logger } from '../../common/daemon/daemon.js'
import { StartContainerRequestProto } from '../../common/proto/gen/container-management.js'
import { ContainerTokenIdentifierProto } from '../../common/proto/gen/yarn-security.js'
import { LogAggregationContextProto } from '../../common/proto/gen/yarn.js'
import { isAlive, readPidFile, signalGroup } from '../launcher/process.js'
import { pidFileOf } from '../launcher/launch.js'
import type { Localizer } from '../localizer/localizer.js'
import type { StoreContents, StoredContainer } from '../store/store.js'
import { newContainer } from './container.js'
import type { ContainerManager } from './container-manager.js'
import type { Deletions } from './layout.js'

export function recover(stored: StoreContents, manager: ContainerManager, localizer: Localizer, log: Logger): void {
  localizer.recover(stored.resources.values())
  for (const [name, app] of stored.applications) {
    manager.application(name, app.user, app.acls, app.logAggregationContext && LogAggregationContextProto.decode(app.logAggregationContext))
  }
  for (const [name, s] of stored.containers) {
    log.info(`Recovering ${name} in state ${s.progress}${s.exitCode === undefined ? '' : ` with exit code ${s.exitCode}`}`)
    recoverContainer(name, s, manager, log)
  }
  for (const [name, app] of stored.applications) if (app.finished) manager.finishApplication(name, 'Application killed by ResourceManager')
}

function recoverContainer(name: string, s: StoredContainer, manager: ContainerManager, log: Logger): void {
  const request = StartContainerRequestProto.decode(s.request)
  const identifier = s.token ?? request.containerToken?.identifier
  if (!identifier || !request.containerLaunchContext) {
    log.error(`${name} is stored without token or launch context and is given up`)
    return manager.forget(name)
  }
  const c = newContainer(ContainerTokenIdentifierProto.decode(identifier), request, s.startTime)
  c.diagnostics = s.diagnostics ?? ''
  c.workDir = s.workDir
  c.logDir = s.logDir
  c.life.restarts = [...(s.restarts ?? [])]
  if (s.killed) c.life.exitCode = s.killed.exitStatus
  if (s.progress === 'COMPLETED' && s.exitCode !== undefined) c.life.exitCode = s.exitCode
  manager.takeUp(c, s.progress)
  // Asked to end before the NodeManager died, and perhaps never told to.
  if (s.killed && s.progress !== 'COMPLETED') manager.kill(name, s.killed.exitStatus, 'Due to invalid StateStore info container was killed during recovery')
}

/**
 * Without recovery nothing of an earlier run is of use: its containers are ended, its folders removed. A container is
 * known by its pid file and the start time beside it.
 */
export function clearLeftovers(localDirs: readonly string[], deletions: Deletions, log: Logger): void {
  for (const local of localDirs) {
    const own = path.join(local, 'nmPrivate')
    for (const app of list(own)) {
      for (const container of list(path.join(own, app))) {
        const id = readPidFile(pidFileOf(path.join(own, app, container), container))
        if (id?.start !== undefined && isAlive(id)) {
          log.warn(`${container} of an earlier run still runs as pid ${id.pid}; it is ended`)
          signalGroup(id, 'SIGKILL')
        }
      }
    }
    for (const dir of ['nmPrivate', 'usercache', 'filecache']) {
      const old = path.join(local, dir)
      if (!existsSync(old)) continue
      // Out of the way at once; what is new may be made while the old is still being removed.
      const aside = `${old}_DEL_${Date.now()}`
      renameSync(old, aside)
      deletions.removeNow(aside)
    }
    for (const dir of list(local)) if (/_DEL_\d+$/.test(dir)) deletions.removeNow(path.join(local, dir))
  }
}

function list(dir: string): string[] {
  return existsSync(dir) ? readdirSync(dir) : []
}
