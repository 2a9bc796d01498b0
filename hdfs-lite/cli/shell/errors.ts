/** What can go wrong with a path, in the words of org.apache.hadoop.fs.PathIOException and its kin. */
import { hostname } from 'node:os'
import { ConfigurationError } from '../../../common/config/configuration.js'
import { HadoopException } from '../../../common/errors.js'
import { ConnectionError, formatAddress } from '../../../common/rpc/client.js'
import { ChecksumError } from '../../client/index.js'

const REASONS = {
  io: 'Input/output error',
  notFound: 'No such file or directory',
  exists: 'File exists',
  isDirectory: 'Is a directory',
  notDirectory: 'Is not a directory',
  notEmpty: 'Directory is not empty',
  denied: 'Permission denied',
  notSupported: 'Operation not supported',
} as const

export type PathErrorKind = keyof typeof REASONS

export class PathError extends Error {
  override name = 'PathError'
  constructor(
    readonly kind: PathErrorKind | undefined,
    path: string,
    detail: { readonly reason?: string; readonly operation?: string; readonly target?: string; readonly qualified?: string } = {},
  ) {
    const reason = detail.reason ?? REASONS[kind ?? 'io']
    const qualified = detail.qualified !== undefined && detail.qualified !== path ? `: \`${detail.qualified}'` : ''
    super(`${detail.operation ? `${detail.operation} ` : ''}\`${path}'${detail.target === undefined ? '' : ` to \`${detail.target}'`}: ${reason}${qualified}`)
  }
}

/** Arguments that make no sense: the verb's usage is shown. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** Arguments that Hadoop's own program breaks at: it says so, and so does this one, without the trace. */
export class FatalError extends Error {
  override name = 'FatalError'
}

/** The line that a person is shown; undefined for a mistake of our own, which needs its stack. */
export function describeError(e: unknown): string | undefined {
  if (e instanceof ConnectionError) return describeConnection(e)
  if (e instanceof HadoopException && e.message === '') return e.className
  if ((e as NodeJS.ErrnoException).code === 'EISDIR') return REASONS.isDirectory
  const foreseen =
    e instanceof PathError ||
    e instanceof HadoopException ||
    e instanceof ConfigurationError ||
    e instanceof ChecksumError ||
    (e instanceof Error && (typeof (e as NodeJS.ErrnoException).syscall === 'string' || FORESEEN.has(e.name)))
  return foreseen ? (e as Error).message.split('\n', 1)[0]! : undefined
}

const FORESEEN = new Set(['TransferError', 'PacketError', 'PipelineError', 'FramingError', 'ProtobufError'])

/** Java's words for what the system says of a connection. */
const CONNECTION_WORDS: Record<string, string> = {
  ECONNREFUSED: 'connection exception: java.net.ConnectException: Connection refused; For more details see:  http://wiki.apache.org/hadoop/ConnectionRefused',
  ETIMEDOUT: 'socket timeout exception: java.net.SocketTimeoutException; For more details see:  http://wiki.apache.org/hadoop/SocketTimeout',
}

export const isUnknownHost = (e: unknown): boolean => e instanceof ConnectionError && ['ENOTFOUND', 'EAI_AGAIN'].includes(e.code)

function describeConnection(e: ConnectionError): string {
  const server = formatAddress(e.address)
  if (isUnknownHost(e)) return `java.net.UnknownHostException: ${e.address.host}`
  const words = CONNECTION_WORDS[e.code]
  return words ? `Call From ${localHost()} to ${server} failed on ${words}` : `Call to ${server} failed: ${e.message}`
}

function localHost(): string {
  return `${hostname()}/127.0.0.1`
}
