/** The jobs of a cluster: submission, jars, what TaskManagers report, results. */
import { closeSync, mkdirSync, openSync, readSync, renameSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Handlers } from '../../common/rpc/protocol.js'
import type { FlinkConfiguration } from '../config/index.js'
import type { JobGraph } from '../jobgraph/index.js'
import type { Log } from '../log.js'
import { type JobJar, loadJobJar } from '../program/jar.js'
import { JAR_CHUNK, type JobManagerProtocol } from '../proto/protocols.js'
import type { Failure } from './failure.js'
import { JobMaster, type JobOutcome } from './job-master.js'
import type { SlotManager, TaskManager } from './slot-manager.js'

const runtime = 'org.apache.flink.runtime.client'

export class JobSubmissionException extends Error {
  override name = 'JobSubmissionException'
  readonly className: string = `${runtime}.JobSubmissionException`
}

export class DuplicateJobSubmissionException extends JobSubmissionException {
  override readonly className = `${runtime}.DuplicateJobSubmissionException`
}

export interface DispatcherOptions {
  readonly conf: FlinkConfiguration
  readonly slots: SlotManager
  /** Jars of submitted jobs are kept here. */
  readonly workDir: string
  readonly log: Log
}

/** Ended jobs that are remembered (jobstore.max-capacity would be unbounded; a session lives long). */
const MAX_ENDED = 1000

export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #jobs = new Map<string, JobMaster>()
  readonly #jars = new Map<string, string>()
  #uploads = 0

  constructor(options: DispatcherOptions) {
    this.#options = options
  }

  get jobs(): readonly JobMaster[] {
    return [...this.#jobs.values()]
  }

  job(jobId: string): JobMaster | undefined {
    return this.#jobs.get(jobId)
  }

  /** Keeps a jar for the TaskManagers that will ask for it. */
  addJar(jar: JobJar): void {
    this.#jars.set(jar.sha256, jar.path)
  }

  /** Takes over an uploaded jar. @throws when the bytes are no jar */
  async storeJar(name: string, bytes: Uint8Array): Promise<JobJar> {
    const folder = path.join(this.#options.workDir, 'jars')
    mkdirSync(folder, { recursive: true })
    const upload = path.join(folder, `upload-${++this.#uploads}.jar`)
    writeFileSync(upload, bytes)
    const jar = await loadJobJar(upload)
    const file = path.join(folder, `${jar.sha256}_${path.basename(name)}`)
    renameSync(upload, file)
    const kept = { ...jar, path: file, name: path.basename(name) }
    this.addJar(kept)
    return kept
  }

  /** @throws JobSubmissionException in Flink's words */
  submit(graph: JobGraph): JobMaster {
    const { log } = this.#options
    if (this.#jobs.has(graph.jobId)) throw new DuplicateJobSubmissionException('Job has already been submitted.')
    if (!this.#jars.has(graph.jar.sha256)) throw new JobSubmissionException(`The job graph names the jar ${graph.jar.name}, which was not sent with it.`)
    log.info(`Received JobGraph submission '${graph.name}' (${graph.jobId}).`)
    const conf = this.#options.conf.copy()
    for (const [k, v] of Object.entries(graph.configuration)) conf.set(k, v, `job ${graph.jobId}`)
    let master: JobMaster
    try {
      master = new JobMaster(graph, this.#options.slots, conf, log.for('JobMaster'))
    } catch (e) {
      throw new JobSubmissionException(`Failed to submit job. ${(e as Error).message}`, { cause: e })
    }
    this.#jobs.set(graph.jobId, master)
    void master.outcome.then((o) => this.#ended(master, o))
    master.start()
    return master
  }

  #ended(master: JobMaster, outcome: JobOutcome): void {
    this.#options.log.info(`Job ${master.graph.jobId} reached terminal state ${outcome.status}.`)
    const ended = this.jobs.filter((j) => j.terminal)
    for (const j of ended.slice(0, Math.max(0, ended.length - MAX_ENDED))) this.#jobs.delete(j.graph.jobId)
  }

  taskManagerLost(taskManager: TaskManager, reason: Failure): void {
    for (const job of this.#jobs.values()) job.taskManagerLost(taskManager, reason)
  }

  readonly handlers: Handlers<JobManagerProtocol> = {
    registerTaskManager: (request) => {
      this.#options.slots.register(request)
      return {}
    },
    heartbeat: (request) => {
      for (const job of this.#jobs.values()) if (!job.terminal) job.count(request.counters)
      return { known: this.#options.slots.heartbeat(request) }
    },
    updateTaskExecutionState: (request) => {
      // A report on an execution of an earlier attempt, or of a job that is forgotten, is of no interest.
      for (const job of this.#jobs.values()) if (job.update(request)) break
      return {}
    },
    fetchJar: ({ sha256, offset, length }) => {
      const file = this.#jars.get(sha256)
      if (file === undefined) throw new Error(`no jar ${sha256} was sent with a job`)
      return readPart(file, offset, Math.min(length, JAR_CHUNK))
    },
  }
}

function readPart(file: string, offset: number, length: number): { size: number; bytes: Uint8Array } {
  const { size } = statSync(file)
  const fd = openSync(file, 'r')
  try {
    const bytes = Buffer.alloc(Math.max(0, Math.min(length, size - offset)))
    const read = readSync(fd, bytes, 0, bytes.length, offset)
    return { size, bytes: bytes.subarray(0, read) }
  } finally {
    closeSync(fd)
  }
}
