/**
 * Feeds the life cycles of containers and applications, and carries out their effects: localises, launches, watches,
 * ends, cleans up. Everything runs on one queue in order, so an effect may lead to events at once.
 */
import { symlinkSync, mkdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Logger } from '../../common/daemon/daemon.js'
import type { LocalizationStatusProtoInit } from '../../common/proto/gen/container-management.js'
import { type ContainerLaunchContextProto, LogAggregationContextProto } from '../../common/proto/gen/yarn.js'
import { type ApplicationId, formatApplicationId, parseApplicationId, parseContainerId } from '../../common/records/ids.js'
import { EXIT } from '../../common/records/states.js'
import { type ApplicationEffect, type ApplicationEvent, type ApplicationLife, newApplicationLife, stepApplication } from '../core/application.js'
import { type ContainerEffect, type ContainerEvent, type RecoveredProgress, mayRetry, stepContainer } from '../core/container.js'
import { ContainerProcess } from '../launcher/launch.js'
import type { Localizer } from '../localizer/localizer.js'
import type { LogHandler } from '../logs/handler.js'
import type { ContainersMonitor } from '../monitor/containers.js'
import { type LocalDirs, isDiskFull, writeFailure } from '../monitor/disks.js'
import type { NodeStore } from '../store/store.js'
import { type NodeContainer, resourceOfContainer, wantResources } from './container.js'
import { exitDiagnostics, launchException, timestamp } from './diagnostics.js'
import { launchContainer, linksOf, placeContainer, privateDirOf } from './launching.js'
import { type Deletions, applicationDir, makeApplicationDirs, privateDir } from './layout.js'
import { NodeMetrics } from './metrics.js'
import type { Settings } from './settings.js'

export interface NodeApplication {
  readonly id: ApplicationId
  readonly name: string
  readonly user: string
  readonly acls: readonly (readonly [type: string, acl: string])[]
  readonly logContext: LogAggregationContextProto | undefined
  readonly life: ApplicationLife
}

export interface ManagerParts {
  readonly settings: Settings
  readonly store: NodeStore
  readonly dirs: LocalDirs
  readonly localizer: Localizer
  readonly monitor: ContainersMonitor
  readonly logs: LogHandler
  readonly deletions: Deletions
  readonly log: Logger
  /** This node's address, once it is known. */
  readonly address: () => { host: string; port: number; httpPort: number }
  /** A container is done: the ResourceManager should know soon. */
  readonly onContainerDone: () => void
  readonly onApplicationFinished: (id: ApplicationId) => void
}

const MIB = 2 ** 20
const applicationOf = (containerId: string) => formatApplicationId(parseContainerId(containerId).applicationAttemptId.applicationId)
const KILLED_BY_SIGNAL: ReadonlySet<number> = new Set([EXIT.FORCE_KILLED, EXIT.TERMINATED])

export class ContainerManager {
  readonly containers = new Map<string, NodeContainer>()
  readonly applications = new Map<string, NodeApplication>()
  readonly metrics = new NodeMetrics()
  readonly #queue: (() => void)[] = []
  #draining = false

  constructor(private readonly parts: ManagerParts) {}

  /** Hands an event to a container; a container that is gone is past all events. */
  post(containerId: string, event: ContainerEvent): void {
    this.#enqueue(() => {
      const c = this.containers.get(containerId)
      if (!c) return
      const before = c.life.state
      const { state, effects } = stepContainer(c.life, event)
      if (state !== before) this.parts.log.info(`Container ${containerId} transitioned from ${before} to ${state}`)
      for (const effect of effects) this.#doContainer(c, effect)
    })
  }

  postApplication(name: string, event: ApplicationEvent): void {
    this.#enqueue(() => {
      const app = this.applications.get(name)
      if (!app) return
      const before = app.life.state
      const { state, effects } = stepApplication(app.life, event)
      if (state !== before) this.parts.log.info(`Application ${name} transitioned from ${before} to ${state}`)
      for (const effect of effects) this.#doApplication(app, effect)
    })
  }

  #enqueue(work: () => void): void {
    this.#queue.push(work)
    if (this.#draining) return
    this.#draining = true
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
        try {
          next()
        } catch (e) {
          this.parts.log.error({ err: e }, (e as Error).message)
        }
      }
    } finally {
      this.#draining = false
    }
  }

  /** Adds an application, or gives the one that is there. */
  application(name: string, user: string, acls: NodeApplication['acls'], logContext: LogAggregationContextProto | undefined): NodeApplication {
    const known = this.applications.get(name)
    if (known) return known
    const app: NodeApplication = { id: parseApplicationId(name), name, user, acls, logContext, life: newApplicationLife() }
    this.applications.set(name, app)
    this.parts.store.putApplication(name, {
      user,
      logAggregationContext: logContext && LogAggregationContextProto.encode(logContext),
      acls,
      finished: false,
    })
    this.postApplication(name, { type: 'INIT_APPLICATION' })
    return app
  }

  /** Takes a container on; its application is there. */
  add(c: NodeContainer): void {
    this.containers.set(c.containerId, c)
    this.metrics.launched++
    this.metrics.allocate(resourceOfContainer(c))
    this.postApplication(c.applicationId, { type: 'INIT_CONTAINER', container: c.containerId })
  }

  /** Takes up a container of an earlier run; its application is there. */
  takeUp(c: NodeContainer, progress: RecoveredProgress): void {
    this.containers.set(c.containerId, c)
    this.metrics.allocate(resourceOfContainer(c))
    if (progress !== 'COMPLETED') this.applications.get(c.applicationId)?.life.containers.add(c.containerId)
    // What runs needs nothing localised; it only keeps what it uses.
    const resources = progress === 'REQUESTED' ? [...c.resources.keys()] : []
    this.post(c.containerId, { type: 'INIT_CONTAINER', resources, recovered: progress })
    if (progress === 'LAUNCHED') for (const wanted of c.resources.values()) this.parts.localizer.request(c, wanted.proto)
  }

  /** The ResourceManager says that an application is over. */
  finishApplication(name: string, diagnostics: string): void {
    const stored = this.parts.store.load().applications.get(name)
    if (stored) this.parts.store.putApplication(name, { ...stored, finished: true })
    this.postApplication(name, { type: 'FINISH_APPLICATION', diagnostics })
  }

  kill(containerId: string, exitStatus: number, diagnostics: string): void {
    const c = this.containers.get(containerId)
    if (c && c.life.state !== 'DONE') this.parts.store.updateContainer(containerId, { killed: { exitStatus } })
    this.post(containerId, { type: 'KILL_CONTAINER', exitStatus, diagnostics })
  }

  /**
   * Forgets a container that is done and known to be so by the ResourceManager. As long as its application goes on the
   * store keeps it: a later run must know whose logs to aggregate.
   */
  forget(containerId: string): void {
    const c = this.containers.get(containerId)
    this.containers.delete(containerId)
    if (!c || !this.applications.has(c.applicationId)) this.parts.store.removeContainer(containerId)
  }

  /** A resource that a running container asked for later. */
  localizeWhileRunning(c: NodeContainer, resource: string): void {
    this.parts.localizer.request(c, c.resources.get(resource)!.proto)
  }

  /** Ends its process and launches anew, with another launch context or the same. */
  reinitialize(c: NodeContainer, context: ContainerLaunchContextProto | undefined): void {
    if (context) c.launchContext = context
    const fresh = context ? wantResources(c, context.localResources) : []
    this.post(c.containerId, { type: 'REINITIALIZE_CONTAINER', resources: fresh })
  }

  localizationStatuses(c: NodeContainer): LocalizationStatusProtoInit[] {
    return [...c.resources].flatMap(([id, wanted]) =>
      wanted.links.map((resourceKey) => ({
        resourceKey,
        localizationState: this.parts.localizer.pathOf(id) !== undefined ? ('L_COMPLETED' as const) : ('L_PENDING' as const),
      })),
    )
  }

  note(c: NodeContainer, text: string): void {
    const all = `${c.diagnostics}[${timestamp(Date.now())}]${text}`
    c.diagnostics = all.slice(Math.max(0, all.length - this.parts.settings.launch.diagnosticsSize))
    if (this.containers.has(c.containerId)) this.parts.store.updateContainer(c.containerId, { diagnostics: c.diagnostics })
  }

  #doContainer(c: NodeContainer, effect: ContainerEffect): void {
    const { monitor, localizer, deletions, log } = this.parts
    switch (effect.type) {
      case 'APPEND_DIAGNOSTICS':
        return this.note(c, effect.text)
      case 'LOCALIZE':
        return this.#localize(c, effect.resources)
      case 'LAUNCH':
        return this.#launch(c)
      case 'RELAUNCH':
        log.info(`Relaunching Container ${c.containerId} in ${effect.delay} ms`)
        this.parts.store.updateContainer(c.containerId, { restarts: c.life.restarts })
        c.relaunch = setTimeout(() => {
          c.relaunch = undefined
          this.#launch(c)
        }, effect.delay)
        return
      case 'REACQUIRE':
        return this.#reacquire(c)
      case 'START_MONITORING':
        return this.#watch(c)
      case 'CLEANUP_PROCESS':
        return this.#endProcess(c, 'Container terminated before pid file created.')
      case 'CLEANUP_FOR_REINIT':
        return this.#endProcess(c, 'Container terminated before pid file created.')
      case 'CLEANUP_RESOURCES':
        monitor.unwatch(c.containerId)
        localizer.release(c.containerId)
        if (c.workDir !== undefined) {
          for (const local of this.parts.dirs.localDirs) deletions.remove(path.join(applicationDir(local, c.user, c.applicationId), c.containerId))
          deletions.remove(privateDirOf(c))
        }
        return this.post(c.containerId, { type: 'CONTAINER_RESOURCES_CLEANEDUP' })
      case 'LINK':
        return this.#link(c, effect.resource)
      case 'FINISHED':
        return this.#finished(c, effect.outcome)
    }
  }

  #localize(c: NodeContainer, resources: readonly string[]): void {
    c.counters.millis = -Date.now()
    for (const id of resources) {
      const wanted = c.resources.get(id)
      if (!wanted) continue
      const { cached, size } = this.parts.localizer.request(c, wanted.proto)
      if (cached) {
        c.counters.filesCached++
        c.counters.bytesCached += size
      } else {
        c.counters.filesMissed++
        c.counters.bytesMissed += size
      }
    }
  }

  #launch(c: NodeContainer): void {
    const { dirs, settings, store, address, localizer } = this.parts
    if (c.counters.millis < 0) {
      c.counters.millis += Date.now()
      this.metrics.localizations++
      this.metrics.localizationMillis += c.counters.millis
    }
    const began = performance.now()
    try {
      if (!dirs.healthy) return this.#failedToLaunch(c, EXIT.DISKS_FAILED, `Most of the disks failed. ${dirs.healthReport}`)
      const place = c.workDir !== undefined && c.logDir !== undefined ? { workDir: c.workDir, logDir: c.logDir } : placeContainer(c, dirs)
      Object.assign(c, place)
      // Before the process: a NodeManager that dies now looks for it when it comes back.
      store.updateContainer(c.containerId, { progress: 'LAUNCHED', ...place })
      const { host, port, httpPort } = address()
      c.process = launchContainer(c, { settings, dirs, nmHost: host, nmPort: port, nmHttpPort: httpPort, pathOf: (id) => localizer.pathOf(id) }, (code) =>
        this.#exited(c, code),
      )
    } catch (e) {
      const failure = writeFailure(e, c.workDir ?? dirs.localDirs.join()) as Error
      if (isDiskFull(e)) dirs.check()
      this.parts.log.warn({ err: e }, `Failed to launch container ${c.containerId}`)
      return this.#failedToLaunch(c, dirs.healthy ? EXIT.INVALID : EXIT.DISKS_FAILED, failure.message)
    }
    c.launchedAt = Date.now()
    this.metrics.launchDurations++
    this.metrics.launchMillis += performance.now() - began
    this.post(c.containerId, { type: 'CONTAINER_LAUNCHED' })
  }

  #failedToLaunch(c: NodeContainer, exitCode: number, diagnostics: string): void {
    this.post(c.containerId, { type: 'CONTAINER_EXITED_WITH_FAILURE', exitCode, diagnostics, at: Date.now() })
  }

  #reacquire(c: NodeContainer): void {
    c.launchedAt = Date.now()
    c.process = ContainerProcess.reacquire(privateDirOf(c), c.containerId, this.parts.settings.launch.times, (code) => this.#exited(c, code))
    this.post(c.containerId, { type: 'CONTAINER_LAUNCHED' })
  }

  #watch(c: NodeContainer): void {
    const { memory } = this.parts.settings
    if (!memory.watched) return
    const pmemLimit = resourceOfContainer(c).memory * MIB
    this.parts.monitor.watch(c.containerId, { pid: () => c.process?.pid?.pid, pmemLimit, vmemLimit: pmemLimit * memory.vmemRatio })
  }

  #exited(c: NodeContainer, exitCode: number): void {
    const { settings, log, monitor, store } = this.parts
    monitor.unwatch(c.containerId)
    c.process = undefined
    const at = Date.now()
    const again = c.life.state === 'REINITIALIZING_AWAITING_KILL' || mayRetry(c.life, exitCode, at)
    if (!again && this.containers.has(c.containerId)) store.updateContainer(c.containerId, { progress: 'COMPLETED', exitCode })
    if (exitCode === EXIT.SUCCESS) {
      log.info(`Container ${c.containerId} succeeded `)
      return this.post(c.containerId, { type: 'CONTAINER_EXITED_WITH_SUCCESS' })
    }
    log.warn(`Container ${c.containerId} exited with a non-zero exit code ${exitCode}`)
    if (KILLED_BY_SIGNAL.has(exitCode)) {
      this.note(c, `Container killed on request. Exit code is ${exitCode}\n`)
      return this.post(c.containerId, {
        type: 'CONTAINER_KILLED_ON_REQUEST',
        exitCode,
        diagnostics: `Container exited with a non-zero exit code ${exitCode}. `,
      })
    }
    this.note(c, `${launchException(c.containerId, exitCode)}\n`)
    // A script that can't write its own log can't say so either.
    this.parts.dirs.check()
    if (this.parts.dirs.healthReport !== '') this.note(c, `${this.parts.dirs.healthReport}\n`)
    const diagnostics = exitDiagnostics(exitCode, c.logDir!, settings.launch.stderrTail, settings.launch.stderrPattern)
    this.post(c.containerId, { type: 'CONTAINER_EXITED_WITH_FAILURE', exitCode, diagnostics, at })
  }

  #endProcess(c: NodeContainer, ifNotThere: string): void {
    clearTimeout(c.relaunch)
    c.relaunch = undefined
    if (c.process && !c.process.ended) {
      c.process.kill().catch((e) => this.parts.log.error({ err: e }, `Container ${c.containerId} can't be ended`))
      return
    }
    if (c.life.state === 'KILLING') this.post(c.containerId, { type: 'CONTAINER_KILLED_ON_REQUEST', exitCode: EXIT.TERMINATED, diagnostics: ifNotThere })
  }

  /** Links a resource that was localised while the container runs. */
  #link(c: NodeContainer, resource: string): void {
    const wanted = c.resources.get(resource)
    const target = this.parts.localizer.pathOf(resource)
    if (!wanted || target === undefined || c.workDir === undefined) return
    for (const { name } of linksOf({ ...c, resources: new Map([[resource, wanted]]) }, () => target)) {
      const link = path.join(c.workDir, name)
      mkdirSync(path.dirname(link), { recursive: true })
      rmSync(link, { force: true })
      symlinkSync(target, link)
    }
  }

  #finished(c: NodeContainer, outcome: 'SUCCEEDED' | 'FAILED' | 'KILLED'): void {
    this.metrics.release(resourceOfContainer(c))
    if (outcome === 'SUCCEEDED') this.metrics.completed++
    else if (outcome === 'FAILED') this.metrics.failed++
    else this.metrics.killed++
    this.parts.store.updateContainer(c.containerId, { progress: 'COMPLETED', exitCode: c.life.exitCode })
    this.parts.logs.containerFinished(c)
    this.postApplication(c.applicationId, { type: 'APPLICATION_CONTAINER_FINISHED', container: c.containerId })
    this.parts.onContainerDone()
  }

  #doApplication(app: NodeApplication, effect: ApplicationEffect): void {
    const { dirs, log, logs, localizer, deletions, store } = this.parts
    switch (effect.type) {
      case 'INIT_RESOURCES':
        try {
          makeApplicationDirs(dirs, app.user, app.name)
        } catch (e) {
          // Its containers will say so, each in its own diagnostics.
          log.error({ err: e }, `The folders of ${app.name} can't be made`)
          dirs.check()
        }
        logs.applicationStarted(app)
        return this.postApplication(app.name, { type: 'APPLICATION_INITED' })
      case 'INIT_CONTAINER': {
        const c = this.containers.get(effect.container)
        if (c) this.post(effect.container, { type: 'INIT_CONTAINER', resources: [...c.resources.keys()] })
        return
      }
      case 'KILL_CONTAINER':
        return this.kill(effect.container, effect.exitStatus, effect.diagnostics)
      case 'CLEANUP_RESOURCES':
        localizer.destroyApplication(app.user, app.name)
        for (const local of dirs.localDirs) {
          deletions.remove(applicationDir(local, app.user, app.name))
          deletions.remove(privateDir(local, app.name))
        }
        return this.postApplication(app.name, { type: 'APPLICATION_RESOURCES_CLEANEDUP' })
      case 'HANDLE_LOGS':
        this.parts.onApplicationFinished(app.id)
        logs.applicationFinished(app).then(
          () => this.postApplication(app.name, { type: 'APPLICATION_LOG_HANDLING_FINISHED' }),
          (e) => {
            log.error({ err: e }, `The logs of ${app.name} could not be aggregated; they stay in ${dirs.logDirs.map((d) => path.join(d, app.name)).join(', ')}`)
            this.postApplication(app.name, { type: 'APPLICATION_LOG_HANDLING_FAILED' })
          },
        )
        return
      case 'FORGET':
        this.applications.delete(app.name)
        store.removeApplication(app.name)
        for (const id of store.load().containers.keys()) if (applicationOf(id) === app.name && !this.containers.has(id)) store.removeContainer(id)
        return
    }
  }

  get hostAttributes(): { name: string; ips: string } {
    return { name: os.hostname(), ips: '127.0.0.1' }
  }
}
