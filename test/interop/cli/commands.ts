/** Hadoop's own command line programs, as many as are wanted in one JVM. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { OPENS, hadoopEnv, javaHome } from '../peers/layout.js'

export const JAVA_SOURCE = path.join(path.dirname(fileURLToPath(import.meta.url)), 'Commands.java')

export interface JavaCommand {
  /** Class of a Tool, and its arguments. */
  readonly words: readonly string[]
  /** Default: who runs the tests. */
  readonly user?: string
  /** What it reads. */
  readonly input?: string | undefined
}

export interface Said {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export class JavaCommands {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #answers: AsyncIterator<string>
  #log = ''

  /** @param classPath of Commands.java, compiled */
  constructor(classPath: string, confDir: string, cwd = process.cwd()) {
    this.#child = spawn(
      path.join(javaHome(), 'bin/java'),
      ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', ...OPENS, '-cp', `${confDir}:${classPath}`, 'Commands'],
      { cwd, env: { ...hadoopEnv(), HADOOP_CONF_DIR: confDir, HADOOP_USER_NAME: undefined }, stdio: 'pipe' },
    )
    this.#child.stderr.setEncoding('utf8').on('data', (t: string) => {
      this.#log += t
    })
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  async run({ words, user = os.userInfo().username, input = '' }: JavaCommand): Promise<Said> {
    const encoded = (text: string) => Buffer.from(text).toString('base64')
    const decoded = (text = '') => Buffer.from(text, 'base64').toString()
    this.#child.stdin.write(`${[user, input, ...words].map(encoded).join('\t')}\n`)
    const { value, done } = await this.#answers.next()
    if (done) throw new Error(`the JVM ended at ${words.join(' ')}:\n${this.#log}`)
    const [code, out, err] = value.split(' ')
    return { code: Number(code), stdout: decoded(out), stderr: decoded(err) }
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.stdin.end()
    await ended
  }
}
