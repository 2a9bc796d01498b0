/** Failures of single containers, which do not fail a whole call. */
import type { ContainerExceptionMapProtoInit, SerializedExceptionProtoInit } from '../../common/proto/gen/container-management.js'
import { HadoopException, exception } from '../../common/errors.js'
import { containerIdProto } from '../../common/protocols/records.js'
import type { ContainerId } from '../../common/records/ids.js'

export function serializedException(e: unknown): SerializedExceptionProtoInit {
  const className = e instanceof HadoopException ? e.className : 'org.apache.hadoop.yarn.exceptions.YarnException'
  const message = e instanceof Error ? e.message : String(e)
  return { message, trace: `${className}: ${message}\n`, className }
}

/** Does something for each; what is thrown for one is its failure. */
export async function forEach<T>(items: readonly T[], idOf: (item: T) => ContainerId, act: (item: T) => void | Promise<void>) {
  const succeededRequests = []
  const failedRequests: ContainerExceptionMapProtoInit[] = []
  for (const item of items) {
    const containerId = containerIdProto(idOf(item))
    try {
      await act(item)
      succeededRequests.push(containerId)
    } catch (e) {
      failedRequests.push({ containerId, exception: serializedException(e) })
    }
  }
  return { succeededRequests, failedRequests }
}

export const yarnException = (message: string) => exception('YarnException', message)
