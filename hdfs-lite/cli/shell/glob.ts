/** Hadoop's globbing (org.apache.hadoop.fs.{Globber,GlobExpander,GlobPattern}): * ? [a-z] [^a-z] {a,b} and \ before what is meant as it stands. */
import { exception } from '../../../common/errors.js'
import { type FileStatus, join, normalize } from '../../client/index.js'
import type { FileSystem } from './file-system.js'

export function hasWildcard(pattern: string): boolean {
  return /(^|[^\\])(\\\\)*[*?[{]/.test(pattern)
}

export function unescapeGlob(pattern: string): string {
  return pattern.replace(/\\(.)/g, '$1')
}

/** What matches an absolute pattern, in no order. */
export async function globMatches(fs: FileSystem, pattern: string): Promise<FileStatus[]> {
  const found = new Map<string, FileStatus>()
  for (const flat of expandBraces(pattern)) {
    const parts = normalize(flat.replace(/\/\.(?=\/|$)/g, ''))
      .split('/')
      .filter(Boolean)
    for (const status of await matchParts(fs, '/', parts)) found.set(status.path, status)
  }
  return [...found.values()]
}

async function matchParts(fs: FileSystem, base: string, parts: string[]): Promise<FileStatus[]> {
  let at = base
  for (const [i, part] of parts.entries()) {
    if (!hasWildcard(part)) {
      at = join(at, unescapeGlob(part))
      continue
    }
    const directory = await fs.status(at)
    if (directory?.type !== 'DIRECTORY') return []
    const expression = globExpression(part)
    const matching = (await fs.list(at)).filter((s) => expression.test(s.path.slice(s.path.lastIndexOf('/') + 1)))
    const rest = parts.slice(i + 1)
    if (rest.length === 0) return matching
    const deeper = await Promise.all(matching.filter((s) => s.type === 'DIRECTORY').map((s) => matchParts(fs, s.path, rest)))
    return deeper.flat()
  }
  const status = await fs.status(at)
  return status ? [status] : []
}

/** {a/b,c/d} spans components: such braces become several patterns. Those within a component stay. */
function expandBraces(pattern: string): string[] {
  const open = braceWithSlash(pattern)
  if (!open) return [pattern]
  const { from, to } = open
  const head = pattern.slice(0, from)
  const tail = pattern.slice(to + 1)
  return alternatives(pattern.slice(from + 1, to)).flatMap((a) => expandBraces(head + a + tail))
}

function braceWithSlash(pattern: string): { from: number; to: number } | undefined {
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === '\\') i++
    else if (pattern[i] === '{') {
      const to = closing(pattern, i)
      // An open one within a component is found where that is looked at.
      if (to < 0 && !pattern.slice(i).includes('/')) return undefined
      if (to < 0) {
        const expected = 'Expecting set closure character or end of range, or }'
        throw exception('IOException', `Illegal file pattern: ${expected} for glob ${pattern} at ${pattern.length}`)
      }
      if (pattern.slice(i, to).includes('/')) return { from: i, to }
      i = to
    }
  }
  return undefined
}

/** -1: it stays open. */
function closing(pattern: string, open: number): number {
  let depth = 0
  for (let i = open; i < pattern.length; i++) {
    if (pattern[i] === '\\') i++
    else if (pattern[i] === '{') depth++
    else if (pattern[i] === '}' && --depth === 0) return i
  }
  return -1
}

function alternatives(text: string): string[] {
  const out: string[] = []
  let depth = 0
  let from = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '{') depth++
    else if (text[i] === '}') depth--
    else if (text[i] === ',' && depth === 0) {
      out.push(text.slice(from, i))
      from = i + 1
    }
  }
  return [...out, text.slice(from)]
}

/** One component as a regular expression. @throws HadoopException for braces or brackets that don't close */
export function globExpression(glob: string, flags = 's'): RegExp {
  let out = ''
  let set = false
  let curly = 0
  for (let i = 0; i < glob.length; i++) {
    const c = glob[i]!
    if (c === '\\') {
      if (++i >= glob.length) throw illegal('Missing escaped character', glob)
      out += glob[i]!.replace(/[^\w\s]/, '\\$&')
    } else if (set) {
      if (c === ']') set = false
      out += c === '!' && out.endsWith('[') ? '^' : c === '[' ? '\\[' : c
    } else if (c === '*') out += '.*'
    else if (c === '?') out += '.'
    else if (c === '[') {
      set = true
      out += c
    } else if (c === '{') {
      curly++
      out += '(?:'
    } else if (c === ',' && curly > 0) out += '|'
    else if (c === '}' && curly > 0) {
      curly--
      out += ')'
    } else out += c.replace(/[.$()|+^}\]/]/, '\\$&')
  }
  if (set) throw illegal('Unclosed character class', glob)
  if (curly > 0) throw illegal('Unclosed group', glob)
  return new RegExp(`^(?:${out})$`, flags)
}

/** In the words of re2j, which Hadoop's GlobPattern borrows. */
function illegal(what: string, glob: string): Error {
  return exception('IOException', `Illegal file pattern: error parsing regexp: ${what} at pos ${glob.length}: \`${glob}\``)
}
