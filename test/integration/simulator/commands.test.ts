import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Folder, TestRm, report, submit } from '../resourcemanager/harness.js'

const bobbin = fileURLToPath(new URL('../../../scripts/bobbin', import.meta.url))
const dir = mkdtempSync(path.join(os.tmpdir(), 'sim-'))
const at = (...parts: string[]) => path.join(dir, ...parts)
let conf: Folder

const TRACE = `
name: small
nodes: [{ count: 4, memory: 8G, vcores: 8 }]
applications:
  - { id: hive, count: 6, every: 3s, queue: hive, user: ann, stages: [{ count: 6, memory: 1G, duration: 20s }] }
  - { id: etl, count: 6, every: 3s, queue: default, user: bob, stages: [{ count: 8, memory: 1G, duration: { kind: lognormal, mean: 25s, deviation: 5s } }] }
`

function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(bobbin, args, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, err] = ['', '']
    child.stdout.on('data', (c) => (out += c))
    child.stderr.on('data', (c) => (err += c))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? -1, out, err }))
  })
}

beforeAll(() => {
  conf = new Folder()
  writeFileSync(at('trace.yaml'), TRACE)
  mkdirSync(at('refused'))
  const property = (name: string, value: string) => `<property><name>yarn.scheduler.capacity.root.${name}</name><value>${value}</value></property>`
  writeFileSync(at('refused', 'capacity-scheduler.xml'), `<configuration>${property('queues', 'default')}${property('default.capacity', '90')}</configuration>`)
})
afterAll(() => {
  conf.remove()
  rmSync(dir, { recursive: true, force: true })
})

describe('bobbin sim', () => {
  test('compare runs configurations in parallel, with the same bytes as one after the other', async () => {
    const args = [
      'sim',
      'compare',
      `now=${conf.dir}`,
      `wide=${conf.dir},root.default.capacity=20,root.hive.capacity=80`,
      '--trace',
      'trace.yaml',
      '--seeds',
      '2',
    ]
    const parallel = await run(...args, '--out', at('a'), '--parallel', '2')
    expect(parallel.err).toBe('')
    expect(parallel.code).toBe(0)
    expect(parallel.out).toMatch(/p95 wait of queue root\.hive .*(better|worse|no difference)/)
    await run(...args, '--out', at('b'), '--parallel', '1')
    for (const f of ['report.html', 'result.json', 'comparison.csv']) expect(readFileSync(at('a', f)).equals(readFileSync(at('b', f))), f).toBe(true)
  })

  test('sweep ranks what can be run and names what can not', async () => {
    const { code, out } = await run(
      ...['sim', 'sweep', 'trace.yaml', '--conf', conf.dir, '--vary', 'root.hive.capacity=40,60,120', '--balance', 'root.default.capacity'],
      ...['--goal', 'p95 wait of queue hive', '--seeds', '1', '--out', at('s')],
    )
    expect(code).toBe(0)
    expect(out).toMatch(/refused: root\.hive\.capacity=120: the other queues of root take 120 %/)
    expect(existsSync(at('s', 'report.html')) && existsSync(at('s', 'best', 'report.html'))).toBe(true)
  })

  test('a recorded run is replayed, and asked what if', async () => {
    expect((await run('sim', 'trace.yaml', '--conf', conf.dir, '--event-log', 'events.jsonl')).code).toBe(0)
    expect((await run('replay', 'events.jsonl')).out).toContain('every effect as recorded')
    const whatIf = await run('replay', 'events.jsonl', '--conf', `half=${conf.dir},root.hive.maximum-capacity=50`, '--seeds', '1', '--out', at('r'))
    expect(whatIf.code).toBe(0)
    expect(whatIf.out).toMatch(/mean wait .* %\n/)
    expect(whatIf.out).toContain('inferred:')
    expect(existsSync(at('r', 'report.html'))).toBe(true)
  })

  test('models are taken wherever something is run, and a configuration may have its own', async () => {
    writeFileSync(at('slow.yaml'), 'masters: { stages: { start: 40s }, recorded: { start: 40s } }\n')
    const wait = ['--seeds', '1', '--metric', 'mean wait']
    const mean = (out: string) => {
      // A replay says before how near it comes to the record.
      const [, one, two] = [...out.matchAll(/^mean wait +(\S+ s|\S+ min \S+ s) +(\S+ s|\S+ min \S+ s) /gm)].at(-1) ?? []
      return [one, two]
    }
    const usual = mean((await run('sim', 'compare', conf.dir, `slow=${conf.dir},models=slow.yaml`, '--trace', 'trace.yaml', ...wait)).out)
    expect(usual[0]).not.toBe(usual[1])
    const all = mean((await run('sim', 'compare', conf.dir, conf.dir, '--trace', 'trace.yaml', '--models', 'slow.yaml', ...wait)).out)
    expect(all).toEqual([usual[1], usual[1]])
    const swept = await run('sim', 'sweep', 'trace.yaml', '--conf', conf.dir, '--vary', 'models=slow.yaml', '--goal', 'mean wait', '--seeds', '1')
    expect(swept.out).toContain(`models=slow.yaml  ${usual[1]}`)
    await run('sim', 'trace.yaml', '--conf', conf.dir, '--event-log', 'as-it-is.jsonl')
    const replayed = mean((await run('replay', 'as-it-is.jsonl', '--models', 'slow.yaml', ...wait)).out)
    expect(replayed[0]).toBeDefined()
    expect(replayed[0]).not.toBe(replayed[1])
  })

  test('import makes a trace of what a ResourceManager tells', async () => {
    const rm = await TestRm.start(conf)
    try {
      const id = await submit(rm)
      await rm.client().forceKillApplication({ applicationId: id })
      await report(rm, id, (s) => s === 'KILLED')
      const { code, out } = await run('sim', 'import', '--rm', rm.web, '--out', at('imported'))
      expect(code).toBe(0)
      expect(out).toContain('1 applications and 0 nodes')
    } finally {
      await rm.stop()
    }
    const { code, out } = await run('sim', at('imported', 'trace.json'), '--conf', at('imported', 'conf'), '--nodes', '2x4G,4')
    expect(code).toBe(0)
    expect(out).toMatch(/root\.default|default/)
  })

  test.each([
    [['sim', 'compare', 'nowhere', 'x', '--trace', 'trace.yaml'], /nowhere is no folder/],
    [['sim', 'compare', '.', '--trace', 'trace.yaml'], /two configurations or more/],
    [['sim', 'compare', '.', '.', '--trace', 'none.yaml'], /none\.yaml/],
    [['sim', 'compare', '.', '.', '--trace', 'trace.yaml', '--seeds', 'x'], /--seeds x: give how many/],
    [['sim', 'sweep', 'trace.yaml', '--vary', 'a=1,2', '--goal', 'luck'], /"luck" is nothing that is measured/],
    [['sim', 'compare', '.', '.,models=none.yaml', '--trace', 'trace.yaml'], /none\.yaml: it can't be read/],
    [['sim', 'trace.yaml', '--out', 'trace.yaml'], /--out trace\.yaml: it can't be made a folder/],
    [['sim', 'trace.yaml', '--conf', 'refused'], /refused: the scheduler refuses this configuration: Illegal capacity of 0\.9/],
    [['sim', 'import'], /either --rm .* or files/],
    [['sim', 'import', 'trace.yaml'], /trace\.yaml is no JSON/],
    [['replay', 'nowhere.jsonl'], /nowhere\.jsonl is not there/],
    [['replay', 'trace.yaml'], /trace\.yaml is no event log/],
    [['sim', 'trace.yaml', '--live', '--conf', 'nowhere'], /nowhere/],
  ])('%s says what is wrong', async (args, message) => {
    const { code, err } = await run(...args)
    expect(err).toMatch(message)
    expect(err).not.toMatch(/ {4}at /)
    expect(code).toBeGreaterThan(0)
  })
})
