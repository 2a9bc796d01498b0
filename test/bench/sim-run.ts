/** One run for sim.mjs, in a process of its own; what it took goes to its standard output as JSON. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Resource } from '../../common/records/index.js'
import { coreConfigOf, readSimulatedConfiguration } from '../../resourcemanager/simulator/configuration.js'
import { randomOf } from '../../resourcemanager/simulator/engine/random.js'
import { simulate } from '../../resourcemanager/simulator/simulate.js'
import { readWorkload } from '../../resourcemanager/simulator/traces/index.js'
import type { ApplicationSpec, NodeSpec, Workload } from '../../resourcemanager/simulator/workload.js'
import { finished, slsRunner } from '../interop/peers/layout.js'

const [what = '', dir = ''] = process.argv.slice(2)
const conf = path.resolve('test/interop/sls/conf')
const HOURS = 24

/** 500 jobs of maps within 300 s on 25 racks of 40 nodes, as an SLS trace and its topology. */
function slsFiles(): { readonly jobs: string; readonly nodes: string } {
  const random = randomOf(1, 'bench')
  const racks = Array.from({ length: 25 }, (_, r) => ({ rack: `rack${r}`, nodes: Array.from({ length: 40 }, (_n, i) => ({ node: `127.1.${r}.${i + 1}` })) }))
  const starts = Array.from({ length: 500 }, () => random.int(300_000)).sort((a, b) => a - b)
  const jobs = starts.map((start, i) => {
    const duration = (10 + random.int(51)) * 1000
    const tasks = [
      {
        count: 10 + random.int(26),
        'duration.ms': duration,
        'container.memory-mb': 1024,
        'container.vcores': 1,
        'container.priority': 20,
        'container.type': 'map',
      },
    ]
    const user = ['ann', 'bob', 'cid', 'dot'][random.int(4)]
    const queue = ['default', 'hive'][random.int(2)]
    return {
      'am.type': 'mapreduce',
      'job.start.ms': start,
      'job.end.ms': start + duration,
      'job.queue.name': queue,
      'job.id': `job_${i + 1}`,
      'job.user': user,
      'job.tasks': tasks,
    }
  })
  const lines = (all: readonly object[]) => all.map((o) => JSON.stringify(o)).join('\n')
  const files = { jobs: path.join(dir, 'jobs.json'), nodes: path.join(dir, 'nodes.json') }
  writeFileSync(files.jobs, lines(jobs))
  writeFileSync(files.nodes, lines(racks))
  return files
}

/** So many nodes for a day, with jobs of up to 200 containers of some two minutes in three queues. */
function day(nodeCount: number, containers: number): Workload {
  const random = randomOf(1, 'bench')
  const pick = <T>(of: readonly T[]): T => of[random.int(of.length)]!
  const size: Resource = { memory: 131_072, vcores: 32 }
  const nodes: NodeSpec[] = Array.from({ length: nodeCount }, (_, i) => ({ host: `n${i}`, rack: `/r${Math.floor(i / 40)}`, resource: size }))
  const applications: ApplicationSpec[] = []
  for (let left = containers, i = 0; left > 0; i++) {
    const count = Math.min(left, 1 + random.int(200))
    left -= count
    applications.push({
      id: `job${i}`,
      at: random.int(HOURS * 3_600_000),
      user: `u${random.int(50)}`,
      queue: pick(['a', 'b', 'c']),
      am: { resource: { memory: 2048, vcores: 1 } },
      model: 'mapreduce',
      stages: [
        {
          name: 'map',
          count,
          priority: 20,
          resource: { memory: pick([2048, 4096, 8192]), vcores: 1 + random.int(2) },
          duration: { kind: 'lognormal', mean: 120_000, deviation: 60_000 },
        },
      ],
    })
  }
  applications.sort((a, b) => a.at - b.at)
  return { name: 'day', nodes, applications }
}

const QUEUES = 'yarn.scheduler.capacity'
const DAY = {
  name: 'day',
  properties: {
    [`${QUEUES}.root.queues`]: 'a,b,c',
    [`${QUEUES}.root.a.capacity`]: '50',
    [`${QUEUES}.root.b.capacity`]: '30',
    [`${QUEUES}.root.c.capacity`]: '20',
    [`${QUEUES}.maximum-am-resource-percent`]: '0.3',
  },
}

async function main(): Promise<void> {
  if (what === 'sls') {
    const { jobs, nodes } = slsFiles()
    const out = path.join(dir, 'sls-out')
    mkdirSync(out)
    cpSync(conf, path.join(dir, 'conf'), { recursive: true })
    const before = performance.now()
    const child = slsRunner(path.join(dir, 'conf'), jobs, nodes, out)
    let memory = 0
    const watch = setInterval(() => {
      const kilobytes = Number(execFileSync('ps', ['-o', 'rss=', '-p', String(child.pid)], { encoding: 'utf8' }))
      memory = Math.max(memory, kilobytes / 1024)
    }, 1000)
    await finished(child)
    clearInterval(watch)
    process.stdout.write(JSON.stringify({ seconds: (performance.now() - before) / 1000, memory }))
    return
  }
  const configuration = what === 'small' ? readSimulatedConfiguration(conf) : DAY
  const started = performance.now()
  const files = what === 'small' ? slsFiles() : undefined
  const workload = files
    ? readWorkload({ files: [files.jobs], nodes: files.nodes, confDir: conf, seed: 1 })
    : day(what === 'half' ? 5000 : 10_000, what === 'half' ? 500_000 : 1_000_000)
  const result = simulate({ workload, config: coreConfigOf(configuration), configurationName: configuration.name, seed: 1 })
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage()
  process.stdout.write(
    JSON.stringify({
      seconds,
      cpu: (user + system) / 1e6,
      memory: process.resourceUsage().maxRSS / 1024,
      events: result.events,
      simulated: result.simulated / 1000,
    }),
  )
}

await main()
