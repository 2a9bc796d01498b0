/** Access lists as Hadoop writes them. */

/** "user1,user2 group1,group2" or "*". */
export function aclAllows(acl: string, user: string, groups: readonly string[]): boolean {
  if (acl.trim() === '*') return true
  const [users = '', allowed = ''] = acl.split(' ')
  if (users.split(',').includes(user)) return true
  const named = allowed.split(',').filter((g) => g !== '')
  return groups.some((g) => named.includes(g))
}
