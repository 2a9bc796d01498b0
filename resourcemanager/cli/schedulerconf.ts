/** `yarn schedulerconf`: changes the capacity scheduler's configuration through the ResourceManager's REST. */
import type { OptionTable } from '../../common/cli/index.js'
import { formatAddress } from '../../common/rpc/client.js'
import { currentUser } from '../../common/security/user.js'
import { rmAddresses } from '../../common/yarn-client/index.js'
import { type Command, type Context, FAILED, parse } from './command.js'
import { type Answer, request } from './http.js'

const OPTIONS: OptionTable = [
  { short: 'add', long: 'add', args: 1, description: 'Queues to add, with their properties.' },
  { short: 'format', long: 'format', description: 'Drops all changes: the configuration file is read again.' },
  { short: 'getconf', long: 'getconf', description: 'Shows the configuration in force.' },
  { short: 'global', long: 'global', args: 1, description: 'Properties of the scheduler as a whole.' },
  { short: 'h', long: 'help', description: 'Shows this help.' },
  { short: 'remove', long: 'remove', args: 1, description: 'Queues to remove.' },
  { short: 'update', long: 'update', args: 1, description: 'Properties of queues to change.' },
]

const SYNTAX =
  'yarn schedulerconf [-add "queueAddPath1:confKey1=confVal1,confKey2=confVal2;queueAddPath2:confKey3=confVal3"] [-remove "queueRemovePath1;queueRemovePath2"] [-update "queueUpdatePath1:confKey1=confVal1"] [-global globalConfKey1=globalConfVal1,globalConfKey2=globalConfVal2] [-format] [-getconf]'

const EXAMPLES = [
  'adding queues, a comma within a value is written \\,',
  '    yarn schedulerconf -add "root.a.a1:capacity=100,maximum-capacity=100;root.a.a2:capacity=0,maximum-capacity=0"',
  'removing queues',
  '    yarn schedulerconf -remove "root.a.a1;root.a.a2"',
  'changing queues',
  '    yarn schedulerconf -update "root.a.a1:capacity=25;root.a.a2:capacity=75"',
  'changing the scheduler',
  '    yarn schedulerconf -global yarn.scheduler.capacity.maximum-applications=10000',
]

/** A part of an argument that does not read as it should. */
class SyntaxProblem extends Error {}

export const schedulerconf: Command = async (args, context) => {
  const parsed = parse(SYNTAX, OPTIONS, args, context)
  if (typeof parsed === 'number') return parsed
  const { line } = parsed
  const usage = () => {
    context.out(SYNTAX)
    for (const text of EXAMPLES) context.out(text)
  }
  const changes = ['add', 'remove', 'update', 'global'].some((o) => line.has(o))
  if (line.has('h') || !(changes || line.has('format') || line.has('getconf'))) {
    if (!line.has('h')) context.err('Invalid Command Usage: ')
    usage()
    return line.has('h') ? 0 : FAILED
  }
  if (line.has('getconf')) return report(await call(context, 'GET', ''), indented, 'Failed to get scheduler configuration', context)
  if (line.has('format')) return report(await call(context, 'GET', '/format'), (body) => body, 'Failed to format scheduler configuration', context)
  try {
    const body = changeXml(line.value('add'), line.value('remove'), line.value('update'), line.value('global'))
    return report(await call(context, 'PUT', '', body), () => 'Configuration changed successfully.', 'Configuration change unsuccessful', context)
  } catch (e) {
    if (!(e instanceof SyntaxProblem)) throw e
    context.err(e.message)
    return FAILED
  }
}

/** Asks the members of a pair in turn: a standby redirects, or is down. */
async function call(context: Context, method: string, path: string, body?: string): Promise<Answer> {
  let last: unknown
  for (const address of rmAddresses(context.conf, 'web')) {
    try {
      const url = `http://${formatAddress(address)}/ws/v1/cluster/scheduler-conf${path}?user.name=${encodeURIComponent(currentUser())}`
      const answer = await request(url, {
        method,
        ...(body !== undefined && { body }),
        headers: { 'content-type': 'application/xml', accept: 'application/xml' },
      })
      if (answer.status < 300 || answer.status >= 400) return answer
      last = new Error(`${formatAddress(address)} stands by`)
    } catch (e) {
      last = e
    }
  }
  throw last
}

function report(answer: Answer, shown: (body: string) => string, failure: string, context: Context): number {
  const body = answer.body.toString('utf8').trim()
  if (answer.status === 200) context.out(shown(body))
  else context.err(`${failure}: ${body}`)
  return answer.status === 200 ? 0 : FAILED
}

/** One element a line, children two blanks further in. */
export function indented(xml: string): string {
  let depth = 0
  const lines: string[] = []
  for (const m of xml.matchAll(/<\?[^>]*\?>|<([\w.-]+)[^>]*>[^<]*<\/\1>|<[^>]*>/g)) {
    const token = m[0]
    const closing = token.startsWith('</')
    if (closing) depth--
    lines.push('  '.repeat(depth) + token)
    if (!closing && m[1] === undefined && !token.startsWith('<?') && !token.endsWith('/>')) depth++
  }
  return lines.join('\n')
}

const xmlText = (s: string) => s.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
const split = (text: string, at: string) =>
  text
    .split(new RegExp(`(?<!\\\\)${at}`))
    .map((s) => s.trim())
    .filter((s) => s !== '')

function entries(text: string): string {
  return split(text, ',')
    .map((pair) => {
      const equals = pair.indexOf('=')
      if (equals < 1) throw new SyntaxProblem(`"${pair}" is no property: give KEY=VALUE`)
      const value = pair.slice(equals + 1).replace(/\\,/g, ',')
      return `<entry><key>${xmlText(pair.slice(0, equals))}</key><value>${xmlText(value)}</value></entry>`
    })
    .join('')
}

function queues(text: string, element: string): string {
  return split(text, ';')
    .map((part) => {
      const colon = part.indexOf(':')
      const name = colon < 0 ? part : part.slice(0, colon)
      const params = colon < 0 ? '' : entries(part.slice(colon + 1))
      return `<${element}><queue-name>${xmlText(name)}</queue-name><params>${params}</params></${element}>`
    })
    .join('')
}

export function changeXml(add?: string, remove?: string, update?: string, global?: string): string {
  const parts = [
    add && queues(add, 'add-queue'),
    ...(remove ? split(remove, ';').map((q) => `<remove-queue>${xmlText(q)}</remove-queue>`) : []),
    update && queues(update, 'update-queue'),
    global && `<global-updates>${entries(global)}</global-updates>`,
  ]
  return `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><sched-conf>${parts.filter(Boolean).join('')}</sched-conf>`
}
