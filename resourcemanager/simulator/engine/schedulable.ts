/** What no node and no limit of the configuration could ever hold. */
import { fitsIn, formatResource, type Resource } from '../../../common/records/index.js'
import type { CoreConfig } from '../../core/index.js'
import type { MasterModel, NodeModel } from '../models/models.js'
import type { ApplicationSpec, NodeSpec } from '../workload.js'

/** Why the application can never be given all it asks for; undefined: it can. */
export function neverSchedulable(
  spec: ApplicationSpec,
  model: MasterModel,
  config: CoreConfig,
  nodes: readonly NodeSpec[],
  { exclusiveLabels }: NodeModel,
): string | undefined {
  const label = spec.nodeLabelExpression
  const wants: { readonly what: string; readonly resource: Resource; readonly label: string | undefined }[] = [
    { what: 'its application master', resource: spec.am.resource, label: spec.am.nodeLabelExpression ?? label },
    ...(spec.stages ?? model.stages ?? []).map((s) => ({ what: `stage ${s.name}`, resource: s.resource, label: s.nodeLabelExpression ?? label })),
    ...(spec.flink ? [{ what: 'its TaskManagers', resource: spec.flink.taskManager, label }] : []),
  ]
  for (const { what, resource, label: on } of wants) {
    if (!fitsIn(resource, config.maximumAllocation))
      return `${what} asks for ${formatResource(resource)}; yarn.scheduler.maximum-allocation is ${formatResource(config.maximumAllocation)}`
    // A node without labels may serve what names none; one with a label only who asks for it, or anybody where it is shared.
    const open = (n: NodeSpec) => n.labels === undefined || n.labels.every((l) => exclusiveLabels?.[l] === false)
    const candidates = nodes.filter(on === undefined || on === '' ? open : (n) => n.labels?.includes(on))
    if (candidates.some((n) => fitsIn(resource, n.resource))) continue
    const largest = candidates.reduce<Resource | undefined>((l, n) => (!l || n.resource.memory > l.memory ? n.resource : l), undefined)
    const where = on === undefined || on === '' ? 'node' : `node labelled ${on}`
    return largest
      ? `${what} asks for ${formatResource(resource)}; the largest ${where} has ${formatResource(largest)}`
      : `${what} asks for ${formatResource(resource)}; there is no ${where}`
  }
  return undefined
}
