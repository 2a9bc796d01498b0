/**
 * Transcripts of commands: what the real ones printed, line by line.
 *
 *   reset                  the directories that the commands work in are made anew
 *   $ -ls /x               a command of `hdfs dfs`; with @TOOL in front one of `hdfs TOOL`, with <TEXT in front fed that text,
 *                          with ^USER in front that user's
 *   ~ -stat %b /x        the same, again and again until it prints this: what happens by and by
 *   1| line                standard output; \c at the end: without a newline
 *   2| line                standard error
 *   = 1                    the exit code, when it isn't 0
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { root } from '../../../common/supervisor/layout.js'

export interface Step {
  readonly command: string
  readonly stdout: string
  readonly stderr: string
  readonly code: number
  /** To be waited for. */
  readonly awaited: boolean
}

export function parseTranscript(text: string): (Step | 'reset')[] {
  const steps: (Step | 'reset')[] = []
  let step: { command: string; stdout: string; stderr: string; code: number; awaited: boolean } | undefined
  for (const line of text.split('\n')) {
    const content = line.slice(3)
    const output = content.endsWith('\\c') ? content.slice(0, -2) : `${content}\n`
    if (line === 'reset') steps.push('reset')
    else if (/^[$~] /.test(line)) {
      step = { command: line.slice(2), stdout: '', stderr: '', code: 0, awaited: line.startsWith('~') }
      steps.push(step)
    } else if (line.startsWith('1| ')) step!.stdout += output.replaceAll('\\0', '\0')
    else if (line.startsWith('2| ')) step!.stderr += output
    else if (line.startsWith('= ')) step!.code = Number(line.slice(2))
  }
  return steps
}

/** A command's line, taken apart. */
export interface Line {
  readonly user: string
  /** What it reads. */
  readonly input: string | undefined
  /** dfs, dfsadmin, … */
  readonly tool: string
  readonly args: readonly string[]
}

export function parseLine(command: string): Line {
  const rest = words(command)
  const taken = (mark: string) => (rest[0]?.startsWith(mark) ? rest.shift()!.slice(1) : undefined)
  return { user: taken('^') ?? 'root', input: taken('<')?.replaceAll('\\n', '\n'), tool: taken('@') ?? 'dfs', args: rest }
}

/** Words as a shell would cut them, as far as quotes go. */
export function words(command: string): string[] {
  return (command.match(/"[^"]*"|'[^']*'|\S+/g) ?? []).map((w) => (/^["']/.test(w) ? w.slice(1, -1) : w))
}

/** The local files that commands copy. The folder itself stays: commands run in it. */
export function layFixture(folder: string): void {
  for (const name of readdirSync(folder)) rmSync(path.join(folder, name), { recursive: true })
  mkdirSync(path.join(folder, 'd/sub'), { recursive: true })
  const files = {
    one: 'one\n',
    two: 'two\ntwo\n',
    empty: '',
    'd/f1': 'f1',
    'd/sub/f2': 'f2f2',
    big: 'abcdefghi\n'.repeat(300),
    'two.gz': gzipSync('two\ntwo\n'),
  }
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(folder, name), content)
}

/** What differs from run to run, under the names that transcripts have for it. */
export function normalize(text: string, folder: string): string {
  return text
    .replaceAll(folder, '$LOCAL')
    .replace(/Usage: hadoop fs \[generic options\]\n(\t\[.*\n)+\nGeneric options[\s\S]*?command \[genericOptions\] \[commandOptions\]\n/g, '<usage>')
    .replace(/Usage: hdfs dfsadmin\nNote[\s\S]*command \[genericOptions\] \[commandOptions\]\n/, '<usage>')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?/g, 'DATE')
    .replace(/\b17\d{11}\b/g, 'MS')
    .replace(/DFSClient_NONMAPREDUCE_-?\d+_\d+/g, 'CLIENT')
    .replace(/localhost\/127.0.0.1:\d+|\/127.0.0.1:\d+/g, 'NAMENODE')
    .replace(/127.0.0.1:\d+ /g, 'DATANODE ')
}

export interface Outcome {
  readonly stdout: string
  readonly stderr: string
  readonly code: number
}

/** Commands one after the other, in one process; those that are fed text in one each. */
export class Commands {
  readonly #child: ChildProcessWithoutNullStreams
  #stdout = ''
  #stderr = ''
  #changed: () => void = () => {}

  constructor(
    private readonly folder: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {
    this.#child = spawn(process.execPath, [path.join(root, 'test/golden/hdfs-cli/driver.cjs')], { cwd: folder, env, stdio: 'pipe' })
    this.#child.stdout.setEncoding('utf8').on('data', (t: string) => {
      this.#stdout += t
      this.#changed()
    })
    this.#child.stderr.setEncoding('utf8').on('data', (t: string) => {
      this.#stderr += t
      this.#changed()
    })
    this.#child.once('exit', () => this.#changed())
  }

  async run(command: string): Promise<Outcome> {
    const { user, input, tool, args: given } = parseLine(command)
    const args = [tool, ...given.map((a) => a.replaceAll('$LOCAL', this.folder))]
    if (input !== undefined) return this.#fed(args, input, user)
    this.#stdout = this.#stderr = ''
    this.#child.stdin.write(`${JSON.stringify([user, 'hdfs', ...args])}\n`)
    for (;;) {
      const [out, err] = [this.#stdout.indexOf('\u0001'), this.#stderr.indexOf('\u0001')]
      if (out >= 0 && err >= 0) return { stdout: this.#stdout.slice(0, out), stderr: this.#stderr.slice(0, err), code: Number(this.#stdout.slice(out + 1)) }
      if (this.#child.exitCode !== null) throw new Error(`${command}: the process ended\n${this.#stderr}`)
      await new Promise<void>((r) => {
        this.#changed = r
      })
    }
  }

  #fed(args: string[], input: string, user: string): Promise<Outcome> {
    return new Promise((resolve) => {
      const child = spawn(process.execPath, [path.join(root, 'scripts/hdfs'), ...args], {
        cwd: this.folder,
        env: { ...this.env, HADOOP_USER_NAME: user },
        stdio: 'pipe',
      })
      let stdout = ''
      let stderr = ''
      child.stdout.on('data', (t) => {
        stdout += t
      })
      child.stderr.on('data', (t) => {
        stderr += t
      })
      child.once('close', (code) => resolve({ stdout, stderr, code: code ?? -1 }))
      child.stdin.end(input)
    })
  }

  end(): void {
    this.#child.kill()
  }
}
