/** What the TaskManager's main thread and its slots' threads tell each other. Buffers are transferred, not copied. */
import type { JobGraph } from '../jobgraph/index.js'
import type { TaskProto } from '../proto/gen/engine.js'

/** Names one channel: the producer's execution, its output, and the part of the consumer. */
export function channelKey(c: { readonly producer: string; readonly output: number; readonly subpartition: number }): string {
  return `${c.producer}:${c.output}:${c.subpartition}`
}

export function producerOf(channel: string): string {
  return channel.slice(0, channel.indexOf(':'))
}

export interface TaskFailure {
  readonly className: string
  readonly message: string
  readonly stack: string
}

/** Counters of a task, in memory that both threads see. */
export const COUNTERS = { recordsIn: 0, recordsOut: 1, bytesIn: 2, bytesOut: 3 } as const

export type TaskState = 'INITIALIZING' | 'RUNNING' | 'FINISHED' | 'CANCELED' | 'FAILED'

export type ToSlot =
  /** Once for each job: where its modules lie. */
  | { readonly type: 'job'; readonly folder: string; readonly graph: JobGraph }
  | { readonly type: 'deploy'; readonly tasks: readonly TaskProto[]; readonly counters: readonly Float64Array[] }
  | { readonly type: 'cancel'; readonly executionIds: readonly string[] }
  | { readonly type: 'data'; readonly channel: string; readonly bytes: Uint8Array }
  | { readonly type: 'end'; readonly channel: string }
  | { readonly type: 'credit'; readonly channel: string; readonly credits: number }
  | { readonly type: 'lost'; readonly channel: string; readonly reason: string }

export type FromSlot =
  | { readonly type: 'state'; readonly executionId: string; readonly state: TaskState; readonly failure?: TaskFailure }
  /** A consumer wants a channel that another slot or TaskManager produces. */
  | {
      readonly type: 'request'
      readonly executionId: string
      readonly channel: string
      readonly resourceId: string
      readonly host: string
      readonly dataPort: number
      readonly credits: number
    }
  | { readonly type: 'data'; readonly channel: string; readonly bytes: Uint8Array }
  | { readonly type: 'end'; readonly channel: string }
  | { readonly type: 'credit'; readonly channel: string; readonly credits: number }

/** A channel's other end is gone; the JobManager will know more about why. */
export class RemoteTransportException extends Error {
  override name = 'RemoteTransportException'
  readonly className = 'org.apache.flink.runtime.io.network.netty.exception.RemoteTransportException'
}

/** Places in the engine and in Node itself: they say nothing about the job. */
const ENGINE_FRAME = /flink-dist\.cjs|\(node:|at node:/

/** Where this machine happens to keep the jar's modules. */
const PROGRAM_FOLDER = /file:\/\/\S*\/programs\/[0-9a-f]{64}\//

/** What an error says, as Flink would print it: class, message, and where in the job's own code. */
export function failureOf(e: unknown): TaskFailure {
  if (!(e instanceof Error)) return { className: 'java.lang.RuntimeException', message: String(e), stack: String(e) }
  const className = (e as Error & { className?: string }).className ?? e.name
  const frames = (e.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  const own = frames.filter((f) => !ENGINE_FRAME.test(f))
  // One that comes from the engine alone is either understood by its class, or a fault whose place matters.
  const shown = own.length > 0 || 'className' in e ? own : frames
  const lines = shown.map((f) => `\t${f.trim().replace(PROGRAM_FOLDER, '')}`)
  return { className, message: e.message, stack: [`${className}: ${e.message}`, ...lines].join('\n') }
}
