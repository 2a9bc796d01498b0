import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigurationError, loadConfiguration } from '../../../common/config/configuration.js'
import { yarn } from '../../../common/config/keys/yarn.js'
import { type ConfigureOptions, chosenAddresses, configure } from '../../../common/supervisor/configure.js'
import { type Layout, layout } from '../../../common/supervisor/layout.js'

let dir: string
let l: Layout
const servers: net.Server[] = []

beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'bobbin-configure-'))
  l = layout(path.join(dir, 'cluster'))
})
afterEach(() => {
  for (const s of servers.splice(0)) s.close()
  rmSync(dir, { recursive: true, force: true })
})

const options = (over: Partial<ConfigureOptions> = {}): ConfigureOptions => ({ nodes: ['localhost'], freePorts: true, anyPorts: true, ...over })

function overlay(files: Record<string, string>): string {
  const folder = path.join(dir, 'own')
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text)
  return folder
}

const site = (properties: Record<string, string>) =>
  `<configuration>${Object.entries(properties)
    .map(([n, v]) => `<property><name>${n}</name><value>${v}</value></property>`)
    .join('')}</configuration>`

function listen(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port))
    servers.push(server)
  })
}

describe('the generated configuration', () => {
  it('gives each daemon addresses of its own', async () => {
    const daemons = await configure(l, options({ nodes: ['localhost', 'localhost', 'localhost'] }))
    expect(daemons.map((d) => d.name)).toEqual(['namenode', 'datanode', 'resourcemanager', 'nodemanager-1', 'nodemanager-2', 'nodemanager-3'])
    const addresses = daemons.flatMap((d) => [d.address, d.web])
    expect(new Set(addresses).size).toBe(addresses.length)
    for (const a of addresses) expect(a).toMatch(/^localhost:\d+$/)
  })

  it('is a nameservice with one NameNode, as real clients read it', async () => {
    await configure(l, options())
    const conf = loadConfiguration(l.conf)
    expect(conf.raw('fs.defaultFS')).toBe('hdfs://mycluster')
    expect(conf.raw('dfs.ha.namenodes.mycluster')).toBe('nn1')
    expect(conf.raw('dfs.client.failover.proxy.provider.mycluster')).toMatch(/ConfiguredFailoverProxyProvider$/)
  })

  it('counts nodes on one host by their ports, and on hosts of their own not', async () => {
    await configure(l, options({ nodes: ['localhost', 'localhost'] }))
    expect(loadConfiguration(l.conf).get(yarn.includePortInNodeName)).toBe(true)
    await configure(l, options())
    expect(loadConfiguration(l.conf).get(yarn.includePortInNodeName)).toBe(false)
  })

  it('gives each NodeManager folders of its own', async () => {
    await configure(l, options({ nodes: ['localhost', 'localhost'] }))
    const dirs = ['nodemanager-1', 'nodemanager-2'].map((n) => loadConfiguration(l.nodeConf(n)).get(yarn.nmLocalDirs)[0])
    expect(dirs).toEqual([path.join(l.data, 'nodemanager-1/local'), path.join(l.data, 'nodemanager-2/local')])
  })

  it('keeps addresses of the last time where they are free', async () => {
    const first = chosenAddresses(await configure(l, options()))
    expect(chosenAddresses(await configure(l, options({ previous: first })))).toEqual(first)
    const taken = await listen()
    const moved = await configure(l, options({ previous: { ...first, 'resourcemanager yarn.resourcemanager.address': `localhost:${taken}` } }))
    expect(moved.find((d) => d.kind === 'resourcemanager')!.address).not.toBe(`localhost:${taken}`)
  })

  it("points Flink at the cluster's own folder", async () => {
    await configure(l, options())
    const text = readFileSync(path.join(l.flinkConf, 'flink-conf.yaml'), 'utf8')
    expect(text).toContain(`yarn.properties-file.location: ${l.flink}`)
    expect(text).toContain('parallelism.default: 1')
  })
})

describe("the user's own configuration", () => {
  it('goes over the generated one, in every folder', async () => {
    const own = overlay({
      'yarn-site.xml': site({ 'yarn.nodemanager.resource.memory-mb': '4096' }),
      'mapred-site.xml': site({ 'mapreduce.framework.name': 'local' }),
      'capacity-scheduler.xml': site({ 'yarn.scheduler.capacity.root.queues': 'mine' }),
      'flink-conf.yaml': 'parallelism.default: 7\nstate.backend: hashmap\n',
    })
    await configure(l, options({ overlay: own }))
    for (const folder of [l.conf, l.nodeConf('nodemanager')]) expect(loadConfiguration(folder).get(yarn.nmMemoryMb)).toBe(4096)
    expect(readFileSync(path.join(l.conf, 'capacity-scheduler.xml'), 'utf8')).toContain('mine')
    const mapred = readFileSync(path.join(l.conf, 'mapred-site.xml'), 'utf8')
    expect(mapred.match(/mapreduce\.framework\.name/g)).toHaveLength(1)
    expect(mapred).toContain('<value>local</value>')
    const flink = readFileSync(path.join(l.flinkConf, 'flink-conf.yaml'), 'utf8')
    expect(flink.match(/parallelism\.default/g)).toHaveLength(1)
    expect(flink).toContain('state.backend: hashmap')
    expect(existsSync(path.join(l.conf, 'flink-conf.yaml'))).toBe(false)
  })

  it('may choose addresses on this machine', async () => {
    const port = await listen()
    servers.pop()!.close()
    const own = overlay({ 'yarn-site.xml': site({ 'yarn.resourcemanager.webapp.address': `127.0.0.1:${port}` }) })
    const daemons = await configure(l, options({ overlay: own }))
    expect(daemons.find((d) => d.kind === 'resourcemanager')!.web).toBe(`127.0.0.1:${port}`)
  })

  it('may not choose addresses elsewhere, or such as are none', async () => {
    const elsewhere = overlay({ 'yarn-site.xml': site({ 'yarn.resourcemanager.address': '192.0.2.1:8032' }) })
    await expect(configure(l, options({ overlay: elsewhere }))).rejects.toThrow(
      /yarn\.resourcemanager\.address in .*yarn-site\.xml is 192\.0\.2\.1:8032, which is not on this machine/,
    )
    const none = overlay({ 'yarn-site.xml': site({ 'yarn.resourcemanager.address': 'localhost:port' }) })
    await expect(configure(l, options({ overlay: none }))).rejects.toThrow('"localhost:port" is not an address of the form HOST:PORT')
  })

  it('is refused with file and line when it is not well-formed', async () => {
    for (const name of ['hdfs-site.xml', 'capacity-scheduler.xml']) {
      const own = overlay({
        'hdfs-site.xml': site({}),
        'capacity-scheduler.xml': site({}),
        [name]: '<configuration>\n<property>\n<name>a</nme></property></configuration>',
      })
      const failure = await configure(l, options({ overlay: own })).catch((e) => e)
      expect(failure).toBeInstanceOf(ConfigurationError)
      expect(failure.message).toContain(`${path.join(own, name)}:3: not well-formed XML`)
    }
    await expect(configure(l, options({ overlay: '/nosuch/folder' }))).rejects.toThrow('--conf /nosuch/folder: there is no such folder')
  })
})

describe('a port that is taken', () => {
  it('is an error that names the port, what it is for and who has it', async () => {
    const port = await listen()
    const own = overlay({ 'yarn-site.xml': site({ 'yarn.resourcemanager.address': `localhost:${port}` }) })
    await expect(configure(l, options({ overlay: own, freePorts: false }))).rejects.toThrow(
      new RegExp(`port ${port}, for the yarn\\.resourcemanager\\.address in .*, is taken by pid ${process.pid} \\(`),
    )
  })
})
