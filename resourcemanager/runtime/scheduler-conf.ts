/** Changes of the capacity scheduler's configuration over REST (scheduler.capacity.conf.MutableCSConfigurationProvider). */
import { exception } from '../../common/errors.js'

export interface QueueChange {
  /** Full path. */
  readonly queue: string
  /** Property names without the queue's prefix; an empty value takes the property away. */
  readonly params: Readonly<Record<string, string>>
}

/** Taken in this order. */
export interface SchedulerConfChange {
  readonly removeQueues: readonly string[]
  readonly addQueues: readonly QueueChange[]
  readonly updateQueues: readonly QueueChange[]
  readonly global: Readonly<Record<string, string>>
}

const PREFIX = 'yarn.scheduler.capacity.'

/** @returns the changed properties; the given ones stay as they are. @throws IOException in Hadoop's words */
export function changedSchedulerConf(properties: Readonly<Record<string, string>>, change: SchedulerConfChange): Record<string, string> {
  const changed = { ...properties }
  for (const queue of change.removeQueues) remove(changed, queue)
  for (const { queue, params } of change.addQueues) {
    add(changed, queue)
    set(changed, queue, params)
  }
  for (const { queue, params } of change.updateQueues) set(changed, queue, params)
  for (const [name, value] of Object.entries(change.global)) put(changed, name, value)
  return changed
}

function siblingsOf(properties: Record<string, string>, parent: string): string[] {
  return (properties[`${PREFIX}${parent}.queues`] ?? '')
    .split(',')
    .map((s) => s.trim())
    .filter((s) => s !== '')
}

function split(queue: string, what: string): { parent: string; name: string } {
  const dot = queue.lastIndexOf('.')
  if (queue === 'root') throw exception('IOException', `Can't ${what} root queue: ${queue}`)
  if (dot < 0) throw exception('IOException', `Can't ${what} queue ${queue}: give its full path`)
  return { parent: queue.slice(0, dot), name: queue.slice(dot + 1) }
}

/** Whether each part of the path is named by the one above it. */
function isQueue(properties: Record<string, string>, queue: string): boolean {
  if (queue === 'root') return true
  const dot = queue.lastIndexOf('.')
  return dot > 0 && isQueue(properties, queue.slice(0, dot)) && siblingsOf(properties, queue.slice(0, dot)).includes(queue.slice(dot + 1))
}

function setSiblings(properties: Record<string, string>, parent: string, names: readonly string[]): void {
  const key = `${PREFIX}${parent}.queues`
  if (names.length > 0) properties[key] = names.join(',')
  else delete properties[key]
}

function remove(properties: Record<string, string>, queue: string): void {
  const { parent, name } = split(queue, 'remove')
  const siblings = siblingsOf(properties, parent)
  if (!siblings.includes(name)) throw exception('IOException', `Queue ${queue} not found`)
  setSiblings(
    properties,
    parent,
    siblings.filter((s) => s !== name),
  )
  for (const key of Object.keys(properties)) if (key.startsWith(`${PREFIX}${queue}.`)) delete properties[key]
}

function add(properties: Record<string, string>, queue: string): void {
  const { parent, name } = split(queue, 'add')
  if (!isQueue(properties, parent)) throw exception('IOException', `Can't add queue ${queue}: there is no queue ${parent} to be its parent`)
  const siblings = siblingsOf(properties, parent)
  if (siblings.includes(name)) throw exception('IOException', `Can't add existing queue ${queue}`)
  setSiblings(properties, parent, [...siblings, name])
}

function set(properties: Record<string, string>, queue: string, params: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(params)) put(properties, `${PREFIX}${queue}.${name}`, value)
}

function put(properties: Record<string, string>, name: string, value: string): void {
  if (value === '') delete properties[name]
  else properties[name] = value
}
