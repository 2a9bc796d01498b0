/**
 * The real Java peers: jars from Maven, laid out once below the user's cache folder, and how their programs are run.
 * Without a JDK or Maven the tests that need them are skipped with that reason, except in CI, where they must run.
 */
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
export const cache = process.env.BOBBIN_PEERS_DIR ?? path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'bobbin', 'peers')
const required = process.env.CI === 'true' || process.env.BOBBIN_INTEROP === 'required'

function available(tool: string): boolean {
  return spawnSync(tool, [tool === 'mvn' ? '--version' : '-version'], { stdio: 'ignore' }).status === 0
}

/** Why the tests can't run here; undefined when they can. @throws Error instead where they are mandatory */
export function whyNot(): string | undefined {
  const missing = ['java', 'javac', 'mvn'].filter((t) => !available(t))
  if (missing.length === 0) return undefined
  const reason = `the real Java peers need ${missing.join(' and ')} (a JDK and Maven) on the PATH`
  if (required) throw new Error(reason)
  process.stderr.write(`test:interop: skipped, ${reason}\n`)
  return reason
}

export const javaHome = (): string =>
  process.env.JAVA_HOME ?? path.resolve(realpathSync(spawnSync('sh', ['-c', 'command -v java'], { encoding: 'utf8' }).stdout.trim()), '../..')

/** The jars that a POM names, in a folder that is made once. @param version of Hadoop, where it is not the POM's */
export function jars(pom: string, dir: (home: string) => string, version?: string): string {
  const file = path.join(here, pom)
  const home = path.join(
    cache,
    `${pom.replace('.pom.xml', '')}-${version === undefined ? '' : `${version}-`}${createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 12)}`,
  )
  if (existsSync(path.join(home, '.complete'))) return home
  rmSync(home, { recursive: true, force: true })
  mkdirSync(dir(home), { recursive: true })
  const mvn = spawnSync(
    'mvn',
    [
      '-B',
      '-q',
      '--no-transfer-progress',
      '-f',
      file,
      'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies',
      `-DoutputDirectory=${dir(home)}`,
      ...(version === undefined ? [] : [`-Dhadoop.version=${version}`]),
    ],
    {
      encoding: 'utf8',
    },
  )
  if (mvn.status !== 0) throw new Error(`Maven could not fetch what ${pom} names:\n${mvn.stdout}\n${mvn.stderr}`)
  writeFileSync(path.join(home, '.complete'), '')
  return home
}

/** HADOOP_HOME of a real Hadoop, in the layout that the default yarn.application.classpath expects. */
export const hadoopHome = (): string => withoutLog4j(jars('hadoop.pom.xml', commonLib))

/** The same of another version. */
export const hadoopHomeOf = (version: string): string => withoutLog4j(jars('versions.pom.xml', commonLib, version))

export const commonLib = (home: string): string => path.join(home, 'share/hadoop/common/lib')

/** Another of its jars has the same classes. */
function withoutLog4j(home: string): string {
  for (const f of readdirSync(commonLib(home))) if (/^(slf4j-log4j12|log4j-1\.)/.test(f)) rmSync(path.join(commonLib(home), f))
  return home
}

/** FLINK_HOME of a real Flink: lib, conf, and our jobs as job.jar. */
export function flinkHome(): string {
  return flinkIn(jars('flink.pom.xml', (h) => path.join(h, 'lib')))
}

/** Adds to a folder with Flink's lib what our programs need beside it. */
export function flinkIn(home: string): string {
  const conf = path.join(home, 'conf')
  mkdirSync(conf, { recursive: true })
  for (const f of ['flink-conf.yaml', 'log4j.properties', 'log4j-cli.properties']) cpSync(path.join(here, f), path.join(conf, f))
  // Flink 2 reads this file instead, and knows the key of 1.17 and later only.
  writeFileSync(path.join(conf, 'config.yaml'), readFileSync(path.join(here, 'flink-conf.yaml'), 'utf8').replace(/^env\.java\.opts:/m, 'env.java.opts.all:'))
  const folder = path.join(here, '../jobs/com/example/wc')
  const sources = readdirSync(folder).map((f) => path.join(folder, f))
  const version = createHash('sha256')
  for (const source of sources) version.update(readFileSync(source))
  const classes = path.join(home, `classes-${version.digest('hex').slice(0, 12)}`)
  const jar = path.join(home, 'job.jar')
  if (existsSync(classes)) return home
  run('javac', ['--release', '8', '-nowarn', '-cp', path.join(home, 'lib/*'), '-d', classes, ...sources])
  run('jar', ['cf', jar, '-C', classes, '.'])
  return home
}

function run(command: string, args: string[]): void {
  const done = spawnSync(path.join(javaHome(), 'bin', command), args, { encoding: 'utf8' })
  if (done.status !== 0) throw new Error(`${command} failed:\n${done.stdout}${done.stderr}`)
}

/** Hadoop's environment for processes that start Hadoop's programs, NodeManagers' containers among them. */
export function hadoopEnv(): NodeJS.ProcessEnv {
  const home = hadoopHome()
  return {
    ...process.env,
    JAVA_HOME: javaHome(),
    HADOOP_HOME: home,
    HADOOP_COMMON_HOME: home,
    HADOOP_HDFS_HOME: home,
    HADOOP_YARN_HOME: home,
    HADOOP_MAPRED_HOME: home,
  }
}

/** What Java 17 hides and these programs reach for. */
export const OPENS = ['java.lang', 'java.lang.reflect', 'java.io', 'java.net', 'java.nio', 'java.text', 'java.util', 'java.util.concurrent'].flatMap((p) => [
  '--add-opens',
  `java.base/${p}=ALL-UNNAMED`,
])

const CLASSES = {
  hdfs: ['org.apache.hadoop.fs.FsShell'],
  dfsadmin: ['org.apache.hadoop.hdfs.tools.DFSAdmin'],
  haadmin: ['org.apache.hadoop.hdfs.tools.DFSHAAdmin'],
  fsck: ['org.apache.hadoop.hdfs.tools.DFSck'],
  debug: ['org.apache.hadoop.hdfs.tools.DebugAdmin'],
  storagepolicies: ['org.apache.hadoop.hdfs.tools.StoragePolicyAdmin'],
  lsSnapshottableDir: ['org.apache.hadoop.hdfs.tools.snapshot.LsSnapshottableDir'],
  snapshotDiff: ['org.apache.hadoop.hdfs.tools.snapshot.SnapshotDiff'],
  getconf: ['org.apache.hadoop.hdfs.tools.GetConf'],
  application: ['org.apache.hadoop.yarn.client.cli.ApplicationCLI', 'application'],
  node: ['org.apache.hadoop.yarn.client.cli.NodeCLI'],
  queue: ['org.apache.hadoop.yarn.client.cli.QueueCLI'],
  rmadmin: ['org.apache.hadoop.yarn.client.cli.RMAdminCLI'],
  logs: ['org.apache.hadoop.yarn.client.cli.LogsCLI'],
  distributedshell: ['org.apache.hadoop.yarn.applications.distributedshell.Client'],
} as const

export interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export async function finished(child: ChildProcess): Promise<Finished> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (c) => {
    stdout += c
  })
  child.stderr?.on('data', (c) => {
    stderr += c
  })
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (c, signal) => resolve(c ?? 128 + os.constants.signals[signal!]))
  })
  return { code, stdout, stderr }
}

/** Runs one of Hadoop's own clients to its end. */
export function hadoop(program: keyof typeof CLASSES, confDir: string, args: readonly string[], options: SpawnOptions = {}): Promise<Finished> {
  return finished(startHadoop(program, confDir, args, options))
}

/** Starts one of Hadoop's own clients. */
export function startHadoop(program: keyof typeof CLASSES, confDir: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  return hadoopJava(confDir, [...CLASSES[program], ...args], options)
}

const DAEMONS = {
  namenode: 'org.apache.hadoop.hdfs.server.namenode.NameNode',
  datanode: 'org.apache.hadoop.hdfs.server.datanode.DataNode',
} as const

/** A daemon of a real HDFS as a process; it writes its log to its standard error. */
export function hdfsDaemon(name: keyof typeof DAEMONS, confDir: string, args: readonly string[] = [], home = hadoopHome()): ChildProcess {
  // It wants folders for its pages, which the jars do not have.
  const web = path.join(home, 'web')
  for (const app of ['hdfs', 'datanode']) mkdirSync(path.join(web, 'webapps', app), { recursive: true })
  return hadoopJava(`${confDir}:${web}`, ['-Xmx384m', `-Dhadoop.log.dir=${confDir}`, DAEMONS[name], ...args], { stdio: ['ignore', 'pipe', 'pipe'] }, home)
}

/** A real NodeManager as a process; it writes its log to its standard error. */
export function nodeManager(confDir: string): ChildProcess {
  return hadoopJava(confDir, ['-Xmx384m', `-Dhadoop.log.dir=${confDir}`, 'org.apache.hadoop.yarn.server.nodemanager.NodeManager'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** @param classPath folder of the configuration, first of all */
function hadoopJava(classPath: string, args: readonly string[], options: SpawnOptions, home = hadoopHome()): ChildProcess {
  const lib = path.join(home, 'share/hadoop/common/lib/*')
  // Options of the JVM may come first; what follows the class is its own.
  return spawn(
    path.join(javaHome(), 'bin/java'),
    [
      '-XX:TieredStopAtLevel=1',
      '-XX:+UseSerialGC',
      '-Xshare:auto',
      ...OPENS,
      `-Dlog4j.configuration=file:${path.join(here, 'log4j-hadoop.properties')}`,
      '-cp',
      `${classPath}:${lib}`,
      ...args,
    ],
    { ...options, env: { ...hadoopEnv(), HADOOP_CONF_DIR: classPath.split(':')[0], ...options.env } },
  )
}

const FLINK_CLASSES = { flink: 'org.apache.flink.client.cli.CliFrontend', 'yarn-session.sh': 'org.apache.flink.yarn.cli.FlinkYarnSessionCli' } as const

/**
 * Runs one of Flink's own clients to its end.
 * @param options.temp where the client keeps `.yarn-properties-USER`: not where a session of the user's is
 * @param options.input what is typed
 */
export function flink(
  program: keyof typeof FLINK_CLASSES,
  confDir: string,
  args: readonly string[],
  options: { home?: string; temp?: string; input?: string } = {},
): Promise<Finished> {
  const { home = flinkHome(), temp = os.tmpdir(), input = '' } = options
  const cp = [path.join(home, 'lib/*'), confDir, path.join(hadoopHome(), 'share/hadoop/common/lib/*')].join(':')
  const log = `-Dlog4j.configurationFile=file:${path.join(home, 'conf/log4j-cli.properties')}`
  const child = spawn(
    path.join(javaHome(), 'bin/java'),
    ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', ...OPENS, log, `-Djava.io.tmpdir=${temp}`, '-cp', cp, FLINK_CLASSES[program], ...args],
    {
      env: {
        ...hadoopEnv(),
        HADOOP_CONF_DIR: confDir,
        FLINK_CONF_DIR: path.join(home, 'conf'),
        FLINK_LIB_DIR: path.join(home, 'lib'),
        FLINK_PLUGINS_DIR: path.join(home, 'plugins'),
      },
    },
  )
  child.stdin.end(input)
  return finished(child)
}

/** Runs one of our Java programs over Flink's and Hadoop's jars to its end; compiled once for each version of its source. */
export function flinkDriver(source: string, confDir: string, args: readonly string[]): Promise<Finished> {
  const home = flinkHome()
  const jars = [path.join(home, 'lib/*'), path.join(hadoopHome(), 'share/hadoop/common/lib/*')].join(':')
  const name = path.basename(source, '.java')
  const classes = path.join(home, `${name.toLowerCase()}-${createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 12)}`)
  if (!existsSync(path.join(classes, `${name}.class`))) run('javac', ['-nowarn', '-cp', jars, '-d', classes, source])
  const log = `-Dlog4j.configurationFile=file:${path.join(here, 'log4j-driver.properties')}`
  return finished(
    spawn(
      path.join(javaHome(), 'bin/java'),
      ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', ...OPENS, log, '-cp', `${confDir}:${classes}:${jars}`, name, ...args],
      { env: { ...hadoopEnv(), HADOOP_CONF_DIR: confDir }, stdio: ['ignore', 'pipe', 'pipe'] },
    ),
  )
}

/** The folder of a real ResourceManager's jars, and of those that it is tested with. */
function resourceManagerHome(): string {
  const home = jars('resourcemanager.pom.xml', (h) => path.join(h, 'lib'))
  for (const f of readdirSync(path.join(home, 'lib'))) if (/^(slf4j-log4j12|log4j-1\.)/.test(f)) rmSync(path.join(home, 'lib', f))
  return home
}

/** A real ResourceManager as a process, with this folder of configuration; it writes its log to its standard error. */
export function resourceManager(confDir: string): ChildProcess {
  return spawn(
    path.join(javaHome(), 'bin/java'),
    [
      '-XX:TieredStopAtLevel=1',
      '-XX:+UseSerialGC',
      '-Xmx512m',
      ...OPENS,
      `-Dhadoop.log.dir=${confDir}`,
      `-Dlog4j.configuration=file:${path.join(here, 'log4j-hadoop.properties')}`,
      '-cp',
      `${confDir}:${path.join(resourceManagerHome(), 'lib/*')}`,
      'org.apache.hadoop.yarn.server.resourcemanager.ResourceManager',
    ],
    { env: { ...hadoopEnv(), HADOOP_CONF_DIR: confDir }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
}

/** Hadoop's load simulator on a trace, in real time; it writes its log to its standard error, its results below `out`. */
export function slsRunner(confDir: string, jobs: string, nodes: string, out: string): ChildProcess {
  const home = jars('sls.pom.xml', (h) => path.join(h, 'lib'))
  return spawn(
    path.join(javaHome(), 'bin/java'),
    [
      '-Xmx2g',
      ...OPENS,
      `-Dhadoop.log.dir=${out}`,
      `-Dlog4j.configuration=file:${path.join(confDir, 'log4j.properties')}`,
      '-cp',
      `${confDir}:${path.join(resourceManagerHome(), 'lib/*')}:${path.join(home, 'lib/*')}`,
      'org.apache.hadoop.yarn.sls.SLSRunner',
      ...['-tracetype', 'SLS', '-tracelocation', jobs, '-nodes', nodes, '-output', path.join(out, 'sls')],
    ],
    // It looks for the pages of its own web server below the working folder.
    { cwd: out, env: { ...hadoopEnv(), HADOOP_CONF_DIR: confDir }, stdio: ['ignore', 'ignore', 'pipe'] },
  )
}

/** The class path of one of our Java programs over the ResourceManager's jars, compiled once for each version of its source. */
export function resourceManagerDriver(source: string): string {
  const home = resourceManagerHome()
  return driver(source, home, [path.join(home, 'lib')])
}

/** The same over the jars of Hadoop's clients and of HDFS. */
export function hadoopDriver(source: string): string {
  const home = hadoopHome()
  return driver(source, home, [path.join(home, 'share/hadoop/common/lib')])
}

/** Runs one of our Java programs over the load simulator's jars to its end. */
export function slsDriver(source: string, args: readonly string[]): Promise<Finished> {
  const home = jars('sls.pom.xml', (h) => path.join(h, 'lib'))
  const classPath = driver(source, home, [path.join(resourceManagerHome(), 'lib'), path.join(home, 'lib')])
  return finished(spawn(path.join(javaHome(), 'bin/java'), [...OPENS, '-cp', classPath, path.basename(source, '.java'), ...args]))
}

/** Of the log lines only those are written that commands mean for the user (TrashPolicyDefault). */
const DRIVER_LOG = `log4j.rootLogger=OFF
log4j.logger.org.apache.hadoop.fs.TrashPolicyDefault=INFO,err
log4j.appender.err=org.apache.log4j.ConsoleAppender
log4j.appender.err.target=System.err
log4j.appender.err.follow=true
log4j.appender.err.layout=org.apache.log4j.PatternLayout
log4j.appender.err.layout.ConversionPattern=%m%n
`

/** @param home where its classes are kept. @param libs folders of the jars it stands on */
function driver(source: string, home: string, libs: readonly string[]): string {
  const lib = libs.map((l) => path.join(l, '*')).join(':')
  const name = path.basename(source, '.java')
  const version = createHash('sha256').update(readFileSync(source)).update(DRIVER_LOG).digest('hex').slice(0, 12)
  const classes = path.join(home, `${name.toLowerCase()}-${version}`)
  if (!existsSync(path.join(classes, `${name}.class`))) {
    mkdirSync(classes, { recursive: true })
    writeFileSync(path.join(classes, 'log4j.properties'), DRIVER_LOG)
    run('javac', ['-nowarn', '-cp', lib, '-d', classes, source])
  }
  return `${classes}:${lib}`
}

/** The class path of our runner of Hadoop's FileSystem contract tests, compiled once for each version of its source. */
export function contractTests(source: string): string {
  const home = jars('contract.pom.xml', (h) => path.join(h, 'lib'))
  for (const f of readdirSync(path.join(home, 'lib'))) if (/^(slf4j-log4j12|log4j-1\.)/.test(f)) rmSync(path.join(home, 'lib', f))
  const classes = path.join(home, `runner-${createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 12)}`)
  if (!existsSync(path.join(classes, 'Contracts.class'))) {
    mkdirSync(classes, { recursive: true })
    writeFileSync(path.join(classes, 'log4j.properties'), 'log4j.rootLogger=OFF\n')
    run('javac', ['-nowarn', '-cp', path.join(home, 'lib/*'), '-d', classes, source])
  }
  return `${classes}:${path.dirname(source)}:${path.join(home, 'lib/*')}`
}
