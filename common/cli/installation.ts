/** A Hadoop installation beside Bobbin, HADOOP_HOME: its jars, and what only it can do. */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/**
 * What `hadoop classpath` prints: the configuration, and the jars of HADOOP_HOME where one is set.
 * @param glob names each jar, as option --glob asks for
 */
export function hadoopClasspath(confDir: string, glob: boolean): string {
  const entries = [confDir]
  const share = process.env.HADOOP_HOME && path.join(process.env.HADOOP_HOME, 'share/hadoop')
  if (share && existsSync(share))
    for (const part of readdirSync(share).sort())
      for (const sub of ['lib', '']) {
        const folder = path.join(share, part, sub)
        if (!glob) entries.push(path.join(folder, '*'))
        else if (existsSync(folder)) for (const f of readdirSync(folder).sort()) if (f.endsWith('.jar')) entries.push(path.join(folder, f))
      }
  return entries.join(':')
}

/** Hands a command over to HADOOP_HOME's own program. @returns its exit code; undefined where there is none */
export function runInstalled(program: string, args: readonly string[]): Promise<number> | undefined {
  const file = process.env.HADOOP_HOME && path.join(process.env.HADOOP_HOME, 'bin', program)
  // Ours under that name would call itself for ever.
  if (!file || !existsSync(file) || realpathSync(file) === realpathSync(process.argv[1]!)) return undefined
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: 'inherit' })
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? 128 + os.constants.signals[signal!]))
  })
}

export const NO_INSTALLATION = 'running Java programs needs a Hadoop installation: set HADOOP_HOME to one'
