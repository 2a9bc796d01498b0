/**
 * Clients that other people wrote, from the registries of their languages, laid out once below the user's cache folder. Where a language
 * or its registry is not to be had, the tests of its clients are skipped with that reason.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { cache } from './layout.js'

const here = path.dirname(fileURLToPath(import.meta.url))

export type Laid = { readonly home: string; readonly why?: undefined } | { readonly home?: undefined; readonly why: string }

/** @param key changes when the folder must be made anew */
function once(name: string, key: string, commands: (home: string) => readonly (readonly string[])[], env: NodeJS.ProcessEnv = {}): Laid {
  const home = path.join(cache, `${name}-${createHash('sha256').update(key).digest('hex').slice(0, 12)}`)
  if (existsSync(path.join(home, '.complete'))) return { home }
  rmSync(home, { recursive: true, force: true })
  mkdirSync(home, { recursive: true })
  for (const [command, ...args] of commands(home)) {
    const done = spawnSync(command!, args, { cwd: home, encoding: 'utf8', timeout: 240_000, env: { ...process.env, ...env } })
    if (done.status === 0) continue
    const said = done.error?.message ?? `${done.stderr}${done.stdout}`.trim().split('\n').at(-1)
    const why = `${name} can't be laid out here: ${[command, ...args].join(' ')}: ${said}`
    process.stderr.write(`test:interop: skipped, ${why}\n`)
    return { why }
  }
  writeFileSync(path.join(home, '.complete'), '')
  return { home }
}

/** An interpreter with the packages of python.txt: HOME/bin/python. */
export function python(): Laid {
  const packages = path.join(here, 'python.txt')
  return once('python', readFileSync(packages, 'utf8'), (home) => [
    ['python3', '-m', 'venv', home],
    [path.join(home, 'bin/pip'), 'install', '-q', '--disable-pip-version-check', '-r', packages],
  ])
}

/** An interpreter with PySpark, which brings Spark's jars and programs along: HOME/bin/spark-submit. */
export function pyspark(): Laid {
  return once('pyspark', 'pyspark==3.5.5', (home) => [
    ['python3', '-m', 'venv', home],
    [path.join(home, 'bin/pip'), 'install', '-q', '--disable-pip-version-check', 'pyspark==3.5.5'],
  ])
}

/** A Flink distribution's HOME/lib, as Python's packages carry it: Maven has no flink-yarn of some versions. */
export function flinkLibraries(version: string): Laid {
  return once(`flink-${version}`, version, (home) => [
    [
      'python3',
      '-m',
      'pip',
      'download',
      '-q',
      '--disable-pip-version-check',
      '--no-deps',
      '--no-binary',
      ':all:',
      '-d',
      home,
      `apache-flink-libraries==${version}`,
    ],
    ['sh', '-c', "tar -xzf apache*flink*libraries-*.tar.gz --strip-components=2 --wildcards '*/deps/lib/*' && rm apache*flink*libraries-*.tar.gz"],
  ])
}

/** HOME/hdfs, the command of colinmarc/hdfs. */
export function goHdfs(): Laid {
  const wanted = 'github.com/colinmarc/hdfs/v2/cmd/hdfs@v2.4.0'
  const home = path.join(cache, `go-${createHash('sha256').update(wanted).digest('hex').slice(0, 12)}`)
  return once('go', wanted, () => [['go', 'install', wanted]], { GOBIN: home })
}

/** HOME/node_modules/webhdfs. */
export function nodeWebhdfs(): Laid {
  return once('npm', 'webhdfs@1.2.0', (home) => [['npm', 'install', '--silent', '--no-audit', '--prefix', home, 'webhdfs@1.2.0']])
}
