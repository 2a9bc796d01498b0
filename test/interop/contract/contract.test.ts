/** Hadoop's own FileSystem contract tests against a store of ours, judged by what the real HDFS makes of them. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, up } from '../cluster.js'
import { writesFidelity } from '../fidelity.js'
import { whyNot } from '../peers/layout.js'
import { count, judge, type Result, runSuites, SCHEMES, type Scheme, writeBaseline, writeFidelity } from './suites.js'

/** HADOOP_CONF_DIR of a real, empty HDFS whose outcomes become the baseline; its files are deleted. */
const real = process.env.BOBBIN_CONTRACT_BASELINE

/** As clients find the store: by its nameservice, or by the NameNode's web address. */
function address(confDir: string, scheme: Scheme): string {
  if (scheme === 'hdfs') return 'hdfs://mycluster'
  const site = readFileSync(path.join(confDir, 'hdfs-site.xml'), 'utf8')
  const web = /<name>dfs\.namenode\.http-address[^<]*<\/name>\s*<value>([^<]+)<\/value>/.exec(site)?.[1]
  if (!web) throw new Error(`${confDir}/hdfs-site.xml names no dfs.namenode.http-address`)
  return `webhdfs://${web}`
}

describe.skipIf(whyNot() !== undefined)("Hadoop's FileSystem contract tests", () => {
  let cluster: Cluster | undefined
  let confDir: string
  const all = new Map<Scheme, readonly Result[]>()

  beforeAll(async () => {
    if (!real) cluster = await up(1, path.join(import.meta.dirname, 'conf'))
    confDir = real ?? cluster!.confDir
  })
  afterAll(() => cluster?.down())

  for (const scheme of SCHEMES)
    it(`over ${scheme}:// do here as on the real HDFS`, { timeout: real ? 1_800_000 : 300_000 }, async ({ signal }) => {
      const results = await runSuites(confDir, scheme, address(confDir, scheme), signal)
      all.set(scheme, results)
      const counts = count(results.map((r) => r.outcome))
      process.stdout.write(`contract tests over ${scheme}://: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`)
      if (real) writeBaseline(scheme, results)
      else expect(judge(scheme, results)).toEqual([])
    })

  it.runIf(writesFidelity && !real)('write their numbers into docs/fidelity.md', () => writeFidelity(all))
})
