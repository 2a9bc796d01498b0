/** The small protocols behind dfsadmin's -refresh… commands. */
import { genericRefreshProtocol } from '../../../common/protocols/generic-refresh.js'
import { refreshAuthorizationPolicyProtocol } from '../../../common/protocols/refresh-authorization-policy.js'
import { refreshCallQueueProtocol } from '../../../common/protocols/refresh-call-queue.js'
import { refreshUserMappingsProtocol } from '../../../common/protocols/refresh-user-mappings.js'
import type { Address } from '../../../common/rpc/client.js'
import type { Terminal } from './terminal.js'

export const WHAT = {
  serviceAcl: 'Refresh service acl',
  userToGroups: 'Refresh user to groups mapping',
  superUser: 'Refresh super user groups configuration',
  callQueue: 'Refresh call queue',
} as const

export async function refresh(t: Terminal, kind: keyof typeof WHAT, address: Address): Promise<void> {
  switch (kind) {
    case 'serviceAcl':
      await t.proxy(refreshAuthorizationPolicyProtocol, address).refreshServiceAcl({})
      return
    case 'userToGroups':
      await t.proxy(refreshUserMappingsProtocol, address).refreshUserToGroupsMappings({})
      return
    case 'superUser':
      await t.proxy(refreshUserMappingsProtocol, address).refreshSuperUserGroupsConfiguration({})
      return
    case 'callQueue':
      await t.proxy(refreshCallQueueProtocol, address).refreshCallQueue({})
  }
}

/** @returns 255 when a handler says that it failed */
export async function genericRefresh(t: Terminal, address: Address, identifier: string, args: readonly string[]): Promise<number> {
  const { responses } = await t.proxy(genericRefreshProtocol, address).refresh({ identifier, args })
  t.line('Refresh Responses:\n')
  for (const r of responses) t.line(`${r.senderName}: exitStatus=${r.exitStatus} userMessage=${r.userMessage}`)
  return responses.every((r) => r.exitStatus === 0) ? 0 : 255
}
