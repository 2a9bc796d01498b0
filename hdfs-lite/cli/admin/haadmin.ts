/** `hdfs haadmin`: state of a pair of NameNodes, and its change. */
import { isException } from '../../../common/errors.js'
import { haServiceProtocol } from '../../../common/protocols/ha-service.js'
import { ConnectionError, formatAddress } from '../../../common/rpc/client.js'
import type { NameNode } from '../../client/index.js'
import { GENERIC_OPTIONS_HELP, readGenericOptions } from '../generic-options.js'
import { hostNameOf, Terminal } from './terminal.js'

const ARGUMENTS: Record<string, { readonly usage: string; readonly count: number; readonly help: string }> = {
  '-checkHealth': {
    usage: '<serviceId>',
    count: 1,
    help: 'Requests that the service perform a health check.\nThe HAAdmin tool will exit with a non-zero exit code\nif the check fails.',
  },
  '-failover': {
    usage: '[--forcefence] [--forceactive] <serviceId> <serviceId>',
    count: 2,
    help: 'Failover from the first service to the second.\nUnconditionally fence services if the --forcefence option is used.\nTry to failover to the target service even if it is not ready if the --forceactive option is used.',
  },
  '-getAllServiceState': { usage: '', count: 0, help: 'Returns the state of all the services' },
  '-getServiceState': { usage: '<serviceId>', count: 1, help: 'Returns the state of the service' },
  '-help': { usage: '<command>', count: 1, help: 'Displays help on the specified command' },
  '-transitionToActive': { usage: '[--forceactive] <serviceId>', count: 1, help: 'Transitions the service into Active state' },
  '-transitionToObserver': { usage: '<serviceId>', count: 1, help: 'Transitions the service into Observer state' },
  '-transitionToStandby': { usage: '<serviceId>', count: 1, help: 'Transitions the service into Standby state' },
}

const HEAD = 'Usage: haadmin [-ns <nameserviceId>]'
const lineOf = (name: string) => `[${`${name} ${ARGUMENTS[name]!.usage}`.trim()}]`
const usage = () => [HEAD, ...Object.keys(ARGUMENTS).map((name) => `    ${lineOf(name)}`), '', GENERIC_OPTIONS_HELP].join('\n')
const usageOf = (command: string) => `${HEAD} ${lineOf(command)}`

const BY_USER = { reqInfo: { reqSource: 'REQUEST_BY_USER' as const } }
const BY_FORCE = { reqInfo: { reqSource: 'REQUEST_BY_USER_FORCED' as const } }

export async function haadmin(args: readonly string[]): Promise<number> {
  const { conf, rest } = readGenericOptions(args)
  const t = new Terminal(conf)
  if (rest[0] === '-ns' && rest[1] === undefined) {
    t.error(`Missing nameservice ID\n${usage()}`)
    return 255
  }
  if (rest[0] === '-ns') conf.set('fs.defaultFS', `hdfs://${rest.splice(0, 2)[1]}`)
  const [command, ...words] = rest
  const force = words.includes('--forceactive') || words.includes('--forcemanual')
  const ids = words.filter((w) => !w.startsWith('--'))
  const expected = command === undefined ? undefined : ARGUMENTS[command]
  if (command === '-help') return help(t, ids[0])
  if (!expected) {
    t.error(command === undefined ? usage() : `${unknown(command)}\n${usage()}`)
    return 255
  }
  if (ids.length !== expected.count) {
    t.error(`${command!.slice(1)}: incorrect ${command === '-failover' ? '' : 'number of '}arguments\n${usageOf(command!)}`)
    return 255
  }
  const service = (id: string) => t.proxy(haServiceProtocol, nodeOf(t, id).rpc)
  try {
    return await t.finish('Operation failed', async () => {
      switch (command) {
        case '-getServiceState':
          t.line((await service(ids[0]!).getServiceStatus({})).state.toLowerCase())
          return 0
        case '-getAllServiceState':
          return allStates(t)
        case '-checkHealth':
          await service(ids[0]!).monitorHealth({})
          return 0
        case '-transitionToStandby':
          await service(ids[0]!).transitionToStandby(BY_USER)
          return 0
        case '-transitionToObserver':
          await service(ids[0]!).transitionToObserver(BY_USER)
          return 0
        case '-transitionToActive':
          return toActive(t, ids[0]!, force)
        default:
          return failover(t, ids[0]!, ids[1]!, force)
      }
    })
  } catch (e) {
    if (!(e instanceof UnknownNode)) throw e
    t.error(e.message)
    return 255
  }
}

function help(t: Terminal, given: string | undefined): number {
  const name = given === undefined || given.startsWith('-') ? given : `-${given}`
  if (name !== undefined && !Object.hasOwn(ARGUMENTS, name)) {
    t.error(`${name}: Unknown command\n${usage()}`)
    return 255
  }
  t.line(name === undefined ? usage() : `${name} [${ARGUMENTS[name]!.usage}]: ${ARGUMENTS[name]!.help}`)
  t.flush()
  return 0
}

const unknown = (command: string) =>
  command.startsWith('-') ? `${command.slice(1)}: Unknown command` : `Bad command '${command}': expected command starting with '-'`

class UnknownNode extends Error {}

function nodeOf(t: Terminal, id: string): NameNode {
  const found = t.namenodes.find((n) => n.id === id)
  if (found) return found
  throw new UnknownNode(`Illegal argument: Unable to determine service address for namenode '${id}'`)
}

async function allStates(t: Terminal): Promise<number> {
  for (const node of t.namenodes) {
    const address = formatAddress({ ...node.rpc, host: await hostNameOf(node.rpc.host) })
    try {
      const { state } = await t.proxy(haServiceProtocol, node.rpc).getServiceStatus({})
      t.line(`${address.padEnd(50)} ${state.toLowerCase().padEnd(10)}`)
    } catch (e) {
      if (!(e instanceof ConnectionError) && !isException(e)) throw e
      t.line(`${address.padEnd(50)} Failed to connect: ${e.message.split('\n', 1)[0]}`)
    }
  }
  return 0
}

/** Refuses while another one is active: two would write. */
async function toActive(t: Terminal, id: string, force: boolean): Promise<number> {
  const node = nodeOf(t, id)
  if (!force) {
    for (const other of t.namenodes.filter((n) => n.id !== id)) {
      const state = await t
        .proxy(haServiceProtocol, other.rpc)
        .getServiceStatus({})
        .catch(() => undefined)
      if (state?.state !== 'ACTIVE') continue
      t.error(`transitionToActive: Node ${other.id} is already active\n${usageOf('-transitionToActive')}`)
      return 255
    }
  }
  await t.proxy(haServiceProtocol, node.rpc).transitionToActive(force ? BY_FORCE : BY_USER)
  return 0
}

async function failover(t: Terminal, from: string, to: string, force: boolean): Promise<number> {
  if (from === to) {
    t.error("Failover failed: Can't failover a service to itself")
    return 255
  }
  const target = t.proxy(haServiceProtocol, nodeOf(t, to).rpc)
  const source = t.proxy(haServiceProtocol, nodeOf(t, from).rpc)
  const status = await target.getServiceStatus({})
  if (status.state !== 'STANDBY') {
    t.error(`Failover failed: Can't failover to an active service`)
    return 255
  }
  if (!status.readyToBecomeActive && !force) {
    t.error(`Failover failed: ${to} is not ready to become active: ${status.notReadyReason ?? 'no reason given'}`)
    return 255
  }
  // The epoch in the journal fences one that can't be reached.
  await source.transitionToStandby(BY_USER).catch((e) => {
    if (!(e instanceof ConnectionError)) throw e
  })
  await target.transitionToActive(BY_USER)
  t.line(`Failover from ${from} to ${to} successful`)
  return 0
}
