/** `hdfs storagepolicies`. */
import type { BlockStoragePolicyProto } from '../../../common/proto/gen/client-namenode.js'
import { clientProtocol } from '../../../common/protocols/client-namenode.js'
import { GENERIC_OPTIONS_HELP, readGenericOptions } from '../generic-options.js'
import { parsePath } from '../shell/file-system.js'
import { Terminal } from './terminal.js'

const USAGE = [
  'Usage: bin/hdfs storagepolicies [COMMAND]',
  '          [-listPolicies]',
  '          [-setStoragePolicy -path <path> -policy <policy>]',
  '          [-getStoragePolicy -path <path>]',
  '          [-unsetStoragePolicy -path <path>]',
  '          [-satisfyStoragePolicy -path <path>]',
  '          [-help <command-name>]',
  '',
].join('\n')

const types = (p: BlockStoragePolicyProto['creationFallbackPolicy']) => `[${(p?.storageTypes ?? []).join(', ')}]`

function describe(p: BlockStoragePolicyProto): string {
  return `BlockStoragePolicy{${p.name}:${p.policyId}, storageTypes=${types(p.creationPolicy)}, creationFallbacks=${types(p.creationFallbackPolicy)}, replicationFallbacks=${types(p.replicationFallbackPolicy)}}`
}

export async function storagepolicies(args: readonly string[]): Promise<number> {
  const { conf, rest } = readGenericOptions(args)
  const t = new Terminal(conf)
  const [command, ...words] = rest
  const option = (name: string) => {
    const at = words.indexOf(name)
    return at < 0 ? undefined : words[at + 1]
  }
  const path = option('-path')
  const src = path === undefined ? '' : parsePath(path).path
  if (command !== '-listPolicies' && command !== undefined && path === undefined) {
    t.error(command === '-help' ? USAGE : `Please specify the path with -path.\nUsage: [${command} -path <path>]`)
    return command === '-help' ? 0 : 1
  }
  const namenode = t.proxy(clientProtocol, ...t.namenodes.map((n) => n.rpc))
  return t.finish(
    'RemoteException',
    async () => {
      switch (command) {
        case '-listPolicies': {
          const { policies } = await namenode.getStoragePolicies({})
          t.line('Block Storage Policies:')
          for (const p of [...policies].sort((a, b) => a.policyId - b.policyId)) t.line(`\t${describe(p)}`)
          return 0
        }
        case '-getStoragePolicy': {
          const { fs } = await namenode.getFileInfo({ src })
          if (!fs) {
            t.error(`File/Directory does not exist: ${path}`)
            return 2
          }
          if (fs.storagePolicy === 0) t.line(`The storage policy of ${path} is unspecified`)
          else t.line(`The storage policy of ${path}:\n${describe((await namenode.getStoragePolicy({ path: src })).storagePolicy)}`)
          return 0
        }
        case '-setStoragePolicy': {
          const policyName = option('-policy')
          if (policyName === undefined) break
          await namenode.setStoragePolicy({ src, policyName })
          t.line(`Set storage policy ${policyName} on ${path}`)
          return 0
        }
        case '-unsetStoragePolicy':
          await namenode.unsetStoragePolicy({ src })
          t.line(`Unset storage policy from ${path}`)
          return 0
        case '-satisfyStoragePolicy':
          await namenode.satisfyStoragePolicy({ src })
          t.line(`Scheduled blocks to move based on the current storage policy on ${path}`)
          return 0
      }
      t.error(`${USAGE}${GENERIC_OPTIONS_HELP}`)
      return 1
    },
    2,
  )
}
