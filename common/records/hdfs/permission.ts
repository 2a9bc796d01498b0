/** Permission bits as text (org.apache.hadoop.fs.permission.{FsPermission,FsAction}). */

export const ACTION = { NONE: 0, EXECUTE: 1, WRITE: 2, WRITE_EXECUTE: 3, READ: 4, READ_EXECUTE: 5, READ_WRITE: 6, ALL: 7 } as const
export type Action = (typeof ACTION)[keyof typeof ACTION]

const ACTION_NAMES = ['NONE', 'EXECUTE', 'WRITE', 'WRITE_EXECUTE', 'READ', 'READ_EXECUTE', 'READ_WRITE', 'ALL'] as const

export const STICKY = 0o1000

export function actionName(action: number): string {
  return ACTION_NAMES[action & 7]!
}

export function actionSymbol(action: number): string {
  return `${action & 4 ? 'r' : '-'}${action & 2 ? 'w' : '-'}${action & 1 ? 'x' : '-'}`
}

/** `rwxr-xr-x`, with `t` or `T` last for a sticky bit. */
export function permissionText(mode: number): string {
  const text = actionSymbol(mode >> 6) + actionSymbol(mode >> 3) + actionSymbol(mode)
  return mode & STICKY ? text.slice(0, -1) + (mode & 1 ? 't' : 'T') : text
}
