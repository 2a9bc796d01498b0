/** What a TaskManager does for its JobManager: runs tasks in its slots, cancels them, tells how they fare. */
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Worker } from 'node:worker_threads'
import type { Handlers, Proxy as RpcProxy } from '../../common/rpc/protocol.js'
import { type JobGraph, parseJobGraph } from '../jobgraph/index.js'
import { type Log, listLogFiles, readLogFile } from '../log.js'
import { type JobJar, loadJobJar } from '../program/jar.js'
import { unpackProgram } from '../program/run.js'
import type { TaskCountersProtoInit, TaskProto } from '../proto/gen/engine.js'
import { JAR_CHUNK, type JobManagerProtocol, type TaskExecutorProtocol } from '../proto/protocols.js'
import { Exchange } from './exchange.js'
import { COUNTERS, type TaskFailure, type TaskState, failureOf } from './messages.js'
import { Slot } from './slot.js'

export interface TaskExecutorOptions {
  readonly resourceId: string
  readonly slots: number
  readonly secret: Uint8Array
  readonly jobManager: RpcProxy<JobManagerProtocol>
  /** For jars and what is unpacked of them. */
  readonly workDir: string
  readonly logDir: string
  readonly log: Log
  readonly spawn: () => Worker
  /** The JobManager wants this process to end. */
  readonly onShutDown: () => void
  readonly cancelGrace?: number
}

/** A thread that takes longer to see a cancellation is blocked by the job's own code. */
const CANCEL_GRACE = 250

export class TaskExecutor {
  readonly exchange: Exchange
  readonly #options: TaskExecutorOptions
  readonly #slots: Slot[]
  readonly #programs = new Map<string, Promise<string>>()

  constructor(options: TaskExecutorOptions) {
    this.#options = options
    this.exchange = new Exchange({ resourceId: options.resourceId, secret: options.secret, onProblem: (what) => options.log.warn(what) })
    const events = {
      taskState: (id: string, state: TaskState, failure: TaskFailure | undefined) => this.#report(id, state, failure),
      exchange: (slot: Slot, m: Parameters<Exchange['fromSlot']>[1]) => this.exchange.fromSlot(slot, m),
    }
    const cancelGrace = options.cancelGrace ?? CANCEL_GRACE
    this.#slots = Array.from({ length: options.slots }, (_, index) => new Slot(index, { spawn: options.spawn, events, cancelGrace }))
  }

  /** Threads take some time to start: better now than when a task waits. @param count of slots, all unless given */
  warm(count = this.#slots.length): void {
    for (const s of this.#slots.slice(0, count)) s.warm()
  }

  counters(): TaskCountersProtoInit[] {
    return this.#slots.flatMap((s) => s.counters().map(({ executionId, values }) => countersProto(executionId, values)))
  }

  readonly handlers: Handlers<TaskExecutorProtocol> = {
    submitTasks: (request) => {
      this.#submit(parseJobGraph(Buffer.from(request.jobGraph).toString('utf8')), request.tasks)
      return {}
    },
    cancelTasks: ({ executionIds }) => {
      for (const s of this.#slots) s.cancel(executionIds)
      return {}
    },
    freeSlots: ({ slots }) => {
      for (const index of slots) {
        const slot = this.#slots[index]
        if (!slot) throw new Error(`there is no slot ${index}`)
        this.exchange.released(slot)
        slot.free()
        slot.warm()
      }
      return {}
    },
    listLogs: () => ({ logs: listLogFiles(this.#options.logDir) }),
    readLog: ({ name }) => readLogFile(this.#options.logDir, name === 'log' ? 'taskmanager.log' : name === 'stdout' ? 'taskmanager.out' : name),
    // The connection that this call waits on ends with the process.
    watch: () => new Promise(() => {}),
    shutDown: () => {
      setImmediate(this.#options.onShutDown)
      return {}
    },
  }

  /** Ends all threads. */
  close(): void {
    this.exchange.close()
    for (const s of this.#slots) s.free()
  }

  #submit(graph: JobGraph, tasks: readonly TaskProto[]): void {
    const bySlot = new Map<number, TaskProto[]>()
    for (const t of tasks) bySlot.set(t.slot, [...(bySlot.get(t.slot) ?? []), t])
    for (const index of bySlot.keys()) if (!this.#slots[index]) throw new Error(`there is no slot ${index}`)
    this.#options.log.info(`Received ${tasks.length} tasks of job ${graph.name} (${graph.jobId}) for slots ${[...bySlot.keys()].join(', ')}.`)
    this.#program(graph).then(
      (folder) => {
        for (const [index, mine] of bySlot) {
          const slot = this.#slots[index]!
          slot.deploy(folder, graph, mine)
          for (const t of mine) this.exchange.deployed(t.executionId, slot)
        }
      },
      (e) => {
        for (const t of tasks) this.#report(t.executionId, 'FAILED', failureOf(e))
      },
    )
  }

  /** The folder with the program's modules: unpacked once for each jar. */
  #program(graph: JobGraph): Promise<string> {
    const { sha256 } = graph.jar
    let folder = this.#programs.get(sha256)
    if (!folder) {
      folder = this.#unpack(graph)
      this.#programs.set(sha256, folder)
      folder.catch(() => this.#programs.delete(sha256))
    }
    return folder
  }

  async #unpack(graph: JobGraph): Promise<string> {
    const folder = path.join(this.#options.workDir, 'programs', graph.jar.sha256)
    await unpackProgram(await this.#jar(graph), folder)
    return folder
  }

  /** A local resource when the jar came as one, else from the JobManager. */
  async #jar(graph: JobGraph): Promise<JobJar> {
    const { name, size, sha256 } = graph.jar
    const local = path.join(process.cwd(), path.basename(name))
    if (existsSync(local) && statSync(local).size === size) {
      const jar = await loadJobJar(local)
      if (jar.sha256 === sha256) return jar
    }
    const parts: Buffer[] = []
    for (let offset = 0; offset < size; ) {
      const part = await this.#options.jobManager.fetchJar({ sha256, offset, length: JAR_CHUNK })
      if (part.bytes.length === 0) throw new Error(`the JobManager's copy of ${name} ends after ${offset} of ${size} bytes`)
      parts.push(Buffer.from(part.bytes))
      offset += part.bytes.length
    }
    const file = path.join(this.#options.workDir, 'jars', sha256, path.basename(name))
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, Buffer.concat(parts))
    const jar = await loadJobJar(file)
    if (jar.sha256 !== sha256) throw new Error(`${name} arrived from the JobManager with another checksum`)
    return jar
  }

  #report(executionId: string, state: TaskState, failure: TaskFailure | undefined): void {
    const { log, jobManager } = this.#options
    if (failure) log.warn(`Task ${executionId} switched to ${state}: ${failure.stack}`)
    else log.info(`Task ${executionId} switched to ${state}.`)
    const values = this.#slots.map((s) => s.counterOf(executionId)).find((c) => c !== undefined)
    jobManager
      .updateTaskExecutionState({ executionId, state, ...(failure && { failure }), ...(values && { counters: countersProto(executionId, values) }) })
      .catch((e) => log.error(`The JobManager could not be told that ${executionId} is ${state}; it will find out by its heartbeats.`, e))
  }
}

function countersProto(executionId: string, v: Float64Array): TaskCountersProtoInit {
  const at = (index: number) => v[index] ?? 0
  return {
    executionId,
    recordsIn: at(COUNTERS.recordsIn),
    recordsOut: at(COUNTERS.recordsOut),
    bytesIn: at(COUNTERS.bytesIn),
    bytesOut: at(COUNTERS.bytesOut),
  }
}
