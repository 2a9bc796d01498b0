// npm run bench [-- NAME…]: runs the benchmarks of this folder, all or those named, and prints what they measured,
// beside the real peer where one is laid out. README.md says how each figure is taken.
import { readdirSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
const NOT_BENCHMARKS = new Set(['run.mjs', 'lib.mjs'])
const all = readdirSync(here)
  .filter((f) => f.endsWith('.mjs') && !NOT_BENCHMARKS.has(f))
  .map((f) => f.replace('.mjs', ''))
const chosen = process.argv.slice(2)
const unknown = chosen.find((c) => !all.includes(c))
if (unknown) {
  process.stderr.write(`bench: there is no "${unknown}"; there are ${all.join(', ')}\n`)
  process.exit(2)
}

/**
 * @typedef {{ what: string, unit: string, ours: number | undefined, real?: number | undefined, aim?: string }} Row
 * A benchmark exports `title` and `measure(report)`, which calls `report(row)` for each figure as it has it.
 */
for (const name of chosen.length > 0 ? chosen : all) {
  const { title, measure } = await import(pathToFileURL(path.join(here, `${name}.mjs`)).href)
  process.stdout.write(`\n${title} (${os.cpus().length} cores, Node ${process.versions.node}, load ${os.loadavg()[0].toFixed(1)})\n\n`)
  const widths = [52, 12, 12, 10]
  const line = (cells) => `${cells.map((c, i) => (i === 0 ? c.padEnd(widths[0]) : c.padStart(widths[i] ?? 0))).join('  ')}\n`
  process.stdout.write(line(['', 'ours', 'real', 'ratio', '  aim']))
  await measure((row) => {
    const show = (n) => (n === undefined ? '' : `${n >= 100 ? n.toFixed(0) : n.toPrecision(3)} ${row.unit}`)
    // How many times better ours is: more of a rate, less of everything else.
    const better = row.unit === '/s' ? row.ours / row.real : row.real / row.ours
    const ratio = row.ours !== undefined && row.real !== undefined ? better.toFixed(1) : ''
    process.stdout.write(line([row.what, show(row.ours), show(row.real), ratio, `  ${row.aim ?? ''}`]))
  })
}
