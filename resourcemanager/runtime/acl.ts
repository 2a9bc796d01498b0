/** Access lists as text: "user,user group,group", or "*" for everyone (org.apache.hadoop.security.authorize.AccessControlList). */
import os from 'node:os'
import type { Configuration } from '../../common/config/configuration.js'
import { yarn } from '../../common/config/keys/yarn.js'
import type { Groups } from '../../common/security/groups.js'

export interface AclCheck {
  /** May this user administer the cluster? */
  isAdmin(user: string): boolean
  /** Reads yarn.admin.acl anew. */
  refresh(conf: Configuration): void
}

export function allows(acl: string, user: string, groups: () => readonly string[]): boolean {
  if (acl.trim() === '*') return true
  const [users = '', groupText = ''] = acl.split(' ', 2)
  if (users.split(',').includes(user)) return true
  const allowed = groupText.split(',').filter((g) => g !== '')
  return allowed.length > 0 && groups().some((g) => allowed.includes(g))
}

export function createAclCheck(conf: Configuration, groups: Groups): AclCheck {
  let adminAcl = conf.get(yarn.adminAcl)
  const daemonUser = os.userInfo().username
  return {
    isAdmin: (user) => user === daemonUser || allows(adminAcl, user, () => groups.of(user)),
    refresh(changed) {
      adminAcl = changed.get(yarn.adminAcl)
    },
  }
}
