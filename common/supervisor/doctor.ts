/** `bobbin doctor`: what stands in the way of a cluster, or is wrong with the one that runs. */
import { accessSync, constants, existsSync, mkdirSync, statfsSync } from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { ADDRESSES, validateOverlay } from './configure.js'
import { type Layout, readRecord, root } from './layout.js'
import { isFree } from './ports.js'
import { containerProcesses, describeOwner, isAlive } from './processes.js'
import { clusterStatus } from './status.js'

export type Verdict = 'ok' | 'note' | 'problem'

export interface Finding {
  readonly verdict: Verdict
  readonly what: string
  /** What to do about it. */
  readonly remedy?: string
}

const OLDEST_NODE = 20
const LEAST_FREE = 2 ** 30
/** As the generated configuration sets it for the NodeManagers' disk check. */
const FULLEST = 0.99
const LEAST_MEMORY = 2 ** 30

const ok = (what: string): Finding => ({ verdict: 'ok', what })
const note = (what: string, remedy?: string): Finding => ({ verdict: 'note', what, ...(remedy !== undefined && { remedy }) })
const problem = (what: string, remedy?: string): Finding => ({ verdict: 'problem', what, ...(remedy !== undefined && { remedy }) })
const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GB`

export async function examine(l: Layout, overlay: string | undefined): Promise<Finding[]> {
  const record = readRecord(l)
  const running = record?.daemons.some(isAlive) ?? false
  return [
    ...system(),
    folder(l),
    ...(overlay === undefined ? [] : [configuration(overlay)]),
    ...(running ? [] : await ports()),
    ...(record ? await cluster(l) : [note(`no cluster was started in ${l.dir} yet`, 'bobbin up -d')]),
  ]
}

function system(): Finding[] {
  const version = process.versions.node
  const findings = [
    Number(version.split('.')[0]) >= OLDEST_NODE
      ? ok(`Node ${version}`)
      : problem(`Node ${version} is too old`, `install ${OLDEST_NODE} or newer: https://nodejs.org`),
    process.platform === 'win32'
      ? problem('Windows has no process groups and signals as the daemons need them', 'run it in WSL')
      : ok(`${os.type()} ${os.release()}`),
  ]
  if (process.platform !== 'win32' && !existsSync('/proc/self/stat'))
    findings.push(note('there is no /proc: memory and leftover containers are known only roughly, through ps'))
  const memory = os.freemem()
  findings.push(memory < LEAST_MEMORY ? note(`${gigabytes(memory)} of memory are free, which is little for jobs`) : ok(`${gigabytes(memory)} of memory free`))
  const missing = ['namenode', 'datanode', 'resourcemanager', 'nodemanager', 'flink', 'engine/lib/flink-dist'].filter(
    (e) => !existsSync(path.join(root, 'dist', `${e}.cjs`)),
  )
  findings.push(missing.length > 0 ? problem(`not built: ${missing.join(', ')}`, 'npm run build') : ok('everything is built'))
  try {
    const Database = createRequire(path.join(root, 'package.json'))('better-sqlite3') as new (file: string) => { close(): void }
    new Database(':memory:').close()
    findings.push(ok('SQLite loads'))
  } catch (e) {
    findings.push(problem(`SQLite does not load: ${(e as Error).message.split('\n')[0]}`, 'npm rebuild better-sqlite3'))
  }
  return findings
}

function folder(l: Layout): Finding {
  try {
    mkdirSync(l.dir, { recursive: true })
    accessSync(l.dir, constants.W_OK)
  } catch (e) {
    return problem(`${l.dir} can't be written: ${(e as Error).message}`, 'choose another one with --dir')
  }
  const disk = statfsSync(l.dir)
  const free = disk.bavail * disk.bsize
  const full = 1 - disk.bavail / disk.blocks
  if (full > FULLEST)
    return problem(`the disk of ${l.dir} is ${(full * 100).toFixed(1)}% full: NodeManagers call it unhealthy`, 'make room, or choose another folder with --dir')
  if (free < LEAST_FREE) return note(`the disk of ${l.dir} has only ${gigabytes(free)} left`)
  return ok(`${l.dir} can be written, ${gigabytes(free)} free`)
}

function configuration(overlay: string): Finding {
  try {
    validateOverlay(overlay)
    return ok(`${overlay} can be read`)
  } catch (e) {
    return problem((e as Error).message)
  }
}

async function ports(): Promise<Finding[]> {
  const usual = Object.values(ADDRESSES).flatMap((specs) => specs.flatMap((s) => (s.port === undefined ? [] : [s.port])))
  const taken: number[] = []
  for (const port of usual) if (!(await isFree(port, '127.0.0.1'))) taken.push(port)
  if (taken.length === 0) return [ok(`the ports ${usual.join(', ')} are free`)]
  return taken.map((port) => note(`port ${port} is taken by ${describeOwner(port)}`, 'stop that, or: bobbin up --free-ports'))
}

async function cluster(l: Layout): Promise<Finding[]> {
  const record = readRecord(l)!
  const status = await clusterStatus(l, record)
  if (!status.running) {
    const left = containerProcesses(l.dir)
    if (left.length > 0)
      return [problem(`the cluster is down, but containers of it still run: pid ${left.map((p) => p.pid).join(', ')}`, `bobbin down --dir ${l.dir}`)]
    return [note(`the cluster of ${l.dir} is down`, 'bobbin up -d')]
  }
  const findings: Finding[] = []
  if (!isAlive(record.supervisor)) findings.push(problem("the cluster's supervisor is gone, its daemons are not", `bobbin down --dir ${l.dir}`))
  for (const d of status.daemons) {
    if (d.state === 'running') findings.push(ok(`${d.name} runs (pid ${d.pid})`))
    else
      findings.push(
        problem(`${d.name} ${d.state === 'crashed' ? d.reason : `is ${d.state}`}`, `see ${path.join(l.logs, `${d.name}.log`)}; then: bobbin restart ${d.name}`),
      )
  }
  const { nodes } = status
  if (!nodes) findings.push(problem('the ResourceManager does not answer', `see ${path.join(l.logs, 'resourcemanager.log')}`))
  else
    findings.push(
      nodes.live === nodes.of
        ? ok(`${nodes.live} of ${nodes.of} nodes are live`)
        : problem(`only ${nodes.live} of ${nodes.of} nodes are live`, 'yarn node -list -all'),
    )
  return findings
}

const MARKS: Record<Verdict, string> = { ok: 'ok     ', note: 'note   ', problem: 'PROBLEM' }

export function findingsText(findings: readonly Finding[]): string {
  const lines = findings.flatMap((f) => [`${MARKS[f.verdict]}  ${f.what}`, ...(f.remedy === undefined ? [] : [`         → ${f.remedy}`])])
  const problems = findings.filter((f) => f.verdict === 'problem').length
  lines.push('', problems === 0 ? 'nothing is wrong' : `${problems} problem${problems === 1 ? '' : 's'}`)
  return `${lines.join('\n')}\n`
}
