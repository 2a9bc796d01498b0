/** Paths in HDFS: absolute, `/` between components, no `.` and `..`. */
import { exception } from '../../common/errors.js'

/** The path of `/a/b` or `hdfs://authority/a/b`. @throws HadoopException IllegalArgumentException when it is relative */
export function absolutePath(p: string): string {
  const path = /^[a-z][a-z0-9+.-]*:\/\//i.test(p) ? p.replace(/^[^:]+:\/\/[^/]*/, '') || '/' : p
  if (!path.startsWith('/')) throw exception('IllegalArgumentException', `Pathname ${p} is not absolute`)
  return normalize(path)
}

/** Drops empty components and slashes at the end; `.` and `..` are resolved. */
export function normalize(path: string): string {
  if (!/\/\/|\/$|\/\.{1,2}(\/|$)/.test(path)) return path
  const out: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') out.pop()
    else if (part !== '' && part !== '.') out.push(part)
  }
  return `/${out.join('/')}`
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 1))
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

export function join(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`
}

/**
 * fs.permissions.umask-mode: octal, or symbolic as in u=rwx,g=rx,o= (what is granted).
 * @throws HadoopException IllegalArgumentException
 */
export function parseUmask(text: string): number {
  if (/^[0-7]{1,4}$/.test(text)) return Number.parseInt(text, 8) & 0o777
  let granted = 0
  for (const clause of text.split(',')) {
    const m = /^([ugoa]*)=([rwx]*)$/.exec(clause.trim())
    if (!m) throw exception('IllegalArgumentException', `fs.permissions.umask-mode is "${text}", which is neither octal nor symbolic (u=rwx,g=rx,o=rx)`)
    const bits = (m[2]!.includes('r') ? 4 : 0) | (m[2]!.includes('w') ? 2 : 0) | (m[2]!.includes('x') ? 1 : 0)
    const who = m[1] === '' || m[1]!.includes('a') ? 'ugo' : m[1]!
    if (who.includes('u')) granted |= bits << 6
    if (who.includes('g')) granted |= bits << 3
    if (who.includes('o')) granted |= bits
  }
  return ~granted & 0o777
}
