/** Heartbeats and allocates that change nothing are passed over exactly: with all of them made, everything that happens is the same. */
import { describe, expect, it } from 'vitest'
import { coreConfigOf } from '../../../resourcemanager/simulator/configuration.js'
import { BUILT_IN, type Models } from '../../../resourcemanager/simulator/models/models.js'
import { simulate } from '../../../resourcemanager/simulator/simulate.js'
import { type Scene, scenes } from './scenes.js'

/** BOBBIN_SEEDS=50 tries more. */
const SEEDS = Array.from({ length: Number(process.env.BOBBIN_SEEDS ?? 1) }, (_, i) => i + 1)

/** As nodes report by themselves, each heartbeat late by another part of the interval, and beside that whenever something ends. */
const BEATS: readonly (readonly [string, Models])[] = [
  ['', BUILT_IN],
  [', heartbeats with jitter', { ...BUILT_IN, node: { heartbeat: { jitter: 700 } } }],
  [', ends told out of turn', { ...BUILT_IN, node: { outOfBand: true } }],
  [', ends told out of turn, heartbeats with jitter', { ...BUILT_IN, node: { outOfBand: true, heartbeat: { jitter: 700 } } }],
]

/** All of a run that is not about how it was run. */
function outcome(scene: Scene, models: Models, seed: number, skipping: boolean) {
  const { workload, properties, allocations } = scene.make(seed)
  const { events, skippedHeartbeats, ...rest } = simulate({
    workload,
    config: coreConfigOf({ name: scene.name, properties, ...(allocations !== undefined && { allocations }) }),
    configurationName: scene.name,
    models,
    seed,
    skipping,
    until: 3_600_000,
  })
  // Not one text: a difference is to be read by people.
  const { applications, ...whole } = rest
  return { events, skippedHeartbeats, applications: applications.map((a) => JSON.stringify(a)), whole: JSON.stringify(whole) }
}

describe('passing over what changes nothing', () => {
  for (const [beat, models] of BEATS) {
    for (const scene of scenes) {
      it(scene.name + beat, () => {
        for (const seed of SEEDS) {
          const all = outcome(scene, models, seed, false)
          const some = outcome(scene, models, seed, true)
          const differs = all.applications.findIndex((a, i) => a !== some.applications[i])
          expect(some.applications[differs], `seed ${seed}`).toBe(all.applications[differs])
          expect(some.whole === all.whole, `seed ${seed}: the timeline`).toBe(true)
          expect(all.skippedHeartbeats).toBe(0)
          expect(some.events).toBeLessThan(all.events * scene.atMost)
        }
      }, 60_000)
    }
  }
})
