/** Priorities of applications by the workflow that their tags name (WorkflowPriorityMappingsManager). */
import { exception } from '../../../common/errors.js'
import type { CapacityQueue } from './queue.js'

const MAPPINGS = 'yarn.scheduler.capacity.workflow-priority-mappings'

export interface WorkflowPriorities {
  /** Of an application with these tags in the queue; undefined: its own. */
  of(tags: readonly string[], queue: CapacityQueue): number | undefined
}

/** @throws IllegalArgumentException in Hadoop's words for a mapping that is none */
export function workflowPriorities(properties: Readonly<Record<string, string>>): WorkflowPriorities {
  const prefix = properties['yarn.workflow-id.tag-prefix']?.trim() ?? 'workflowid:'
  const enabled = properties[`${MAPPINGS}-override.enable`]?.trim() === 'true'
  /** By queue path and workflow id. */
  const mappings = new Map<string, number>()
  for (const text of (properties[MAPPINGS] ?? '').split(',').map((t) => t.trim())) {
    if (text === '') continue
    const [workflow = '', queue = '', priority = '', ...more] = text.split(':').map((p) => p.trim())
    if (workflow === '' || queue === '' || priority === '' || more.length > 0)
      throw exception('IllegalArgumentException', `Illegal workflow priority mapping ${text}`)
    if (!/^[-+]?[0-9]+$/.test(priority)) throw exception('IllegalArgumentException', `Illegal workflow priority for mapping ${text}`)
    mappings.set(`${queue} ${workflow.toLowerCase()}`, Number(priority))
  }
  return {
    of(tags, queue) {
      if (!enabled || mappings.size === 0) return undefined
      const workflow = tags
        .findLast((t) => t.trim().startsWith(prefix))
        ?.trim()
        .slice(prefix.length)
      if (!workflow) return undefined
      // The nearest queue on the way up that has one, without the root.
      for (let q: CapacityQueue | undefined = queue; q?.parent; q = q.parent) {
        const priority = mappings.get(`${q.path} ${workflow}`)
        if (priority !== undefined) return priority
      }
      return undefined
    },
  }
}
