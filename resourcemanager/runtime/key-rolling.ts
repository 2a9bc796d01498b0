/**
 * Rolls the master keys on their intervals: a next key is made and handed out with heartbeats, and takes over when every peer must have
 * it. What was rolled is durable before it is used, so that a restarted ResourceManager still knows the tokens that are out.
 */
import type { Configuration } from '../../common/config/configuration.js'
import { yarn } from '../../common/config/keys/yarn.js'
import { KEY_KINDS, type KeyKind, type KeysJson, type Tokens, encodeKeys } from './tokens.js'

export interface KeyRolling {
  stop(): void
}

/** How many expiry intervals a next key is known before it takes over, as Hadoop's secret managers wait. */
const ACTIVATION_FACTOR = 1.5
const MAX_DELAY = 2 ** 31 - 1

export function startKeyRolling(tokens: Tokens, conf: Configuration, persist: (kind: KeyKind, state: KeysJson) => Promise<void>): KeyRolling {
  const timing: Record<KeyKind, { interval: number; activation: number }> = {
    amrm: { interval: conf.get(yarn.amRmKeyRolling) * 1000, activation: conf.get(yarn.amLivenessExpiry) * ACTIVATION_FACTOR },
    nm: { interval: conf.get(yarn.nmKeyRolling) * 1000, activation: conf.get(yarn.nmLivenessExpiry) * ACTIVATION_FACTOR },
    container: { interval: conf.get(yarn.containerKeyRolling) * 1000, activation: conf.get(yarn.nmLivenessExpiry) * ACTIVATION_FACTOR },
  }
  const timers = new Map<KeyKind, NodeJS.Timeout>()
  const wait = (kind: KeyKind, delay: number, f: () => void) => {
    const timer = setTimeout(f, Math.min(delay, MAX_DELAY))
    timer.unref()
    timers.set(kind, timer)
  }
  const roll = (kind: KeyKind) => {
    tokens.roll(kind)
    void persist(kind, encodeKeys(tokens.keys(kind)))
    wait(kind, timing[kind].activation, () => activate(kind))
  }
  const activate = (kind: KeyKind) => {
    tokens.activate(kind)
    void persist(kind, encodeKeys(tokens.keys(kind)))
    wait(kind, timing[kind].interval, () => roll(kind))
  }
  for (const kind of KEY_KINDS) {
    void persist(kind, encodeKeys(tokens.keys(kind)))
    if (tokens.keys(kind).next) wait(kind, timing[kind].activation, () => activate(kind))
    else wait(kind, timing[kind].interval, () => roll(kind))
  }
  return {
    stop() {
      for (const timer of timers.values()) clearTimeout(timer)
    },
  }
}
