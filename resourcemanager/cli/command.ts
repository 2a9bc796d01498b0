/** What the subcommands of `yarn` share. */
import { type CommandLine, type OptionTable, ParseError, helpText, parseOptions } from '../../common/cli/index.js'
import type { Configuration } from '../../common/config/configuration.js'
import type { YarnClient } from '../../common/yarn-client/index.js'

/** -1, as Hadoop's commands exit with when they can't do what they are asked to. */
export const FAILED = 255

export interface Terminal {
  out(line: string): void
  /** Without a line's end. */
  write(text: string | Uint8Array): void
  err(line: string): void
  /** Resolves when standard output has taken what was written: for long runs of it. */
  drained(): Promise<void>
}

export interface Context extends Terminal {
  readonly conf: Configuration
  readonly confDir: string
  /** Made with the first use. */
  readonly yarn: YarnClient
}

/** @returns the exit code */
export type Command = (args: readonly string[], context: Context) => Promise<number>

export interface Parsed {
  readonly line: CommandLine
  /** How many words the user gave: Hadoop's commands refuse some that have too many. */
  readonly words: number
  usage(): number
}

/**
 * Reads a command's options. `usage` prints them and answers the exit code of a wrong use.
 * @returns the exit code instead when an option lacks its value. @throws ParseError for other wrong words
 */
export function parse(title: string, table: OptionTable, args: readonly string[], context: Terminal): Parsed | number {
  const usage = () => {
    context.write(helpText(title, table))
    return FAILED
  }
  try {
    return { line: parseOptions(table, args, { style: 'gnu' }), words: args.length, usage }
  } catch (e) {
    if (!(e instanceof ParseError) || e.kind !== 'missing-argument') throw e
    context.out('Missing argument for options')
    return usage()
  }
}

/** `a, b,c` given once or several times. */
export function list(values: readonly string[]): string[] {
  return values
    .flatMap((v) => v.split(','))
    .map((v) => v.trim())
    .filter((v) => v !== '')
}

/** The state's name as users write it: protocol names carry a prefix that tells the enum. */
export function bare(state: string | undefined, prefix: string): string {
  return state?.startsWith(prefix) ? state.slice(prefix.length) : (state ?? '')
}
