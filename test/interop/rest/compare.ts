/** Two answers to one call, held against each other: status, type of content, and every value, but for what can't be the same. */
import { parseXmlBody } from '../../../resourcemanager/rest/body.js'

export interface Answer {
  readonly status: number
  readonly type: string
  readonly text: string
}

/** Keys whose values are times, ports, versions or measurements: their kind is compared, not their value. */
const OWN_VALUES =
  /^(id|clusterId|startedOn|startedTime|launchTime|finishedTime|startTime|finishTime|elapsedTime|memorySeconds|vcoreSeconds|lastHealthUpdate|timestamp|dateTime|expiryTime|remainingTimeInSeconds|lastrun|.*(Version|BuiltOn)|version|rmStateStoreName|utilized.*Percent|rmSchedulerBusyPercent|token|expiration-time|max-validity|rmLoginUser|healthReport)$/

/** Cluster ids, ports and times within texts. */
const masked = (text: string) =>
  text
    .replace(/_\d{13}_/g, '_TS_')
    .replace(/\b(localhost|127\.0\.0\.1|[\w.-]+):\d{4,5}\b/g, '$1:PORT')
    .replace(/\b\d{13}\b/g, 'MS')

    .replace(/\[?\w{3} \w{3} \d\d [\d:]{8} [+\w]+ \d{4}\]?/g, 'DATE')

const TIMES = /^(launchTime|finishedTime|finishTime|expiryTime|lastrun)$/
const TELLING_NOTHING: readonly unknown[] = [0, -1, '']

const isObject = (v: unknown): v is Readonly<Record<string, unknown>> => v !== null && typeof v === 'object'

/** As it is shown in a line: the keys of what one side has nothing of. */
function shown(value: unknown, key: string): string {
  if (value === undefined) return 'nothing'
  if (isObject(value)) return masked(JSON.stringify(value)).slice(0, 200)
  // A time that is not there yet is as telling as a value.
  if (OWN_VALUES.test(key) && !(TELLING_NOTHING.includes(value) && TIMES.test(key))) return `<${typeof value}>`
  return typeof value === 'string' ? JSON.stringify(masked(value)) : String(value)
}

function* unlike(real: unknown, ours: unknown, path: string, key: string): Generator<string> {
  if (isObject(real) && isObject(ours) && Array.isArray(real) === Array.isArray(ours)) {
    for (const k of new Set([...Object.keys(real), ...Object.keys(ours)])) {
      if (k === 'resourceSecondsMap') continue
      yield* unlike(real[k], ours[k], Array.isArray(real) ? `${path}[${k}]` : `${path}.${k}`, Array.isArray(real) ? key : k)
    }
  } else {
    const [a, b] = [shown(real, key), shown(ours, key)]
    if (a !== b) yield `${path || '(all)'}: real ${a}, ours ${b}`
  }
}

/** What tells the items of a list apart; their order means nothing. */
const TELLING = ['name', 'queueName', 'queue-name', 'state', 'usedMemoryMB', 'resourceName', 'operation', 'username']

function sorted(value: unknown): unknown {
  if (!isObject(value)) return value
  if (!Array.isArray(value)) return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, sorted(v)]))
  const items = value.map(sorted)
  if (!items.every(isObject)) return items
  const keyOf = (v: Readonly<Record<string, unknown>>) => JSON.stringify([...TELLING.map((k) => v[k] ?? null)]) + masked(JSON.stringify(v))
  return items.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

function read(a: Answer): unknown {
  if (a.text === '') return ''
  if (a.type.includes('xml') && a.text.startsWith('<')) return parseXmlBody(a.text)
  return a.type.includes('json') && /^[[{]/.test(a.text) ? JSON.parse(a.text) : a.text
}

/** One line for each difference; none when they are alike. */
export function differences(real: Answer, ours: Answer): string[] {
  const type = (a: Answer) => a.type.replace(/\s/g, '').toLowerCase()
  const found: string[] = []
  if (real.status !== ours.status) found.push(`status: real ${real.status}, ours ${ours.status}`)
  if (type(real) !== type(ours)) found.push(`content type: real ${real.type}, ours ${ours.type}`)
  if (type(real).includes('html')) return found
  found.push(...unlike(sorted(read(real)), sorted(read(ours)), '', ''))
  return found
}
