/** Runs scenarios in the real ResourceManager. */
import { spawn } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { finished, javaHome, resourceManagerDriver } from '../peers/layout.js'
import type { Scenario, View } from './scenario.js'

/** One JVM for so many: each leaves some of its threads and memory behind. */
const FOR_EACH_JVM = 250

export async function runReal(scenarios: readonly Scenario[]): Promise<View[][]> {
  const classpath = resourceManagerDriver(path.join(path.dirname(fileURLToPath(import.meta.url)), 'Driver.java'))
  const views: View[][] = []
  for (let from = 0; from < scenarios.length; from += FOR_EACH_JVM) views.push(...(await runSome(scenarios.slice(from, from + FOR_EACH_JVM), classpath)))
  return views
}

async function runSome(scenarios: readonly Scenario[], classpath: string): Promise<View[][]> {
  const child = spawn(path.join(javaHome(), 'bin/java'), ['-XX:+UseSerialGC', '-Xmx1g', '-cp', classpath, 'Driver'], { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(scenarios.map((s) => `${JSON.stringify(s)}\n`).join(''))
  const { code, stdout, stderr } = await finished(child)
  const lines = stdout.split('\n').filter((l) => l !== '')
  if (code !== 0 || lines.length !== scenarios.length)
    throw new Error(`the driver ended with ${code} after ${lines.length} of ${scenarios.length} scenarios:\n${stderr.slice(-4000)}`)
  return lines.map((l) => JSON.parse(l) as View[])
}
