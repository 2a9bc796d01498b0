/** SYNTH traces through Hadoop's own generator of jobs, and through ours: the same jobs, with whatever seed. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { captured, ourJobs, realJobs, traces } from '../../unit/simulator/synth/jobs.js'
import { slsDriver, whyNot } from '../peers/layout.js'

const source = path.join(path.dirname(fileURLToPath(import.meta.url)), 'SynthJobs.java')
const SEEDS = ['0', '1', '77', '-3', '281474976710655', '9223372036854775807', '-9223372036854775808', '1234567890123456789']

describe.skipIf(whyNot() !== undefined)("Hadoop's generator of SYNTH jobs and ours", () => {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'bobbin-synth-'))
  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  async function real(files: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await slsDriver(source, files)
    expect(code, stderr).toBe(0)
    return stdout
  }

  it('draw what was captured', async () => {
    expect(await real(traces)).toBe(readFileSync(captured, 'utf8'))
  })

  it('draw the same jobs', async () => {
    const files = SEEDS.flatMap((seed) =>
      traces.map((trace, i) => {
        const file = path.join(dir, `${seed}-${i}.json`)
        writeFileSync(file, readFileSync(trace, 'utf8').replace(/"rand_seed": [^,]+/, `"rand_seed": "${seed}"`))
        return file
      }),
    )
    expect(ourJobs(1, files)).toEqual(realJobs(await real(files)))
  })
})
