/** Traces of every kind, and what is said of those that can't be. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readWorkload, TraceError } from '../../../resourcemanager/simulator/traces/index.js'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'traces-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

function file(name: string, text: string): string {
  const at = path.join(dir, name)
  writeFileSync(at, text)
  return at
}

/** '': the trace's own nodes. */
const read = (name: string, text: string, nodes = '4x16G,8', seed = 1) => readWorkload({ files: [file(name, text)], seed, ...(nodes !== '' && { nodes }) })

/** What is said, the folder left out. */
function complaint(name: string, text: string, nodes?: string): string {
  try {
    read(name, text, nodes)
  } catch (e) {
    if (e instanceof TraceError) return e.message.replaceAll(`${dir}/`, '')
    throw e
  }
  return ''
}

const job = (fields: object) => JSON.stringify({ 'job.id': 'j1', 'job.queue.name': 'q', 'job.tasks': [{ 'duration.ms': 1000 }], ...fields })

describe('SLS traces', () => {
  it('become stages: maps, then reduces', () => {
    const { applications, nodes } = read(
      'a.json',
      `${JSON.stringify({ 'num.nodes': 3, 'num.racks': 2 })}\n${job({
        'job.start.ms': 500,
        'job.user': 'ann',
        'job.tasks': [
          { count: 2, 'duration.ms': 1000, 'container.memory-mb': 2048 },
          { 'container.type': 'reduce', 'container.host': '/r1/h1', 'container.start.ms': 10, 'container.end.ms': 30 },
        ],
      })}`,
      '',
    )
    expect(nodes.map((n) => `${n.rack}/${n.host}`)).toEqual(['/rack-0/node0', '/rack-1/node1', '/rack-0/node2'])
    expect(applications).toMatchObject([
      {
        id: 'j1',
        at: 500,
        user: 'ann',
        queue: 'q',
        model: 'sls',
        stages: [
          { name: 'map', count: 2, priority: 20, resource: { memory: 2048, vcores: 1 }, durations: [1000, 1000] },
          { name: 'reduce', count: 1, priority: 10, durations: [20], hosts: [['h1']], after: [{ stage: 'map' }] },
        ],
      },
    ])
  })

  it('are of three kinds of masters', () => {
    const tasks = [
      { 'container.type': 'map', 'container.request.delay': 1500, 'duration.ms': 1000 },
      { 'container.type': 'reduce', 'duration.ms': 1000 },
    ]
    const { applications } = read(
      'a.json',
      [
        job({ 'job.tasks': tasks }),
        job({ 'yarn.sls.am.type': 'dag', 'job.tasks': tasks }),
        job({ 'am.type': 'stream', 'job.start.ms': 1000, 'job.end.ms': 61_000, 'job.tasks': tasks }),
      ].join('\n'),
    )
    const [mapreduce, dag, stream] = applications
    expect(mapreduce!.stages).toMatchObject([{ name: 'map', delay: 1500, resource: { memory: 1024, vcores: 1 } }, { after: [{ stage: 'map' }] }])
    expect(mapreduce!.stages![0]!.resource).not.toHaveProperty('extended')
    expect(dag!.stages!.map((s) => [s.delay, s.after])).toEqual([
      [1500, undefined],
      [undefined, undefined],
    ])
    expect([mapreduce!.lasts, dag!.lasts, stream!.lasts]).toEqual([undefined, undefined, 60_000])
    expect(complaint('a.json', job({ 'am.type': 'stream' }))).toContain('job.end.ms: it is missing')
  })

  it('may be compressed by gzip', () => {
    const at = path.join(dir, 'packed.json.gz')
    const packed = gzipSync(`${job({})}\n${job({ 'job.id': 'j2' })}`)
    writeFileSync(at, packed)
    const { name, applications } = readWorkload({ files: [at], seed: 1, nodes: '4x16G,8' })
    expect([name, ...applications.map((a) => a.id)]).toEqual(['packed', 'j1', 'j2'])
    writeFileSync(at, packed.subarray(0, packed.length - 12))
    expect(() => readWorkload({ files: [at], seed: 1, nodes: '4x16G,8' })).toThrow(/packed\.json\.gz: it can't be read: unexpected end of file/)
  })

  it('are files', () => {
    expect(() => readWorkload({ files: [dir], seed: 1, nodes: '4x16G,8' })).toThrow('it is a folder; give the trace in it')
  })

  it('take their nodes from the hosts that tasks name', () => {
    const { nodes } = read('b.json', job({ 'job.tasks': [{ 'duration.ms': 5, 'container.host': '/r7/h7' }] }), '')
    expect(nodes).toMatchObject([{ host: 'h7', rack: '/r7', resource: { memory: 10240, vcores: 10 } }])
  })

  it('may hold a job many times, in a list, and out of order', () => {
    const { applications } = read('c.json', `[${job({ 'job.start.ms': 9000, 'job.count': 2 })},\n${job({ 'job.start.ms': 10 })}]`)
    expect(applications.map((a) => a.at)).toEqual([10, 9000, 9000])
  })

  it.each([
    [
      'a negative duration',
      job({ 'job.tasks': [{ 'duration.ms': -5 }] }),
      'x.json:1: job.tasks[0].duration.ms: its duration is -5 ms; a task takes more than no time',
    ],
    [
      'an end before the start',
      `\n${job({ 'job.tasks': [{ 'container.start.ms': 9, 'container.end.ms': 3 }] })}`,
      'x.json:2: job.tasks[0].container.end.ms: its duration is -6 ms; a task takes more than no time',
    ],
    ['no queue', JSON.stringify({ 'job.tasks': [{ 'duration.ms': 5 }] }), 'x.json:1: job.queue.name: it is missing'],
    ['no task', job({ 'job.tasks': [] }), 'x.json:1: job.tasks: there is no task'],
    ['a number that is none', job({ 'job.start.ms': 'soon' }), 'x.json:1: job.start.ms: "soon" is no number'],
    ['an unknown master', job({ 'am.type': 'spark' }), 'x.json:1: am.type: there is no model "spark"; use one of mapreduce, dag, stream'],
    ['text cut short', `${job({})}\n{"job.id": "j2",\n "job.tasks": [`, 'x.json:3: it ends within the object that begins in line 2; the file was cut short'],
    ['text that is no JSON', `${job({})}\n{"a": 1,\n "b" 2}`, 'x.json:3: it is no JSON:'],
    ['something else', 'hello', 'x.json:1: "h" stands where an object { … } is to begin; a trace is a series of JSON objects'],
    ['nothing', '', 'x.json: it is empty'],
    [
      "a ResourceManager's answer",
      '{"apps": {"app": []}}',
      "x.json:1: it is what a ResourceManager's REST answers; turn it into a trace with: bobbin sim import",
    ],
  ])('say of %s where it stands', (_what, text, expected) => {
    expect(complaint('x.json', text)).toContain(expected)
  })

  it('tell of all that is wrong at once', () => {
    expect(complaint('x.json', `${job({ 'job.start.ms': -1 })}\n${job({ 'job.end.ms': 'x' })}`).split('\n')).toHaveLength(2)
  })

  it('need nodes from somewhere', () => {
    expect(() => readWorkload({ files: [file('y.json', job({}))], seed: 1 })).toThrow(
      'nothing says what the cluster is made of; give --nodes FILE or --nodes 100x16G,8',
    )
  })
})

const synth = (cls: object, more: object = {}) =>
  JSON.stringify({
    num_nodes: 4,
    nodes_per_rack: 2,
    num_jobs: 20,
    rand_seed: 2,
    workloads: [
      {
        workload_weight: 1,
        queue_name: 'q',
        job_classes: [{ class_name: 'c', class_weight: 1, ...cls }],
        time_distribution: [
          { time: 1, weight: 66 },
          { time: 60, weight: 33 },
          { time: 120, jobs: 0 },
        ],
      },
    ],
    ...more,
  })
const OLD = {
  mtasks_avg: 5,
  mtasks_stddev: 1,
  rtasks_avg: 2,
  rtasks_stddev: 1,
  mtime_avg: 10,
  mtime_stddev: 2,
  rtime_avg: 20,
  rtime_stddev: 4,
  map_max_memory_avg: 1024,
  map_max_memory_stddev: 0.001,
  reduce_max_memory_avg: 2048,
  reduce_max_memory_stddev: 0.001,
  map_max_vcores_avg: 1,
  map_max_vcores_stddev: 0.001,
  reduce_max_vcores_avg: 2,
  reduce_max_vcores_stddev: 0.001,
  dur_avg: 60,
  dur_stddev: 5,
  chance_of_reservation: 0.5,
  deadline_factor_avg: 10,
  deadline_factor_stddev: 0.001,
}

describe('SYNTH traces', () => {
  it('draw jobs of their classes, the same ones for the same seed', () => {
    const one = read('s.json', synth(OLD), '')
    expect(one.applications).toHaveLength(20)
    expect(one.nodes.map((n) => n.rack)).toEqual(['/rack1', '/rack1', '/rack2', '/rack2'])
    expect(read('s.json', synth(OLD), '')).toEqual(one)
    expect(read('s.json', synth(OLD), '', 2).applications).not.toEqual(one.applications)
    const times = one.applications.map((a) => a.at)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(Math.min(...times)).toBeGreaterThanOrEqual(1000)
    expect(Math.max(...times)).toBeLessThan(120_000)
    expect(one.applications.some((a) => a.deadline !== undefined)).toBe(true)
    expect(one.applications.some((a) => a.deadline === undefined)).toBe(true)
    expect(one.applications.every((a) => a.stages![0]!.resource.memory === 1024)).toBe(true)
  })

  it('know streams, which end when their time is over', () => {
    const task = { type: 'stream', count: { val: 2 }, time: { val: 10 }, max_memory: { val: 4096 }, max_vcores: { val: 4 } }
    const streams = { type: 'stream', tasks: [task], duration: { val: 30 }, reservation: { val: 0 }, deadline_factor: { val: 1 } }
    expect(read('s.json', synth(streams), '').applications.every((a) => a.lasts === 30_000)).toBe(true)
    expect(complaint('s.json', synth({ ...streams, type: 'river' }), '')).toContain('type: there is no model "river"')
  })

  it('take lists of tasks with constants, distributions and choices', () => {
    const task = {
      type: 'map',
      priority: 20,
      count: { discrete: [3, 4], weights: [1, 0] },
      time: { val: 10, std: 2, dist: 'NORM' },
      max_memory: { val: 1500 },
      max_vcores: { val: 1 },
    }
    const { applications } = read('s.json', synth({ tasks: [task], duration: { val: 60 }, reservation: { val: 0 }, deadline_factor: { val: 1 } }), '')
    expect(applications.every((a) => a.stages![0]!.count === 3 && a.stages![0]!.resource.memory === 1500)).toBe(true)
  })

  it.each([
    [
      'a distribution that is none',
      synth({ ...OLD, tasks: [{ count: { val: 1, std: 1, dist: 'ZIPF' }, time: { val: 1 }, max_memory: { val: 1 }, max_vcores: { val: 1 } }] }),
      'count.dist: there is no "ZIPF"; use LOGNORM or NORM',
    ],
    ['a negative count', synth({ ...OLD, mtasks_avg: -1 }), 'workloads[0].job_classes[0].mtasks_avg: -1 is less than 0'],
    ['no jobs', synth(OLD, { num_jobs: undefined }), 'num_jobs: it is missing'],
  ])('say of %s where it stands', (_what, text, expected) => {
    expect(complaint('s.json', text, '')).toContain(expected)
  })
})

describe('RUMEN traces', () => {
  const attempt = (host: string, start: number, finish: number) => ({ hostName: host, startTime: start, finishTime: finish, result: 'SUCCESS' })
  const rumen = (fields: object) =>
    JSON.stringify({
      jobID: 'job_1_0001',
      user: 'jenkins',
      queue: 'q',
      submitTime: 1371222054499,
      finishTime: 1371222153874,
      mapTasks: [{ attempts: [attempt('/d/h0', 0, 9), attempt('/default-rack/h1', 1371222061163, 1371222078206)] }],
      reduceTasks: [{ attempts: [attempt('/default-rack/h2', 1371222080000, 1371222090000)] }],
      ...fields,
    })

  it('count the last attempt of each task, from the first submission on', () => {
    const { applications, nodes } = read('r.json', `${rumen({})}\n${rumen({ jobID: 'job_1_0002', submitTime: 1371222054000 })}`, '')
    expect(applications.map((a) => [a.id, a.at])).toEqual([
      ['job_1_0002', 0],
      ['job_1_0001', 499],
    ])
    expect(applications[1]!.stages).toMatchObject([
      { name: 'map', durations: [17043], hosts: [['h1']] },
      { name: 'reduce', durations: [10000], after: [{ stage: 'map' }] },
    ])
    expect(nodes.map((n) => n.host)).toEqual(['h1', 'h2'])
  })

  it('leave out attempts that never ran or whose end nobody saw', () => {
    const tasks = [{ attempts: [attempt('/d/h1', 10, 30), attempt('/d/h2', 40, -1)] }, { attempts: [attempt('/d/h3', -1, -1)] }]
    const { applications } = read('r.json', rumen({ mapTasks: tasks, reduceTasks: [] }), '')
    expect(applications[0]!.stages).toMatchObject([{ name: 'map', durations: [20], hosts: [['h1']] }])
  })

  it.each([
    ['a task without attempts', rumen({ mapTasks: [{ attempts: [] }] }), 'r.json:1: mapTasks[0].attempts: there is none'],
    [
      'an end before the start',
      rumen({ mapTasks: [{ attempts: [attempt('/d/h', 9, 3)] }] }),
      'r.json:1: mapTasks[0].attempts[0].finishTime: its duration is -6 ms',
    ],
    ['a job that ends before it begins', rumen({ finishTime: 3 }), 'r.json:1: finishTime: 3 is before submitTime'],
  ])('say of %s where it stands', (_what, text, expected) => {
    expect(complaint('r.json', text, '')).toContain(expected)
  })
})

describe('workloads of our own', () => {
  it('are short to write', () => {
    const { name, nodes, applications } = read(
      'w.yaml',
      `
name: two
nodes:
  - { count: 2, memory: 16G, vcores: 8 }
  - { host: big, memory: 64G, vcores: 32, labels: [gpu], upAt: 1m }
applications:
  - { id: mr, count: 2, every: 30s, mapreduce: { maps: { count: 3, memory: 1G, duration: 10s }, reduces: { memory: 2G, duration: { lognormal: [20s, 2s] } } } }
  - id: fl
    at: 1h30m
    flink: { mode: per-job, slotsPerTaskManager: 2, taskManager: { memory: 4G, vcores: 2 }, jobs: [{ slots: 4, duration: 5m }] }
`,
      '',
    )
    expect(name).toBe('two')
    expect(nodes.map((n) => n.host)).toEqual(['node1', 'node2', 'big'])
    expect(nodes[2]).toMatchObject({ upAt: 60_000, labels: ['gpu'], resource: { memory: 65_536, vcores: 32 } })
    expect(applications.map((a) => [a.id, a.at, a.model, a.type])).toEqual([
      ['mr.1', 0, 'mapreduce', 'MAPREDUCE'],
      ['mr.2', 30_000, 'mapreduce', 'MAPREDUCE'],
      ['fl', 5_400_000, 'flink', 'Apache Flink'],
    ])
    expect(applications[0]!.stages).toMatchObject([
      { name: 'map', count: 3, priority: 20, duration: 10_000 },
      { name: 'reduce', count: 1, priority: 10, duration: { kind: 'lognormal', mean: 20_000, deviation: 2000 }, after: [{ stage: 'map', fraction: 0.05 }] },
    ])
  })

  it('are read back as they are written', () => {
    const workload = read('w.yaml', 'applications:\n  - { id: a, stages: [{ name: s, count: 2, memory: 1G, duration: 5s }] }\n')
    const again = readWorkload({ files: [file('again.json', JSON.stringify(workload))], seed: 1 })
    expect(again.nodes).toEqual(workload.nodes)
    expect(again.applications.map(({ place: _, ...a }) => a)).toEqual(workload.applications.map(({ place: _, ...a }) => a))
  })

  it.each([
    [
      'a field that is none',
      'applications:\n  - id: a\n    qeueue: x\n    stages: []\n',
      'w.yaml:3: applications[0].qeueue: there is no such field; here are known: id',
    ],
    [
      'a time that is none',
      'applications:\n  - { id: a, at: soon, stages: [] }\n',
      'w.yaml:2: applications[0].at: "soon" is no time; write milliseconds, or 90s, 10m, 1h30m',
    ],
    [
      'a negative duration',
      'applications:\n  - id: a\n    stages:\n      - { memory: 1G, duration: -5 }\n',
      'w.yaml:4: applications[0].stages[0].duration: -5 is less than 0',
    ],
    [
      'a stage after none',
      'applications:\n  - id: a\n    stages:\n      - { name: x, memory: 1G, after: [y] }\n',
      'w.yaml:4: applications[0].stages[0].after: no stage before it is called y',
    ],
    [
      'a distribution that is none',
      'applications:\n  - { id: a, stages: [{ memory: 1G, duration: { zipf: [1] } }] }\n',
      'stages[0].duration: "zipf" is no distribution',
    ],
    [
      'a lognormal mean of 0',
      'applications:\n  - { id: a, stages: [{ memory: 1G, duration: { lognormal: [0s, 1s] } }] }\n',
      'duration.mean: "0s" can\'t be; write a number above 0',
    ],
    ['an id twice', 'applications:\n  - { id: a, stages: [] }\n  - { id: a, stages: [] }\n', 'w.yaml:3: applications[1]: the id a is there already'],
    ['text that is no YAML', 'applications:\n  - { id: a\n', 'w.yaml:'],
    [
      'an outage that ends before it begins',
      'nodes:\n  - { memory: 1G, outages: [{ from: 5m, to: 1m }] }\napplications: []\n',
      'nodes[0].outages[0].to: 60000 is not after from, 300000',
    ],
  ])('say of %s where it stands', (_what, text, expected) => {
    expect(complaint('w.yaml', text)).toContain(expected)
  })
})

describe('--nodes', () => {
  it('is a number with a size, or a topology', () => {
    expect(read('a.json', job({}), '3×2T,64').nodes).toMatchObject([{ resource: { memory: 2_097_152, vcores: 64 } }, {}, {}])
    const topology = file('n.json', '{"rack": "r1", "nodes": [{"node": "n1"}, {"node": "n2"}]}')
    expect(read('a.json', job({}), topology).nodes.map((n) => n.rack + n.host)).toEqual(['/r1n1', '/r1n2'])
    expect(() => read('a.json', job({}), 'no-such-file')).toThrow('there is no such file; give a file of nodes, or how many of what size: --nodes 100x16G,8')
    const twice = file('t.json', '{"rack": "r1", "nodes": [{"node": "n1"}, {"node": "n1"}]}')
    expect(() => read('a.json', job({}), twice)).toThrow('nodes[1].node: n1 is there already')
  })
})
