/** The fair scheduler's allocation file: queues, shares, limits, placement rules. A bad one is refused whole, with line and property. */
import { exception } from '../../../common/errors.js'
import { multiplyDown, NONE, type Resource, UNBOUNDED } from '../../../common/records/index.js'

export type FairPolicy = 'fair' | 'drf' | 'fifo'

/** Absolute amounts, or fractions of the cluster. */
export type ShareLimit = { readonly resource: Resource } | { readonly memory: number; readonly vcores: number }

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
  readonly children: readonly FairQueueSpec[]
}

export interface PlacementRuleSpec {
  readonly name: string
  readonly create: boolean
  readonly queue: string | undefined
  /** nestedUserQueue: which queue the user's is below. */
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

/** `10240 mb, 8 vcores`, `vcores=8, memory-mb=1024`, `50%` or `50% memory, 25% cpu`. */
function limit(e: Element): ShareLimit {
  const text = e.text.trim().toLowerCase()
  const percent = (name: string) => new RegExp(`(-?[0-9.]+)\\s*%\\s*${name}`).exec(text)?.[1]
  if (text.includes('%')) {
    const memory = percent('memory')
    const vcores = percent('cpu')
    if (memory !== undefined && vcores !== undefined) return { memory: Number(memory) / 100, vcores: Number(vcores) / 100 }
    const both = /^(-?[0-9.]+)\s*%$/.exec(text)?.[1]
    if (both === undefined) throw bad(e.line, `<${e.tag}> is "${e.text.trim()}", which gives no share of memory and cpu`)
    return { memory: Number(both) / 100, vcores: Number(both) / 100 }
  }
  const memory = /(-?[0-9]+)(?:\.[0-9]*)?\s*mb/.exec(text)?.[1] ?? /memory-mb\s*=\s*(-?[0-9]+)/.exec(text)?.[1]
  const vcores = /(-?[0-9]+)(?:\.[0-9]*)?\s*vcores/.exec(text)?.[1] ?? /vcores\s*=\s*(-?[0-9]+)/.exec(text)?.[1]
  if (memory === undefined || vcores === undefined) throw bad(e.line, `<${e.tag}> is "${e.text.trim()}", which gives no memory and vcores`)
  if (Number(memory) < 0 || Number(vcores) < 0) throw bad(e.line, `<${e.tag}> is "${e.text.trim()}": amounts must not be negative`)
  return { resource: { memory: Number(memory), vcores: Number(vcores) } }
}

const absolute = (l: ShareLimit, e: Element): Resource => {
  if ('resource' in l) return l.resource
  throw bad(e.line, `<${e.tag}> must be in absolute amounts`)
}

export function resolve(l: ShareLimit, cluster: Resource): Resource {
  if ('resource' in l) return l.resource
  return { memory: multiplyDown(cluster, l.memory).memory, vcores: multiplyDown(cluster, l.vcores).vcores }
}

function policy(e: Element): FairPolicy {
  const text = e.text.trim()
  const name = text.toLowerCase()
  if (name === 'fair' || text.endsWith('.FairSharePolicy')) return 'fair'
  if (name === 'drf' || text.endsWith('.DominantResourceFairnessPolicy')) return 'drf'
  if (name === 'fifo' || text.endsWith('.FifoPolicy')) return 'fifo'
  throw bad(e.line, `<${e.tag}> is "${text}"; known are fair, drf, fifo`)
}

const DEFAULTS: Allocations['queueDefaults'] = {
  weight: 1,
  minShare: NONE,
  maxShare: { resource: UNBOUNDED },
  maxChildShare: undefined,
  maxContainer: undefined,
  maxRunningApps: Number.MAX_SAFE_INTEGER,
  maxAMShare: 0.5,
  policy: 'fair',
  submitAcl: ' ',
  administerAcl: ' ',
}

/** @throws IOException naming line and property */
export function parseAllocations(text: string | undefined): Allocations {
  const file = text === undefined || text.trim() === '' ? undefined : parseXml(text)
  let defaults = DEFAULTS
  let userMaxAppsDefault = Number.MAX_SAFE_INTEGER
  let placement: PlacementRuleSpec[] | undefined
  const userMaxApps = new Map<string, number>()
  const queues: Element[] = []
  for (const e of file?.children ?? []) {
    switch (e.tag) {
      case 'queue':
      case 'pool':
        queues.push(e)
        break
      case 'user': {
        const most = e.children.find((c) => c.tag === 'maxRunningApps')
        if (most) userMaxApps.set(e.attributes['name'] ?? '', number(most))
        break
      }
      case 'userMaxAppsDefault':
        userMaxAppsDefault = number(e)
        break
      case 'queueMaxAppsDefault':
        defaults = { ...defaults, maxRunningApps: number(e) }
        break
      case 'queueMaxResourcesDefault':
        defaults = { ...defaults, maxShare: limit(e) }
        break
      case 'queueMaxAMShareDefault':
        defaults = { ...defaults, maxAMShare: Math.min(number(e), 1) }
        break
      case 'defaultQueueSchedulingPolicy':
      case 'defaultQueueSchedulingMode':
        defaults = { ...defaults, policy: policy(e) }
        break
      case 'queuePlacementPolicy':
        placement = e.children.filter((c) => c.tag === 'rule').map(rule)
        break
      default:
    }
  }
  const explicitRoot = queues.length === 1 && queues[0]!.attributes['name'] === 'root' ? queues[0] : undefined
  const rootElement: Element = explicitRoot ?? { tag: 'queue', attributes: { name: 'root', type: 'parent' }, children: queues, text: '', line: 1 }
  const root = readQueue(rootElement, undefined, { ...defaults, maxShare: { resource: UNBOUNDED }, submitAcl: '*', administerAcl: '*' }, defaults)
  return { root: { ...root, parent: true }, userMaxApps, userMaxAppsDefault, queueDefaults: defaults, placement }
}

function rule(e: Element): PlacementRuleSpec {
  const known = ['specified', 'user', 'primaryGroup', 'secondaryGroupExistingQueue', 'nestedUserQueue', 'default', 'reject']
  const name = e.attributes['name'] ?? ''
  if (!known.includes(name)) throw bad(e.line, `rule "${name}" is not known; known are ${known.join(', ')}`)
  const nested = e.children.find((c) => c.tag === 'rule')
  if (name === 'nestedUserQueue' && !nested) throw bad(e.line, 'no rule within nestedUserQueue')
  return { name, create: e.attributes['create'] !== 'false', queue: e.attributes['queue'], nested: nested && rule(nested) }
}

function readQueue(e: Element, parent: string | undefined, own: Allocations['queueDefaults'], defaults: Allocations['queueDefaults']): FairQueueSpec {
  const name = (e.attributes['name'] ?? '').trim()
  if (name === '') throw bad(e.line, "queue name shouldn't be empty or consist only of whitespace.")
  if (name.includes('.')) throw bad(e.line, `queue name (${name}) shouldn't contain period.`)
  const path = parent === undefined ? name : `${parent}.${name}`
  let values = own
  const children: FairQueueSpec[] = []
  const child = (of: Element) => (children.some((c) => c.name === of.attributes['name']?.trim()) ? of : undefined)
  for (const c of e.children) {
    switch (c.tag) {
      case 'minResources':
        values = { ...values, minShare: absolute(limit(c), c) }
        break
      case 'maxResources':
        values = { ...values, maxShare: limit(c) }
        break
      case 'maxChildResources':
        values = { ...values, maxChildShare: limit(c) }
        break
      case 'maxContainerAllocation':
        values = { ...values, maxContainer: absolute(limit(c), c) }
        break
      case 'maxRunningApps':
        values = { ...values, maxRunningApps: number(c) }
        break
      case 'maxAMShare':
        values = { ...values, maxAMShare: Math.min(number(c), 1) }
        break
      case 'weight':
        values = { ...values, weight: number(c) }
        break
      case 'schedulingPolicy':
      case 'schedulingMode':
        values = { ...values, policy: policy(c) }
        break
      case 'aclSubmitApps':
        values = { ...values, submitAcl: c.text }
        break
      case 'aclAdministerApps':
        values = { ...values, administerAcl: c.text }
        break
      default:
    }
  }
  for (const c of e.children) {
    if (c.tag !== 'queue' && c.tag !== 'pool') continue
    if (child(c)) throw bad(c.line, `queue ${path}.${c.attributes['name']} is there twice`)
    children.push(readQueue(c, path, values.maxChildShare ? { ...defaults, maxShare: values.maxChildShare } : defaults, defaults))
  }
  return { ...values, name, path, parent: children.length > 0 || e.attributes['type'] === 'parent', children }
}
