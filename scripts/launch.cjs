'use strict'
/**
 * Starts a bundle of dist/ from the code that V8 compiled for it last time: half of a short command's time otherwise.
 *
 *     #!/usr/bin/env node
 *     require('./launch.cjs')('hdfs', 'hadoop')
 *
 * A bundle that exports `main(program, args)` is called with it and the process ends with the exit code that it
 * resolves to; others (daemons) do all they do when they are loaded.
 *
 * import() does not work in code that came from V8's cache. The build turns those with a literal argument into
 * require(); for others see common/cli/import-module.ts.
 */
const fs = require('node:fs')
const path = require('node:path')
const vm = require('node:vm')
const Module = require('node:module')

const root = path.dirname(__dirname)
const dist = path.join(root, 'dist')

globalThis.bobbinImport = (specifier) => import(specifier)

/**
 * @param {string} bundle its name in dist/, without .cjs
 * @param {string} [program] the name that the user typed, for usage and messages
 */
module.exports = function launch(bundle, program = bundle) {
  const exported = load(bundle)
  if (typeof exported.main !== 'function') return
  // The reader of a pipe has gone: nobody is left to tell.
  process.stdout.on('error', (e) => process.exit(e.code === 'EPIPE' ? 141 : fail(program, e)))
  Promise.resolve(exported.main(program, process.argv.slice(2))).then(end, (e) => end(fail(program, e)))
}

function fail(program, error) {
  process.stderr.write(`${program}: ${error?.stack ?? error}\n`)
  return 1
}

/** What was written is out before the process ends, which waits for no idle connection. */
function end(code) {
  const pending = [process.stdout, process.stderr].filter((s) => s.writableLength > 0)
  if (pending.length === 0) process.exit(code ?? 0)
  pending[0].once('drain', () => end(code))
}

function load(bundle) {
  const file = path.join(dist, `${bundle}.cjs`)
  const source = read(file) ?? setUp(bundle, file)
  const cache = cacheFile(bundle, fs.statSync(file))
  const cachedData = cache && read(cache, null)
  const script = new vm.Script(Module.wrap(source), { filename: file, cachedData })
  if (cache && (!cachedData || script.cachedDataRejected)) process.once('exit', () => keep(bundle, cache, script))
  const module = new Module(file, null)
  module.filename = file
  module.paths = Module._nodeModulePaths(dist)
  script.runInThisContext().call(module.exports, module.exports, Module.createRequire(file), module, file, dist)
  module.loaded = true
  return module.exports
}

function read(file, encoding = 'utf8') {
  try {
    return fs.readFileSync(file, encoding)
  } catch (e) {
    if (e.code === 'ENOENT') return undefined
    throw e
  }
}

/** A fresh clone: installs and builds first. */
function setUp(bundle, file) {
  process.stderr.write(`${bundle} is not built yet; setting up (once) …\n`)
  const { spawnSync } = require('node:child_process')
  const done = spawnSync(process.execPath, [path.join(root, 'common/build/setup.mjs')], { cwd: root, stdio: ['ignore', 2, 2] })
  if (done.status !== 0) process.exit(done.status ?? 1)
  const source = read(file)
  if (source === undefined) {
    process.stderr.write(`the build made no ${path.relative(root, file)}\n`)
    process.exit(1)
  }
  return source
}

/** Where compiled code is kept: beside the bundle, or in the user's cache folder when that can't be written. */
function cacheFile(bundle, { mtimeMs, size }) {
  const flags = hash([...process.execArgv, process.env.NODE_OPTIONS ?? ''].join('\0'))
  const name = `${bundle}@${Math.floor(mtimeMs).toString(36)}-${size.toString(36)}@${process.version}-${process.arch}-${flags}`
  const user = process.env.XDG_CACHE_HOME || (process.env.HOME && path.join(process.env.HOME, '.cache'))
  for (const dir of [path.join(dist, '.cache'), user && path.join(user, 'bobbin')]) {
    if (!dir) continue
    try {
      fs.mkdirSync(dir, { recursive: true })
      fs.accessSync(dir, fs.constants.W_OK)
      return path.join(dir, name)
    } catch {
      // Not writable: the next one, or none. It only costs time.
    }
  }
}

/** FNV-1a: no cryptography to load for the name of a file. */
function hash(text) {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return (h >>> 0).toString(36)
}

/** At the end of a run, so that what the run compiled lazily is in it. */
function keep(bundle, file, script) {
  const dir = path.dirname(file)
  const current = path.basename(file).split('@', 2).join('@')
  try {
    const part = `${file}.${process.pid}`
    fs.writeFileSync(part, script.createCachedData())
    fs.renameSync(part, file)
    for (const old of fs.readdirSync(dir)) {
      if (old.startsWith(`${bundle}@`) && !old.startsWith(`${current}@`)) fs.rmSync(path.join(dir, old), { force: true })
    }
  } catch {
    // A full disk must not fail a command that has done its work.
  }
}

// `node scripts/launch.cjs NAME`: how daemons are started.
if (require.main === module) module.exports(process.argv[2])
