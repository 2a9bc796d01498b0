/** TaskManagers as child processes on this machine: a cluster in one folder, without YARN. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { secretCredentials } from '../proto/secret.js'
import type { ApplicationStatus, ClusterEndpoints, DriverEvents, ResourceManagerDriver } from './driver.js'

export interface LocalDriverOptions {
  /** Holds a folder for each TaskManager. */
  readonly folder: string
  readonly bundle: string
  readonly secret: Uint8Array
  /** `key=value` for -D, beyond addresses and ids. */
  readonly properties: readonly string[]
}

export function localDriver(options: LocalDriverOptions): ResourceManagerDriver {
  const running = new Map<string, ChildProcess>()
  const coming = new Set<string>()
  let endpoints: ClusterEndpoints
  let events: DriverEvents
  let started = 0

  const launch = () => {
    const id = `taskmanager-${++started}`
    const folder = path.join(options.folder, id)
    mkdirSync(folder, { recursive: true })
    const credentials = path.join(folder, 'credentials')
    writeFileSync(credentials, secretCredentials(options.secret), { mode: 0o600 })
    const properties = [
      ...options.properties,
      `jobmanager.rpc.address=${endpoints.host}`,
      `jobmanager.rpc.port=${endpoints.rpcPort}`,
      `taskmanager.resource-id=${id}`,
    ].flatMap((p) => ['-D', p])
    const files = ['out', 'err'].map((kind) => openSync(path.join(folder, `taskmanager.${kind}`), 'a'))
    const child = spawn(process.execPath, [options.bundle, 'taskmanager', ...properties], {
      cwd: folder,
      env: { ...process.env, HADOOP_TOKEN_FILE_LOCATION: credentials, LOG_DIRS: folder, PWD: folder },
      stdio: ['ignore', files[0]!, files[1]!],
    })
    for (const f of files) closeSync(f)
    writeFileSync(path.join(folder, 'pid'), String(child.pid))
    coming.add(id)
    running.set(id, child)
    child.on('exit', (code, signal) => {
      coming.delete(id)
      if (!running.delete(id)) return
      const how = signal ? `was ended by ${signal}` : `exited with code ${code}`
      events.workerTerminated(id, `TaskManager process ${id} (pid ${child.pid}) ${how}. Its files are in ${folder}.`)
    })
  }

  /** One that is let go has not failed. */
  const stop = (id: string) => {
    const child = running.get(id)
    running.delete(id)
    child?.kill('SIGKILL')
  }

  return {
    async start(e, ev) {
      endpoints = e
      events = ev
      process.on('exit', () => {
        for (const child of running.values()) child.kill('SIGKILL')
      })
    },
    requireWorkers(count) {
      for (let n = coming.size; n < count; n++) launch()
    },
    workerRegistered(id) {
      coming.delete(id)
    },
    releaseWorker: stop,
    // A child's end is told at once.
    suspectWorker() {},
    async deregister(_status: ApplicationStatus) {
      for (const child of running.values()) child.kill('SIGKILL')
    },
  }
}
