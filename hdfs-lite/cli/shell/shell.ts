/** `hadoop fs` and `hdfs dfs`: finds the verb, runs it, answers with its exit code. */
import type { Configuration } from '../../../common/config/configuration.js'
import { GENERIC_OPTIONS_HELP } from '../generic-options.js'
import { Console } from './console.js'
import { FatalError, UsageError } from './errors.js'
import { HELP } from './help.js'
import { FileSystems } from './path-data.js'
import { type Verb, VerbRun } from './verb.js'
import { VERBS } from './verbs/index.js'

const USAGE = 'Usage: hadoop fs [generic options]'
const UNKNOWN = 255

/** @param args the verb with its dash, and what follows */
export async function runShell(conf: Configuration, args: readonly string[]): Promise<number> {
  const console = new Console()
  const [given, ...rest] = args
  if (given === undefined) {
    console.error(usageOfAll())
    return UNKNOWN
  }
  if (given === '-help' || given === '-usage') return explain(console, given, rest)
  const name = given.slice(1)
  const verb = given.startsWith('-') && Object.hasOwn(VERBS, name) ? VERBS[name]! : undefined
  if (!verb) return unknown(console, given)
  const systems = new FileSystems(conf)
  try {
    return await runVerb(verb, new VerbRun(name, console, systems), rest)
  } finally {
    console.flush()
    systems.close()
  }
}

async function runVerb(verb: Verb, run: VerbRun, args: string[]): Promise<number> {
  if (verb.replacedBy !== undefined) run.warn(`DEPRECATED: Please use '${verb.replacedBy}' instead.`)
  try {
    const code = await verb.run(run, args)
    if (typeof code === 'number') return code
  } catch (e) {
    try {
      if (!(e instanceof UsageError || e instanceof FatalError)) run.fail(e)
      else throw e
    } catch (wrong) {
      if (wrong instanceof UsageError) return misused(run, wrong)
      if (!(wrong instanceof FatalError)) throw wrong
      run.console.error(`-${run.name}: Fatal internal error\n${wrong.message}`)
      return UNKNOWN
    }
  }
  return run.errors > 0 ? 1 : run.exitCode
}

function misused(run: VerbRun, e: UsageError): number {
  run.console.error(`-${run.name}: ${e.message}\n${usageOfAll()}\n${USAGE} ${usageLine(run.name)}`)
  return UNKNOWN
}

function unknown(console: Console, given: string): number {
  console.error(`${given}: Unknown command`)
  if (!given.startsWith('-') && Object.hasOwn(VERBS, given)) console.error(`Did you mean -${given}?  This command begins with a dash.`)
  console.error(usageOfAll())
  return UNKNOWN
}

const usageLine = (name: string) => (HELP[name] ? `-${name} ${HELP[name].usage}` : `-${name}`)

function usageOfAll(): string {
  return `${summary()}\n\n${GENERIC_OPTIONS_HELP}`
}

function summary(): string {
  return [USAGE, ...Object.keys(HELP).map((name) => `\t[${usageLine(name)}]`)].join('\n')
}

function explain(console: Console, verb: string, names: readonly string[]): number {
  const wrong = names.find((name) => !HELP[name])
  if (wrong !== undefined) {
    console.error(`${verb}: \`${wrong}': Unknown command\n${usageOfAll()}\n${USAGE} ${usageLine(verb.slice(1))}`)
    return UNKNOWN
  }
  if (names.length === 0) {
    console.line(summary())
    if (verb === '-help') console.line(`\n${Object.keys(HELP).map(helpText).join('\n\n')}`)
    console.line(`\n${GENERIC_OPTIONS_HELP}`)
  }
  for (const name of names) console.line(verb === '-help' ? helpText(name) : `${USAGE} ${usageLine(name)}`)
  console.flush()
  return 0
}

function helpText(name: string): string {
  const { text } = HELP[name]!
  return `${usageLine(name)} :\n${text.replace(/^/gm, '  ')}`
}
