/** Logs of a container, as text with Hadoop's frame around it. */
import { createReadStream } from 'node:fs'
import { badRequest } from './errors.js'
import type { LogFile } from '../logs/local.js'
import { javaDate } from '../logs/aggregation.js'

export interface LogText {
  readonly containerId: string
  readonly nodeId: string
  /** Its writer may still write. */
  readonly running: boolean
  readonly file: LogFile
  /** Bytes from the front; negative: from the end. Undefined: all. */
  readonly size: number | undefined
}

/** @throws BadRequestException for a size that is no number */
export function parseSize(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  // Clients send Long.MAX_VALUE for "all": beyond what is exact here, and beyond any file.
  if (!/^[+-]?\d{1,19}$/.test(text)) throw badRequest(`The size parameter "${text}" is not a number`)
  return Number(text)
}

export async function* logText(t: LogText): AsyncGenerator<string | Buffer> {
  const { file, size } = t
  const start = size !== undefined && size < 0 ? Math.max(0, file.size + size) : 0
  const end = size !== undefined && size >= 0 ? Math.min(file.size, size) : file.size
  yield `Container: ${t.containerId} on ${t.nodeId}\n`
  yield 'LogAggregationType: LOCAL\n'
  yield `${'='.repeat(68)}\n`
  yield `LogType:${file.name}\nLogLastModifiedTime:${javaDate(file.modified)}\nLogLength:${file.size}\nLogContents:\n`
  if (end > start) yield* createReadStream(file.path, { start, end: end - 1 })
  const ending = `End of LogType:${file.name}`
  yield `${ending}.${t.running ? `This log file belongs to a running container (${t.containerId}) and so may not be complete.` : ''}\n`
  yield `${'*'.repeat(ending.length + 50)}\n\n`
}
