/** `hdfs storagepolicies`: one table of its commands. */
import type { BlockStoragePolicyProto } from '../../../common/proto/gen/client-namenode.js'
import { isException } from '../../../common/errors.js'
import { type ClientProtocol, clientProtocol } from '../../../common/protocols/client-namenode.js'
import type { Proxy as RpcProxy } from '../../../common/rpc/protocol.js'
import { GENERIC_OPTIONS_HELP, readGenericOptions } from '../generic-options.js'
import { parsePath } from '../shell/file-system.js'
import { Terminal } from './terminal.js'

interface Request {
  /** As it was given. */
  readonly path: string
  /** Within the file system. */
  readonly src: string
  readonly policy: string
}

interface Command {
  /** What follows its name. */
  readonly usage: string
  /** Spaces at line ends are Hadoop's: a table of full width. */
  readonly help: string
  /** What is said when there is no path; undefined: none is needed. */
  readonly withoutPath?: string
  readonly needsPolicy?: boolean
  readonly run: (t: Terminal, namenode: RpcProxy<ClientProtocol>, q: Request) => Promise<number>
}

/** What Hadoop's client (DFSClient) tells by its own class; the rest are RemoteExceptions. */
const UNWRAPPED = ['AccessControlException', 'FileNotFoundException', 'SafeModeException', 'SnapshotAccessControlException'] as const

const COMMANDS: Readonly<Record<string, Command>> = {
  listPolicies: { usage: '', help: 'List all the existing block storage policies.\n', run: listPolicies },
  setStoragePolicy: {
    usage: ' -path <path> -policy <policy>',
    help: [
      'Set the storage policy to a file/directory.',
      '',
      '<path>    The path of the file/directory to set storage policy ',
      '<policy>  The name of the block storage policy                 ',
      '',
    ].join('\n'),
    withoutPath: 'Please specify the path for setting the storage policy.',
    needsPolicy: true,
    async run(t, namenode, { src, path, policy }) {
      await namenode.setStoragePolicy({ src, policyName: policy })
      t.line(`Set storage policy ${policy} on ${path}`)
      return 0
    },
  },
  getStoragePolicy: {
    usage: ' -path <path>',
    help: 'Get the storage policy of a file/directory.\n\n<path>  The path of the file/directory for getting the storage policy \n',
    withoutPath: 'Please specify the path with -path.',
    run: getStoragePolicy,
  },
  unsetStoragePolicy: {
    usage: ' -path <path>',
    help: [
      'Unset the storage policy set for a file/directory.',
      '',
      '<path>  The path of the file/directory from which the storage policy will be   ',
      '        unset.                                                                 ',
      '',
    ].join('\n'),
    withoutPath: 'Please specify the path from which the storage policy will be unset.',
    async run(t, namenode, { src, path }) {
      await namenode.unsetStoragePolicy({ src })
      t.line(`Unset storage policy from ${path}`)
      return 0
    },
  },
  satisfyStoragePolicy: {
    usage: ' -path <path>',
    help: 'Schedule blocks to move based on file/directory policy.\n\n<path>  The path of the file/directory to satisfy storage policy \n',
    withoutPath: 'Please specify the path for setting the storage policy.',
    async run(t, namenode, { src, path }) {
      await namenode.satisfyStoragePolicy({ src })
      t.line(`Scheduled blocks to move based on the current storage policy on ${path}`)
      return 0
    },
  },
}

const shortOf = (name: string) => `[-${name}${COMMANDS[name]!.usage}]`
const longOf = (name: string) => `${shortOf(name)}\n\n${COMMANDS[name]!.help}`
const USAGE = [
  'Usage: bin/hdfs storagepolicies [COMMAND]',
  ...[...Object.keys(COMMANDS).map(shortOf), '[-help <command-name>]'].map((l) => `          ${l}`),
].join('\n')

const types = (p: BlockStoragePolicyProto['creationFallbackPolicy']) => `[${(p?.storageTypes ?? []).join(', ')}]`

function describe(p: BlockStoragePolicyProto): string {
  return `BlockStoragePolicy{${p.name}:${p.policyId}, storageTypes=${types(p.creationPolicy)}, creationFallbacks=${types(p.creationFallbackPolicy)}, replicationFallbacks=${types(p.replicationFallbackPolicy)}}`
}

export async function storagepolicies(args: readonly string[]): Promise<number> {
  const { conf, rest } = readGenericOptions(args)
  const t = new Terminal(conf)
  const [given, ...words] = rest
  const fail = (text: string) => {
    t.error(text)
    return 1
  }
  if (given === undefined) return fail(`${USAGE}\n\n${GENERIC_OPTIONS_HELP}`)
  if (given === '-help') return help(t, words[0])
  const name = given.slice(1)
  if (!given.startsWith('-') || !Object.hasOwn(COMMANDS, name)) return fail(`Can't understand command '${given}'\n${USAGE}\n\n${GENERIC_OPTIONS_HELP}`)
  const command = COMMANDS[name]!
  const option = (wanted: string) => {
    const at = words.indexOf(wanted)
    return at < 0 ? undefined : words[at + 1]
  }
  const path = option('-path')
  const policy = option('-policy')
  if (command.withoutPath !== undefined && path === undefined) return fail(`${command.withoutPath}\nUsage: ${longOf(name)}`)
  if (command.needsPolicy && policy === undefined) return fail(`Please specify the policy name.\nUsage: ${longOf(name)}`)
  const namenode = t.proxy(clientProtocol, ...t.namenodes.map((n) => n.rpc))
  const request = { path: path ?? '', src: path === undefined ? '' : parsePath(path).path, policy: policy ?? '' }
  return t.finish(
    'RemoteException',
    async () => {
      try {
        return await command.run(t, namenode, request)
      } catch (e) {
        if (!isException(e, ...UNWRAPPED)) throw e
        // AdminHelper.prettifyException: the class without its package, and the first line.
        t.error(`${e.className.replace(/^.*\./, '')}: ${e.message.split('\n', 1)[0]}`)
        return 2
      }
    },
    2,
  )
}

function help(t: Terminal, name: string | undefined): number {
  if (name === undefined) {
    for (const each of Object.keys(COMMANDS)) t.error(longOf(each))
    return 1
  }
  if (Object.hasOwn(COMMANDS, name)) {
    t.error(longOf(name))
    return 0
  }
  t.error(`Unknown command '${name}'.\nValid help command names are:\n${Object.keys(COMMANDS).join(', ')}`)
  return 1
}

async function listPolicies(t: Terminal, namenode: RpcProxy<ClientProtocol>): Promise<number> {
  const { policies } = await namenode.getStoragePolicies({})
  t.line('Block Storage Policies:')
  for (const p of [...policies].sort((a, b) => a.policyId - b.policyId)) t.line(`\t${describe(p)}`)
  return 0
}

async function getStoragePolicy(t: Terminal, namenode: RpcProxy<ClientProtocol>, { src, path }: Request): Promise<number> {
  const { fs } = await namenode.getFileInfo({ src })
  if (!fs) {
    t.error(`File/Directory does not exist: ${path}`)
    return 2
  }
  if (fs.storagePolicy === 0) t.line(`The storage policy of ${path} is unspecified`)
  else t.line(`The storage policy of ${path}:\n${describe((await namenode.getStoragePolicy({ path: src })).storagePolicy)}`)
  return 0
}
