import { mkdtempSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseOptions } from '../../../common/cli/options.js'
import { ACTIONS, type ActionName, tableOf } from '../../../flink-yarn/cli/tables.js'
import { effectiveConfiguration } from '../../../flink-yarn/cli/targets.js'
import { FlinkConfiguration, options } from '../../../flink-yarn/config/index.js'
import { writeYarnProperties } from '../../../flink-yarn/deployment/properties-file.js'
import { recordedOutput } from '../../harness/flink-output.js'

const SESSION = 'application_1700000000000_0001'

function resolve(text: string, { session = false, action = 'run' as ActionName, file = {} as Record<string, string> } = {}) {
  const base = FlinkConfiguration.of({ [options.yarn.propertiesFileLocation.key]: mkdtempSync(path.join(os.tmpdir(), 'targets-')), ...file })
  if (session) writeYarnProperties(base, SESSION, new Map([['dynamic', 'yes']]), new Date(0))
  const output = recordedOutput()
  const line = parseOptions(tableOf(ACTIONS[action]), text.split(' ').filter(Boolean), { stopAtNonOption: true })
  const conf = effectiveConfiguration(line, base, output)
  return { conf, output, args: line.args, target: conf.get(options.deployment.target), id: conf.optional(options.yarn.applicationId) }
}

describe('which cluster is meant', () => {
  it.each([
    ['', false, 'remote', undefined],
    ['-m host:1234', false, 'remote', undefined],
    ['', true, 'yarn-session', SESSION],
    ['-d', true, 'yarn-session', SESSION],
    ['-m host:1234', true, 'remote', undefined],
    ['-yid application_1_0002', true, 'yarn-session', 'application_1_0002'],
    ['-m yarn-cluster', true, 'yarn-per-job', undefined],
    ['-m yarn-cluster -yid application_1_0002', false, 'yarn-session', 'application_1_0002'],
    ['-t yarn-per-job', true, 'yarn-per-job', undefined],
    ['-t yarn-session -Dyarn.application.id=application_1_0002', true, 'yarn-session', 'application_1_0002'],
    ['-e remote', true, 'remote', undefined],
    ['--target yarn-session --jobmanager x:1', false, 'yarn-session', undefined],
  ])('%j (a session noted: %s) is %s', (text, session, target, id) => {
    const found = resolve(text, { session })
    expect([found.target, found.id]).toEqual([target, id])
  })

  it('takes address and port of -m, else of the configuration, else localhost:8081', () => {
    const address = (c: FlinkConfiguration) => `${c.get(options.rest.address)}:${c.get(options.rest.port)}`
    expect(address(resolve('-m hadoop31:9999').conf)).toBe('hadoop31:9999')
    expect(address(resolve('', { file: { 'rest.address': 'other', 'rest.port': '7000' } }).conf)).toBe('other:7000')
    expect(address(resolve('').conf)).toBe('localhost:8081')
  })

  it('takes execution.target of the configuration as -t', () => {
    expect(resolve('', { session: true, file: { 'execution.target': 'yarn-per-job' } }).target).toBe('yarn-per-job')
  })

  it('gives a session what it was started with', () => {
    expect(resolve('', { session: true }).conf.raw('dynamic')).toBe('yes')
  })

  it('refuses what is no address', () => {
    expect(() => resolve('-m host')).toThrow('-m host: "host" is not an address of the form HOST:PORT (or yarn-cluster)')
  })
})

describe('options of a new cluster', () => {
  it('sets them with -m yarn-cluster, sizes in MB unless a unit follows', () => {
    const { conf, output } = resolve('-m yarn-cluster -yjm 1024 -ytm 2g -ys 2 -ynm wordcount -yqu hive -ynl gpu -yat Mine -yD a=b -yt /x')
    expect(conf.get(options.jobManagerMemory.totalProcess)).toBe(2 ** 30)
    expect(conf.get(options.taskManagerMemory.totalProcess)).toBe(2 ** 31)
    expect(conf.get(options.taskManager.slots)).toBe(2)
    expect([options.yarn.name, options.yarn.queue, options.yarn.nodeLabel, options.yarn.type].map((o) => conf.get(o))).toEqual([
      'wordcount',
      'hive',
      'gpu',
      'Mine',
    ])
    expect(conf.raw('a')).toBe('b')
    expect(conf.get(options.yarn.shipFiles)).toEqual(['/x'])
    expect(output.stderr).toEqual([])
  })

  it('uses -yqu beside -t, and says that real Flink does not', () => {
    const { conf, output } = resolve('-yqu hive -t yarn-application', { action: 'run-application' })
    expect(conf.get(options.yarn.queue)).toBe('hive')
    expect(output.stderr).toEqual(['-yqu beside -t yarn-application: used here, but Apache Flink 1.17 ignores it there (use -Dyarn.application.queue=…).'])
  })

  it.each([
    ['-m yarn-cluster -yjm 1024x', "-yjm 1024x: Memory size unit 'x' does not match any of the recognized units"],
    ['-m yarn-cluster -ys zero', '-ys must be a positive number: zero'],
    ['-m yarn-cluster -yz ns', '-yz: high availability by ZooKeeper is not supported.'],
    ['-z ns', '-z: high availability by ZooKeeper is not supported.'],
  ])('refuses %s', (text, message) => expect(() => resolve(text)).toThrow(message))
})

describe('reading a command line', () => {
  it('leaves what follows the jar to the program', () => {
    const { args } = resolve('-c a.B job.jar -host h -port 1 -d -p 3')
    expect(args).toEqual(['job.jar', '-host', 'h', '-port', '1', '-d', '-p', '3'])
  })

  it('is attached unless -d is given', () => {
    expect(resolve('').conf.get(options.deployment.attached)).toBe(true)
    expect(resolve('-d').conf.get(options.deployment.attached)).toBe(false)
    expect(resolve('-m yarn-cluster -yd').conf.get(options.deployment.attached)).toBe(false)
  })
})
