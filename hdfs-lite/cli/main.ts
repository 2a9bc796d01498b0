/** The commands `hdfs` and `hadoop`. */
import { NO_INSTALLATION, hadoopClasspath, runInstalled } from '../../common/cli/installation.js'
import { ConfigurationError } from '../../common/config/configuration.js'

interface Command {
  readonly meaning: string
  /** Loads what it needs: a listing starts without the code of the others. */
  readonly run: (args: string[]) => Promise<number>
}

const fileSystem: Command = {
  meaning: 'runs a file system command; without one, lists them',
  async run(args) {
    const [{ readGenericOptions }, { runShell }] = await Promise.all([import('./generic-options.js'), import('./shell/shell.js')])
    const { conf, rest } = readGenericOptions(args)
    return runShell(conf, rest)
  },
}

const version: Command = {
  meaning: 'prints the version',
  async run() {
    process.stdout.write('Hadoop 3.3.6\nThis command is Bobbin, which speaks the protocols of that version.\n')
    return 0
  },
}

const classpath: Command = {
  meaning: "prints what Hadoop's Java programs need on their class path",
  async run(args) {
    process.stdout.write(`${hadoopClasspath(process.env['HADOOP_CONF_DIR'] ?? '', args.includes('--glob'))}\n`)
    return 0
  },
}

const jar: Command = {
  meaning: 'runs a program in a jar, with the Hadoop installation that HADOOP_HOME names',
  async run(args) {
    const done = runInstalled('hadoop', ['jar', ...args])
    if (done) return done
    process.stderr.write(`hadoop: jar: ${NO_INSTALLATION}\n`)
    return 1
  },
}

const COMMANDS: Readonly<Record<string, Readonly<Record<string, Command>>>> = {
  hdfs: {
    dfs: fileSystem,
    dfsadmin: { meaning: 'administers the file system', run: async (args) => (await import('./admin/dfsadmin.js')).dfsadmin(args) },
    haadmin: { meaning: 'administers a pair of NameNodes', run: async (args) => (await import('./admin/haadmin.js')).haadmin(args) },
    debug: { meaning: 'looks into block files, takes leases from writers that are gone', run: async (args) => (await import('./admin/debug.js')).debug(args) },
    fsck: { meaning: 'checks files and their blocks', run: async (args) => (await import('./admin/fsck.js')).fsck(args) },
    getconf: { meaning: 'prints values of the configuration', run: async (args) => (await import('./admin/getconf.js')).getconf(args) },
    groups: { meaning: 'prints the groups of users', run: async (args) => (await import('./admin/groups.js')).groups(args) },
    lsSnapshottableDir: {
      meaning: 'lists the directories that may have snapshots',
      run: async (args) => (await import('./admin/snapshots.js')).lsSnapshottableDir(args),
    },
    snapshotDiff: { meaning: 'compares two snapshots of a directory', run: async (args) => (await import('./admin/snapshots.js')).snapshotDiff(args) },
    storagepolicies: {
      meaning: 'lists, gets and sets storage policies',
      run: async (args) => (await import('./admin/storagepolicies.js')).storagepolicies(args),
    },
    classpath,
    version,
  },
  hadoop: { fs: fileSystem, dfs: fileSystem, classpath, jar, version },
}

function usage(program: string): string {
  const lines = Object.entries(COMMANDS[program]!).map(([name, c]) => `  ${name.padEnd(20)}${c.meaning}`)
  return `Usage: ${program} [--config DIR] COMMAND [OPTIONS]\n\n${lines.join('\n')}\n`
}

/** @param program `hdfs` or `hadoop` */
export async function main(program: string, args: string[]): Promise<number> {
  const rest = [...args]
  if (rest[0] === '--config' && rest[1] !== undefined) process.env['HADOOP_CONF_DIR'] = rest.splice(0, 2)[1]
  const name = rest.shift()
  const command = name !== undefined && Object.hasOwn(COMMANDS[program]!, name) ? COMMANDS[program]![name] : undefined
  if (!command) {
    const help = name === undefined || ['-h', '-help', '--help'].includes(name)
    process.stderr.write(`${help ? '' : `${program}: there is no command "${name}"\n`}${usage(program)}`)
    return name !== undefined && help ? 0 : 1
  }
  try {
    return await command.run(rest)
  } catch (e) {
    if (!(e instanceof ConfigurationError)) throw e
    process.stderr.write(`${program}: ${e.message}\n`)
    return 1
  }
}
