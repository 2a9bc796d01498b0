/**
 * Who of a pair serves. The active renews a lease row in the shared journal; when it runs out, the standby takes the
 * journal over (which fences the old one) and loads it. An active that could not renew in time serves nothing.
 */
import type { Logger } from '../../common/daemon/daemon.js'
import { exception } from '../../common/errors.js'
import type { Journal } from './journal/journal.js'
import type { Watcher } from './journal/store.js'
import type { HaState } from './rpc/ha-state.js'

const LEASE_MILLIS = 3000
const RENEW_MILLIS = 750
/** After it was told to stand by, a NameNode leaves the other one so long to step in. */
const STAND_BACK_MILLIS = 10_000

export interface ActiveService {
  readonly journal: Journal
  /** Stops serving; what was appended is written. */
  stop(): Promise<void>
}

export interface HaController extends HaState {
  /** Serves at once, where nobody else does. */
  start(): Promise<void>
  /** The journal is lost to this process. */
  lost(why: Error): void
  stop(): Promise<void>
}

export interface HaControllerOptions {
  readonly id: string
  readonly watcher: Watcher
  /** Takes over when the active's lease runs out; without it only when told to. */
  readonly automatic: boolean
  readonly activate: () => Promise<ActiveService>
  readonly serveStandby: () => void
  readonly log: Logger
  readonly now?: () => number
}

export function haController(o: HaControllerOptions): HaController {
  const { id, watcher, log } = o
  const now = o.now ?? Date.now
  let active: ActiveService | undefined
  let leaseUntil = 0
  let standBackUntil = 0
  let changing: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  /** One change at a time. */
  const exclusively = (change: () => Promise<void>): Promise<void> => {
    const next = changing.then(change, change)
    changing = next.catch(() => {})
    return next
  }

  const renew = async (service: ActiveService) => {
    const until = now() + LEASE_MILLIS
    await service.journal.renewLease({ holder: id, until })
    leaseUntil = until
  }

  const becomeActive = async () => {
    if (active || stopped) return
    const service = await o.activate()
    try {
      await renew(service)
    } catch (e) {
      await service.stop()
      throw e
    }
    active = service
    log.info(`${id} is active`)
  }

  const becomeStandby = async (giveUp: boolean) => {
    const service = active
    if (!service) return
    active = undefined
    leaseUntil = 0
    o.serveStandby()
    if (giveUp) await service.journal.renewLease({ holder: id, until: 0 }).catch((e) => log.warn(`the lease could not be given up: ${(e as Error).message}`))
    await service.stop().catch((e) => log.warn(`stopping to serve: ${(e as Error).message}`))
    log.info(`${id} is standby`)
  }

  const free = () => {
    const lease = watcher.lease()
    return !lease || lease.holder === id || lease.until <= now()
  }

  const turn = async () => {
    try {
      if (active) await renew(active)
      else if (o.automatic && now() >= standBackUntil && free()) await exclusively(becomeActive)
    } catch (e) {
      log.warn(`${active ? 'renewing the lease' : 'taking over'} failed: ${(e as Error).message}`)
      await exclusively(() => becomeStandby(false))
    } finally {
      if (!stopped) timer = setTimeout(turn, RENEW_MILLIS)
    }
  }

  return {
    enabled: true,
    get state() {
      return active && now() < leaseUntil ? 'active' : 'standby'
    },
    async start() {
      o.serveStandby()
      await turn()
    },
    lost(why) {
      log.warn(`the journal is lost: ${why.message}`)
      standBackUntil = now() + STAND_BACK_MILLIS
      void exclusively(() => becomeStandby(false))
    },
    async toActive() {
      if (active) return
      const lease = watcher.lease()
      if (lease && lease.holder !== id && lease.until > now())
        throw exception('ServiceFailedException', `transitionToActive failed: ${lease.holder} is active. Make it standby first, or use -failover`)
      standBackUntil = 0
      await exclusively(becomeActive)
    },
    async toStandby() {
      standBackUntil = now() + STAND_BACK_MILLIS
      await exclusively(() => becomeStandby(true))
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await exclusively(() => becomeStandby(true))
      watcher.close()
    },
  }
}
