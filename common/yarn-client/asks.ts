/**
 * What an application master has asked for and not been given: what a ResourceManager that restarted must be told
 * again. Counts are absolute, as in ResourceRequest: a later ask for the same key replaces the earlier one, and the
 * ResourceManager counts down with each container that it allocates; so does this table.
 */
import type { AllocateResponseProto } from '../proto/gen/application-master.js'
import type { ContainerProto, ResourceProto, ResourceRequestProtoInit } from '../proto/gen/yarn.js'
import { resourceOf } from '../protocols/records.js'
import { type Resource, fitsIn, formatResource } from '../records/resource.js'

/** As in ResourceRequest.ANY: anywhere in the cluster. */
export const ANY = '*'

interface Ask {
  readonly request: ResourceRequestProtoInit
  readonly capability: Resource
  remaining: number
}

function capabilityOf(r: ResourceRequestProtoInit): Resource {
  const { capability } = r
  return resourceOf(capability && ({ resourceValueMap: [], ...capability } as ResourceProto))
}

function schedulerKey(r: { priority?: { priority?: number | undefined } | undefined; allocationRequestId?: number | undefined }): string {
  return `${r.priority?.priority ?? 0} ${r.allocationRequestId ?? -1}`
}

function keyOf(r: ResourceRequestProtoInit): string {
  return [
    schedulerKey(r),
    r.resourceName ?? ANY,
    formatResource(capabilityOf(r)),
    r.nodeLabelExpression ?? '',
    r.executionTypeRequest?.executionType ?? 'GUARANTEED',
  ].join(' ')
}

export class Asks {
  readonly #asks = new Map<string, Ask>()

  record(requests: readonly ResourceRequestProtoInit[]): void {
    for (const request of requests) {
      const remaining = request.numContainers ?? 0
      if (remaining > 0) this.#asks.set(keyOf(request), { request, capability: capabilityOf(request), remaining })
      else this.#asks.delete(keyOf(request))
    }
  }

  allocated(answer: Pick<AllocateResponseProto, 'allocatedContainers'>): void {
    for (const container of answer.allocatedContainers) this.#countDown(container)
  }

  outstanding(): ResourceRequestProtoInit[] {
    return [...this.#asks.values()].map((a) => ({ ...a.request, numContainers: a.remaining }))
  }

  /** The ResourceManager rounds capabilities up, so the ask is the largest of its key that the container holds. */
  #countDown(container: ContainerProto): void {
    const given = resourceOf(container.resource)
    const key = schedulerKey(container)
    const matching = [...this.#asks].filter(([, a]) => schedulerKey(a.request) === key && fitsIn(a.capability, given))
    const largest = matching.reduce<Resource | undefined>((most, [, a]) => (most && fitsIn(a.capability, most) ? most : a.capability), undefined)
    if (!largest) return
    for (const [name, ask] of matching) {
      if (ask.capability !== largest && formatResource(ask.capability) !== formatResource(largest)) continue
      const place = ask.request.resourceName ?? ANY
      if (place !== ANY && place !== container.nodeId?.host && place !== `${container.nodeId?.host}:${container.nodeId?.port}`) continue
      if (--ask.remaining <= 0) this.#asks.delete(name)
    }
  }
}
