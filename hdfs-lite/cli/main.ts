/** The commands `hdfs` and `hadoop`. */
import { ConfigurationError } from '../../common/config/configuration.js'

type Command = (args: string[]) => Promise<number>

const dfs: Command = async (args) => {
  const [{ readGenericOptions }, { runShell }] = await Promise.all([import('./generic-options.js'), import('./shell/shell.js')])
  const { conf, rest } = readGenericOptions(args)
  return runShell(conf, rest)
}

const COMMANDS: Readonly<Record<string, Record<string, Command>>> = {
  hdfs: { dfs },
  hadoop: { fs: dfs, dfs },
}

const USAGE: Readonly<Record<string, string>> = {
  hdfs: 'Usage: hdfs COMMAND [OPTIONS]\n\n  dfs  run a file system command; `hdfs dfs` lists them\n',
  hadoop: 'Usage: hadoop COMMAND [OPTIONS]\n\n  fs  run a file system command; `hadoop fs` lists them\n',
}

/** @param program `hdfs` or `hadoop` */
export async function main(program: string, args: string[]): Promise<number> {
  const [name, ...rest] = args
  const command = name === undefined ? undefined : COMMANDS[program]?.[name]
  if (!command) {
    process.stderr.write(`${name === undefined ? '' : `${program}: there is no command "${name}"\n`}${USAGE[program]}`)
    return 1
  }
  try {
    return await command(rest)
  } catch (e) {
    if (!(e instanceof ConfigurationError)) throw e
    process.stderr.write(`${program}: ${e.message}\n`)
    return 1
  }
}
