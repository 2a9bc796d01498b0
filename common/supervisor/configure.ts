/** The configuration folders of a cluster: generated, with the user's own properties laid over them. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { ConfigurationError, readSiteFile, siteFileText } from '../config/configuration.js'
import { parseAddress } from '../rpc/client.js'
import { isOurs, resolveHost } from './hosts.js'
import type { DaemonKind, Layout } from './layout.js'
import { PortChooser, isFree } from './ports.js'
import { describeOwner } from './processes.js'

const SERVICE = 'mycluster'
const NAMENODE = 'nn1'
const SITES = ['core-site.xml', 'hdfs-site.xml', 'yarn-site.xml', 'mapred-site.xml'] as const
type Site = (typeof SITES)[number]
type Properties = Map<string, string>

/** The addresses of one daemon: its property, the site file it is in, Hadoop's port. The first is what others connect to, the one named web a browser's. */
interface AddressSpec {
  readonly site: Site
  readonly property: string
  /** Undefined: any free port. */
  readonly port: number | undefined
  readonly web?: boolean
}

export const ADDRESSES: Record<DaemonKind, readonly AddressSpec[]> = {
  namenode: [
    { site: 'hdfs-site.xml', property: `dfs.namenode.rpc-address.${SERVICE}.${NAMENODE}`, port: 8020 },
    { site: 'hdfs-site.xml', property: `dfs.namenode.http-address.${SERVICE}.${NAMENODE}`, port: 9870, web: true },
  ],
  datanode: [
    { site: 'hdfs-site.xml', property: 'dfs.datanode.address', port: 9866 },
    { site: 'hdfs-site.xml', property: 'dfs.datanode.ipc.address', port: 9867 },
    { site: 'hdfs-site.xml', property: 'dfs.datanode.http.address', port: 9864, web: true },
  ],
  resourcemanager: [
    { site: 'yarn-site.xml', property: 'yarn.resourcemanager.address', port: 8032 },
    { site: 'yarn-site.xml', property: 'yarn.resourcemanager.scheduler.address', port: 8030 },
    { site: 'yarn-site.xml', property: 'yarn.resourcemanager.resource-tracker.address', port: 8031 },
    { site: 'yarn-site.xml', property: 'yarn.resourcemanager.admin.address', port: 8033 },
    { site: 'yarn-site.xml', property: 'yarn.resourcemanager.webapp.address', port: 8088, web: true },
  ],
  nodemanager: [
    { site: 'yarn-site.xml', property: 'yarn.nodemanager.address', port: undefined },
    { site: 'yarn-site.xml', property: 'yarn.nodemanager.localizer.address', port: 8040 },
    { site: 'yarn-site.xml', property: 'yarn.nodemanager.webapp.address', port: 8042, web: true },
  ],
}

/** A daemon as it is to be started. */
export interface PlannedDaemon {
  readonly name: string
  readonly kind: DaemonKind
  readonly confDir: string
  readonly address: string
  readonly web: string
}

export interface ConfigureOptions {
  /** One NodeManager for each; they may repeat. */
  readonly nodes: readonly string[]
  /** A folder whose files are laid over the generated ones. */
  readonly overlay?: string
  /** Any free port where the usual one is taken. */
  readonly freePorts: boolean
  /** Free ports everywhere, the usual ones too: for many clusters at once. */
  readonly anyPorts?: boolean
  /** Addresses of the last time, by daemon and property: kept where they are free. */
  readonly previous?: Readonly<Record<string, string>>
}

/** Writes the folders. @throws ConfigurationError for files that can't be used, Error for ports that are taken */
export async function configure(l: Layout, options: ConfigureOptions): Promise<PlannedDaemon[]> {
  const overlay = readOverlay(options.overlay)
  await requireOwnAddresses(overlay)
  const sites = generated(l, options)
  for (const site of SITES) for (const [name, value] of overlay.sites[site]) sites[site].set(name, value)
  const choose = chooser(options, overlay)
  const daemons: PlannedDaemon[] = []
  const plan = async (kind: DaemonKind, name: string, host: string, confDir: string, first: boolean): Promise<Properties> => {
    const found: Properties = new Map()
    for (const spec of ADDRESSES[kind]) found.set(spec.property, await choose(name, spec, host, first))
    const values = ADDRESSES[kind].map((s) => ({ ...s, value: found.get(s.property)! }))
    daemons.push({ name, kind, confDir, address: values[0]!.value, web: values.find((v) => v.web)!.value })
    return found
  }
  for (const kind of ['namenode', 'datanode', 'resourcemanager'] as const) {
    const addresses = await plan(kind, kind, 'localhost', l.conf, true)
    for (const spec of ADDRESSES[kind]) sites[spec.site].set(spec.property, addresses.get(spec.property)!)
  }
  mkdirSync(l.conf, { recursive: true })
  writeFolder(l.conf, sites, overlay)
  for (const [i, host] of options.nodes.entries()) {
    const name = options.nodes.length === 1 ? 'nodemanager' : `nodemanager-${i + 1}`
    const confDir = l.nodeConf(name)
    const own = new Map(sites['yarn-site.xml'])
    own.set('yarn.nodemanager.hostname', host)
    const folder = path.join(l.data, name)
    for (const [property, sub] of NODE_FOLDERS) if (!overlay.sites['yarn-site.xml'].has(property)) own.set(property, path.join(folder, sub))
    for (const [property, value] of await plan('nodemanager', name, host, confDir, i === 0)) own.set(property, value)
    writeFolder(confDir, { ...sites, 'yarn-site.xml': own }, overlay)
  }
  writeFlinkConf(l, overlay)
  return daemons
}

const NODE_FOLDERS = [
  ['yarn.nodemanager.local-dirs', 'local'],
  ['yarn.nodemanager.log-dirs', 'logs'],
  ['yarn.nodemanager.recovery.dir', 'recovery'],
] as const

function generated(l: Layout, options: ConfigureOptions): Record<Site, Properties> {
  const data = (name: string) => path.join(l.data, name)
  const core: Properties = new Map([
    ['fs.defaultFS', `hdfs://${SERVICE}`],
    ['hadoop.tmp.dir', data('tmp')],
    ['hadoop.http.staticuser.user', os.userInfo().username],
  ])
  const hdfs: Properties = new Map([
    ['dfs.nameservices', SERVICE],
    [`dfs.ha.namenodes.${SERVICE}`, NAMENODE],
    [`dfs.client.failover.proxy.provider.${SERVICE}`, 'org.apache.hadoop.hdfs.server.namenode.ha.ConfiguredFailoverProxyProvider'],
    ['dfs.namenode.name.dir', `file://${data('name')}`],
    ['dfs.datanode.data.dir', `file://${data('data')}`],
    ['dfs.datanode.hostname', 'localhost'],
    ['dfs.replication', '1'],
    ['dfs.namenode.safemode.extension', '0'],
  ])
  const yarn: Properties = new Map([
    ['yarn.resourcemanager.hostname', 'localhost'],
    ['yarn.resourcemanager.scheduler.class', 'org.apache.hadoop.yarn.server.resourcemanager.scheduler.capacity.CapacityScheduler'],
    ['yarn.resourcemanager.recovery.enabled', 'true'],
    ['yarn.resourcemanager.fs.state-store.uri', `file://${data('resourcemanager')}`],
    ['yarn.scheduler.minimum-allocation-mb', '128'],
    ['yarn.scheduler.maximum-allocation-mb', '8192'],
    ['yarn.nodemanager.resource.memory-mb', '8192'],
    ['yarn.nodemanager.resource.cpu-vcores', '8'],
    ['yarn.nodemanager.vmem-check-enabled', 'false'],
    ['yarn.nodemanager.recovery.enabled', 'true'],
    ['yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage', '99'],
    // Reducers fetch from it; several nodes are one machine, so each takes the port it gets.
    ['yarn.nodemanager.aux-services', 'mapreduce_shuffle'],
    ['mapreduce.shuffle.port', '0'],
    ['yarn.log-aggregation-enable', 'true'],
    ['yarn.timeline-service.enabled', 'false'],
  ])
  if (new Set(options.nodes).size < options.nodes.length) yarn.set('yarn.scheduler.include-port-in-node-name', 'true')
  const mapred: Properties = new Map([
    ['mapreduce.framework.name', 'yarn'],
    // Containers know HADOOP_HOME, not HADOOP_MAPRED_HOME.
    ['mapreduce.application.classpath', '$HADOOP_HOME/share/hadoop/mapreduce/*,$HADOOP_HOME/share/hadoop/mapreduce/lib/*'],
  ])
  return { 'core-site.xml': core, 'hdfs-site.xml': hdfs, 'yarn-site.xml': yarn, 'mapred-site.xml': mapred }
}

const QUEUES = ['default', 'hive']
const CAPACITY_SCHEDULER: Properties = new Map([
  ['yarn.scheduler.capacity.maximum-applications', '10000'],
  ['yarn.scheduler.capacity.maximum-am-resource-percent', '0.5'],
  ['yarn.scheduler.capacity.resource-calculator', 'org.apache.hadoop.yarn.util.resource.DefaultResourceCalculator'],
  ['yarn.scheduler.capacity.schedule-asynchronously.enable', 'true'],
  ['yarn.scheduler.capacity.node-locality-delay', '40'],
  ['yarn.scheduler.capacity.root.queues', QUEUES.join(',')],
  ...QUEUES.flatMap((q): [string, string][] => [
    [`yarn.scheduler.capacity.root.${q}.capacity`, '50'],
    [`yarn.scheduler.capacity.root.${q}.maximum-capacity`, '100'],
    [`yarn.scheduler.capacity.root.${q}.user-limit-factor`, '2'],
    [`yarn.scheduler.capacity.root.${q}.state`, 'RUNNING'],
  ]),
])

interface Overlay {
  readonly folder: string | undefined
  readonly sites: Record<Site, Properties>
  /** Names of the folder's other files. */
  readonly others: readonly string[]
}

/** @throws ConfigurationError naming file and line */
function readOverlay(folder: string | undefined): Overlay {
  const sites = Object.fromEntries(SITES.map((site) => [site, new Map()])) as Record<Site, Properties>
  if (folder === undefined) return { folder, sites, others: [] }
  if (!existsSync(folder) || !statSync(folder).isDirectory()) throw new ConfigurationError(`--conf ${folder}: there is no such folder`)
  const others: string[] = []
  for (const name of readdirSync(folder).sort()) {
    const file = path.join(folder, name)
    if (!statSync(file).isFile()) continue
    const site = SITES.find((s) => s === name)
    if (site) for (const p of readSiteFile(file)) sites[site].set(p.name, p.value)
    else {
      if (name === 'capacity-scheduler.xml' || name === 'resource-types.xml') readSiteFile(file)
      others.push(name)
    }
  }
  return { folder, sites, others }
}

/** @throws ConfigurationError naming file and line */
export function validateOverlay(folder: string): void {
  readOverlay(folder)
}

function writeFolder(dir: string, sites: Record<Site, Properties>, overlay: Overlay): void {
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir, { recursive: true })
  for (const site of SITES)
    writeFileSync(
      path.join(dir, site),
      siteFileText(
        sites[site],
        'Written by `bobbin up`, anew each time. Properties of your own: give `bobbin up` a folder to lay over this one (option conf).',
      ),
    )
  writeFileSync(path.join(dir, 'capacity-scheduler.xml'), siteFileText(CAPACITY_SCHEDULER))
  for (const name of overlay.others) if (name !== FLINK_CONF) copyFileSync(path.join(overlay.folder!, name), path.join(dir, name))
}

type Choose = (daemon: string, spec: AddressSpec, host: string, first: boolean) => Promise<string>

function chooser(options: ConfigureOptions, overlay: Overlay): Choose {
  const ports = new PortChooser()
  return async (daemon, spec, host, first) => {
    const own = overlay.sites[spec.site].get(spec.property)
    if (own !== undefined && first) return takeOwn(ports, own, spec, overlay)
    const ip = (await resolveHost(host))!
    const previous = options.previous?.[`${daemon} ${spec.property}`]
    const remembered = previous?.startsWith(`${host}:`) ? [parseAddress(previous).port] : []
    if (spec.port === undefined || !first || options.anyPorts) return `${host}:${await ports.free(ip, remembered)}`
    if (await isFree(spec.port, ip)) {
      ports.take(spec.port)
      return `${host}:${spec.port}`
    }
    if (options.freePorts) return `${host}:${await ports.free(ip, remembered)}`
    throw new Error(portTaken(spec.port, `${daemon}'s ${spec.property}`))
  }
}

function portTaken(port: number, what: string): string {
  return `port ${port}, for the ${what}, is taken by ${describeOwner(port)}; stop that, or take other ports with --free-ports`
}

/** Addresses of the user's own that no daemon started here could listen on. */
async function requireOwnAddresses(overlay: Overlay): Promise<void> {
  for (const spec of Object.values(ADDRESSES).flat()) {
    const text = overlay.sites[spec.site].get(spec.property)
    if (text === undefined) continue
    const where = whereOf(spec, overlay)
    const ip = await resolveHost(parseOwn(text, spec, where).host)
    if (ip === undefined || !isOurs(ip)) throw new ConfigurationError(`${where} is ${text}, which is not on this machine: daemons can only be started here`)
  }
}

const whereOf = (spec: AddressSpec, overlay: Overlay) => `${spec.property} in ${path.join(overlay.folder!, spec.site)}`

async function takeOwn(ports: PortChooser, text: string, spec: AddressSpec, overlay: Overlay): Promise<string> {
  const where = whereOf(spec, overlay)
  const { host, port } = parseOwn(text, spec, where)
  const ip = (await resolveHost(host))!
  if (port === 0) return `${host}:${await ports.free(ip)}`
  if (!(await isFree(port, ip))) throw new Error(portTaken(port, where))
  if (!ports.take(port)) throw new ConfigurationError(`${where} is ${text}, but that port is given to another daemon`)
  return `${host}:${port}`
}

function parseOwn(text: string, spec: AddressSpec, where: string) {
  try {
    return parseAddress(text, spec.port)
  } catch (e) {
    throw new ConfigurationError(`${where}: ${(e as Error).message}`)
  }
}

/** Addresses by daemon and property, to be kept next time. */
export function chosenAddresses(daemons: readonly PlannedDaemon[]): Record<string, string> {
  const chosen: Record<string, string> = {}
  for (const d of daemons) {
    for (const spec of ADDRESSES[d.kind]) {
      const value = readSiteFile(path.join(d.confDir, spec.site)).find((p) => p.name === spec.property)?.value
      if (value !== undefined) chosen[`${d.name} ${spec.property}`] = value
    }
  }
  return chosen
}

const FLINK_CONF = 'flink-conf.yaml'

function writeFlinkConf(l: Layout, overlay: Overlay): void {
  rmSync(l.flinkConf, { recursive: true, force: true })
  mkdirSync(l.flinkConf, { recursive: true })
  mkdirSync(l.flink, { recursive: true })
  const own = overlay.others.includes(FLINK_CONF) ? readFileSync(path.join(overlay.folder!, FLINK_CONF), 'utf8') : ''
  const keys = new Set([...own.matchAll(/^\s*([\w.-]+)\s*:/gm)].map((m) => m[1]))
  const lines = FLINK_DEFAULTS(l).flatMap(([key, value]) => (keys.has(key) ? [] : [`${key}: ${value}`]))
  writeFileSync(
    path.join(l.flinkConf, FLINK_CONF),
    `# Written by \`bobbin up\`, anew each time; a flink-conf.yaml of your own goes to the folder of --conf.\n${[...lines, own].join('\n')}\n`,
  )
  // Apache Flink's own scripts look for its logging configuration here.
  const flinkHome = process.env.FLINK_HOME && path.join(process.env.FLINK_HOME, 'conf')
  if (!flinkHome || !existsSync(flinkHome)) return
  for (const name of readdirSync(flinkHome))
    if (/^(log4j|logback).*\.(properties|xml)$/.test(name)) copyFileSync(path.join(flinkHome, name), path.join(l.flinkConf, name))
}

const FLINK_DEFAULTS = (l: Layout): [string, string][] => [
  ['jobmanager.rpc.address', 'localhost'],
  ['jobmanager.memory.process.size', '1600m'],
  ['taskmanager.memory.process.size', '1728m'],
  ['taskmanager.numberOfTaskSlots', '1'],
  ['parallelism.default', '1'],
  // A session of another cluster is never touched.
  ['yarn.properties-file.location', l.flink],
]
