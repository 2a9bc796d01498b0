/** The same scenarios in the real ResourceManager and in our core: every decision must be the same. */
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeSection, writesFidelity } from '../fidelity.js'
import { whyNot } from '../peers/layout.js'
import { disagreement } from './compare.js'
import { generate, shrink } from './generate.js'
import { runOurs } from './ours.js'
import { runReal } from './real.js'
import { type View, loadScenarios } from './scenario.js'

/** BOBBIN_DIFFERENTIAL_ONLY runs those whose names hold it. */
const only = process.env.BOBBIN_DIFFERENTIAL_ONLY ?? ''
const scenarios = loadScenarios(path.join(path.dirname(fileURLToPath(import.meta.url)), 'scenarios')).filter((s) => s.name.includes(only))

/** How many agreed, for docs/fidelity.md. */
const agreed = { scenarios: 0, generated: 0 }

describe.skipIf(whyNot() !== undefined)('the real ResourceManager and ours decide alike', () => {
  let real: View[][]
  beforeAll(async () => {
    real = await runReal(scenarios)
  })

  it.each(scenarios.map((s, i) => [s.name, i] as const))('%s', (_name, i) => {
    const scenario = scenarios[i]!
    expect(disagreement(scenario, real[i]!, runOurs(scenario))).toBe('')
    agreed.scenarios++
  })
})

/**
 * BOBBIN_DIFFERENTIAL_SEEDS=FROM-TO,FROM-TO… runs others (from 10000 on: fair scheduler); with BOBBIN_DIFFERENTIAL_SHRINK set, a disagreement is made
 * smaller before it is shown.
 */
const ranges = process.env.BOBBIN_DIFFERENTIAL_SEEDS ?? '1-100,10000-10040'
const seeds = ranges.split(',').flatMap((range) => {
  const [from = 1, to = from] = range.split('-').map(Number)
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
})

describe.skipIf(whyNot() !== undefined)('generated scenarios', () => {
  it(`agree for the seeds ${ranges}`, { timeout: 3_600_000 }, async () => {
    const generated = seeds.map((seed) => generate(seed))
    const real = await runReal(generated)
    const found = generated.flatMap((scenario, i) => {
      const why = disagreement(scenario, real[i]!, runOurs(scenario))
      return why === '' ? [] : [{ scenario, why }]
    })
    agreed.generated = generated.length - found.length
    if (found.length === 0) return
    const { scenario, why } = process.env.BOBBIN_DIFFERENTIAL_SHRINK ? await shrink(found[0]!.scenario) : found[0]!
    const shown = found.map((f) => f.why).join('\n')
    expect.fail(`${found.length} of ${generated.length} disagree:\n${shown}\n\n${why}\n${JSON.stringify(scenario, undefined, 1)}`)
  })
})

afterAll(() => {
  if (!writesFidelity) return
  writeSection('ResourceManager, decision by decision', [
    'The same scenario, step by step, in the ResourceManager of Apache Hadoop 3.3.6 (its schedulers, life cycles, recovery and application master',
    'service, driven through MockRM) and in the core of ours. After each step these must agree: containers with node, size and state,',
    'reservations, states of applications and attempts, headroom, use of queues and nodes, errors, diagnostics.',
    '',
    '| scenarios | run | agree |',
    '| --- | ---: | ---: |',
    `| written by hand | ${scenarios.length} | ${agreed.scenarios} |`,
    `| generated, seeds ${ranges} | ${seeds.length} | ${agreed.generated} |`,
    '',
    'Where the two part on purpose:',
    '',
    "- Why an application master waits is told with the queue's present use; the real one repeats what it was when the master last had its turn.",
    '- Books that the real one gets wrong for good are kept right: a user whose attempt failed while its containers are kept is not forgotten, a container',
    '  that was released and still runs on a node that gets another label is not charged to that label, and an application whose priority is set back to',
    '  that of its submission is scheduled with it.',
    '- Changes of containers: one in the wrong direction (a decrease to more) is refused, growth ends with its container, requests by place and by constraint',
    '  in one call are all taken, and the fair and the FIFO scheduler tell the application master; the real ones carry the first out, allocate the second,',
    '  drop the third, and never tell.',
    "- A container that is to be killed lazily is killed whichever queue takes its place; the real one goes beyond the node's room when it is its own.",
    '- Weights (`3w`) are taken for capacities, as in Hadoop 3.4; 3.3.6 refuses them.',
  ])
})
