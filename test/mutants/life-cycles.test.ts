/**
 * Do the tests hold the life cycles? Each entry of each table is changed in each way that mutate.ts knows, and the unit tests that pass
 * through the entry run against it, in this process, the quickest first. A mutant that no test catches is printed; there must be none.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LIFE_CYCLES, LifeCycleName } from '../builders/life-cycles.js'
import type { Collected } from './collected.js'
import { arcs, type Dialect, type Mutant, mutantsOf, rules } from './mutate.js'

const SUITES: { readonly tests: readonly string[]; readonly dialect: Dialect; readonly lifeCycles: readonly LifeCycleName[] }[] = [
  {
    tests: ['test/golden/life-cycles', 'test/unit/resourcemanager-core'],
    dialect: arcs,
    lifeCycles: ['RMAppImpl', 'RMAppAttemptImpl', 'RMContainerImpl', 'RMNodeImpl'],
  },
  {
    tests: ['test/golden/life-cycles', 'test/unit/nodemanager-core'],
    dialect: rules,
    lifeCycles: ['ApplicationImpl', 'ContainerImpl', 'LocalizedResource'],
  },
]

const dir = mkdtempSync(path.join(os.tmpdir(), 'bobbin-mutants-'))
afterAll(() => rmSync(dir, { recursive: true }))

interface Timed extends Collected {
  millis: number
  /** Tables' entries that it passes through. */
  readonly entries: Set<string>
}

/** The tests as plain functions, and the tables that they run on. */
async function load(folders: readonly string[]): Promise<{ tests: Timed[]; lifeCycles: typeof LIFE_CYCLES }> {
  const files = folders.flatMap((folder) => readdirSync(folder).flatMap((f) => (f.endsWith('.test.ts') ? [path.resolve(folder, f)] : [])))
  const lines = [...files.map((f) => `import ${JSON.stringify(f)}`), `export { collected } from './test/mutants/collected.ts'`]
  const outfile = path.join(dir, `${path.basename(folders.at(-1)!)}.mjs`)
  await build({
    stdin: { contents: [...lines, `export { LIFE_CYCLES } from './test/builders/life-cycles.ts'`].join('\n'), resolveDir: process.cwd(), loader: 'ts' },
    alias: { vitest: path.resolve('test/mutants/collected.ts') },
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: { js: `import { createRequire } from 'node:module'; const require = createRequire(${JSON.stringify(import.meta.url)})` },
    outfile,
    logLevel: 'warning',
  })
  Object.assign(globalThis, { expect })
  const { collected, LIFE_CYCLES } = await import(pathToFileURL(outfile).href)
  return { tests: collected.map((c: Collected) => ({ ...c, millis: 0, entries: new Set() })), lifeCycles: LIFE_CYCLES }
}

async function passes(test: Collected): Promise<boolean> {
  try {
    const running = test.run()
    if (running instanceof Promise) await running
    return true
  } catch {
    return false
  }
}

describe.each(SUITES)('the tests of $lifeCycles', ({ tests: folders, dialect, lifeCycles: names }) => {
  let tests: Timed[] = []
  let tables: typeof LIFE_CYCLES
  /** Told of each entry that is looked at. */
  let seen: (key: string) => void = () => {}
  const present = new Map<string, unknown>()
  const said = new Map<string, Set<string>>()

  beforeAll(async () => {
    ;({ tests, lifeCycles: tables } = await load(folders))
    for (const name of names) {
      for (const { state, event } of tables[name].entries()) {
        const key = `${name} ${state} ${event}`
        const row = tables[name].table[state]!
        const { targets, picks, action } = dialect.read(row[event])
        const heard = new Set<string>()
        said.set(key, heard)
        present.set(
          key,
          action
            ? dialect.make(
                targets,
                picks,
                dialect.overheard(action, (s) => heard.add(s) !== undefined),
              )
            : row[event],
        )
        Object.defineProperty(row, event, {
          enumerable: true,
          get() {
            seen(key)
            return present.get(key)
          },
        })
      }
    }
    for (const test of tests) {
      seen = (key) => test.entries.add(key)
      const started = performance.now()
      if (!(await passes(test))) throw new Error(`without any mutant, this fails: ${test.name}`)
      test.millis = performance.now() - started
    }
    seen = () => {}
    tests.sort((a, b) => a.millis - b.millis)
  })

  it.each(names)('catch every mutant of the table of %s', async (name) => {
    const survivors: string[] = []
    let count = 0
    const { table } = tables[name]
    const states = Object.keys(table)
    for (const { state, event } of tables[name].entries()) {
      const key = `${name} ${state} ${event}`
      const before = present.get(key)
      const through = tests.filter((t) => t.entries.has(key))
      for (const mutant of mutantsOf(dialect, state, event, before, states, said.get(key)!)) {
        count++
        present.set(key, mutant.entry)
        if (!(await caught(through))) survivors.push(describeMutant(mutant))
      }
      present.set(key, before)
    }
    console.log([`${name}: ${count} mutants, ${survivors.length} not caught`, ...survivors].join('\n  '))
    expect(survivors).toEqual([])
  })
})

async function caught(tests: readonly Timed[]): Promise<boolean> {
  for (const test of tests) if (!(await passes(test))) return true
  return false
}

const describeMutant = ({ state, event, what }: Mutant) => `${event} at ${state}: ${what}`
