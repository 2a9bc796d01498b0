/** The fair scheduler's allocation file: queues, shares, limits, placement rules. A bad one is refused whole, with line and property. */
import { exception } from '../../../common/errors.js'
import { amountOf, NONE, type Resource, resource, UNBOUNDED } from '../../../common/records/index.js'

export type FairPolicy = 'fair' | 'drf' | 'fifo'

/** Absolute amounts, or fractions of the cluster by type (memory-mb, vcores and further ones). */
export type ShareLimit = { readonly resource: Resource } | { readonly fractions: Readonly<Record<string, number>> }

export interface FairQueueSpec {
  readonly name: string
  readonly path: string
  readonly parent: boolean
  readonly weight: number
  readonly minShare: Resource
  readonly maxShare: ShareLimit
  /** For children that say nothing of their own. */
  readonly maxChildShare: ShareLimit | undefined
  readonly maxContainer: Resource | undefined
  readonly maxRunningApps: number
  /** -1: unlimited. */
  readonly maxAMShare: number
  readonly policy: FairPolicy
  readonly submitAcl: string
  readonly administerAcl: string
  /** Milliseconds; undefined: as its parent. */
  readonly minSharePreemptionTimeout: number | undefined
  readonly fairSharePreemptionTimeout: number | undefined
  readonly fairSharePreemptionThreshold: number | undefined
  /** Its containers, and those below it, may be taken for others. */
  readonly allowPreemptionFrom: boolean
  readonly children: readonly FairQueueSpec[]
}

export interface PlacementRuleSpec {
  readonly name: string
  readonly create: boolean
  readonly queue: string | undefined
  /** Which queue the one it names is below. */
  readonly nested: PlacementRuleSpec | undefined
}

export interface Allocations {
  readonly root: FairQueueSpec
  readonly userMaxApps: ReadonlyMap<string, number>
  readonly userMaxAppsDefault: number
  readonly queueDefaults: Omit<FairQueueSpec, 'name' | 'path' | 'parent' | 'children'>
  /** undefined: by the scheduler's own properties. */
  readonly placement: readonly PlacementRuleSpec[] | undefined
}

// ── XML, as much of it as the file uses ──

interface Element {
  readonly tag: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: Element[]
  text: string
  readonly line: number
}

const bad = (line: number, message: string) => exception('IOException', `Bad fair scheduler config file: line ${line}: ${message}`)
const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
const unescaped = (text: string) => text.replace(/&(lt|gt|amp|quot|apos);/g, (_, name: string) => ENTITIES[name]!)

function parseXml(text: string): Element {
  const document: Element = { tag: '', attributes: {}, children: [], text: '', line: 1 }
  const open: Element[] = [document]
  const token = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([\w.-]+)((?:\s+[\w.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|[^<]+|</g
  let line = 1
  for (const m of text.matchAll(token)) {
    const top = open.at(-1)!
    const [all, cdata, closing, tag, attributes, empty] = m
    if (all === '<') throw bad(line, `"${text.slice(m.index, m.index + 20).split('\n', 1)[0]}" is no element`)
    if (tag === undefined) {
      if (cdata !== undefined) top.text += cdata
      else if (!all.startsWith('<')) top.text += unescaped(all)
    } else if (closing) {
      if (top.tag !== tag) throw bad(line, top.tag === '' ? `</${tag}> closes nothing` : `</${tag}> closes <${top.tag}> of line ${top.line}`)
      open.pop()
    } else {
      const element: Element = { tag, attributes: readAttributes(attributes ?? ''), children: [], text: '', line }
      top.children.push(element)
      if (!empty) open.push(element)
    }
    line += all.split('\n').length - 1
  }
  const unclosed = open.at(-1)!
  if (unclosed !== document) throw bad(unclosed.line, `<${unclosed.tag}> is never closed`)
  const [root] = document.children
  if (root?.tag !== 'allocations') throw bad(root?.line ?? 1, 'top-level element not <allocations>')
  return root
}

function readAttributes(text: string): Record<string, string> {
  const all: Record<string, string> = {}
  for (const m of text.matchAll(/([\w.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)) all[m[1]!] = unescaped(m[2] ?? m[3] ?? '')
  return all
}

// ── values ──

function number(e: Element): number {
  const value = Number(e.text.trim())
  if (e.text.trim() === '' || Number.isNaN(value)) throw bad(e.line, `<${e.tag}> is "${e.text.trim()}", which is no number`)
  return value
}

/** `10240 mb, 8 vcores`, `vcores=8, memory-mb=1024`, `50%`, `50% memory, 25% cpu` or `vcores=50%, memory-mb=25%`. @param missing amounts that are not named */
function limit(e: Element, types: readonly string[], missing = Number.MAX_SAFE_INTEGER): ShareLimit {
  const given = e.text.trim()
  const fail = (what: string) => bad(e.line, `<${e.tag}> is "${given}": ${what}`)
  const text = given.toLowerCase()
  const percent = (part: string): number => {
    const m = /^(-?[0-9]+(?:\.[0-9]*)?)\s*%$/.exec(part.trim())
    if (!m) throw fail(`"${part.trim()}" is no percentage`)
    if (Number(m[1]) < 0) throw fail('a percentage must not be negative')
    return Number(m[1]) / 100
  }
  if (text.includes('=')) {
    const amounts: Record<string, number> = {}
    for (const part of given.split(',')) {
      const [name = '', value] = part.split('=').map((p) => p.trim())
      if (value === undefined) throw fail('each resource must be of the form name=value')
      if (!['memory-mb', 'vcores', ...types].includes(name)) throw fail(`resource "${name}" is not known; see yarn.resource-types`)
      if (text.includes('%')) amounts[name] = percent(value)
      else if (/^[0-9]+$/.test(value)) amounts[name] = Number(value)
      else throw fail(`"${value}" of ${name} is no whole number from 0 up`)
    }
    const of = (name: string, otherwise: number) => amounts[name] ?? otherwise
    if (text.includes('%')) return { fractions: Object.fromEntries(['memory-mb', 'vcores', ...types].map((t) => [t, of(t, 1)])) }
    return { resource: resource(of('memory-mb', missing), of('vcores', missing), Object.fromEntries(types.map((t) => [t, of(t, missing)]))) }
  }
  if (text.includes('%')) {
    const parts = text.split(',')
    if (parts.length === 1) return { fractions: Object.fromEntries(['memory-mb', 'vcores', ...types].map((t) => [t, percent(text)])) }
    const named = (name: string) => parts.find((p) => p.includes(name))?.replace(name, '')
    const memory = named('memory')
    const vcores = named('cpu')
    if (memory === undefined || vcores === undefined) throw fail('it gives no share of memory and cpu')
    return { fractions: { 'memory-mb': percent(memory), vcores: percent(vcores) } }
  }
  const amount = (unit: string) => new RegExp(`(-?[0-9]+)(?:\\.[0-9]*)?\\s*${unit}`).exec(text)?.[1]
  const memory = amount('mb')
  const vcores = amount('vcores')
  if (memory === undefined || vcores === undefined) throw fail('it gives no memory and vcores')
  if (Number(memory) < 0 || Number(vcores) < 0) throw fail('amounts must not be negative')
  return { resource: { memory: Number(memory), vcores: Number(vcores) } }
}

const absolute = (l: ShareLimit, e: Element): Resource => {
  if ('resource' in l) return l.resource
  throw bad(e.line, `<${e.tag}> must be in absolute amounts`)
}

export function resolve(l: ShareLimit, cluster: Resource): Resource {
  if ('resource' in l) return l.resource
  const { fractions } = l
  const of = (type: string) => Math.trunc(amountOf(cluster, type) * (fractions[type] ?? 0))
  return resource(of('memory-mb'), of('vcores'), Object.fromEntries(Object.keys(cluster.extended ?? {}).map((t) => [t, of(t)])))
}

const seconds = (e: Element): number => number(e) * 1000
const fraction = (e: Element): number => Math.max(Math.min(number(e), 1), 0)
const whole = (e: Element): number => {
  const value = number(e)
  if (!Number.isInteger(value)) throw bad(e.line, `<${e.tag}> is "${e.text.trim()}", which is no whole number`)
  return value
}

function policy(e: Element): FairPolicy {
  const text = e.text.trim()
  const name = text.toLowerCase()
  if (name === 'fair' || text.endsWith('.FairSharePolicy')) return 'fair'
  if (name === 'drf' || text.endsWith('.DominantResourceFairnessPolicy')) return 'drf'
  if (name === 'fifo' || text.endsWith('.FifoPolicy')) return 'fifo'
  throw bad(e.line, `<${e.tag}> is "${text}"; known are fair, drf, fifo`)
}

const defaultsOf = (types: readonly string[]): Allocations['queueDefaults'] => ({
  weight: 1,
  minShare: NONE,
  maxShare: { resource: resource(UNBOUNDED.memory, UNBOUNDED.vcores, Object.fromEntries(types.map((t) => [t, Number.MAX_SAFE_INTEGER]))) },
  maxChildShare: undefined,
  maxContainer: undefined,
  maxRunningApps: Number.MAX_SAFE_INTEGER,
  maxAMShare: 0.5,
  policy: 'fair',
  submitAcl: ' ',
  administerAcl: ' ',
  minSharePreemptionTimeout: undefined,
  fairSharePreemptionTimeout: undefined,
  fairSharePreemptionThreshold: undefined,
  allowPreemptionFrom: true,
})

/** @param types names of resource types beyond memory and vcores. @throws IOException naming line and property */
export function parseAllocations(text: string | undefined, types: readonly string[] = []): Allocations {
  if (text?.trim() === '') throw bad(1, 'the file is empty')
  const file = text === undefined ? undefined : parseXml(text)
  let defaults = defaultsOf(types)
  let userMaxAppsDefault = Number.MAX_SAFE_INTEGER
  let placement: PlacementRuleSpec[] | undefined
  let rootTimes = { minSharePreemptionTimeout: Number.MAX_SAFE_INTEGER, fairSharePreemptionTimeout: Number.MAX_SAFE_INTEGER, fairSharePreemptionThreshold: 0.5 }
  const userMaxApps = new Map<string, number>()
  const queues: Element[] = []
  const children = file?.children ?? []
  for (const e of children) {
    switch (e.tag) {
      case 'queue':
      case 'pool':
        queues.push(e)
        break
      case 'user': {
        const most = e.children.find((c) => c.tag === 'maxRunningApps')
        if (most) userMaxApps.set(e.attributes['name'] ?? '', whole(most))
        break
      }
      case 'userMaxAppsDefault':
        userMaxAppsDefault = whole(e)
        break
      case 'queueMaxAppsDefault':
        defaults = { ...defaults, maxRunningApps: whole(e) }
        break
      case 'queueMaxResourcesDefault':
        defaults = { ...defaults, maxShare: limit(e, types) }
        break
      case 'queueMaxAMShareDefault':
        defaults = { ...defaults, maxAMShare: Math.min(number(e), 1) }
        break
      case 'defaultMinSharePreemptionTimeout':
        rootTimes = { ...rootTimes, minSharePreemptionTimeout: seconds(e) }
        break
      case 'fairSharePreemptionTimeout':
        if (!children.some((c) => c.tag === 'defaultFairSharePreemptionTimeout')) rootTimes = { ...rootTimes, fairSharePreemptionTimeout: seconds(e) }
        break
      case 'defaultFairSharePreemptionTimeout':
        rootTimes = { ...rootTimes, fairSharePreemptionTimeout: seconds(e) }
        break
      case 'defaultFairSharePreemptionThreshold':
        rootTimes = { ...rootTimes, fairSharePreemptionThreshold: fraction(e) }
        break
      case 'defaultQueueSchedulingPolicy':
      case 'defaultQueueSchedulingMode':
        defaults = { ...defaults, policy: policy(e) }
        if (defaults.policy === 'fifo') throw bad(e.line, `<${e.tag}> can't be fifo`)
        break
      case 'queuePlacementPolicy':
        placement = rules(e)
        break
      default:
    }
  }
  const explicitRoot = queues.find((q) => q.attributes['name']?.toLowerCase() === 'root')
  if (explicitRoot && queues.length > 1) throw bad(explicitRoot.line, 'beside the root queue no other queue can be placed')
  const rootElement: Element = explicitRoot ?? { tag: 'queue', attributes: { name: 'root', type: 'parent' }, children: queues, text: '', line: 1 }
  const root = readQueue(rootElement, undefined, { ...defaults, ...rootTimes, submitAcl: '*', administerAcl: '*' }, defaults, types)
  return { root: { ...root, name: 'root', parent: true }, userMaxApps, userMaxAppsDefault, queueDefaults: defaults, placement }
}

// ── placement rules ──

const RULES = ['specified', 'user', 'primaryGroup', 'secondaryGroupExistingQueue', 'nestedUserQueue', 'default', 'reject'] as const

/** In order; one that always knows a queue must be the last, and the last one must. */
function rules(e: Element): PlacementRuleSpec[] {
  const elements = e.children.filter((c) => c.tag.toLowerCase() === 'rule')
  if (elements.length === 0) throw bad(e.line, 'an empty <queuePlacementPolicy> places nothing')
  const read = elements.map((c) => rule(c, undefined))
  for (const [i, r] of read.entries()) {
    const last = i === read.length - 1
    if (isTerminal(r) && !last) throw bad(elements[i]!.line, `rules after rule ${i + 1} in queue placement policy can never be reached`)
    if (!isTerminal(r) && last) throw bad(elements[i]!.line, 'could get past last queue placement rule without assigning')
  }
  return read
}

function isTerminal(r: PlacementRuleSpec): boolean {
  if (r.name === 'reject') return true
  if (r.name === 'specified' || r.name === 'secondaryGroupExistingQueue' || !r.create) return false
  return r.nested === undefined || isTerminal(r.nested)
}

function rule(e: Element, child: string | undefined): PlacementRuleSpec {
  const name = e.attributes['name'] ?? ''
  if (!RULES.some((known) => known === name)) throw bad(e.line, `rule "${name}" is not known; known are ${RULES.join(', ')}`)
  if (child !== undefined && (name === 'reject' || name === 'nestedUserQueue')) throw bad(e.line, `rule '${name}' is not allowed as a parent rule for any rule`)
  if (child === name) throw bad(e.line, `a parent rule may not be the same type as the child rule: ${name}`)
  const above = e.children.filter((c) => c.tag.toLowerCase() === 'rule').at(-1)
  if (above && (name === 'specified' || name === 'default')) throw bad(e.line, `rule '${name}' takes no parent rule`)
  if (name === 'nestedUserQueue' && !above) throw bad(e.line, `rule '${name}' must have a parent rule set`)
  return { name, create: (e.attributes['create'] || 'true') === 'true', queue: e.attributes['queue'] || undefined, nested: above && rule(above, name) }
}

// ── queues ──

type Values = Allocations['queueDefaults']

/** What each element of a queue sets. */
const PROPERTIES: Readonly<Record<string, (e: Element, types: readonly string[]) => Partial<Values>>> = {
  minResources: (e, types) => ({ minShare: absolute(limit(e, types, 0), e) }),
  maxResources: (e, types) => ({ maxShare: limit(e, types) }),
  maxChildResources: (e, types) => ({ maxChildShare: limit(e, types) }),
  maxContainerAllocation: (e, types) => ({ maxContainer: absolute(limit(e, types), e) }),
  maxRunningApps: (e) => ({ maxRunningApps: whole(e) }),
  maxAMShare: (e) => ({ maxAMShare: Math.min(number(e), 1) }),
  weight: (e) => ({ weight: Math.fround(number(e)) }),
  schedulingPolicy: (e) => ({ policy: policy(e) }),
  schedulingMode: (e) => ({ policy: policy(e) }),
  aclSubmitApps: (e) => ({ submitAcl: e.text }),
  aclAdministerApps: (e) => ({ administerAcl: e.text }),
  minSharePreemptionTimeout: (e) => ({ minSharePreemptionTimeout: seconds(e) }),
  fairSharePreemptionTimeout: (e) => ({ fairSharePreemptionTimeout: seconds(e) }),
  fairSharePreemptionThreshold: (e) => ({ fairSharePreemptionThreshold: fraction(e) }),
  allowPreemptionFrom: (e) => ({ allowPreemptionFrom: e.text.trim().toLowerCase() === 'true' }),
  reservation: (e) => {
    throw bad(e.line, '<reservation>: queues of reservations are not supported; take the element out')
  },
}

function readQueue(e: Element, parent: string | undefined, own: Values, defaults: Values, types: readonly string[]): FairQueueSpec {
  const name = (e.attributes['name'] ?? '').trim()
  if (name === '') throw bad(e.line, "queue name shouldn't be empty or consist only of whitespace.")
  if (name.includes('.')) throw bad(e.line, `queue name (${name}) shouldn't contain period.`)
  const path = parent === undefined ? 'root' : `${parent}.${name}`
  let values = own
  for (const c of e.children) values = { ...values, ...PROPERTIES[c.tag]?.(c, types) }
  const inner = e.children.filter((c) => c.tag === 'queue' || c.tag === 'pool')
  const isParent = inner.length > 0 || e.attributes['type'] === 'parent' || parent === undefined
  const amShare = e.children.find((c) => c.tag === 'maxAMShare')
  if (isParent && amShare && (inner.length > 0 || e.attributes['type'] === 'parent')) {
    throw bad(amShare.line, `<maxAMShare> of ${path}: a queue that holds queues, or is of type parent, has no application masters of its own`)
  }
  if (isParent && values.policy === 'fifo') throw bad(e.line, `queue ${path} holds queues: its policy can't be fifo`)
  const children: FairQueueSpec[] = []
  for (const c of inner) {
    if (children.some((other) => other.name === c.attributes['name']?.trim())) throw bad(c.line, `queue ${path}.${c.attributes['name']} is there twice`)
    const child = readQueue(c, path, defaults, defaults, types)
    if (values.policy === 'fair' && child.policy === 'drf') throw bad(c.line, `queue ${child.path}: below a queue with policy fair there can be none with drf`)
    children.push(child)
  }
  return { ...values, name, path, parent: isParent, children }
}
