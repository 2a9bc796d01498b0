/** The command `yarn`. */
import { ParseError } from '../../common/cli/index.js'
import { NO_INSTALLATION, hadoopClasspath, runInstalled } from '../../common/cli/installation.js'
import { type Configuration, ConfigurationError, loadConfiguration } from '../../common/config/configuration.js'
import { HadoopException, firstLine } from '../../common/errors.js'
import { ConnectionError, formatAddress } from '../../common/rpc/client.js'
import { YarnClient } from '../../common/yarn-client/index.js'
import { application } from './application.js'
import { type Command, type Context, FAILED, type Terminal } from './command.js'
import { applicationattempt, container } from './containers.js'
import { node } from './node.js'
import { cluster, queue } from './queue.js'

interface Entry {
  readonly meaning: string
  readonly run: Command
}

/** What few use is loaded when it is. */
const COMMANDS: Readonly<Record<string, Entry>> = {
  app: { meaning: 'the same as application', run: application },
  application: { meaning: 'lists, shows, kills and moves applications', run: application },
  applicationattempt: { meaning: 'lists and shows attempts of an application', run: applicationattempt },
  classpath: {
    meaning: "prints what Hadoop's Java programs need on their class path",
    run: async (args, context) => {
      context.out(hadoopClasspath(context.confDir, args.includes('--glob')))
      return 0
    },
  },
  cluster: { meaning: 'shows node labels and attributes of the cluster', run: cluster },
  container: { meaning: 'lists, shows and signals containers', run: container },
  daemonlog: {
    meaning: 'reads or sets how much a daemon logs',
    run: async (args, context) => (await import('./daemonlog.js')).daemonlog(args, context),
  },
  envvars: { meaning: 'prints what it takes from the environment', run: async (_, context) => envvars(context) },
  jar: { meaning: 'runs a program in a jar, with the Hadoop installation that HADOOP_HOME names', run: jar },
  logs: { meaning: 'shows what containers logged', run: async (args, context) => (await import('./logs.js')).logs(args, context) },
  node: { meaning: 'lists and shows nodes', run: node },
  queue: { meaning: 'shows queues', run: queue },
  rmadmin: { meaning: 'administers the ResourceManager', run: async (args, context) => (await import('./rmadmin.js')).rmadmin(args, context) },
  schedulerconf: {
    meaning: 'changes the scheduler configuration',
    run: async (args, context) => (await import('./schedulerconf.js')).schedulerconf(args, context),
  },
  top: { meaning: 'shows what runs, live', run: async (args, context) => (await import('./top.js')).top(args, context) },
}

/** Parts of Hadoop's command that are not here, with what there is instead. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  resourcemanager: 'daemons are started with: bobbin up',
  nodemanager: 'daemons are started with: bobbin up',
  timelineserver: 'there is no timeline server',
  sharedcachemanager: 'there is no shared cache',
  registrydns: 'there is no registry',
  nodeattributes: "attributes are shown by: yarn cluster -lna, and a node's by: yarn node -status",
}

const COMPATIBLE = 'Hadoop 3.3.6'

const terminal: Terminal = {
  out: (line) => void process.stdout.write(`${line}\n`),
  write: (text) => void process.stdout.write(text),
  err: (line) => void process.stderr.write(`${line}\n`),
  drained: async () => {
    if (process.stdout.writableNeedDrain) await new Promise((resolve) => process.stdout.once('drain', resolve))
  },
}

function usage(): string {
  const lines = Object.entries({ ...COMMANDS, version: { meaning: 'prints the version' } }).map(([name, c]) => `  ${name.padEnd(20)}${c.meaning}`)
  return `Usage: yarn [--config confdir] COMMAND [OPTIONS]\n\n${lines.sort().join('\n')}\n\nMost commands print their options when they are called without any.\n`
}

async function jar(args: readonly string[], context: Context): Promise<number> {
  const done = runInstalled('yarn', ['jar', ...args])
  if (done) return done
  context.err(`yarn: jar: ${NO_INSTALLATION}`)
  return FAILED
}

function envvars(context: Context): number {
  for (const name of ['JAVA_HOME', 'HADOOP_HOME', 'HADOOP_YARN_HOME']) if (process.env[name]) context.out(`${name}='${process.env[name]}'`)
  context.out(`HADOOP_CONF_DIR='${context.confDir}'`)
  return 0
}

function version(): number {
  terminal.out(COMPATIBLE)
  terminal.out('This command is Bobbin, which speaks the protocols of that version.')
  return 0
}

interface Settings {
  readonly confDir: string
  readonly conf: Configuration
  readonly rest: readonly string[]
}

/** `-D name=value` and `-conf FILE` before a command's own options, as Hadoop's generic options. @throws ConfigurationError */
function settings(confDir: string | undefined, args: readonly string[]): Settings {
  const dir = confDir ?? process.env.HADOOP_CONF_DIR
  if (!dir) throw new ConfigurationError('HADOOP_CONF_DIR is not set; for a cluster of `bobbin up`: eval "$(bobbin env)"')
  const conf = loadConfiguration(dir)
  let i = 0
  for (; i < args.length; i++) {
    const word = args[i]!
    if (word === '-conf') conf.addFile(need(args[++i], word))
    else if (word.startsWith('-D')) {
      const pair = word === '-D' ? need(args[++i], word) : word.slice(2)
      const equals = pair.indexOf('=')
      if (equals < 1) throw new ConfigurationError(`-D ${pair}: give NAME=VALUE`)
      conf.set(pair.slice(0, equals), pair.slice(equals + 1), 'command line')
    } else break
  }
  return { confDir: dir, conf, rest: args.slice(i) }
}

function need(value: string | undefined, option: string): string {
  if (value === undefined) throw new ConfigurationError(`${option} needs a value`)
  return value
}

export async function main(_program: string, argv: readonly string[]): Promise<number> {
  const [configDir, [name, ...args]] = argv[0] === '--config' ? [argv[1], argv.slice(2)] : [undefined, argv]
  if (name === undefined || name === '-help' || name === '--help' || name === '-h') {
    terminal.write(usage())
    return name === undefined ? 1 : 0
  }
  if (name === 'version') return version()
  const command = COMMANDS[name]
  if (!command) {
    terminal.err(`yarn: ${ELSEWHERE[name] ? `${name}: ${ELSEWHERE[name]}` : `there is no command "${name}"\n\n${usage()}`}`)
    return 1
  }
  let client: YarnClient | undefined
  try {
    const { confDir, conf, rest } = settings(configDir, args)
    const context: Context = {
      ...terminal,
      conf,
      confDir,
      get yarn() {
        client ??= new YarnClient(conf)
        return client
      },
    }
    return await command.run(rest, context)
  } catch (e) {
    return failure(e)
  } finally {
    client?.close()
  }
}

/** The line that the real command ends with, without the stack trace around it. */
function failure(e: unknown): number {
  if (e instanceof ConfigurationError) terminal.err(`yarn: ${e.message}`)
  else if (e instanceof ParseError) terminal.err(`Exception in thread "main" org.apache.commons.cli.${PARSE_ERRORS[e.kind]}: ${e.message}`)
  else if (e instanceof HadoopException) terminal.err(`Exception in thread "main" ${e.className}: ${firstLine(e)}`)
  else if (e instanceof ConnectionError)
    terminal.err(
      `yarn: ${firstLine(e)}\nyarn: no daemon answers at ${formatAddress(e.address)}; is the cluster up? (bobbin status; HADOOP_CONF_DIR is ${process.env.HADOOP_CONF_DIR ?? 'not set'})`,
    )
  else throw e
  return e instanceof ConnectionError ? FAILED : 1
}

const PARSE_ERRORS: Record<ParseError['kind'], string> = {
  unrecognized: 'UnrecognizedOptionException',
  'missing-argument': 'MissingArgumentException',
  'missing-option': 'MissingOptionException',
  ambiguous: 'AmbiguousOptionException',
  'already-selected': 'AlreadySelectedException',
}
