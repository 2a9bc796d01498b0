/** ACL specifications as text: `[default:]user|group|mask|other:[NAME]:rwx`, separated by commas. */
import { exception } from '../../../common/errors.js'
import type { AclEntry, AclType } from '../../../common/records/hdfs/index.js'

const bad = (text: string) =>
  exception(
    'IllegalArgumentException',
    `Invalid value for webhdfs parameter "aclspec": Invalid value: "${text}" does not belong to the domain ^(default:)?(user|group|mask|other):[[A-Za-z_][A-Za-z0-9._-]]*:([rwx-]{3})?(,(default:)?(user|group|mask|other):[[A-Za-z_][A-Za-z0-9._-]]*:([rwx-]{3})?)*$`,
  )

/** @param withPermission removals name none */
export function parseAclSpec(text: string, withPermission: boolean): AclEntry[] {
  return text.split(',').map((part): AclEntry => {
    const m = /^(default:)?(user|group|mask|other):([^:]*):([rwx-]{3})?$/i.exec(part.trim())
    if (!m || (withPermission && m[4] === undefined)) throw bad(text)
    const bits = m[4] ?? '---'
    return {
      scope: m[1] ? 'DEFAULT' : 'ACCESS',
      type: m[2]!.toUpperCase() as AclType,
      name: m[3] === '' ? undefined : m[3],
      permission: (bits[0] === 'r' ? 4 : 0) | (bits[1] === 'w' ? 2 : 0) | (bits[2] === 'x' ? 1 : 0),
    }
  })
}
