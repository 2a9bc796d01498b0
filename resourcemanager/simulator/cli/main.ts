/** `bobbin sim` and `bobbin replay`, in a bundle of their own: the command line of clusters does not carry the ResourceManager. */
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { ConfigurationError } from '../../../common/config/configuration.js'
import { HadoopException } from '../../../common/errors.js'
import { addCompare } from './compare.js'
import { addImport } from './import.js'
import { addReplay } from './replay.js'
import { addSim } from './sim.js'
import { addSweep } from './sweep.js'
import { FAILED, MISUSED, type Terminal } from './terminal.js'

export async function main(program: string, argv: readonly string[]): Promise<number> {
  const terminal: Terminal = {
    code: 0,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY === true,
    columns: process.stdout.columns ?? 120,
  }
  const bobbin = new Command(program).exitOverride().showHelpAfterError(`(see: ${program} ${argv[0] ?? 'sim'} --help)`)
  // What stands after `compare` is its own, also where `sim` has an option of that name.
  const sim = addSim(bobbin.enablePositionalOptions(), terminal).enablePositionalOptions()
  addCompare(sim, terminal)
  addSweep(sim, terminal)
  addImport(sim, terminal)
  addReplay(bobbin, terminal)
  try {
    await bobbin.parseAsync([...argv], { from: 'user' })
    return terminal.code
  } catch (e) {
    if (e instanceof CommanderError) return e.exitCode === 0 ? 0 : MISUSED
    if (e instanceof Error) terminal.err(`${program} ${argv[0] ?? 'sim'}: ${e.message}\n`)
    else throw e
    return e instanceof ConfigurationError || e instanceof InvalidArgumentError || e instanceof HadoopException ? MISUSED : FAILED
  }
}
