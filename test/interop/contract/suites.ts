/** Runs Hadoop's own FileSystem contract tests, and keeps what the real HDFS makes of them. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeSection } from '../fidelity.js'
import { contractTests, finished, javaHome, OPENS } from '../peers/layout.js'

const here = path.dirname(fileURLToPath(import.meta.url))

export const SCHEMES = ['hdfs', 'webhdfs'] as const
export type Scheme = (typeof SCHEMES)[number]
export type Outcome = 'passed' | 'failed' | 'skipped'

export interface Result {
  /** suite.method, with [parameters] and #number where several share them */
  readonly test: string
  readonly outcome: Outcome
  readonly ms: number
  readonly reason?: string
}

export type Counts = Readonly<Record<Outcome, number>>

export function count(outcomes: Iterable<Outcome>): Counts {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const o of outcomes) counts[o]++
  return counts
}

/** One JVM runs all suites. @throws Error when it ends before the last of them */
export async function runSuites(confDir: string, scheme: Scheme, uri: string, signal: AbortSignal): Promise<Result[]> {
  const cwd = mkdtempSync(path.join(os.tmpdir(), 'bobbin-contract-'))
  try {
    const classPath = `${confDir}:${contractTests(path.join(here, 'Contracts.java'))}`
    const flags = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', ...OPENS, `-Dtest.build.data=${path.join(cwd, 'data')}`]
    const child = spawn(path.join(javaHome(), 'bin/java'), [...flags, '-cp', classPath, 'Contracts', uri, `contract/${scheme}.xml`], {
      cwd,
      signal,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const { code, stdout, stderr } = await finished(child)
    const lines = stdout
      .split('\n')
      .filter((l) => l !== '')
      .map((l) => JSON.parse(l))
    if (lines.pop()?.done !== true) throw new Error(`the contract tests ended early with exit code ${code}:\n${stderr.slice(-4000)}`)
    return lines
  } finally {
    rmSync(cwd, { recursive: true, force: true })
  }
}

/** Tests in a list of ours, one a line: name, outcome, reason. What came out differently in several runs varies. */
export type List = ReadonlyMap<string, { readonly outcome: Outcome | 'varies'; readonly reason: string }>

const baselineFile = (scheme: Scheme) => path.join(here, `baseline-${scheme}.txt`)

/** Every test that does not pass on the real HDFS, and how many there are in all. */
export function readBaseline(scheme: Scheme): { readonly tests: number; readonly others: List } {
  const text = readFileSync(baselineFile(scheme), 'utf8')
  const tests = Number(/^# tests: (\d+)$/m.exec(text)?.[1])
  if (!Number.isInteger(tests)) throw new Error(`${baselineFile(scheme)} does not say how many tests there are ("# tests: N")`)
  return { tests, others: parseList(text) }
}

/** Adds a run to the baseline: a test that came out otherwise before varies. */
export function writeBaseline(scheme: Scheme, results: readonly Result[]): void {
  const before = existsSync(baselineFile(scheme)) ? readBaseline(scheme).others : undefined
  const head = [`# What the real HDFS 3.3.6 does not pass over ${scheme}://. Written by the test itself, as README.md says.`, `# tests: ${results.length}`]
  const others = results.flatMap((r) => {
    const old = before?.get(r.test)
    const outcome = before && (old?.outcome ?? 'passed') !== r.outcome ? 'varies' : r.outcome
    const reason = r.reason ? steady(r.reason) : (old?.reason ?? '')
    return outcome === 'passed' ? [] : [`${r.test} ${outcome} ${reason}`.trim()]
  })
  writeFileSync(baselineFile(scheme), `${[...head, ...others.sort()].join('\n')}\n`)
}

/** A reason without what differs from run to run. */
const steady = (reason = ''): string =>
  reason
    .replace(/@[0-9a-f]+/g, '@N')
    .replace(/:\d{4,5}\b/g, ':PORT')
    .replace(/[0-9a-f]{8,}|\d{7,}/g, 'N')
    .slice(0, 200)

/** Tests known to fail here though the real HDFS passes them. */
export const readKnownFailures = (scheme: Scheme): List => parseList(readFileSync(path.join(here, `known-failures-${scheme}.txt`), 'utf8'))

function parseList(text: string): List {
  const list = new Map<string, { outcome: Outcome | 'varies'; reason: string }>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const m = /^(.+?) (failed|skipped|varies)(?: (.*))?$/.exec(line)
    if (!m) throw new Error(`not "test failed|skipped|varies reason": ${line}`)
    list.set(m[1]!, { outcome: m[2] as Outcome | 'varies', reason: m[3] ?? '' })
  }
  return list
}

/** What is wrong with a run: each test that does worse than on the real HDFS and is not known to, or is known to and does not. */
export function judge(scheme: Scheme, results: readonly Result[]): string[] {
  const baseline = readBaseline(scheme)
  const known = readKnownFailures(scheme)
  const wrong: string[] = []
  if (results.length !== baseline.tests) wrong.push(`${results.length} tests ran, where the real HDFS ran ${baseline.tests}`)
  for (const r of results) {
    const worse = r.outcome !== 'passed' && !(baseline.others.has(r.test) && rank(r.outcome) >= rank(baseline.others.get(r.test)!.outcome))
    if (worse && !known.has(r.test)) wrong.push(`${r.test} ${r.outcome}: ${r.reason ?? ''}`)
    if (!worse && known.has(r.test)) wrong.push(`${r.test} is listed as a known failure and is none; take it out of known-failures-${scheme}.txt`)
  }
  const ran = new Set(results.map((r) => r.test))
  for (const name of known.keys()) if (!ran.has(name)) wrong.push(`${name} is listed as a known failure and did not run`)
  return wrong
}

const rank = (o: Outcome | 'varies'): number => ['varies', 'failed', 'skipped', 'passed'].indexOf(o)

/** Puts the numbers into docs/fidelity.md. */
export function writeFidelity(ours: ReadonlyMap<Scheme, readonly Result[]>): void {
  const rows: string[] = []
  const notes: string[] = []
  for (const scheme of SCHEMES) {
    const results = ours.get(scheme)!
    const { tests, others } = readBaseline(scheme)
    const theirs = { failed: 0, skipped: 0, varies: 0, passed: 0 }
    for (const { outcome } of others.values()) theirs[outcome]++
    const mine = count(results.map((r) => r.outcome))
    rows.push(`| ${scheme}:// | Bobbin | ${mine.passed} | ${mine.failed} | ${mine.skipped} | - |`)
    rows.push(`| | Apache Hadoop 3.3.6 | ${tests - others.size} | ${theirs.failed} | ${theirs.skipped} | ${theirs.varies} |`)
    for (const [name, { outcome, reason }] of readKnownFailures(scheme)) notes.push(`- ${scheme}: \`${name}\` ${outcome} here and passes there: ${reason}`)
  }
  writeSection('FileSystem contract suites', [
    "Hadoop's own contract tests of a FileSystem and of a FileContext (hadoop-common 3.3.6, its tests jar) with Hadoop's own Java clients, one DataNode.",
    '',
    '| scheme | store | passed | failed | skipped | differs from run to run |',
    '|---|---|---:|---:|---:|---:|',
    ...rows,
    '',
    ...(notes.length === 0 ? ['No test that always passes on the real HDFS fails or is skipped here.'] : notes),
    'Some ask over WebHDFS for a file whose creation is still on its way to the DataNode: they come out either way on both.',
    '',
    'Tests that the real HDFS fails or skips are named, with the reasons, in `test/interop/contract/baseline-*.txt`.',
  ])
}
