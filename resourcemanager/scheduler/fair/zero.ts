/** Requests that a queue can never serve, since it may have nothing of a resource type that they want (SchedulerUtils.MaxResourceValidationResult). */
import { amountOf, formatResource, type Resource } from '../../../common/records/index.js'
import type { ResourceRequest } from '../requests.js'

const UNITS: Readonly<Record<string, string>> = { 'memory-mb': 'Mi', vcores: '' }

/** @param types names of resource types beyond memory and vcores. @returns in Hadoop's words; undefined: all can be served */
export function neverServed(requests: readonly ResourceRequest[], most: Resource, types: readonly string[]): string | undefined {
  const zero = ['memory-mb', 'vcores', ...types].filter((type) => amountOf(most, type) === 0)
  if (zero.length === 0) return undefined
  const found = requests.flatMap((r) => {
    const wanted = zero.filter((type) => amountOf(r.capability, type) > 0)
    return wanted.length === 0 ? [] : [describe(r, wanted)]
  })
  return found.length === 0 ? undefined : `[${found.join(', ')}]`
}

function describe(r: ResourceRequest, types: readonly string[]): string {
  const information = types.map(
    (type) =>
      `name: ${type}, units: ${UNITS[type] ?? ''}, type: COUNTABLE, value: ${amountOf(r.capability, type)}, minimum allocation: 0, maximum allocation: 9223372036854775807, tags: [], attributes {}`,
  )
  return (
    `MaxResourceValidationResult{resourceRequest={AllocationRequestId: ${r.allocationRequestId ?? -1}, Priority: ${r.priority}, ` +
    `Capability: ${formatResource(r.capability)}, # Containers: ${r.numContainers}, Location: ${r.resourceName}, Relax Locality: ${r.relaxLocality ?? true}, ` +
    `Execution Type Request: {Execution Type: GUARANTEED, Enforce Execution Type: false}, Node Label Expression: ${r.nodeLabelExpression ?? 'null'}}, ` +
    `invalidResources=[${information.join(', ')}]}`
  )
}
