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

/**
 * A file or value that can't be used: its message names it.
 * @returns the exit code
 */
export function reportConfiguration(output: Output, e: Error): number {
  output.err(e.message)
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

/** What our own library errors are in Java. */
const JAVA_CLASSES: Readonly<Record<string, string>> = {
  ConnectionError: 'java.net.ConnectException',
  ConfigurationError: 'org.apache.flink.configuration.IllegalConfigurationException',
}

function classOf(e: Error): string {
  const { javaClass, className } = e as { javaClass?: string; className?: string }
  return javaClass ?? className ?? JAVA_CLASSES[e.name] ?? e.name
}

function headline(e: unknown): string {
  if (!(e instanceof Error)) return String(e)
  const { trace } = e as { trace?: string }
  return trace ?? `${classOf(e)}: ${withoutFrames(e.message)}`
}

/** Errors of the operating system: their stack is ours, not the user's. */
const systemCode = (e: Error) => typeof (e as NodeJS.ErrnoException).code === 'string'

/** A frame in a module of a job jar, by the folder that the jar was unpacked to, here or in a container. */
const PROGRAM_FRAME = /(?:file:\/\/)?\/\S*?\/(?:bobbin-program-[^/]*|programs\/[0-9a-f]{64})\//

/** Frames in the program's own modules, named as they stand in the jar. */
function frames(e: unknown): string[] {
  // Errors with a Java class are of the commands' own making.
  if (!(e instanceof Error) || 'javaClass' in e || 'className' in e) return []
  const own = (e.stack ?? '').split('\n').filter((l) => /^\s+at /.test(l) && PROGRAM_FRAME.test(l))
  return own.map((l) => `\t${l.trim().replace(PROGRAM_FRAME, '')}`)
}

/** Frames of the JVM, of Flink, of the engine and of Node. */
const FOREIGN_FRAME = /^\s+at (?:java|javax|jdk|sun|akka|scala|org\.apache)\b|^\s+at .*(?:\.cjs:\d|node:)|^\s*\.\.\. \d+ more/

/** A stack trace of a JobManager with no frames but the program's own. */
export function withoutFrames(trace: string): string {
  return trace
    .split('\n')
    .filter((l) => !FOREIGN_FRAME.test(l))
    .map((l) => (/^\s+at /.test(l) ? l.replace(PROGRAM_FRAME, '') : l))
    .join('\n')
    .trimEnd()
}
