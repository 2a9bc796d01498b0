// The simulator: a trace of 1,000 nodes and 500 jobs, and a day of 10,000 nodes with a million containers. Hadoop's load simulator on the same
// trace beside it with BOBBIN_BENCH_SLS=1: it runs in real time, for six minutes.
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { spawn } from 'node:child_process'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const title = 'Simulator'

const here = path.dirname(fileURLToPath(import.meta.url))
const root = path.resolve(here, '../..')

/** @param {(row: import('./run.mjs').Row) => void} report */
export async function measure(report) {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'bobbin-bench-sim-'))
  try {
    const { build } = await import(pathToFileURL(path.join(root, 'node_modules/esbuild/lib/main.js')).href)
    const bundle = path.join(dir, 'sim.mjs')
    const external = ['better-sqlite3', 'pino']
    await build({ entryPoints: [path.join(here, 'sim-run.ts')], bundle: true, platform: 'node', format: 'esm', outfile: bundle, external, logLevel: 'error' })
    const small = await run(bundle, ['small', dir])
    const real = process.env.BOBBIN_BENCH_SLS === '1' ? await run(bundle, ['sls', dir]) : undefined
    report({ what: '1,000 nodes, 500 jobs: wall', unit: 's', ours: small.seconds, real: real?.seconds, aim: '> 300 times' })
    report({ what: '1,000 nodes, 500 jobs: CPU', unit: 's', ours: small.cpu, real: real?.cpu })
    report({ what: '1,000 nodes, 500 jobs: memory', unit: 'MiB', ours: small.memory, real: real?.memory })
    const large = await run(bundle, ['large', dir])
    report({ what: '10,000 nodes, a day, 1,000,000 containers: wall', unit: 's', ours: large.seconds, aim: '< 120 s' })
    report({ what: 'the same: CPU', unit: 's', ours: large.cpu })
    report({ what: 'the same: memory', unit: 'MiB', ours: large.memory, aim: '< 2048 MiB' })
    report({ what: 'the same: times real time', unit: '', ours: large.simulated / large.seconds, aim: '> 1,000' })
    report({ what: 'the same: an event', unit: 'µs', ours: (large.seconds * 1e6) / large.events })
    const half = await run(bundle, ['half', dir])
    report({ what: '5,000 nodes, half as many containers: an event', unit: 'µs', ours: (half.seconds * 1e6) / half.events, aim: 'the same' })
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** In a process of its own, whose memory is its own. */
function run(bundle, args) {
  const child = spawn(process.execPath, [bundle, ...args], { stdio: ['ignore', 'pipe', 'inherit'], cwd: root })
  let out = ''
  child.stdout.on('data', (c) => {
    out += c
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => (code === 0 ? resolve(JSON.parse(out)) : reject(new Error(`${args.join(' ')} ended with ${code}`))))
  })
}
