/** The jar, class and arguments of a program on the command line. */
import type { CommandLine } from '../../common/cli/options.js'
import { type FlinkConfiguration, options } from '../config/index.js'
import { localPath } from '../deployment/files.js'
import { ProgramInvocationException } from '../program/errors.js'
import { type JobJar, loadJobJar } from '../program/jar.js'
import type { ProgramOptions } from '../program/run.js'
import { CliArgsException } from './output.js'

const PYTHON = ['py', 'pyarch', 'pyclientexec', 'pyexec', 'pyfs', 'pym', 'pyreq']

export interface ProgramLine {
  /** A path or URI, as it was given. */
  readonly jar: string
  readonly entryClass: string | undefined
  readonly args: readonly string[]
}

/** @throws CliArgsException naming what is missing or not supported */
export function programOf(line: CommandLine, conf: FlinkConfiguration): ProgramLine {
  const python = PYTHON.find((o) => line.has(o))
  if (python) throw new CliArgsException(`-${python}: Python jobs are not supported.`)
  if (line.has('C')) throw new CliArgsException('-C: class paths are for jobs of a JVM; put what the job needs into its jar.')
  if (line.has('s')) throw new CliArgsException('-s/--fromSavepoint is not supported: the engine takes no savepoints.')
  const parallelism = line.value('p')
  if (parallelism !== undefined) {
    if (!/^\+?\d+$/.test(parallelism) || Number(parallelism) < 1 || Number(parallelism) > 2 ** 31 - 1) {
      throw new CliArgsException(`The parallelism must be a positive number: ${parallelism}`)
    }
    conf.set(options.core.parallelism, Number(parallelism), '-p')
  }
  const [jar, ...args] = line.args
  if (jar === undefined) throw new CliArgsException('Java program should be specified a JAR file.')
  return { jar, entryClass: line.value('c'), args }
}

/** @throws CliArgsException when there is no such jar */
export async function openJar(jar: string): Promise<JobJar> {
  try {
    return await loadJobJar(localPath(jar))
  } catch (e) {
    if (!(e instanceof ProgramInvocationException)) throw e
    throw new CliArgsException(`Could not get job jar and dependencies from JAR file: ${e.message}`)
  }
}

/** What is between the command line's options and the program. */
export function programOptions(program: ProgramLine, conf: FlinkConfiguration): ProgramOptions {
  return {
    entryClass: program.entryClass,
    args: program.args,
    parallelism: conf.get(options.core.parallelism),
    configuration: Object.fromEntries(conf.entries()),
  }
}
