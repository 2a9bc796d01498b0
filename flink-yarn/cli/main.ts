/** `flink` and `yarn-session.sh`: from arguments to an exit code. */
import { ConfigurationError } from '../../common/config/configuration.js'
import { ParseError, parseOptions } from '../../common/cli/options.js'
import { baseConfiguration } from './base-configuration.js'
import { cancel, list } from './job-actions.js'
import { CliArgsException, type Output, reportArguments, reportConfiguration, reportFailure, terminalOutput } from './output.js'
import { ACTIONS, type ActionName, tableOf } from './tables.js'

const VERSION = '1.17.2'

export async function main(program: string, args: readonly string[]): Promise<number> {
  const output = terminalOutput()
  return program === 'yarn-session.sh' ? (await import('./yarn-session.js')).yarnSession(args, output) : flink(args, output)
}

export async function flink(args: readonly string[], output: Output): Promise<number> {
  const [name, ...rest] = args
  switch (name) {
    case undefined:
      output.out((await import('./help.js')).fullHelp())
      output.out('Please specify an action.')
      return 1
    case '-h':
    case '--help':
      output.out((await import('./help.js')).fullHelp())
      return 0
    case '-v':
    case '--version':
      output.out(`Version: ${VERSION}, Commit ID: bobbin`)
      return 0
  }
  if (!Object.hasOwn(ACTIONS, name)) return unknownAction(name, output)
  const action = ACTIONS[name as ActionName]
  try {
    // What follows the jar belongs to the program.
    const line = parseOptions(tableOf(action), rest, { style: 'default', stopAtNonOption: true })
    if (line.has('h')) {
      output.out((await import('./help.js')).actionHelp(action))
      return 0
    }
    const conf = baseConfiguration()
    switch (action.name) {
      case 'list':
        return await list(line, conf, output)
      case 'cancel':
        return await cancel(line, conf, output)
      case 'run':
        return await (await import('./run.js')).run(line, conf, output)
      case 'run-application':
        return await (await import('./run-application.js')).runApplication(line, conf, output)
      case 'info':
        return await (await import('./info.js')).info(line, conf, output)
      case 'stop':
      case 'savepoint':
        throw new CliArgsException(`The action "${action.name}" is not supported: the engine takes no savepoints.`)
    }
  } catch (e) {
    if (e instanceof CliArgsException || e instanceof ParseError) return reportArguments(output, e)
    if (e instanceof ConfigurationError) return reportConfiguration(output, e)
    return reportFailure(output, e)
  }
}

function unknownAction(name: string, output: Output): number {
  const names = Object.keys(ACTIONS).map((n) => `"${n}"`)
  output.out(`"${name}" is not a valid action.`)
  output.out()
  output.out(`Valid actions are ${names.slice(0, -1).join(', ')}, or ${names.at(-1)}.`)
  output.out()
  output.out('Specify the version option (-v or --version) to print Flink version.')
  output.out()
  output.out('Specify the help option (-h or --help) to get help on the command.')
  return 1
}
