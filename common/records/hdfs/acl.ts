/** Access control entries (org.apache.hadoop.fs.permission.AclEntry). */
export type AclScope = 'ACCESS' | 'DEFAULT'
export type AclType = 'USER' | 'GROUP' | 'MASK' | 'OTHER'

export interface AclEntry {
  readonly scope: AclScope
  readonly type: AclType
  readonly name: string | undefined
  /** Bits r=4 w=2 x=1. */
  readonly permission: number
}
