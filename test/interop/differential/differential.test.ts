/** The same scenarios in the real ResourceManager and in our core: every decision must be the same. */
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { whyNot } from '../peers/layout.js'
import { disagreement } from './compare.js'
import { runOurs } from './ours.js'
import { runReal } from './real.js'
import { type View, loadScenarios } from './scenario.js'

const scenarios = loadScenarios(path.join(path.dirname(fileURLToPath(import.meta.url)), 'scenarios'))

describe.skipIf(whyNot() !== undefined)('the real ResourceManager and ours decide alike', () => {
  let real: View[][]
  beforeAll(async () => {
    real = await runReal(scenarios)
  })

  it.each(scenarios.map((s, i) => [s.name, i] as const))('%s', (_name, i) => {
    const scenario = scenarios[i]!
    expect(disagreement(scenario, real[i]!, runOurs(scenario))).toBe('')
  })
})
