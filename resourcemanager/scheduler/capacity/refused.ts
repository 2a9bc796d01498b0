/** What Hadoop's capacity scheduler knows and this one does not: refused by name rather than passed over, since applications would go elsewhere. */
import { exception } from '../../../common/errors.js'

const PREFIX = 'yarn.scheduler.capacity.'
const MANAGEMENT = 'org.apache.hadoop.yarn.server.resourcemanager.scheduler.capacity.queuemanagement.GuaranteedOrZeroCapacityOverTimePolicy'

/** Properties of the scheduler, or of queues by their last part; why, and with which values. */
const REFUSED: readonly { readonly name: RegExp; readonly when: (value: string) => boolean; readonly why: string }[] = [
  {
    name: /^multi-node-placement-enabled$/,
    when: (v) => v === 'true',
    why: 'nodes are offered one by one, in the order of their reports; there are no policies that sort them',
  },
  { name: /^mapping-rule-json-file$/, when: (v) => v !== '', why: 'the rules are read from yarn.scheduler.capacity.mapping-rule-json' },
  {
    name: /^application\.fail-fast$/,
    when: (v) => v === 'true',
    why: 'applications whose queues are gone after a restart are killed; the ResourceManager goes on',
  },
  { name: /^root(\.[^.]+)*\.reservable$/, when: (v) => v === 'true', why: 'reservations are not served' },
  {
    name: /^root(\.[^.]+)*\.auto-queue-creation-v2\.enabled$/,
    when: (v) => v === 'true',
    why: 'queues are made with auto-create-child-queue and leaf-queue-template, as in Hadoop 3.3',
  },
  { name: /^root(\.[^.]+)*\.auto-create-child-queue\.management-policy$/, when: (v) => v !== MANAGEMENT, why: `the one policy is ${MANAGEMENT}` },
]

/** @throws IllegalArgumentException naming the property */
export function checkRefused(properties: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(properties)) {
    if (!key.startsWith(PREFIX)) continue
    const name = key.slice(PREFIX.length)
    for (const r of REFUSED) {
      if (r.name.test(name) && r.when(value.trim())) throw exception('IllegalArgumentException', `${key} is "${value.trim()}": ${r.why}`)
    }
  }
}
