// The borders between folders, checked on every import: see docs/architecture.md.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const COMPONENTS = ['resourcemanager', 'nodemanager', 'hdfs-lite', 'flink-yarn']
/** Libraries that every component may import. */
const SHARED = ['hdfs-lite/client/', 'common/']
/** What a pure folder may import besides itself. */
const PURE_MAY = ['common/lang/', 'common/records/', 'common/config/keys/', 'common/errors.ts']
const PURE = [['resourcemanager/core/', 'resourcemanager/scheduler/'], ['nodemanager/core/'], ['hdfs-lite/namenode/core/'], ['common/records/', 'common/lang/']]
const IMPURE = /\b(?:Date\.now|new Date\(|Math\.random|setTimeout|setInterval|setImmediate|queueMicrotask|process\.|performance\.)/
/** One direction only within the ResourceManager's pure unit: core uses the scheduler. */
const FORBIDDEN = [['resourcemanager/scheduler/', 'resourcemanager/core/']]

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.tsx', '*.mjs'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((f) => f && existsSync(path.join(root, f)))
const problems = []
const graph = new Map()

/** Import specifiers of a file, with whether only types cross. */
function importsOf(text) {
  const found = []
  for (const m of text.matchAll(/^\s*(?:import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?['"]([^'"]+)['"]/gm))
    found.push({ typeOnly: m[1] !== undefined, to: m[2] })
  for (const m of text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)) found.push({ typeOnly: false, to: m[1], dynamic: true })
  return found
}

/** Source text without comments and strings, roughly: enough to look for names of globals. */
const bare = (text) =>
  text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\/\/.*$/gm, '')
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''")

function resolve(from, to) {
  if (!to.startsWith('.')) return to
  const base = path.posix.join(path.posix.dirname(from), to)
  return (
    [base.replace(/\.js$/, '.ts'), base.replace(/\.js$/, '.tsx'), base, `${base}.ts`].find((f) => files.includes(f) || existsSync(path.join(root, f))) ?? base
  )
}

const under = (file, folders) => folders.some((f) => file === f || file.startsWith(f))

for (const file of files) {
  const text = readFileSync(path.join(root, file), 'utf8')
  const own = COMPONENTS.find((c) => file.startsWith(`${c}/`))
  const pure = PURE.find((unit) => under(file, unit))
  const say = (what) => problems.push(`${file}: ${what}`)
  for (const { to, typeOnly, dynamic } of importsOf(text)) {
    const target = resolve(file, to)
    if (!to.startsWith('.')) {
      if (pure) say(`a pure folder imports ${to}`)
      continue
    }
    if (!typeOnly && !dynamic) graph.set(file, [...(graph.get(file) ?? []), target])
    const component = COMPONENTS.find((c) => target.startsWith(`${c}/`))
    if (file.startsWith('common/') && component && !file.startsWith('common/build/')) say(`common imports the component ${target}`)
    if (own && component && component !== own && !under(target, SHARED)) say(`${own} imports ${target}`)
    if (under(target, ['test/', 'scripts/']) && !under(file, ['test/', 'scripts/'])) say(`imports ${target}`)
    if (pure && !under(target, [...pure, ...PURE_MAY])) say(`a pure folder imports ${target}`)
    for (const [from, not] of FORBIDDEN) if (file.startsWith(from) && target.startsWith(not)) say(`imports ${target} (the direction is the other one)`)
  }
  if (pure) {
    const m = IMPURE.exec(bare(text))
    if (m) say(`a pure folder uses ${m[0]}`)
  }
}

const state = new Map()
function visit(file, trail) {
  if (state.get(file) === 'done') return
  if (state.get(file) === 'open') {
    problems.push(`import cycle: ${[...trail.slice(trail.indexOf(file)), file].join(' -> ')}`)
    return
  }
  state.set(file, 'open')
  for (const next of graph.get(file) ?? []) visit(next, [...trail, file])
  state.set(file, 'done')
}
for (const file of graph.keys()) visit(file, [])

for (const p of [...new Set(problems)].sort()) process.stderr.write(`${p}\n`)
process.stdout.write(`borders: ${files.length} files, ${problems.length} problems\n`)
process.exitCode = problems.length > 0 ? 1 : 0
