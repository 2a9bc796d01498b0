/** `hdfs getconf`: what the configuration says. */
import { property } from '../../../common/config/keys/declare.js'
import { formatAddress } from '../../../common/rpc/client.js'
import { readGenericOptions } from '../generic-options.js'
import { hostNameOf, Terminal } from './terminal.js'

const USAGE = [
  'hdfs getconf is utility for getting configuration information from the config file.',
  '',
  'hadoop getconf ',
  '\t[-namenodes]\t\t\tgets list of namenodes in the cluster.',
  '\t[-secondaryNameNodes]\t\t\tgets list of secondary namenodes in the cluster.',
  '\t[-backupNodes]\t\t\tgets list of backup nodes in the cluster.',
  '\t[-journalNodes]\t\t\tgets list of journal nodes in the cluster.',
  '\t[-includeFile]\t\t\tgets the include file path that defines the datanodes that can join the cluster.',
  '\t[-excludeFile]\t\t\tgets the exclude file path that defines the datanodes that need to decommissioned.',
  '\t[-nnRpcAddresses]\t\t\tgets the namenode rpc addresses',
  '\t[-confKey [key]]\t\t\tgets a specific key from the configuration',
  '',
].join('\n')

const FILES = { '-includeFile': 'dfs.hosts', '-excludeFile': 'dfs.hosts.exclude' } as const

export async function getconf(args: readonly string[]): Promise<number> {
  const { conf, rest } = readGenericOptions(args)
  const t = new Terminal(conf)
  const [option, key] = rest
  const unexpected = option === '-confKey' ? rest[2] : key
  return t.finish('getconf', async () => {
    if (option === '-confKey' && (key === undefined || unexpected !== undefined)) {
      t.error('usage: -confKey [key]')
      return 255
    }
    if (unexpected !== undefined) {
      t.error(`Did not expect argument: ${unexpected}`)
      return 255
    }
    switch (option) {
      case '-namenodes':
        t.line((await names(t)).map((n) => n.host).join(' '))
        return 0
      case '-nnRpcAddresses':
        for (const n of await names(t)) t.line(formatAddress(n))
        return 0
      case '-secondaryNameNodes':
        return absent(t, 'secondary namenode address dfs.namenode.secondary.http-address')
      case '-backupNodes':
        return absent(t, 'backup node address dfs.namenode.backup.address')
      case '-journalNodes':
        t.line('')
        return 0
      case '-includeFile':
      case '-excludeFile':
        return value(t, FILES[option])
      case '-confKey':
        return value(t, key!)
    }
    t.error(USAGE)
    return 255
  })
}

const names = (t: Terminal) => Promise.all(t.namenodes.map(async (n) => ({ ...n.rpc, host: await hostNameOf(n.rpc.host) })))

/** There are no such daemons here: a pair of NameNodes shares its journal. */
async function absent(t: Terminal, what: string): Promise<number> {
  t.error(`Incorrect configuration: ${what} is not configured.`)
  return 255
}

async function value(t: Terminal, name: string): Promise<number> {
  const text = t.conf.raw(name) ?? (await declaredDefault(t, name))
  if (text === undefined || text === '') {
    t.error(`Configuration ${name} is missing.`)
    return 255
  }
  t.line(text)
  return 0
}

/** The default of a property that this program knows. */
async function declaredDefault(t: Terminal, name: string): Promise<string | undefined> {
  const [{ core }, { hdfs }] = await Promise.all([import('../../../common/config/keys/core.js'), import('../../../common/config/keys/hdfs.js')])
  const found = [...Object.values(core), ...Object.values(hdfs)].find((p) => p.name === name)
  return found?.default === undefined ? undefined : t.conf.get(property(name, 'string', found.default, found.meaning))
}
