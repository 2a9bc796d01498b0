/** `hdfs groups`. */
import { getUserMappingsProtocol } from '../../../common/protocols/get-user-mappings.js'
import { defaultUser } from '../../client/index.js'
import { readGenericOptions } from '../generic-options.js'
import { Terminal } from './terminal.js'

export async function groups(args: readonly string[]): Promise<number> {
  const { conf, rest } = readGenericOptions(args)
  const t = new Terminal(conf)
  return t.finish('groups', async () => {
    const calls = t.proxy(getUserMappingsProtocol, ...t.namenodes.map((n) => n.rpc))
    for (const user of rest.length > 0 ? rest : [defaultUser()]) {
      const { groups: names } = await calls.getGroupsForUser({ user })
      t.line(`${user} :${names.map((g) => ` ${g}`).join('')}`)
    }
    return 0
  })
}
