/**
 * The one table of errors that cross a wire: Java exception class, HTTP status (WebHDFS, YARN REST) and whether a
 * caller may try again. Sources: Hadoop's ExceptionHandler (hdfs.web.resources), YARN's GenericExceptionHandler,
 * RetryPolicies.
 */
interface ErrorKind {
  readonly className: string
  readonly http: number
  /** `failover`: another server may know better; `retry`: the same one may, later. */
  readonly retry?: 'failover' | 'retry'
}

const io = 'java.io'
const lang = 'java.lang'
const fs = 'org.apache.hadoop.fs'
const hdfs = 'org.apache.hadoop.hdfs'
const nn = 'org.apache.hadoop.hdfs.server.namenode'
const ipc = 'org.apache.hadoop.ipc'
const yarn = 'org.apache.hadoop.yarn.exceptions'
const security = 'org.apache.hadoop.security'

export const ERRORS = {
  IOException: { className: `${io}.IOException`, http: 403 },
  FileNotFoundException: { className: `${io}.FileNotFoundException`, http: 404 },
  EOFException: { className: `${io}.EOFException`, http: 403 },
  IllegalArgumentException: { className: `${lang}.IllegalArgumentException`, http: 400 },
  HadoopIllegalArgumentException: { className: 'org.apache.hadoop.HadoopIllegalArgumentException', http: 400 },
  IllegalStateException: { className: `${lang}.IllegalStateException`, http: 500 },
  NullPointerException: { className: `${lang}.NullPointerException`, http: 500 },
  NumberFormatException: { className: `${lang}.NumberFormatException`, http: 400 },
  SecurityException: { className: `${lang}.SecurityException`, http: 401 },
  UnsupportedActionException: { className: `${nn}.UnsupportedActionException`, http: 403 },
  UnsupportedOperationException: { className: `${lang}.UnsupportedOperationException`, http: 400 },
  FileAlreadyExistsException: { className: `${fs}.FileAlreadyExistsException`, http: 403 },
  ParentNotDirectoryException: { className: `${fs}.ParentNotDirectoryException`, http: 403 },
  PathIsNotDirectoryException: { className: `${fs}.PathIsNotDirectoryException`, http: 403 },
  PathIsNotEmptyDirectoryException: { className: `${fs}.PathIsNotEmptyDirectoryException`, http: 403 },
  InvalidPathException: { className: `${fs}.InvalidPathException`, http: 400 },
  UnresolvedLinkException: { className: `${fs}.UnresolvedLinkException`, http: 403 },
  UnresolvedPathException: { className: `${hdfs}.protocol.UnresolvedPathException`, http: 403 },
  ChecksumException: { className: `${fs}.ChecksumException`, http: 403 },
  BlockMissingException: { className: `${hdfs}.BlockMissingException`, http: 403 },
  XAttrNotFoundException: { className: `${hdfs}.protocol.XAttrNotFoundException`, http: 403 },
  AclException: { className: `${hdfs}.protocol.AclException`, http: 403 },
  AlreadyBeingCreatedException: { className: `${hdfs}.protocol.AlreadyBeingCreatedException`, http: 403 },
  RecoveryInProgressException: { className: `${hdfs}.protocol.RecoveryInProgressException`, http: 403, retry: 'retry' },
  QuotaExceededException: { className: `${hdfs}.protocol.QuotaExceededException`, http: 403 },
  NSQuotaExceededException: { className: `${hdfs}.protocol.NSQuotaExceededException`, http: 403 },
  DSQuotaExceededException: { className: `${hdfs}.protocol.DSQuotaExceededException`, http: 403 },
  QuotaByStorageTypeExceededException: { className: `${hdfs}.protocol.QuotaByStorageTypeExceededException`, http: 403 },
  SnapshotException: { className: `${hdfs}.protocol.SnapshotException`, http: 403 },
  SnapshotAccessControlException: { className: `${hdfs}.protocol.SnapshotAccessControlException`, http: 403 },
  DisallowedDatanodeException: { className: `${hdfs}.server.protocol.DisallowedDatanodeException`, http: 403 },
  FSLimitPathComponentTooLongException: { className: `${hdfs}.protocol.FSLimitException$PathComponentTooLongException`, http: 403 },
  FSLimitMaxDirectoryItemsExceededException: { className: `${hdfs}.protocol.FSLimitException$MaxDirectoryItemsExceededException`, http: 403 },
  UnregisteredNodeException: { className: `${hdfs}.protocol.UnregisteredNodeException`, http: 403 },
  ReplicaNotFoundException: { className: `${hdfs}.server.datanode.ReplicaNotFoundException`, http: 403 },
  ReplicaAlreadyExistsException: { className: `${hdfs}.server.datanode.ReplicaAlreadyExistsException`, http: 403 },
  DiskOutOfSpaceException: { className: 'org.apache.hadoop.util.DiskChecker$DiskOutOfSpaceException', http: 403 },
  LeaseExpiredException: { className: `${nn}.LeaseExpiredException`, http: 403 },
  NotReplicatedYetException: { className: `${nn}.NotReplicatedYetException`, http: 403, retry: 'retry' },
  SafeModeException: { className: `${nn}.SafeModeException`, http: 403, retry: 'retry' },
  RetriableException: { className: `${ipc}.RetriableException`, http: 503, retry: 'retry' },
  StandbyException: { className: `${ipc}.StandbyException`, http: 403, retry: 'failover' },
  RpcServerException: { className: `${ipc}.RpcServerException`, http: 500 },
  RpcNoSuchMethodException: { className: `${ipc}.RpcNoSuchMethodException`, http: 400 },
  RpcNoSuchProtocolException: { className: `${ipc}.RpcNoSuchProtocolException`, http: 400 },
  RpcVersionMismatch: { className: `${ipc}.RPC$VersionMismatch`, http: 400 },
  AccessControlException: { className: `${security}.AccessControlException`, http: 403 },
  AuthorizationException: { className: `${security}.authorize.AuthorizationException`, http: 403 },
  InvalidToken: { className: `${security}.token.SecretManager$InvalidToken`, http: 403 },
  SaslException: { className: 'javax.security.sasl.SaslException', http: 403 },
  ServiceFailedException: { className: 'org.apache.hadoop.ha.ServiceFailedException', http: 500 },
  HealthCheckFailedException: { className: 'org.apache.hadoop.ha.HealthCheckFailedException', http: 500 },
  YarnException: { className: `${yarn}.YarnException`, http: 400 },
  YarnRuntimeException: { className: `${yarn}.YarnRuntimeException`, http: 500 },
  ApplicationNotFoundException: { className: `${yarn}.ApplicationNotFoundException`, http: 404 },
  ApplicationAttemptNotFoundException: { className: `${yarn}.ApplicationAttemptNotFoundException`, http: 404 },
  ContainerNotFoundException: { className: `${yarn}.ContainerNotFoundException`, http: 404 },
  ApplicationIdNotProvidedException: { className: `${yarn}.ApplicationIdNotProvidedException`, http: 400 },
  ApplicationMasterNotRegisteredException: { className: `${yarn}.ApplicationMasterNotRegisteredException`, http: 400 },
  InvalidApplicationMasterRequestException: { className: `${yarn}.InvalidApplicationMasterRequestException`, http: 400 },
  InvalidContainerReleaseException: { className: `${yarn}.InvalidContainerReleaseException`, http: 400 },
  InvalidAuxServiceException: { className: `${yarn}.InvalidAuxServiceException`, http: 400 },
  InvalidContainerException: { className: `${yarn}.InvalidContainerException`, http: 400 },
  InvalidResourceRequestException: { className: `${yarn}.InvalidResourceRequestException`, http: 400 },
  InvalidResourceBlacklistRequestException: { className: `${yarn}.InvalidResourceBlacklistRequestException`, http: 400 },
  InvalidLabelResourceRequestException: { className: `${yarn}.InvalidLabelResourceRequestException`, http: 400 },
  YARNFeatureNotEnabledException: { className: `${yarn}.YARNFeatureNotEnabledException`, http: 400 },
  NMNotYetReadyException: { className: `${yarn}.NMNotYetReadyException`, http: 503, retry: 'retry' },
  BadRequestException: { className: 'org.apache.hadoop.yarn.webapp.BadRequestException', http: 400 },
  NotFoundException: { className: 'org.apache.hadoop.yarn.webapp.NotFoundException', http: 404 },
  ForbiddenException: { className: 'org.apache.hadoop.yarn.webapp.ForbiddenException', http: 403 },
} as const satisfies Record<string, ErrorKind>

export type ErrorName = keyof typeof ERRORS

const BY_CLASS = new Map<string, ErrorKind>(Object.values(ERRORS).map((k) => [k.className, k]))

/** An error with a Java class: thrown by our servers, and by our clients for what a server (ours or not) answered. */
export class HadoopException extends Error {
  override name = 'HadoopException'
  constructor(
    readonly className: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }

  /** The class name without its package, as Hadoop's commands print it. */
  get simpleName(): string {
    return this.className.replace(/^.*[.$]/, '')
  }

  get http(): number {
    return BY_CLASS.get(this.className)?.http ?? 500
  }

  get retry(): 'failover' | 'retry' | undefined {
    return BY_CLASS.get(this.className)?.retry
  }

  is(...names: ErrorName[]): boolean {
    return names.some((n) => ERRORS[n].className === this.className)
  }
}

export function exception(name: ErrorName, message: string, options?: ErrorOptions): HadoopException {
  return new HadoopException(ERRORS[name].className, message, options)
}

/** True when `e` is one of the named exceptions. */
export function isException(e: unknown, ...names: ErrorName[]): e is HadoopException {
  return e instanceof HadoopException && (names.length === 0 || e.is(...names))
}

/** The first line of an error's message: what a person is shown. */
export function firstLine(e: unknown): string {
  return (e instanceof Error ? e.message : String(e)).split('\n', 1)[0]!
}
