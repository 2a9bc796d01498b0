/** Keeps what a Flink command writes. */
import type { Log } from '../../flink-yarn/deployment/log.js'
import type { Output } from '../../flink-yarn/cli/output.js'

export interface RecordedOutput extends Output {
  readonly stdout: string[]
  readonly stderr: string[]
  readonly logged: string[]
}

export function recordedOutput(): RecordedOutput {
  const stdout: string[] = []
  const stderr: string[] = []
  const logged: string[] = []
  const log: Log = (level, _logger, message) => void logged.push(`${level} ${message}`)
  return { stdout, stderr, logged, log, out: (line = '') => void stdout.push(line), err: (line = '') => void stderr.push(line) }
}
