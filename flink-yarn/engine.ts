/**
 * The embedded engine in one file: `node flink-dist.cjs jobmanager|taskmanager …`, and the slots' threads.
 * It travels to containers by itself, so it needs nothing beside it.
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'
import { CONF_FILE, FlinkConfiguration, loadFlinkConfiguration, parseDynamicProperty } from './config/index.js'

/** The container's own file, and over it what its command says. */
function configuration(properties: readonly string[]): FlinkConfiguration {
  const conf = existsSync(path.join(process.cwd(), CONF_FILE)) ? loadFlinkConfiguration(process.cwd()) : new FlinkConfiguration()
  for (const p of properties) {
    const [key, value] = parseDynamicProperty(p)
    conf.set(key, value, 'the command line')
  }
  return conf
}

async function main(): Promise<void> {
  const bundle = fileURLToPath(import.meta.url)
  if (!isMainThread) {
    const { runSlotWorker } = await import('./taskmanager/slot-worker.js')
    return runSlotWorker()
  }
  const [command, ...argv] = process.argv.slice(2)
  switch (command) {
    case 'jobmanager': {
      const { parseJobManagerArguments, runJobManager } = await import('./jobmanager/main.js')
      const { args, properties } = parseJobManagerArguments(argv)
      return runJobManager(args, configuration(properties), bundle)
    }
    case 'taskmanager': {
      const { runTaskManager } = await import('./taskmanager/main.js')
      return runTaskManager(configuration(argv.flatMap((a, i) => (a === '-D' ? [argv[i + 1] ?? ''] : /^-D./.test(a) ? [a.slice(2)] : []))), bundle)
    }
    default:
      throw new Error(`flink-dist: ${command === undefined ? 'no command' : `unknown command ${command}`}; there are jobmanager and taskmanager`)
  }
}

main().catch((e) => {
  process.stderr.write(`${e instanceof Error ? e.message : String(e)}\n`)
  process.exit(1)
})
