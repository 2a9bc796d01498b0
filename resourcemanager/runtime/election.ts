/**
 * Which of a pair is active: the one that holds the lease row of the shared state store. It renews the lease well before it expires and
 * serves nothing once it could not; the other one looks for an expired lease and takes over. Whoever takes over also takes the store's
 * epoch, so that the former active one, should it still write, is refused within its transaction.
 */
import { randomUUID } from 'node:crypto'
import { yarn } from '../../common/config/keys/yarn.js'
import type { Logger } from '../../common/daemon/daemon.js'
import { exception } from '../../common/errors.js'
import { leaseOf, openDatabase } from '../store/sqlite.js'
import { FencedError } from '../store/state-store.js'
import type { Settings } from './settings.js'

export interface Election {
  /** Whether the lease is this one's for now. An active one that did not run for a while may have lost it without knowing. */
  holds(): boolean
  /** By hand: takes the lease from whoever holds it. */
  toActive(): Promise<void>
  /** By hand: gives the lease up, and does not take it again before someone else had it. */
  toStandby(): Promise<void>
  /** The store refused a write. */
  fenced(error: unknown): void
  stop(): Promise<void>
}

export interface ElectionOptions {
  readonly settings: Settings
  readonly log: Logger
  readonly activate: () => Promise<void>
  readonly deactivate: () => Promise<void>
  readonly onFailure: (error: unknown) => void
  readonly now?: () => number
}

/** How long a lease holds; it is renewed at a fifth of that. */
const LEASE_MS = 2_500
const RENEW_MS = 500

export async function startElection(options: ElectionOptions): Promise<Election> {
  const { settings, log } = options
  const now = options.now ?? Date.now
  const automatic = settings.conf.get(yarn.rmHaAutomaticFailover)
  const owner = `${settings.id}/${process.pid}/${randomUUID()}`
  const db = openDatabase(settings.storeDir!)
  const lease = leaseOf(db)
  let active = false
  let heldUntil = 0
  let stopped = false
  /** Set by hand: this one does not stand for election until another one has been active. */
  let resting = false
  /** Transitions run one after the other. */
  let turn: Promise<void> = Promise.resolve()

  const acquire = (forced: boolean): boolean => {
    const expires = now() + LEASE_MS
    const got = lease.acquire({ owner, expires }, now(), forced)
    heldUntil = got ? expires : 0
    return got
  }
  const inTurn = (f: () => Promise<void>): Promise<void> => {
    const done = turn.then(f)
    turn = done.catch(() => {})
    return done
  }
  const take = async (forced: boolean) => {
    if (active || !acquire(forced)) return
    log.info(`${settings.id} becomes active`)
    try {
      await options.activate()
      active = true
    } catch (e) {
      lease.release(owner)
      throw e
    }
  }
  const give = async (why: string) => {
    if (!active) return
    active = false
    log.info(`${settings.id} becomes standby: ${why}`)
    await options.deactivate()
    lease.release(owner)
  }
  const beat = async () => {
    if (active) {
      // A lease that someone else took while this process did not run must not be taken back.
      if (!acquire(false)) await give('the lease went to another ResourceManager')
      return
    }
    const held = lease.read()
    if (resting && held && held.owner !== owner) resting = false
    if (automatic && !resting) await take(false)
  }

  if (automatic) await inTurn(() => take(false))
  const timer = setInterval(() => {
    inTurn(async () => {
      if (!stopped) await beat()
    }).catch((e) => options.onFailure(e))
  }, RENEW_MS)

  return {
    holds: () => active && heldUntil > now(),
    toActive: () =>
      inTurn(async () => {
        resting = false
        await take(true)
        if (!active) throw exception('ServiceFailedException', `${settings.id} could not take the lease`)
      }),
    toStandby: () =>
      inTurn(async () => {
        resting = true
        await give('an administrator asked for it')
      }),
    fenced(error) {
      inTurn(() => give(error instanceof FencedError ? error.message : `the state store failed: ${error}`)).catch((e) => options.onFailure(e))
    },
    async stop() {
      stopped = true
      clearInterval(timer)
      await turn
      if (active) lease.release(owner)
      db.close()
    },
  }
}
