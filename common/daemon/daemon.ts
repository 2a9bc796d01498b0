/**
 * What every daemon does around its own work: log file, ready file, clean stop, exit codes.
 *
 * A supervisor starts `node dist/NAME.cjs` with HADOOP_CONF_DIR, HADOOP_LOG_DIR and BOBBIN_RUN_DIR set. When the daemon
 * serves, it writes BOBBIN_RUN_DIR/NAME.json; it removes that file when it stops. TERM and INT stop it; a second one at once.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import pino, { type Logger } from 'pino'
import { type Configuration, ConfigurationError, type SITE_FILES, loadConfiguration } from '../config/configuration.js'

export type { Logger }

/** Exit codes of a daemon. */
export const EXIT_CODES = { stopped: 0, failed: 1, badConfiguration: 2 } as const

export interface DaemonContext {
  /** As in the ready file's name: `namenode`, `nodemanager-2`. */
  readonly name: string
  readonly conf: Configuration
  readonly confDir: string
  readonly logDir: string
  readonly log: Logger
  /** Ends the process for a reason that it can't live with. */
  fatal(error: unknown): never
}

export interface RunningDaemon {
  /** For the ready file: what listens where, as HOST:PORT. */
  readonly addresses: Readonly<Record<string, string>>
  stop(): Promise<void>
}

export interface ReadyFile {
  readonly pid: number
  readonly startedAt: number
  readonly addresses: Readonly<Record<string, string>>
}

function requireEnv(name: string): string {
  const value = process.env[name]
  if (!value) {
    process.stderr.write(`${name} is not set; it names the folder with the *-site.xml files\n`)
    process.exit(EXIT_CODES.badConfiguration)
  }
  return value
}

/** Runs a daemon until it is told to stop. Never returns normally. */
export async function runDaemon(defaultName: string, kind: keyof typeof SITE_FILES, start: (context: DaemonContext) => Promise<RunningDaemon>): Promise<void> {
  const name = process.env.BOBBIN_DAEMON_NAME ?? defaultName
  const confDir = requireEnv('HADOOP_CONF_DIR')
  const logDir = process.env.HADOOP_LOG_DIR ?? path.join(process.cwd(), 'logs')
  const runDir = process.env.BOBBIN_RUN_DIR
  mkdirSync(logDir, { recursive: true })
  const log = pino(
    {
      base: null,
      level: process.env.BOBBIN_LOG_LEVEL ?? 'info',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ dest: path.join(logDir, `${name}.log`), sync: true, append: true }),
  )
  const fatal = (error: unknown): never => {
    log.fatal({ err: error }, error instanceof Error ? error.message : String(error))
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(error instanceof ConfigurationError ? EXIT_CODES.badConfiguration : EXIT_CODES.failed)
  }
  process.on('uncaughtException', fatal)
  process.on('unhandledRejection', fatal)
  let running: RunningDaemon
  try {
    running = await start({ name, conf: loadConfiguration(confDir, kind), confDir, logDir, log, fatal })
  } catch (e) {
    return fatal(e)
  }
  const readyFile = runDir && path.join(runDir, `${name}.json`)
  if (readyFile) {
    const ready: ReadyFile = { pid: process.pid, startedAt: Date.now(), addresses: running.addresses }
    writeFileSync(`${readyFile}.tmp`, `${JSON.stringify(ready)}\n`)
    renameSync(`${readyFile}.tmp`, readyFile)
  }
  log.info({ addresses: running.addresses }, `${name} serves`)
  let stopping = false
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(EXIT_CODES.failed)
    stopping = true
    log.info(`${name} stops on ${signal}`)
    running.stop().then(
      () => {
        if (readyFile) rmSync(readyFile, { force: true })
        process.exit(EXIT_CODES.stopped)
      },
      (e) => fatal(e),
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}
