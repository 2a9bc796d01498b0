// Generates the protobuf modules and bundles each entry into one file below dist/. Quick enough to run before
// every test: what is up to date is left alone.
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const at = (...parts) => path.join(root, ...parts)

/** Executable name -> source. Entries that aren't written yet are passed over while the tree grows. */
export const ENTRIES = {
  bobbin: 'common/supervisor/main.ts',
  demo: 'common/supervisor/demo.ts',
  resourcemanager: 'resourcemanager/main.ts',
  nodemanager: 'nodemanager/main.ts',
  namenode: 'hdfs-lite/namenode/main.ts',
  'namenode-journal-worker': 'hdfs-lite/namenode/journal/worker.ts',
  datanode: 'hdfs-lite/datanode/main.ts',
  hdfs: 'hdfs-lite/cli/main.ts',
  'hdfs-client': 'hdfs-lite/client/index.ts',
  yarn: 'resourcemanager/cli/main.ts',
  simulator: 'resourcemanager/simulator/cli/main.ts',
  'simulator-worker': 'resourcemanager/simulator/compare/worker.ts',
  flink: 'flink-yarn/cli/main.ts',
  pack: 'flink-yarn/program/pack.ts',
}

/** The embedded engine's lib folder: what a client uploads and a container starts. */
export const ENGINE = {
  'flink-dist': 'flink-yarn/engine.ts',
}

/** What must not be in a command's bundle (start-up time), and must stay outside every bundle (native code). */
const NATIVE = ['esbuild', 'better-sqlite3', '@node-rs/crc32', 'pino', 'thread-stream']

/** .proto folders: source, generated, runtime as seen from the generated module, modules of other folders. */
const PROTOS = [
  { source: 'common/proto', target: 'common/proto/gen', runtime: '../runtime.js', external: {} },
  { source: 'flink-yarn/proto', target: 'flink-yarn/proto/gen', runtime: '../../../common/proto/runtime.js', external: {} },
]

export async function generateProtos() {
  const { generate, stale } = await import('../proto/generate.mjs')
  for (const p of PROTOS) {
    if (!existsSync(at(p.source))) continue
    const generator = statSync(at('common/proto/generate.mjs')).mtimeMs
    const target = at(p.target)
    const old = !existsSync(target) || readdirSync(target).some((f) => statSync(path.join(target, f)).mtimeMs < generator)
    if (old || stale(at(p.source), target)) {
      rmSync(target, { recursive: true, force: true })
      generate(at(p.source), target, p.runtime, p.external)
    }
  }
}

/** @param only names of entries, when not all are wanted */
export async function build({ minify = false, only } = {}) {
  await generateProtos()
  const esbuild = await import('esbuild')
  const present = (entries) =>
    Object.fromEntries(
      Object.entries(entries)
        .filter(([n, f]) => existsSync(at(f)) && (!only || only.includes(n)))
        .map(([n, f]) => [n, at(f)]),
    )
  const common = {
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    minify,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    // import.meta.url is what entries find their neighbours by.
    define: { 'import.meta.url': '__bundle_url' },
    banner: { js: "const __bundle_url = require('node:url').pathToFileURL(__filename).href;" },
  }
  mkdirSync(at('dist'), { recursive: true })
  const result = await esbuild.build({
    ...common,
    entryPoints: present(ENTRIES),
    outdir: at('dist'),
    external: NATIVE,
    // Parts of pages that a daemon serves.
    loader: { '.html': 'text', '.css': 'text', '.client.js': 'text' },
    // Code that scripts/launch.cjs takes from V8's cache has no import(); require() does for literal ones.
    supported: { 'dynamic-import': false },
  })
  const engine = present(ENGINE)
  // The engine travels to other machines: nothing outside its files may be needed.
  // It is uploaded and localised for each cluster: a third smaller without comments and blanks; names stay, for stack traces.
  if (Object.keys(engine).length > 0)
    await esbuild.build({ ...common, entryPoints: engine, outdir: at('dist/engine/lib'), minifyWhitespace: true, minifySyntax: true })
  if (only) return
  writeFileSync(at('dist/meta.json'), JSON.stringify(result.metafile))
  for (const f of existsSync(at('scripts')) ? readdirSync(at('scripts')) : []) if (!f.includes('.cjs')) chmodSync(at('scripts', f), 0o755)
  if (existsSync(at('examples/build.mjs'))) await (await import(pathToFileURL(at('examples/build.mjs')).href)).buildExamples()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const only = process.argv.slice(2)
  if (only[0] === 'protos') await generateProtos()
  else await build(only.length > 0 ? { only } : {})
}
