/** Starts, follows and ends a container's processes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type ProcessId, hasSetsid, isAlive, readExitCodeFile, readPidFile, signalGroup } from './process.js'
import { LAUNCH_SCRIPT, SESSION_SCRIPT, TOKENS_FILE, WRAPPER_SCRIPT, sessionScript, wrapperScript } from './script.js'

/** What a container's work folder gets before it starts. */
export interface LaunchFiles {
  readonly workDir: string
  /** The NodeManager's own folder for this container: pid and exit code. */
  readonly privateDir: string
  readonly containerId: string
  readonly launchScript: string
  /** Credentials in Hadoop's form. */
  readonly tokens: Uint8Array
}

export interface LaunchTimes {
  /** Milliseconds between TERM and KILL; 0: KILL at once. */
  readonly sleepBeforeSigkill: number
  /** Milliseconds that an ending waits for a pid file. */
  readonly processKillWait: number
}

const PRIVATE_FILE = 0o600
const SCRIPT = 0o700
const DIR = 0o710
const PID_POLL = 5
const LIVENESS_POLL = 250
/** How long after its processes the exit code of a recovered container may come. */
const EXIT_CODE_WAIT = 2_000

/** ExitCode.TERMINATED and .LOST of Hadoop's ContainerExecutor. */
const TERMINATED = 143
const LOST = 154

export function makeDir(dir: string, mode: number): void {
  mkdirSync(dir, { recursive: true })
  // mkdir's mode is cut by the umask.
  chmodSync(dir, mode)
}

export const pidFileOf = (privateDir: string, containerId: string) => path.join(privateDir, `${containerId}.pid`)

export class ContainerProcess {
  readonly pidFile: string
  readonly exitCodeFile: string
  #id: ProcessId | undefined
  #child: ChildProcess | undefined
  #ended = false
  #poll: NodeJS.Timeout | undefined
  #killing = false

  private constructor(
    privateDir: string,
    containerId: string,
    private readonly times: LaunchTimes,
    private readonly onExit: (exitCode: number) => void,
  ) {
    this.pidFile = pidFileOf(privateDir, containerId)
    this.exitCodeFile = `${this.pidFile}.exitcode`
  }

  /** Writes the scripts and starts the wrapper. `onExit` comes once, with the exit code as a shell sees it. */
  static start(files: LaunchFiles, times: LaunchTimes, onExit: (exitCode: number) => void): ContainerProcess {
    const p = new ContainerProcess(files.privateDir, files.containerId, times, onExit)
    const at = (name: string) => path.join(files.workDir, name)
    const write = (name: string, content: string | Uint8Array, mode: number) => {
      rmSync(at(name), { force: true })
      writeFileSync(at(name), content, { mode })
    }
    makeDir(files.privateDir, 0o700)
    for (const stale of [p.pidFile, `${p.pidFile}.start`, p.exitCodeFile]) rmSync(stale, { force: true })
    makeDir(at('tmp'), DIR)
    write(TOKENS_FILE, files.tokens, PRIVATE_FILE)
    write(LAUNCH_SCRIPT, files.launchScript, SCRIPT)
    write(SESSION_SCRIPT, sessionScript(at(LAUNCH_SCRIPT), p.pidFile, hasSetsid()), SCRIPT)
    write(WRAPPER_SCRIPT, wrapperScript(at(SESSION_SCRIPT), p.exitCodeFile), SCRIPT)
    p.#spawn(at(WRAPPER_SCRIPT), files.workDir)
    return p
  }

  /** Follows a container that an earlier NodeManager started. */
  static reacquire(privateDir: string, containerId: string, times: LaunchTimes, onExit: (exitCode: number) => void): ContainerProcess {
    const p = new ContainerProcess(privateDir, containerId, times, onExit)
    p.#follow()
    return p
  }

  #spawn(wrapper: string, workDir: string): void {
    // Its own session: the wrapper outlives a NodeManager that is killed, and no terminal's Ctrl-C reaches it.
    const child = spawn('/bin/bash', [wrapper], { cwd: workDir, detached: true, stdio: 'ignore', env: inheritedEnvironment() })
    this.#child = child
    child.on('error', () => this.#end(-1))
    child.on('exit', (code, signal) => this.#end(code ?? 128 + signalNumber(signal)))
  }

  #follow(): void {
    let goneSince: number | undefined
    const look = () => {
      const code = readExitCodeFile(this.exitCodeFile)
      if (code !== undefined) return this.#end(code)
      if (this.pid !== undefined && isAlive(this.pid)) {
        goneSince = undefined
      } else {
        goneSince ??= Date.now()
        if (Date.now() - goneSince > EXIT_CODE_WAIT) return this.#end(this.#killing ? TERMINATED : LOST)
      }
      this.#poll = setTimeout(look, LIVENESS_POLL)
    }
    look()
  }

  #end(exitCode: number): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#poll)
    // What it left running in its session goes with it.
    if (this.pid !== undefined && !isAlive(this.pid)) signalGroup(this.pid, 'SIGKILL')
    this.onExit(exitCode)
  }

  get ended(): boolean {
    return this.#ended
  }

  /** The container's leading process; undefined until it has written its pid. */
  get pid(): ProcessId | undefined {
    this.#id ??= readPidFile(this.pidFile)
    return this.#id
  }

  /** @returns false when it has no process (any more) */
  signal(name: NodeJS.Signals): boolean {
    const id = this.pid
    return id !== undefined && !this.#ended && isAlive(id) && signalGroup(id, name)
  }

  /** Ends the container's processes: TERM, and KILL for what is left after the configured time. */
  async kill(): Promise<void> {
    if (this.#killing) return
    this.#killing = true
    const id = await this.#awaitPid()
    if (id === undefined) {
      this.#child?.kill('SIGKILL')
      return
    }
    const { sleepBeforeSigkill } = this.times
    if (sleepBeforeSigkill > 0 && !this.#ended) {
      signalGroup(id, 'SIGTERM')
      await new Promise((r) => setTimeout(r, sleepBeforeSigkill))
    }
    if (!this.#ended) signalGroup(id, 'SIGKILL')
  }

  async #awaitPid(): Promise<ProcessId | undefined> {
    for (let waited = 0; waited <= this.times.processKillWait && !this.#ended; waited += PID_POLL) {
      const id = this.pid
      if (id !== undefined) return id
      await new Promise((r) => setTimeout(r, PID_POLL))
    }
    return this.pid
  }

  /** Stops following; the processes go on. */
  abandon(): void {
    this.#ended = true
    clearTimeout(this.#poll)
    this.#child?.removeAllListeners('exit')
    this.#child?.unref()
  }
}

/** The NodeManager's own settings stay its own. */
function inheritedEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {}
  for (const [name, value] of Object.entries(process.env))
    if (!/^(?:BOBBIN_|NODE_OPTIONS$|HADOOP_LOG_DIR$|HADOOP_TOKEN_FILE_LOCATION$)/.test(name)) env[name] = value
  return env
}

function signalNumber(name: NodeJS.Signals | null): number {
  return name === 'SIGKILL' ? 9 : name === 'SIGTERM' ? 15 : 1
}
