/**
 * REST answers as Hadoop's JAXB and Jettison write them: JSON or XML of one tree of plain values. Numbers that are float or double in
 * Java are marked, since they are written with a decimal point; so are maps, whose entries share one key.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { LONG_MAX } from '../../common/proto/runtime.js'

export type Tree = string | number | boolean | null | undefined | JavaFloat | Repeated | Kind | readonly Tree[] | { readonly [key: string]: Tree }

/** A Java float (four bytes) or double. */
export class JavaFloat {
  constructor(
    readonly value: number,
    readonly single: boolean,
  ) {}

  toString(): string {
    const text = this.single ? shortestFloat(this.value) : String(this.value)
    return /^-?\d+$/.test(text) ? `${text}.0` : text
  }
}

export const float = (value: number) => new JavaFloat(value, true)
export const double = (value: number) => new JavaFloat(value, false)

/** The same key again for each item, which JSON parsers then read as the last one: Hadoop's maps. */
export class Repeated {
  constructor(
    readonly key: string,
    readonly items: readonly Tree[],
  ) {}
}

function shortestFloat(value: number): string {
  const exact = Math.fround(value)
  for (let digits = 1; digits < 9; digits++) {
    const text = Number(exact.toPrecision(digits))
    if (Math.fround(text) === exact) return String(text)
  }
  return String(Number(exact.toPrecision(9)))
}

export function toJson(tree: Tree): string {
  if (tree === undefined || tree === null) return 'null'
  if (tree instanceof JavaFloat) return tree.toString()
  if (tree instanceof Repeated) return `{${tree.items.map((i) => `${JSON.stringify(tree.key)}:${toJson(i)}`).join(',')}}`
  if (tree instanceof Kind) return JSON.stringify(tree.name)
  if (typeof tree === 'number') return tree >= LONG_MAX ? '9223372036854775807' : String(tree)
  if (typeof tree !== 'object') return JSON.stringify(tree)
  if (Array.isArray(tree)) return `[${tree.map(toJson).join(',')}]`
  const fields = Object.entries(tree as Record<string, Tree>).filter(([, v]) => v !== undefined)
  return `{${fields.map(([k, v]) => `${JSON.stringify(k)}:${toJson(v)}`).join(',')}}`
}

const escapeXml = (s: string) => s.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')

/** In XML what JSON calls `type` is an attribute of XML Schema's, so that readers know which kind of scheduler or queue they have before them. */
const NAMESPACE = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'

export function toXml(root: string, tree: Tree): string {
  // The outermost element of a kind declares the namespace for those within.
  const text = element(root, tree).replace(/ xsi:type="/, `${NAMESPACE}$&`)
  return `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>${text}`
}

/** The kind of an element, which is one of several: {type: new Kind('fifoScheduler'), …}. */
export class Kind {
  constructor(readonly name: string) {}
}

function element(name: string, tree: Tree): string {
  if (tree === undefined) return ''
  // What JSON has as null is there, and empty.
  if (tree === null) return `<${name}/>`
  if (tree instanceof Repeated) {
    const items = tree.items.map((i) => element(tree.key, i)).join('')
    return items === '' ? `<${name}/>` : `<${name}>${items}</${name}>`
  }
  if (tree instanceof JavaFloat || typeof tree !== 'object') {
    const text = typeof tree === 'number' && tree >= LONG_MAX ? '9223372036854775807' : String(tree)
    return `<${name}>${escapeXml(text)}</${name}>`
  }
  if (Array.isArray(tree)) return tree.map((i) => element(name, i)).join('')
  const fields = tree as Record<string, Tree>
  const kind = fields.type instanceof Kind ? ` xsi:type="${fields.type.name}"` : ''
  const content = Object.entries(fields)
    .map(([k, v]) => (v instanceof Kind ? '' : element(k, v)))
    .join('')
  return content === '' ? `<${name}${kind}/>` : `<${name}${kind}>${content}</${name}>`
}

export interface AnswerOptions {
  readonly status?: number
  /** The JSON has no outer key of the root's name. */
  readonly bare?: boolean
}

function wantsXml(request: FastifyRequest): boolean {
  const accept = request.headers.accept ?? ''
  const xml = accept.search(/(application|text)\/xml/)
  const json = accept.search(/application\/json|\*\/\*/)
  // A browser lists XML behind HTML and asks for a page, not for XML.
  return xml >= 0 && (json < 0 || xml < json) && !accept.includes('text/html')
}

/** Sends a tree as the caller wants it. */
export function answer(request: FastifyRequest, reply: FastifyReply, root: string, tree: Tree, options: AnswerOptions = {}): FastifyReply {
  reply.code(options.status ?? 200)
  if (wantsXml(request)) return reply.type('application/xml; charset=utf-8').send(toXml(root, tree))
  return reply.type('application/json;charset=utf-8').send(toJson(options.bare ? tree : { [root]: tree }))
}

/** Text that is no value of either kind, whatever its type says. */
export function answerText(request: FastifyRequest, reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply
    .code(status)
    .type(wantsXml(request) ? 'application/xml; charset=utf-8' : 'application/json;charset=utf-8')
    .send(text)
}

/** As YARN's GenericExceptionHandler. */
export function answerError(request: FastifyRequest, reply: FastifyReply, status: number, className: string, message: string): FastifyReply {
  return answer(request, reply, 'RemoteException', { exception: className.replace(/^.*[.$]/, ''), message, javaClassName: className }, { status })
}
