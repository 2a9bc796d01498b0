/** What the commands write: lines for people and scripts, and how a failure reads. */
import { formatLogLine, type Log } from '../deployment/log.js'

export interface Output {
  out(line?: string): void
  err(line?: string): void
  readonly log: Log
}

export function terminalOutput(now: () => Date = () => new Date()): Output {
  return {
    out: (line = '') => void process.stdout.write(`${line}\n`),
    err: (line = '') => void process.stderr.write(`${line}\n`),
    log: (level, logger, message) => void process.stdout.write(formatLogLine(level, logger, message, now())),
  }
}

/** Arguments that can't be used: told without a stack of causes. */
export class CliArgsException extends Error {
  override name = 'CliArgsException'
}

/** @returns the exit code */
export function reportArguments(output: Output, e: Error): number {
  output.out(e.message)
  output.out()
  output.out('Use the help option (-h or --help) to get help on the command.')
  return 1
}

/** @returns the exit code */
export function reportFailure(output: Output, e: unknown): number {
  output.err()
  output.err('------------------------------------------------------------')
  output.err(' The program finished with the following exception:')
  output.err()
  output.err(describeFailure(e))
  return 1
}

/** The chain of causes, one `CLASS: message` each. Errors of a program's own come with where they were thrown. */
export function describeFailure(e: unknown): string {
  const lines: string[] = []
  const seen = new Set<unknown>()
  for (let at: unknown = e; at !== undefined && at !== null && !seen.has(at); at = at instanceof Error ? at.cause : undefined) {
    seen.add(at)
    const prefix = lines.length === 0 ? '' : 'Caused by: '
    lines.push(prefix + headline(at), ...frames(at))
    if (at instanceof Error && systemCode(at)) break
  }
  return lines.join('\n')
}

function classOf(e: Error): string {
  const { javaClass, className } = e as { javaClass?: string; className?: string }
  return javaClass ?? className ?? e.name
}

function headline(e: unknown): string {
  if (!(e instanceof Error)) return String(e)
  const { trace } = e as { trace?: string }
  return trace ?? `${classOf(e)}: ${withoutFrames(e.message)}`
}

/** Errors of the operating system: their stack is ours, not the user's. */
const systemCode = (e: Error) => typeof (e as NodeJS.ErrnoException).code === 'string'

function frames(e: unknown): string[] {
  if (!(e instanceof Error) || 'javaClass' in e || 'className' in e || systemCode(e) || e.name === 'ConfigurationError') return []
  const own = (e.stack ?? '').split('\n').filter((l) => /^\s+at /.test(l) && !/node:|\/dist\/|\/node_modules\/bobbin\//.test(l))
  // Where the jar was unpacked says nothing: its modules are named as they stand in it.
  return own.slice(0, 10).map((l) => `\t${l.trim().replace(/file:\/\/\S*?bobbin-program-[^/]*\//, '')}`)
}

/** A stack trace of a JobManager without the frames of the JVM and of Flink itself. */
export function withoutFrames(trace: string): string {
  return trace
    .split('\n')
    .filter((l) => !/^\s*\.\.\. \d+ more/.test(l) && !/^\s+at (?:java|javax|jdk|sun|akka|scala|org\.apache|async |new |node:)/.test(l))
    .join('\n')
    .trimEnd()
}
