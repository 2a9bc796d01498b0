/** `hdfs dfsadmin`: one table of its commands. */
import { exception, isException } from '../../../common/errors.js'
import { LONG_MAX } from '../../../common/proto/runtime.js'
import { type ClientProtocol, clientProtocol } from '../../../common/protocols/client-namenode.js'
import { type Address, ConnectionError, parseAddress } from '../../../common/rpc/client.js'
import type { Proxy as RpcProxy } from '../../../common/rpc/protocol.js'
import { defaultUser, type NameNode, normalize } from '../../client/index.js'
import { GENERIC_OPTIONS_HELP, readGenericOptions } from '../generic-options.js'
import { describeError, UsageError } from '../shell/errors.js'
import { parsePath } from '../shell/file-system.js'
import { byteSize } from '../shell/format.js'
import { javaAddress, Terminal } from './terminal.js'

type NameNodeCalls = RpcProxy<ClientProtocol>

interface Command {
  /** What follows the name in usage. */
  readonly usage?: string
  /** The same, where Hadoop words it otherwise after a mistake. */
  readonly usageAfterMistake?: string
  /** Least and most arguments. */
  readonly args: readonly [number, number]
  readonly run: (t: Terminal, args: string[]) => Promise<number | undefined> | Promise<void>
}

const FAILED = 255
const ANY = Number.POSITIVE_INFINITY
const DONT_SET = LONG_MAX
const RESET = -1
const UNITS = 'kmgtpe'
/** Three times Hadoop's own periods of checkpoints. */
const CHECKPOINT_SECONDS = 10_800
const CHECKPOINT_CHANGES = 3_000_000

/** The active NameNode. */
function active(t: Terminal): NameNodeCalls {
  return t.proxy(clientProtocol, ...t.namenodes.map((n) => n.rpc))
}

type Act = (calls: NameNodeCalls, where: string, node: NameNode) => Promise<void>

/** Something that each NameNode does, up to the first that can't. */
async function eachUntilFailure(t: Terminal, act: Act): Promise<number> {
  for (const node of t.namenodes) await act(t.proxy(clientProtocol, node.rpc), await javaAddress(node.rpc), node)
  return 0
}

/**
 * Something that each NameNode does for itself, whatever the others do.
 * @param what its name, in the line that says that it failed somewhere
 */
async function each(t: Terminal, what: string, act: Act, failedOn: 'stdout' | 'stderr' = 'stdout'): Promise<number> {
  const failures: unknown[] = []
  for (const node of t.namenodes) {
    const where = await javaAddress(node.rpc)
    try {
      await act(t.proxy(clientProtocol, node.rpc), where, node)
    } catch (e) {
      if (failedOn === 'stdout') t.line(`${what} failed for ${where}`)
      else t.error(`${what} failed for ${where}`)
      failures.push(e)
    }
  }
  if (failures.length > 1) throw exception('IOException', `${failures.length} exceptions [${failures.map(asJava).join(', ')}]`)
  if (failures.length === 1) throw failures[0]
  return 0
}

function unreachable(e: unknown): never {
  const why = e instanceof ConnectionError ? `java.net.ConnectException: ${describeError(e)}` : asJava(e)
  throw exception('IOException', `Datanode unreachable. ${why}`, { cause: e })
}

/** As MultipleIOException shows what it holds. */
function asJava(e: unknown): string {
  if (isException(e)) return `org.apache.hadoop.ipc.RemoteException(${e.className}): ${e.message}`
  const text = describeError(e)
  if (text === undefined) throw e
  return text
}

/** The absolute path of an argument. */
function pathOf(text: string): string {
  const { path } = parsePath(text)
  return normalize(path.startsWith('/') ? path : `/user/${defaultUser()}/${path}`)
}

/** A number with an optional binary unit. @throws UsageError when it is none */
function bytesOf(text: string): number {
  if (text.startsWith('-')) throw new UsageError(`Illegal option ${text}`)
  const m = new RegExp(`^(\\d+)([${UNITS}]?)$`, 'i').exec(text)
  if (m) return Number(m[1]) * (m[2] ? 1024 ** (UNITS.indexOf(m[2].toLowerCase()) + 1) : 1)
  const last = text.at(-1) ?? ''
  if (/\d/.test(last) || text === '') throw new UsageError(`For input string: "${text}"`)
  throw new UsageError(`Invalid size prefix '${last}' in '${text}'. Allowed prefixes are k, m, g, t, p, e(case insensitive)`)
}

const SAFE_MODE = { enter: 'SAFEMODE_ENTER', leave: 'SAFEMODE_LEAVE', get: 'SAFEMODE_GET', forceExit: 'SAFEMODE_FORCE_EXIT' } as const

async function safemode(t: Terminal, args: string[]): Promise<number> {
  const [word] = args
  if (word === 'wait') return waitForLeaving(t)
  const action = SAFE_MODE[word as keyof typeof SAFE_MODE]
  if (!action) {
    misused(t, '-safemode')
    return 0
  }
  return eachUntilFailure(t, async (calls, where) => {
    const { result } = await calls.setSafeMode({ action, checked: false })
    t.line(`Safe mode is ${result ? 'ON' : 'OFF'} in ${where}`)
  })
}

async function waitForLeaving(t: Terminal): Promise<number> {
  return eachUntilFailure(t, async (calls, where) => {
    while ((await calls.setSafeMode({ action: 'SAFEMODE_GET' })).result) await new Promise((r) => setTimeout(r, 250))
    t.line(`Safe mode is OFF in ${where}`)
  })
}

/** Sets limits of each; one that fails does not keep the others from it. @returns the exit code */
async function setQuotas(
  t: Terminal,
  name: string,
  paths: readonly string[],
  [namespaceQuota, storagespaceQuota]: readonly [number, number],
  type?: QuotaType,
): Promise<number> {
  if (namespaceQuota === 0) throw new UsageError(`Invalid values for quota : ${shown(namespaceQuota)} and ${shown(storagespaceQuota)}`)
  const calls = active(t)
  let code = 0
  for (const path of paths) {
    try {
      await calls.setQuota({ path: pathOf(path), namespaceQuota, storagespaceQuota, ...(type && { storageType: type }) })
    } catch (e) {
      if (!isException(e)) throw e
      t.error(`${name}: ${describeError(e)}`)
      code = FAILED
    }
  }
  return code
}

const shown = (quota: number) => (quota === DONT_SET ? '9223372036854775807' : String(quota))

const QUOTA_TYPES = ['SSD', 'DISK', 'ARCHIVE', 'PROVIDED'] as const
type QuotaType = (typeof QUOTA_TYPES)[number]

/** -storageType TYPE, taken out of the arguments. */
function takeStorageType(args: string[]): QuotaType | undefined {
  const at = args.indexOf('-storageType')
  if (at < 0) return undefined
  if (args[at + 1] === undefined) throw new UsageError('option -storageType requires 1 argument.')
  const [, text = ''] = args.splice(at, 2)
  if (text.toUpperCase() === 'RAM_DISK') throw new UsageError("Don't support Quota for storage type : RAM_DISK")
  const type = QUOTA_TYPES.find((q) => q === text.toUpperCase())
  if (!type) throw new UsageError(`Storage type ${text} is not available. Available storage types are [${QUOTA_TYPES.join(', ')}]`)
  return type
}

function need(args: readonly string[], count: number): void {
  if (args.length < count) throw new UsageError(`Not enough arguments: expected ${count} but got ${args.length}`)
}

async function setQuota(t: Terminal, args: string[]): Promise<number> {
  need(args, 2)
  return setQuotas(t, 'setQuota', args.slice(1), [bytesOf(args[0]!), DONT_SET])
}

async function setSpaceQuota(t: Terminal, args: string[]): Promise<number> {
  need(args, 2)
  const quota = bytesOf(args.shift()!)
  const type = takeStorageType(args)
  return setQuotas(t, 'setSpaceQuota', args, [DONT_SET, quota], type)
}

async function clrQuota(t: Terminal, args: string[]): Promise<number> {
  need(args, 1)
  return setQuotas(t, 'clrQuota', args, [RESET, DONT_SET])
}

async function clrSpaceQuota(t: Terminal, args: string[]): Promise<number> {
  // It stands first; anywhere else it is a path.
  const type = args[0] === '-storageType' ? takeStorageType(args) : undefined
  need(args, 1)
  return setQuotas(t, 'clrSpaceQuota', args, [DONT_SET, RESET], type)
}

function address(text: string): Address {
  try {
    return parseAddress(text)
  } catch {
    throw new UsageError(`Does not contain a valid host:port authority: ${text}`)
  }
}

/** Goes to one DataNode, given as HOST:IPC_PORT. */
async function datanode(t: Terminal, text: string) {
  const { clientDatanodeProtocol } = await import('../../../common/protocols/client-datanode.js')
  return t.proxy(clientDatanodeProtocol, address(text))
}

async function listOpenFiles(t: Terminal, args: string[]): Promise<void> {
  const at = args.indexOf('-path')
  const path = at < 0 ? '/' : pathOf(args[at + 1] ?? '/')
  const types = [args.includes('-blockingDecommission') ? ('BLOCKING_DECOMMISSION' as const) : ('ALL_OPEN_FILES' as const)]
  t.line(`${'Client Host'.padEnd(20)}\t${'Client Name'.padEnd(20)}\tOpen File Path`)
  const calls = active(t)
  for (let id = 0; ; ) {
    const { entries, hasMore } = await calls.listOpenFiles({ id, types, path }).catch((e) => {
      t.line('List open files failed.')
      throw e
    })
    for (const e of entries) t.line(`${e.clientMachine.padEnd(20)}\t${e.clientName.padEnd(20)}\t${e.path}`)
    if (!hasMore || entries.length === 0) return
    id = entries.at(-1)!.id
  }
}

async function refreshOf(t: Terminal, kind: 'serviceAcl' | 'userToGroups' | 'superUser' | 'callQueue'): Promise<number> {
  const protocols = await import('./refresh-protocols.js')
  return each(t, protocols.WHAT[kind], async (_, where, node) => {
    await protocols.refresh(t, kind, node.rpc)
    t.line(`${protocols.WHAT[kind]} successful for ${where}`)
  })
}

/**
 * A call whose error Hadoop's client makes anew by its class alone (RemoteException.unwrapRemoteException): a PathIOException then takes what it was
 * told for its path, and for its cause too.
 */
async function asUnwrapped<T>(call: Promise<T>): Promise<T> {
  return call.catch((e: unknown) => {
    if (!isException(e, 'PathIsNotDirectoryException')) throw e
    const { message } = e as Error
    throw exception('PathIsNotDirectoryException', `\`${message}': Is not a directory: ${message}`)
  })
}

const COMMANDS: Readonly<Record<string, Command>> = {
  report: {
    usage: '[-live] [-dead] [-decommissioning] [-enteringmaintenance] [-inmaintenance] [-slownodes]',
    args: [0, 6],
    run: async (t, args) => (await import('./report.js')).report(t, active(t), args),
  },
  safemode: { usage: '<enter | leave | get | wait | forceExit>', usageAfterMistake: 'enter | leave | get | wait | forceExit', args: [1, 1], run: safemode },
  saveNamespace: {
    usage: '[-beforeShutdown]',
    args: [0, 1],
    run: (t, args) => {
      if (args.includes('-beforeShutdown')) {
        t.line(
          `Do checkpoint if necessary before stopping namenode. The time window is ${CHECKPOINT_SECONDS} seconds, and the transaction gap is ${CHECKPOINT_CHANGES}`,
        )
      }
      return each(t, 'Save namespace', async (calls, where) => {
        const { saved } = await calls.saveNamespace(args.includes('-beforeShutdown') ? { timeWindow: CHECKPOINT_SECONDS, txGap: CHECKPOINT_CHANGES } : {})
        t.line(saved === false ? `No extra checkpoint has been made for ${where}` : `Save namespace successful for ${where}`)
      })
    },
  },
  rollEdits: {
    args: [0, 0],
    run: async (t) => {
      const { newSegmentTxId } = await active(t).rollEdits({})
      t.line(`Successfully rolled edit logs.\nNew segment starts at txid ${newSegmentTxId}`)
    },
  },
  restoreFailedStorage: {
    usage: 'true|false|check',
    usageAfterMistake: 'true|false|check ',
    args: [1, 1],
    run: async (t, [arg]) => {
      if (!['true', 'false', 'check'].includes(arg!)) {
        t.error('restoreFailedStorage valid args are true|false|check')
        return 255
      }
      return each(t, 'restoreFailedStorage', async (calls, where) => {
        const { result } = await calls.restoreFailedStorage({ arg: arg! })
        t.line(`restoreFailedStorage is set to ${result} for ${where}`)
      })
    },
  },
  refreshNodes: {
    args: [0, 0],
    run: (t) =>
      each(t, 'Refresh nodes', async (calls, where) => {
        await calls.refreshNodes({})
        t.line(`Refresh nodes successful for ${where}`)
      }),
  },
  setQuota: { usage: '<quota> <dirname>...<dirname>', args: [0, ANY], run: setQuota },
  clrQuota: { usage: '<dirname>...<dirname>', args: [0, ANY], run: clrQuota },
  setSpaceQuota: { usage: '<quota> [-storageType <storagetype>] <dirname>...<dirname>', args: [0, ANY], run: setSpaceQuota },
  clrSpaceQuota: { usage: '[-storageType <storagetype>] <dirname>...<dirname>', args: [0, ANY], run: clrSpaceQuota },
  finalizeUpgrade: {
    args: [0, 0],
    run: (t) =>
      each(t, 'Finalize upgrade', async (calls, where) => {
        await calls.finalizeUpgrade({})
        t.line(`Finalize upgrade successful for ${where}`)
      }),
  },
  rollingUpgrade: {
    usage: '[<query|prepare|finalize>]',
    args: [0, 1],
    run: async (t, [word = 'query']) => {
      const action = { query: 'QUERY', prepare: 'START', finalize: 'FINALIZE' }[word] as 'QUERY' | undefined
      if (!action) throw new UsageError(`Failed to convert "${word}" to RollingUpgradeAction`)
      t.line(`${action} rolling upgrade ...`)
      const { rollingUpgradeInfo } = await active(t).rollingUpgrade({ action })
      t.line(
        rollingUpgradeInfo
          ? `Rolling upgrade started at ${new Date(rollingUpgradeInfo.startTime).toISOString()}`
          : 'There is no rolling upgrade in progress or rolling upgrade has already been finalized.',
      )
      return 0
    },
  },
  upgrade: {
    usage: '<query | finalize>',
    usageAfterMistake: 'query | finalize',
    args: [1, 1],
    run: async (t, [word]) => {
      if (word !== 'query' && word !== 'finalize') return misused(t, '-upgrade')
      const show: Act = async (calls, where) => {
        if (word === 'finalize') await calls.finalizeUpgrade({})
        const { upgradeFinalized } = await calls.upgradeStatus({})
        t.line(upgradeFinalized ? `Upgrade finalized for ${where}` : `Upgrade not finalized for ${where}`)
      }
      return each(t, 'Getting upgrade status', show, 'stderr')
    },
  },
  refreshServiceAcl: { args: [0, 0], run: (t) => refreshOf(t, 'serviceAcl') },
  refreshUserToGroupsMappings: { args: [0, 0], run: (t) => refreshOf(t, 'userToGroups') },
  refreshSuperUserGroupsConfiguration: { args: [0, 0], run: (t) => refreshOf(t, 'superUser') },
  refreshCallQueue: { args: [0, ANY], run: (t) => refreshOf(t, 'callQueue') },
  refresh: {
    usage: '<host:ipc_port> <key> [arg1..argn',
    args: [2, ANY],
    run: async (t, [where, identifier, ...args]) => (await import('./refresh-protocols.js')).genericRefresh(t, address(where!), identifier!, args),
  },
  reconfig: leftOut('<namenode|datanode> <host:ipc_port|livenodes> <start|status|properties>', [3, 3], 'properties are read when a daemon starts'),
  printTopology: { args: [0, 0], run: async (t) => (await import('./report.js')).topology(t, active(t)) },
  refreshNamenodes: {
    usage: 'datanode_host:ipc_port',
    usageAfterMistake: 'datanode-host:ipc_port',
    args: [1, 1],
    run: async (t, [address]) => void (await (await datanode(t, address!)).refreshNamenodes({})),
  },
  getVolumeReport: {
    usage: 'datanode_host:ipc_port',
    usageAfterMistake: 'datanode-host:ipc_port',
    args: [1, 1],
    run: async (t, [address]) => {
      const { volumeInfo } = await (await datanode(t, address!)).getVolumeReport({})
      t.line(`Active Volumes : ${volumeInfo.length}`)
      for (const v of volumeInfo) {
        const space = (n: number) => `${n}(${byteSize(n)})`
        t.line(`\nDirectory: ${v.path}\nStorageType: ${v.storageType}\nCapacity Used: ${space(v.usedSpace)}\nCapacity Left: ${space(v.freeSpace)}`)
        t.line(`Capacity Reserved: ${space(v.reservedSpace)}\nReserved Space for Replicas: ${space(v.reservedSpaceForReplicas)}\nBlocks: ${v.numBlocks}`)
      }
    },
  },
  deleteBlockPool: {
    usage: 'datanode_host:ipc_port blockpoolId [force]',
    usageAfterMistake: 'datanode-host:ipc_port blockpoolId [force]',
    args: [2, 3],
    run: async (t, [address, blockPool, force]) =>
      void (await (await datanode(t, address!)).deleteBlockPool({ blockPool: blockPool!, force: force === 'force' })),
  },
  setBalancerBandwidth: {
    usage: '<bandwidth in bytes per second>',
    args: [1, 1],
    async run(t, [text]) {
      if (/^-\d/.test(text!)) {
        t.error('Bandwidth should be a non-negative integer')
        return 255
      }
      const bandwidth = bytesOf(text!)
      await active(t)
        .setBalancerBandwidth({ bandwidth })
        .catch((e) => {
          t.error('Balancer bandwidth is set failed.')
          throw e
        })
      t.line(`Balancer bandwidth is set to ${bandwidth}`)
      return 0
    },
  },
  getBalancerBandwidth: {
    usage: '<datanode_host:ipc_port>',
    args: [1, 1],
    run: async (t, [address]) => t.line(`Balancer bandwidth is ${(await (await datanode(t, address!)).getBalancerBandwidth({})).bandwidth} bytes per second.`),
  },
  fetchImage: leftOut('<local directory>', [1, 1], 'checkpoints are kept in the journal'),
  allowSnapshot: {
    usage: '<snapshotDir>',
    args: [1, 1],
    run: async (t, [path]) => {
      await asUnwrapped(active(t).allowSnapshot({ snapshotRoot: pathOf(path!) }))
      t.line(`Allowing snapshot on ${path} succeeded`)
    },
  },
  disallowSnapshot: {
    usage: '<snapshotDir>',
    args: [1, 1],
    run: async (t, [path]) => {
      await asUnwrapped(active(t).disallowSnapshot({ snapshotRoot: pathOf(path!) }))
      t.line(`Disallowing snapshot on ${path} succeeded`)
    },
  },
  shutdownDatanode: {
    usage: '<datanode_host:ipc_port> [upgrade]',
    args: [1, 2],
    run: async (t, [address, word]) => {
      await (await datanode(t, address!)).shutdownDatanode({ forUpgrade: word === 'upgrade' })
      t.line(`Submitted a shutdown request to datanode ${address}`)
    },
  },
  evictWriters: {
    usage: '<datanode_host:ipc_port>',
    args: [1, 1],
    run: async (t, [address]) => {
      await (await datanode(t, address!)).evictWriters({}).catch(unreachable)
      t.line(`Requested writer eviction to datanode ${address}`)
    },
  },
  getDatanodeInfo: {
    usage: '<datanode_host:ipc_port>',
    args: [1, 1],
    run: async (t, [address]) => {
      const { localInfo } = await (await datanode(t, address!)).getDatanodeInfo({}).catch(unreachable)
      t.line(`Uptime: ${localInfo.uptime}, Software version: ${localInfo.softwareVersion}, Config version: ${localInfo.configVersion}`)
    },
  },
  metasave: {
    usage: 'filename',
    args: [1, 1],
    run: (t, [filename]) =>
      eachUntilFailure(t, async (calls, where) => {
        try {
          await calls.metaSave({ filename: filename! })
          t.line(`Created metasave file ${filename} in the log directory of namenode ${where}`)
        } catch (e) {
          if (!isException(e, 'StandbyException')) throw e
          t.line('Skip Standby NameNode, since it cannot perform metasave operation')
        }
      }),
  },
  triggerBlockReport: {
    usage: '[-incremental] <datanode_host:ipc_port> [-namenode <namenode_host:ipc_port>]',
    args: [1, 4],
    run: async (t, args) => {
      const incremental = args.includes('-incremental')
      const address = args.find((a) => !a.startsWith('-'))!
      await (await datanode(t, address)).triggerBlockReport({ incremental })
      t.line(`Triggering ${incremental ? 'an incremental' : 'a full'} block report on ${address}.`)
    },
  },
  listOpenFiles: { usage: '[-blockingDecommission] [-path <path>]', args: [0, 3], run: listOpenFiles },
}

/** A command of Hadoop's that means nothing here. */
function leftOut(usage: string, args: readonly [number, number], why: string): Command {
  return {
    usage,
    args,
    async run() {
      throw exception('UnsupportedOperationException', `left out: ${why}`)
    },
  }
}

function lineOf(name: string, usage = COMMANDS[name]?.usage): string {
  return `[-${name}${usage ? ` ${usage}` : ''}]`
}

const syntax = () => [...Object.keys(COMMANDS).map((name) => lineOf(name)), '[-help [cmd]]'].map((l) => `\t${l}`)

function usageOfAll(): string {
  return ['Usage: hdfs dfsadmin', 'Note: Administrative commands can only be run as the HDFS superuser.', ...syntax(), '', GENERIC_OPTIONS_HELP].join('\n')
}

/** @param name a command, without its dash; for anything else all of them are explained */
async function help(t: Terminal, name: string | undefined): Promise<number> {
  const { ADMIN_HELP } = await import('./dfsadmin-help.js')
  if (name !== undefined && Object.hasOwn(ADMIN_HELP, name)) t.line(ADMIN_HELP[name]!)
  else {
    const note = 'Note: Administrative commands can only be run with superuser permission.'
    t.line(['hdfs dfsadmin performs DFS administrative commands.', note, 'The full syntax is: ', '', 'hdfs dfsadmin', ...syntax(), ''].join('\n'))
    for (const text of Object.values(ADMIN_HELP)) t.line(text)
    t.line(`\n${GENERIC_OPTIONS_HELP}`)
  }
  t.flush()
  return 0
}

function misused(t: Terminal, given: string): number {
  const command = COMMANDS[given.slice(1)]
  t.error(command ? `Usage: hdfs dfsadmin ${lineOf(given.slice(1), command.usageAfterMistake)}` : usageOfAll())
  return 255
}

export async function dfsadmin(args: readonly string[]): Promise<number> {
  const { conf, rest } = readGenericOptions(args)
  const t = new Terminal(conf)
  const [given, ...words] = rest
  if (given === undefined) return misused(t, '')
  const name = given.replace(/^-/, '')
  if (name === 'help') return help(t, words[0])
  const command = given.startsWith('-') && Object.hasOwn(COMMANDS, name) ? COMMANDS[name]! : undefined
  if (!command) {
    t.error(`${given.slice(1)}: Unknown command`)
    return misused(t, '')
  }
  if (words.length < command.args[0] || words.length > command.args[1]) return misused(t, given)
  return t.finish(name, async () => {
    try {
      return (await command.run(t, words)) || 0
    } catch (e) {
      if (!(e instanceof UsageError)) throw e
      t.error(`${name}: ${e.message}`)
      return misused(t, given)
    }
  })
}
