/** Delegation tokens that are out: who owns them, who may renew them, until when. */
import { randomBytes, randomInt } from 'node:crypto'
import type { MasterKey } from '../../common/security/tokens.js'

/** yarn.resourcemanager.delegation.token.{renew-interval,max-lifetime} */
const RENEW_INTERVAL = 24 * 3600_000
const MAX_LIFETIME = 7 * RENEW_INTERVAL

export interface DelegationTokenState {
  readonly sequenceNumber: number
  readonly owner: string
  readonly renewer: string
  readonly realUser: string | undefined
  readonly issueDate: number
  readonly maxDate: number
  readonly expires: number
}

interface Stored {
  readonly keyId: number
  readonly keyBytes: string
  readonly lastSequence: number
  readonly tokens: readonly DelegationTokenState[]
}

export class DelegationTokens {
  readonly key: MasterKey
  readonly #tokens = new Map<number, DelegationTokenState>()
  #lastSequence = 0

  /** @param stored what `state` gave to an earlier ResourceManager */
  constructor(stored: unknown) {
    const s = stored as Stored | undefined
    this.key = s ? { keyId: s.keyId, bytes: Buffer.from(s.keyBytes, 'base64') } : { keyId: randomInt(2 ** 31), bytes: randomBytes(20) }
    this.#lastSequence = s?.lastSequence ?? 0
    for (const t of s?.tokens ?? []) this.#tokens.set(t.sequenceNumber, t)
  }

  state(): Stored {
    return {
      keyId: this.key.keyId,
      keyBytes: Buffer.from(this.key.bytes).toString('base64'),
      lastSequence: this.#lastSequence,
      tokens: [...this.#tokens.values()],
    }
  }

  issue(owner: string, renewer: string, realUser: string | undefined, now: number): DelegationTokenState {
    for (const t of this.#tokens.values()) if (t.expires < now) this.#tokens.delete(t.sequenceNumber)
    const token = {
      sequenceNumber: ++this.#lastSequence,
      owner,
      renewer,
      realUser,
      issueDate: now,
      maxDate: now + MAX_LIFETIME,
      expires: now + RENEW_INTERVAL,
    }
    this.#tokens.set(token.sequenceNumber, token)
    return token
  }

  find(sequenceNumber: number): DelegationTokenState | undefined {
    return this.#tokens.get(sequenceNumber)
  }

  /** @returns when it now expires */
  renew(token: DelegationTokenState, now: number): number {
    const expires = Math.min(token.maxDate, now + RENEW_INTERVAL)
    this.#tokens.set(token.sequenceNumber, { ...token, expires })
    return expires
  }

  cancel(token: DelegationTokenState): void {
    this.#tokens.delete(token.sequenceNumber)
  }
}
