// Installs and builds what is missing, with nothing but Node and npm: run before `npm run demo` and `npm test`.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const fail = (text) => {
  process.stderr.write(`bobbin set-up: ${text}\n`)
  process.exit(1)
}

if (Number(process.versions.node.split('.')[0]) < 20) fail(`Node ${process.versions.node} is too old; 20 or newer is needed (https://nodejs.org)`)

const lock = createHash('sha256')
  .update(readFileSync(path.join(root, 'package-lock.json')))
  .update(process.versions.modules)
  .digest('hex')
const stamp = path.join(root, 'node_modules/.bobbin-installed')
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  process.stderr.write('bobbin set-up: installing packages (once; up to two minutes where better-sqlite3 has to be compiled) …\n')
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  if (npm.error) fail(`npm can't be started: ${npm.error.message}`)
  if (npm.status !== 0) {
    process.stderr.write(npm.stderr.split('\n').slice(-30).join('\n'))
    const missing = ['python3', 'make', 'c++'].filter((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0)
    fail(
      missing.length > 0
        ? `npm ci failed; better-sqlite3 may have to be compiled here, and these are missing: ${missing.join(', ')} (Debian: apt-get install build-essential python3)`
        : 'npm ci failed; its words are above',
    )
  }
  checkSqlite()
  writeFileSync(stamp, lock)
}

function checkSqlite() {
  try {
    const Database = createRequire(path.join(root, 'package.json'))('better-sqlite3')
    new Database(':memory:').close()
  } catch (e) {
    fail(
      `better-sqlite3 does not load: ${e.message.split('\n')[0]}\nIts native part was neither downloaded nor compiled; python3, make, a C++ compiler and Node's headers compile it: npm rebuild better-sqlite3`,
    )
  }
}

const { build } = await import('./build.mjs')
await build()
