// Everything, with what it shows written down: docs/compatibility.md and docs/fidelity.md, with the commit it ran on.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout.trim()
const scratch = mkdtempSync(path.join(os.tmpdir(), 'bobbin-matrix-'))

/** Runs a suite; its results by file. */
function run(name, config, env) {
  const out = path.join(scratch, `${name}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${out}`]
  const done = spawnSync('npx', ['vitest', 'run', ...(config ? ['--config', config] : []), ...reporters], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  })
  return { code: done.status, results: JSON.parse(readFileSync(out, 'utf8')).testResults }
}

const own = run('own')
const peers = run('peers', 'test/interop/vitest.config.ts', {
  BOBBIN_INTEROP: 'required',
  BOBBIN_WRITE_FIDELITY: '1',
  BOBBIN_DIFFERENTIAL_SEEDS: process.env.BOBBIN_DIFFERENTIAL_SEEDS ?? '1-1000,10000-10200',
})

const count = (suite, status) => suite.results.reduce((n, f) => n + f.assertionResults.filter((t) => t.status === status).length, 0)
const counts = (suite) => `${count(suite, 'passed')} | ${count(suite, 'failed')} | ${count(suite, 'skipped') + count(suite, 'pending')}`
const rows = peers.results
  .filter((f) => !f.name.includes('/differential/') && !f.name.includes('/contract/'))
  .flatMap((f) => f.assertionResults.map((t) => `| ${t.ancestorTitles.join(' ')} | ${t.title} | ${t.status} |`))
const dirty = git('status', '--porcelain', '--untracked-files=no') !== ''

writeFileSync(
  path.join(root, 'docs/compatibility.md'),
  `# What real peers do on Bobbin

Written by \`npm run test:matrix\` at commit ${git('rev-parse', '--short', 'HEAD')}${dirty ? ' with changes' : ''}, Node ${process.versions.node}, ${os.platform()}.

| tests | passed | failed | skipped |
| --- | ---: | ---: | ---: |
| without a JVM (\`npm test\`) | ${counts(own)} |
| with the real Java peers (\`npm run test:interop\`) | ${counts(peers)} |

| peer | what it does on our cluster | result |
| --- | --- | --- |
${rows.join('\n')}

Decision by decision, and test by test of Hadoop's own suites: [fidelity.md](fidelity.md).
`,
)
rmSync(scratch, { recursive: true, force: true })
process.exitCode = own.code || peers.code
