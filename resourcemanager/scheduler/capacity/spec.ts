/** The tree of queues as configured: read and checked as a whole before any of it comes into force. */
import { exception } from '../../../common/errors.js'
import { add, NONE, type QueueState, type Resource, sameResource } from '../../../common/records/index.js'
import { absoluteResource, type CapacityConfig, capacityConfig, isAbsolute, javaFloat, largestContainer, percentage, type QueueProperties } from './config.js'

const PRECISION = 0.0005
const float = Math.fround

export interface LabelSpec {
  /** Fraction of the parent's; 0 when absolute. */
  readonly capacity: number
  readonly maximumCapacity: number
  readonly minResource: Resource
  readonly maxResource: Resource
  readonly amPercent: number
}

export interface QueueSpec {
  readonly name: string
  readonly path: string
  readonly children: readonly QueueSpec[]
  readonly absolute: boolean
  /** By node label; '' is the default partition. */
  readonly labels: ReadonlyMap<string, LabelSpec>
  readonly accessibleLabels: ReadonlySet<string>
  readonly defaultLabel: string | undefined
  /** As configured; undefined: as the parent's. */
  readonly state: QueueState | undefined
  readonly submitAcl: string
  readonly administerAcl: string
  readonly priority: number
  readonly respectPriority: boolean
  readonly maximumAllocation: Resource
  readonly maximumApplications: number | undefined
  readonly maxParallelApplications: number
  readonly maximumAMPercent: number
  readonly userLimit: number
  readonly userLimitFactor: number
  readonly userWeights: ReadonlyMap<string, number>
  readonly orderingPolicy: string
  readonly sizeBasedWeight: boolean
  /** Only applications of such a label get its nodes (fifo-with-partitions). */
  readonly exclusivePartitions: ReadonlySet<string>
  readonly defaultApplicationPriority: number
  readonly maximumLifetime: number
  readonly defaultLifetime: number
  readonly preemptionDisabled: boolean
  /** Containers are not taken from one application for another of the queue. */
  readonly intraQueuePreemptionDisabled: boolean
  /** Leaf queues are made below it when applications are mapped there. */
  readonly autoCreate: boolean
}

/** Parts of the whole. */
interface Absolute {
  readonly capacity: number
  readonly maximum: number
}

const APPLICATION_POLICIES = ['fifo', 'fair', 'fifo-with-partitions']
const QUEUE_POLICIES = ['utilization', 'priority-utilization']
const illegal = (message: string) => exception('IllegalArgumentException', message)

/** @throws IllegalArgumentException in Hadoop's words, naming queue and property */
export function parseQueues(config: CapacityConfig, properties: Readonly<Record<string, string>>, maximumAllocation: Resource): QueueSpec {
  const paths = new Set<string>()
  const readQueue = reader(config, properties, maximumAllocation)
  return parse('root', undefined, undefined)

  function parse(name: string, parent: QueueSpec | undefined, parentShares: ReadonlyMap<string, Absolute> | undefined): QueueSpec {
    const path = parent ? `${parent.path}.${name}` : name
    if (paths.has(path)) throw illegal(`Queue ${path} is named twice in yarn.scheduler.capacity.${parent?.path}.queues`)
    paths.add(path)
    const queue = config.queue(path)
    const own = readQueue(queue, name, parent)
    const children: QueueSpec[] = []
    const spec: QueueSpec = { ...own, children }
    const absolute = new Map<string, Absolute>()
    for (const [label, { capacity, maximumCapacity }] of own.labels) {
      const above = parentShares ? (parentShares.get(label) ?? { capacity: 0, maximum: 0 }) : { capacity: 1, maximum: 1 }
      const share = { capacity: float(capacity * above.capacity), maximum: float(maximumCapacity * above.maximum) }
      if (share.capacity > share.maximum) {
        throw illegal(
          `Illegal queue capacity setting (abs-capacity=${javaFloat(share.capacity)}) > (abs-maximum-capacity=${javaFloat(share.maximum)}) for queue=[${path}],label=[${label}]`,
        )
      }
      absolute.set(label, share)
    }
    for (const child of queue.list('queues')) children.push(parse(child, spec, absolute))
    if (!parent && children.length === 0) throw exception('IllegalStateException', 'Queue configuration missing child queue names for root')
    if (children.length > 0) checkChildren(spec)
    return spec
  }
}

function checkPolicy(path: string, policy: string | undefined, known: readonly string[]): void {
  if (policy === undefined || known.includes(policy)) return
  throw illegal(`Unable to construct ordering policy: yarn.scheduler.capacity.${path}.ordering-policy is "${policy}"; known are ${known.join(', ')}`)
}

/** Reads single queues, those above them known. */
function reader(config: CapacityConfig, properties: Readonly<Record<string, string>>, maximumAllocation: Resource) {
  return readQueue

  function readQueue(queue: QueueProperties, name: string, parent: QueueSpec | undefined): Omit<QueueSpec, 'children'> {
    const path = queue.path
    const declared = queue.get('accessible-node-labels')
    const accessibleLabels: ReadonlySet<string> =
      declared === undefined
        ? parent
          ? parent.accessibleLabels
          : new Set(['*'])
        : new Set(declared.includes('*') ? ['*'] : queue.list('accessible-node-labels'))
    const amPercent = queue.number('maximum-am-resource-percent') ?? config.global.number('maximum-am-resource-percent') ?? 0.1
    const text = queue.get('capacity')
    const absolute = isAbsolute(text) && path !== 'root'
    const labels = new Map<string, LabelSpec>()
    const maximum = queue.get('maximum-capacity')
    labels.set('', {
      capacity: path === 'root' ? 1 : (weightShare(parent!, queue) ?? percentage(queue, 'capacity', 0) ?? 0),
      maximumCapacity: percentage(queue, 'maximum-capacity', 100) ?? 1,
      minResource: absolute ? absoluteResource(text!, path) : NONE,
      maxResource: isAbsolute(maximum) ? absoluteResource(maximum!, path) : NONE,
      amPercent: float(amPercent),
    })
    for (const label of configuredLabels(path)) labels.set(label, readLabel(queue, label, amPercent))
    const maximumLifetime = queue.number('maximum-application-lifetime') ?? parent?.maximumLifetime ?? -1
    const defaultLifetime = queue.number('default-application-lifetime') ?? parent?.defaultLifetime ?? -1
    if (maximumLifetime > 0 && defaultLifetime > maximumLifetime) {
      throw exception('YarnRuntimeException', `Default lifetime ${defaultLifetime} can't exceed maximum lifetime ${maximumLifetime}`)
    }
    const state = queue.get('state')?.toUpperCase()
    if (state !== undefined && state !== 'RUNNING' && state !== 'STOPPED') {
      throw illegal('Invalid queue state configuration. We can only use RUNNING or STOPPED.')
    }
    if (parent && state === 'RUNNING' && parent.state === 'STOPPED') {
      throw illegal(`The parent queue:${parent.path} cannot be STOPPED as the child queue:${path} is in RUNNING state.`)
    }
    const policy = queue.get('ordering-policy')
    const isParent = queue.list('queues').length > 0 || queue.flag('auto-create-child-queue.enabled', false)
    checkPolicy(path, policy, isParent ? QUEUE_POLICIES : APPLICATION_POLICIES)
    return {
      name,
      path,
      absolute,
      labels,
      accessibleLabels,
      defaultLabel: queue.get('default-node-label-expression') ?? parent?.defaultLabel,
      state,
      submitAcl: queue.get('acl_submit_applications') ?? (parent ? ' ' : '*'),
      administerAcl: queue.get('acl_administer_queue') ?? (parent ? ' ' : '*'),
      priority: queue.number('priority') ?? 0,
      respectPriority: isParent && policy !== undefined ? policy === 'priority-utilization' : (parent?.respectPriority ?? false),
      maximumAllocation: readMaximumAllocation(queue, parent?.maximumAllocation ?? maximumAllocation),
      maximumApplications: queue.number('maximum-applications'),
      maxParallelApplications: queue.number('max-parallel-apps') ?? config.global.number('max-parallel-apps') ?? Number.MAX_SAFE_INTEGER,
      maximumAMPercent: amPercent,
      userLimit: queue.number('minimum-user-limit-percent') ?? 100,
      userLimitFactor: float(queue.number('user-limit-factor') ?? 1),
      userWeights: readWeights(path),
      orderingPolicy: policy ?? 'fifo',
      exclusivePartitions: new Set(queue.list('ordering-policy.exclusive-enforced-partitions')),
      sizeBasedWeight: queue.flag('ordering-policy.fair.enable-size-based-weight', false),
      defaultApplicationPriority: queue.number('default-application-priority') ?? 0,
      maximumLifetime,
      defaultLifetime: defaultLifetime > 0 ? defaultLifetime : maximumLifetime,
      intraQueuePreemptionDisabled: queue.flag('intra-queue-preemption.disable_preemption', parent?.intraQueuePreemptionDisabled ?? false),
      preemptionDisabled: queue.flag('disable_preemption', parent?.preemptionDisabled ?? false),
      autoCreate: queue.flag('auto-create-child-queue.enabled', false),
    }
  }

  /** Capacity by weight (`3w`): the part of all that the queue and those beside it weigh. */
  function weightShare(parent: QueueSpec, queue: QueueProperties): number | undefined {
    const weightOf = (q: QueueProperties) => /^([0-9.]+)w$/.exec(q.get('capacity') ?? '')?.[1]
    const own = weightOf(queue)
    if (own === undefined) return undefined
    let sum = 0
    for (const name of config.queue(parent.path).list('queues')) {
      const weight = weightOf(config.queue(`${parent.path}.${name}`))
      if (weight === undefined) {
        throw illegal(
          `Parent queue '${parent.path}' has children with mixed capacity modes: ${queue.path} has a weight, ${parent.path}.${name} has none. All children should use either percentage, weight or absolute resource.`,
        )
      }
      sum += Number(weight)
    }
    return sum === 0 ? 0 : float(Number(own) / sum)
  }

  function configuredLabels(path: string): string[] {
    const prefix = `yarn.scheduler.capacity.${path}.accessible-node-labels.`
    const found = new Set<string>()
    for (const name of Object.keys(properties)) {
      if (name.startsWith(prefix)) found.add(name.slice(prefix.length).split('.', 1)[0]!)
    }
    return [...found].sort()
  }

  function readLabel(queue: QueueProperties, label: string, amPercent: number): LabelSpec {
    const of = (suffix: string) => queue.get(`accessible-node-labels.${label}.${suffix}`)
    const percent = (suffix: string, fallback: number) => {
      const text = of(suffix)
      if (isAbsolute(text)) return suffix === 'capacity' ? 0 : 1
      const value = text === undefined ? fallback : Number(text)
      if (!(value >= 0 && value <= 100)) {
        throw illegal(`Illegal capacity of ${text} for node-label=${label} in queue=${queue.path}, valid capacity should in range of [0, 100].`)
      }
      return float(float(value) / 100)
    }
    const absolute = (suffix: string) => (isAbsolute(of(suffix)) ? absoluteResource(of(suffix)!, queue.path) : NONE)
    return {
      capacity: queue.path === 'root' ? 1 : percent('capacity', 0),
      maximumCapacity: percent('maximum-capacity', 100),
      minResource: absolute('capacity'),
      maxResource: absolute('maximum-capacity'),
      amPercent: float(Number(of('maximum-am-resource-percent') ?? amPercent)),
    }
  }

  function readMaximumAllocation(queue: QueueProperties, inherited: Resource): Resource {
    const given = queue.get('maximum-allocation')
    const memory = queue.number('maximum-allocation-mb')
    const vcores = queue.number('maximum-allocation-vcores')
    const own: Resource = given
      ? largestContainer(given, queue.path, Object.keys(maximumAllocation.extended ?? {}))
      : { ...inherited, memory: memory ?? inherited.memory, vcores: vcores ?? inherited.vcores }
    if (own.memory > maximumAllocation.memory || own.vcores > maximumAllocation.vcores) {
      const show = (r: Resource) => `<memory:${r.memory}, vCores:${r.vcores}>`
      throw illegal(
        `Queue maximum allocation cannot be larger than the cluster setting for queue ${queue.path} max allocation per queue: ${show(own)} cluster setting: ${show(maximumAllocation)}`,
      )
    }
    return own
  }

  function readWeights(path: string): Map<string, number> {
    const weights = new Map<string, number>()
    const pattern = /^user-settings\.(.+)\.weight$/
    // Nearer settings win over those of the queues above.
    const parts = path.split('.')
    for (let depth = 1; depth <= parts.length; depth++) {
      const prefix = `yarn.scheduler.capacity.${parts.slice(0, depth).join('.')}.`
      for (const [name, value] of Object.entries(properties)) {
        const m = name.startsWith(prefix) ? pattern.exec(name.slice(prefix.length)) : null
        if (m) weights.set(m[1]!, float(Number(value)))
      }
    }
    return weights
  }
}

/** A leaf queue as the template of its parent has it. */
export function autoCreatedQueue(parent: QueueSpec, name: string, properties: Readonly<Record<string, string>>, maximumAllocation: Resource): QueueSpec {
  const template = `yarn.scheduler.capacity.${parent.path}.leaf-queue-template.`
  const own = `yarn.scheduler.capacity.${parent.path}.${name}.`
  const all: Record<string, string> = { ...properties }
  for (const [key, value] of Object.entries(properties)) if (key.startsWith(template)) all[own + key.slice(template.length)] = value
  const config = capacityConfig(all)
  return { ...reader(config, all, maximumAllocation)(config.queue(`${parent.path}.${name}`), name, parent), children: [] }
}

function checkChildren(queue: QueueSpec): void {
  for (const [label, own] of queue.labels) {
    let sum = 0
    let resources = NONE
    for (const child of queue.children) {
      const theirs = child.labels.get(label)
      if (!theirs) continue
      sum = float(sum + theirs.capacity)
      resources = add(resources, theirs.minResource)
      if (queue.path !== 'root' && child.absolute !== queue.absolute && label === '') {
        throw illegal(
          `Parent queue '${queue.path}' and child queue '${child.path}' should use either percentage based capacity configuration or absolute resource together.`,
        )
      }
    }
    const forLabel = label === '' ? '' : ` for label=${label}`
    const absolute = !sameResource(resources, NONE)
    if ((!absolute && own.capacity > 0 && Math.abs(1 - sum) > PRECISION && !queue.autoCreate) || (own.capacity === 0 && sum > 0)) {
      throw illegal(`Illegal capacity of ${javaFloat(sum)} for children of queue ${queue.name}${forLabel}`)
    }
    if (!sameResource(own.minResource, NONE) && (resources.memory > own.minResource.memory || resources.vcores > own.minResource.vcores)) {
      const show = (r: Resource) => `<memory:${r.memory}, vCores:${r.vcores}>`
      throw illegal(`Parent Queues capacity: ${show(own.minResource)} is less than to its children:${show(resources)} for queue:${queue.name}`)
    }
  }
}
