/**
 * The active ResourceManager: the core with its store, tokens, keys, launch contexts and launcher around it. Everything that serves
 * (RPC, REST, pages) asks it; it serves nothing itself.
 */
import { type Configuration, ConfigurationError, loadConfiguration } from '../../common/config/configuration.js'
import { yarn } from '../../common/config/keys/yarn.js'
import type { Logger } from '../../common/daemon/daemon.js'
import { exception } from '../../common/errors.js'
import { assertNever } from '../../common/lang/index.js'
import {
  type ApplicationId,
  type NodeId,
  formatApplicationId,
  formatAttemptId,
  formatContainerId,
  formatNodeId,
  parseNodeId,
} from '../../common/records/ids.js'
import { type Resource, formatResource } from '../../common/records/resource.js'
import { formatAddress } from '../../common/rpc/client.js'
import type { Groups } from '../../common/security/groups.js'
import {
  type Answer,
  type ApplicationSubmission,
  type Core,
  type Effect,
  type Event,
  type PersistEffect,
  type RefreshNodes,
  coreConfig,
  createCore,
} from '../core/index.js'
import { openMemoryStore } from '../store/memory.js'
import { openSqliteStore } from '../store/sqlite.js'
import type { SettingName, StateStore, StoreOperation } from '../store/state-store.js'
import { type Clock, createClock } from './clock.js'
import { Contexts } from './contexts.js'
import { type EventLog, openEventLog } from './event-log.js'
import { DelegationTokens } from './delegation-tokens.js'
import { Hosts } from './hosts.js'
import { type KeyRolling, startKeyRolling } from './key-rolling.js'
import { type Launcher, createLauncher } from './launcher.js'
import { type Racks, createRacks } from '../../common/net/racks.js'
import { type SchedulerConfChange, changedSchedulerConf } from './scheduler-conf.js'
import { type Settings, coreProperties, namingAllocations, readAllocations, readHostList, readSchedulerFile } from './settings.js'
import { Stepper } from './stepper.js'
import { KEY_KINDS, Tokens, decodeKeys } from './tokens.js'

export interface ResourceManagerOptions {
  readonly settings: Settings
  readonly groups: Groups
  readonly log: Logger
  /** The store failed or was taken over: this process must stop serving. */
  readonly onFailure: (error: unknown) => void
  readonly clock?: Clock
  readonly store?: StateStore
}

/** What the core persists of node labels; nodes by HOST or HOST:PORT. */
interface StoredLabels {
  readonly labels: readonly { readonly name: string; readonly exclusive: boolean }[]
  readonly nodes: readonly (readonly [string, readonly string[]])[]
}

/** As AllocationFileLoaderService looks. */
const ALLOCATIONS_INTERVAL = 10_000

interface SchedulerConf {
  readonly properties: Record<string, string>
  readonly version: number
}

export class ResourceManager {
  readonly settings: Settings
  readonly groups: Groups
  readonly log: Logger
  readonly core: Core
  readonly clock: Clock
  readonly tokens: Tokens
  readonly contexts = new Contexts()
  readonly hosts = new Hosts()
  readonly delegation: DelegationTokens
  readonly racks: Racks
  /** Milliseconds that a container token stays valid. */
  readonly allocationExpiry: number
  /** HOST:PORT of the web proxy, as tracking URLs name it. */
  readonly proxyAddress: string
  /** When it became active; the part of new ids that tells it from earlier ones. */
  readonly clusterTimestamp: number
  readonly #store: StateStore
  readonly #stepper: Stepper
  readonly #launcher: Launcher
  readonly #eventLog: EventLog | undefined
  readonly #keyRolling: KeyRolling
  readonly #allocationsWatch: NodeJS.Timeout
  /** By application: asked for with every container token. */
  readonly #users = new Map<string, string>()
  #schedulerConf: SchedulerConf
  #lastApplication = 0

  constructor(options: ResourceManagerOptions) {
    const { settings, log } = options
    const { conf } = settings
    this.settings = settings
    this.groups = options.groups
    this.log = log
    this.clock = options.clock ?? createClock()
    this.clusterTimestamp = this.clock.now()
    const allocations = readAllocations(conf, settings.confDir)
    this.#store = options.store ?? (settings.storeDir === undefined ? openMemoryStore() : openSqliteStore(settings.storeDir))
    const stored = this.#store.load()
    const kept = this.schedulerConfIsMutable ? (stored.settings.get('schedulerConf') as SchedulerConf | undefined) : undefined
    this.#schedulerConf = kept ?? { properties: readSchedulerFile(settings.confDir), version: 1 }
    const config = coreConfig(coreProperties(conf, this.#schedulerConf.properties), {
      clusterTimestamp: this.clusterTimestamp,
      epoch: this.#store.epoch,
      ...(allocations !== undefined && { allocations }),
    })
    this.core = namingAllocations(conf, settings.confDir, () => createCore(config))
    const keys = Object.fromEntries(KEY_KINDS.map((kind) => [kind, decodeKeys(stored.settings.get(`keys/${kind}`))]))
    this.tokens = new Tokens({
      rmIdentifier: this.clusterTimestamp,
      resourceTypes: settings.resourceTypes,
      serviceOf: (node) => this.hosts.serviceOf(node),
      keys,
    })
    this.racks = createRacks(conf, log)
    this.delegation = new DelegationTokens(stored.settings.get('delegationTokens'))
    this.allocationExpiry = config.allocationExpiry
    this.proxyAddress = conf.optional(yarn.webProxyAddress) || formatAddress(settings.addresses.web)
    this.#launcher = createLauncher({
      tokens: this.tokens,
      contexts: this.contexts,
      addressOf: (node) => ({ host: this.hosts.addressOf(node.host), port: node.port }),
      now: () => this.clock.now(),
      allocationExpiry: config.allocationExpiry,
      connectRetries: conf.get(yarn.nmConnectRetries),
    })
    const logFile = conf.optional(yarn.rmEventLog)
    this.#eventLog = logFile ? openEventLog(logFile, config) : undefined
    this.#stepper = new Stepper({
      core: this.core,
      store: this.#store,
      clock: this.clock,
      carryOut: (effect) => this.#carryOut(effect),
      onFailure: options.onFailure,
      eventLog: this.#eventLog,
    })
    for (const { applicationId, submission } of stored.applications) {
      const id = formatApplicationId(applicationId)
      this.#users.set(id, submission.user)
      const context = stored.contexts.get(id)
      if (context) this.contexts.put(applicationId, context)
    }
    if (stored.applications.length > 0) log.info(`recovers ${stored.applications.length} applications, epoch ${this.#store.epoch}`)
    this.#recoverLabels(stored.settings.get('nodeLabels') as StoredLabels | undefined)
    void this.step({ type: 'recover', applications: stored.applications })
    void this.refreshNodes(conf, 'NORMAL', undefined)
    this.#allocationsWatch = this.#watchAllocations(allocations)
    this.#keyRolling = startKeyRolling(this.tokens, conf, (kind, state) =>
      this.persist([{ op: 'putSetting', name: `keys/${kind}` satisfies SettingName, value: state }]),
    )
  }

  /** Labels come first: what applications ask for is checked against them. */
  #recoverLabels(stored: StoredLabels | undefined): void {
    if (!stored) return
    const nodes = stored.nodes.map(([where, labels]) => ({ nodeId: where.includes(':') ? parseNodeId(where) : { host: where, port: 0 }, labels }))
    if (stored.labels.length > 0) void this.step({ type: 'addNodeLabels', labels: stored.labels })
    if (nodes.length > 0) void this.step({ type: 'replaceLabelsOnNodes', nodes })
  }

  /** One step of the core. @throws what the core wants the caller to get */
  step<E extends Event>(event: E, alongside?: readonly StoreOperation[]): Answer<E> | Promise<Answer<E>> {
    return this.#stepper.step(event, alongside)
  }

  /**
   * Submits an application. One that is known already was submitted before: that is no error.
   * @param context the submission context as the client sent it, kept for the launch
   */
  submit(submission: ApplicationSubmission, context: Uint8Array, callerAddress: string): void | Promise<void> {
    const { applicationId } = submission
    const id = formatApplicationId(applicationId)
    if (this.#users.has(id)) return
    this.#users.set(id, submission.user)
    this.contexts.put(applicationId, context)
    const refused = (e: unknown): never => {
      // What the core refused it does not know; what it took and rejected is an application that failed.
      if (!this.core.application(applicationId, this.clock.now())) this.#forget(applicationId)
      throw e
    }
    try {
      const done = this.step({ type: 'submitApplication', submission, callerAddress }, [{ op: 'putContext', applicationId, context }])
      return done instanceof Promise ? done.catch(refused) : done
    } catch (e) {
      refused(e)
    }
  }

  /** The submitter of an application that is remembered. */
  userOf(id: ApplicationId): string {
    return this.#users.get(formatApplicationId(id)) ?? ''
  }

  /**
   * Reads the site files and the scheduler's file anew. A bad one is refused, the old configuration stays in force.
   * @throws YarnException saying what is wrong
   */
  refreshQueues(): void | Promise<void> {
    const { confDir } = this.settings
    try {
      const conf = loadConfiguration(confDir, 'resourcemanager')
      const allocations = readAllocations(conf, confDir)
      const properties = coreProperties(conf, this.#schedulerProperties())
      return namingAllocations(conf, confDir, () => this.step({ type: 'refreshQueues', properties, ...(allocations !== undefined && { allocations }) }))
    } catch (e) {
      throw e instanceof ConfigurationError ? exception('YarnException', `java.io.IOException: ${e.message}`) : e
    }
  }

  /** Whether the scheduler's configuration is kept in the state store and may be changed over REST. */
  get schedulerConfIsMutable(): boolean {
    return this.settings.conf.get(yarn.schedulerConfStore) !== 'file'
  }

  get schedulerClass(): string {
    return this.settings.conf.get(yarn.schedulerClass)
  }

  get schedulerConf(): Readonly<Record<string, string>> {
    return this.#schedulerConf.properties
  }

  /** Grows with every change. */
  get schedulerConfVersion(): number {
    return this.#schedulerConf.version
  }

  /** @returns the properties as they would be. @throws Error saying why the scheduler refuses them */
  validateSchedulerConf(change: SchedulerConfChange): Record<string, string> {
    const changed = changedSchedulerConf(this.#schedulerConf.properties, change)
    const { conf, confDir } = this.settings
    const allocations = readAllocations(conf, confDir)
    createCore(coreConfig(coreProperties(conf, changed), { clusterTimestamp: 0, ...(allocations !== undefined && { allocations }) }))
    return changed
  }

  async changeSchedulerConf(change: SchedulerConfChange): Promise<void> {
    await this.#useSchedulerConf(changedSchedulerConf(this.#schedulerConf.properties, change))
  }

  /** Back to what capacity-scheduler.xml says. */
  async formatSchedulerConf(): Promise<void> {
    await this.#useSchedulerConf(readSchedulerFile(this.settings.confDir))
  }

  /** @throws what the scheduler says when it refuses; the old configuration then stays in force */
  async #useSchedulerConf(properties: Record<string, string>): Promise<void> {
    await this.step({ type: 'refreshQueues', properties: coreProperties(this.settings.conf, properties) })
    this.#schedulerConf = { properties, version: this.#schedulerConf.version + 1 }
    await this.persist([{ op: 'putSetting', name: 'schedulerConf', value: this.#schedulerConf }])
  }

  #schedulerProperties(): Record<string, string> {
    return this.schedulerConfIsMutable ? this.#schedulerConf.properties : readSchedulerFile(this.settings.confDir)
  }

  /** The fair scheduler takes a changed allocation file by itself; a bad one is told, and the old one stays in force. */
  #watchAllocations(initial: string | undefined): NodeJS.Timeout {
    const { conf, confDir } = this.settings
    let last = initial
    const look = () => {
      const text = readAllocations(conf, confDir)
      if (text === last) return
      last = text
      Promise.resolve()
        .then(() => this.refreshQueues())
        .catch((e: Error) => this.log.error(`the changed allocation file is not taken: ${e.message}`))
    }
    return setInterval(() => {
      if (this.schedulerClass.endsWith('.FairScheduler')) look()
    }, ALLOCATIONS_INTERVAL).unref()
  }

  /** Reads the lists of hosts that may serve, and of those that are to go. */
  refreshNodes(conf: Configuration, mode: RefreshNodes['mode'], timeoutSeconds: number | undefined): void | Promise<void> {
    const include = readHostList(conf.get(yarn.nodesIncludePath)).map((h) => h.host)
    const exclude = readHostList(conf.get(yarn.nodesExcludePath))
    return this.step({ type: 'refreshNodes', include, exclude, mode, timeoutSeconds: timeoutSeconds ?? conf.get(yarn.decommissionTimeout) })
  }

  /** The administrator's word on a node's size, until the node registers anew. */
  async setNodeResource(nodeId: NodeId, resource: Resource): Promise<void> {
    await this.step({ type: 'updateNodeResource', nodeId, resource })
  }

  #forget(id: ApplicationId): void {
    this.#users.delete(formatApplicationId(id))
    this.contexts.remove(id)
  }

  /** @returns when it is durable */
  persist(operations: readonly StoreOperation[]): Promise<void> {
    return this.#stepper.persist(operations)
  }

  newApplicationId(): ApplicationId {
    return { clusterTimestamp: this.clusterTimestamp, id: ++this.#lastApplication }
  }

  stop(): void {
    clearInterval(this.#allocationsWatch)
    this.#keyRolling.stop()
    this.#stepper.stop()
    this.#eventLog?.close()
    this.#store.close()
  }

  #carryOut(effect: Exclude<Effect, PersistEffect>): void {
    switch (effect.type) {
      case 'launchAM':
        this.tokens.addAttempt(effect.attemptId)
        this.#launch(effect)
        return
      case 'unmanagedAMReady':
      case 'attemptRecovered':
        this.tokens.addAttempt(effect.attemptId)
        return
      case 'cleanupAM': {
        const user = this.userOf(effect.attemptId.applicationId)
        this.#launcher.cleanup(effect.attemptId, effect.container, user).catch((e: Error) => {
          this.log.debug(`cleaning up ${formatContainerId(effect.container.containerId)} is left to its node: ${e.message}`)
        })
        return
      }
      case 'attemptFinished':
        this.tokens.removeAttempt(effect.attemptId)
        this.log.info(`${formatAttemptId(effect.attemptId)} ${effect.state}`)
        return
      case 'applicationFinished':
        this.contexts.remove(effect.applicationId)
        void this.persist([{ op: 'removeContext', applicationId: effect.applicationId }])
        this.log.info(`${formatApplicationId(effect.applicationId)} ${effect.state}`)
        return
      case 'applicationForgotten':
        this.#forget(effect.applicationId)
        return
      case 'nodeStateChanged':
        this.log.info(`${formatNodeId(effect.nodeId)} ${effect.from} -> ${effect.to}`)
        return
      case 'audit':
        this.log.info(auditLine(effect))
        return
      case 'log':
        this.log[effect.level](effect.message)
        return
      default:
        assertNever(effect, 'effect')
    }
  }

  #launch({ attemptId, container, submission, submitTime }: Extract<Effect, { type: 'launchAM' }>): void {
    this.#launcher.launch({ attemptId, container, user: submission.user, submitTime }).then(
      () => this.#feedBack({ type: 'amLaunched', attemptId }),
      (e: Error) => {
        this.log.warn(e.message)
        this.#feedBack({ type: 'amLaunchFailed', attemptId, diagnostics: e.message })
      },
    )
  }

  /** An event that nobody waits for the answer of. */
  #feedBack(event: Event): void {
    Promise.resolve()
      .then(() => this.step(event))
      .catch((e: Error) => this.log.warn(`${event.type}: ${e.message}`))
  }
}

/** As org.apache.hadoop.yarn.server.resourcemanager.RMAuditLogger writes it. */
function auditLine(e: Extract<Effect, { type: 'audit' }>): string {
  const fields: [string, string | undefined][] = [
    ['USER', e.user],
    ['OPERATION', e.operation],
    ['TARGET', e.target],
    ['RESULT', e.result],
    ['DESCRIPTION', e.description],
    ['APPID', e.applicationId && formatApplicationId(e.applicationId)],
    ['APPATTEMPTID', e.attemptId && formatAttemptId(e.attemptId)],
    ['CONTAINERID', e.containerId && formatContainerId(e.containerId)],
    ['RESOURCE', e.resource && formatResource(e.resource)],
    ['QUEUENAME', e.queue],
  ]
  return fields
    .filter(([, v]) => v !== undefined)
    .map(([k, v]) => `${k}=${v}`)
    .join('\t')
}
