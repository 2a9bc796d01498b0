/** What no node and no limit of the configuration could ever hold. */
import { fitsIn, formatResource, type Resource, sameResource } from '../../../common/records/index.js'
import type { CoreConfig } from '../../core/index.js'
import type { MasterModel, NodeModel } from '../models/models.js'
import type { ApplicationSpec, NodeSpec } from '../workload.js'

export class Schedulable {
  /** Sizes of nodes that serve requests for a label; '' is none. */
  readonly #sizes = new Map<string, Resource[]>()

  constructor(
    private readonly config: CoreConfig,
    nodes: readonly NodeSpec[],
    { exclusiveLabels }: NodeModel,
  ) {
    for (const { labels = [], resource } of nodes) {
      for (const label of labels) this.#add(label, resource)
      if (labels.every((l) => exclusiveLabels?.[l] === false)) this.#add('', resource)
    }
  }

  #add(label: string, size: Resource): void {
    const sizes = this.#sizes.get(label) ?? []
    this.#sizes.set(label, sizes)
    if (!sizes.some((s) => sameResource(s, size))) sizes.push(size)
  }

  /** Why the application can never be given all it asks for; undefined: it can. */
  never(spec: ApplicationSpec, model: MasterModel): string | undefined {
    const label = spec.nodeLabelExpression
    const wants: { readonly what: string; readonly resource: Resource; readonly label: string | undefined }[] = [
      { what: 'its application master', resource: spec.am.resource, label: spec.am.nodeLabelExpression ?? label },
      ...(spec.stages ?? model.stages ?? []).map((s) => ({ what: `stage ${s.name}`, resource: s.resource, label: s.nodeLabelExpression ?? label })),
      ...(spec.flink ? [{ what: 'its TaskManagers', resource: spec.flink.taskManager, label }] : []),
    ]
    const { maximumAllocation } = this.config
    for (const { what, resource, label: on = '' } of wants) {
      if (!fitsIn(resource, maximumAllocation))
        return `${what} asks for ${formatResource(resource)}; yarn.scheduler.maximum-allocation is ${formatResource(maximumAllocation)}`
      const sizes = this.#sizes.get(on) ?? []
      if (sizes.some((s) => fitsIn(resource, s))) continue
      const largest = sizes.reduce<Resource | undefined>((l, s) => (!l || s.memory > l.memory ? s : l), undefined)
      const where = on === '' ? 'node' : `node labelled ${on}`
      return largest
        ? `${what} asks for ${formatResource(resource)}; the largest ${where} has ${formatResource(largest)}`
        : `${what} asks for ${formatResource(resource)}; there is no ${where}`
    }
    return undefined
  }
}
