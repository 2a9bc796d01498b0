/** Bodies as XML: read into the same plain values as the JSON that Jettison would write, so that routes know one shape. */
import { SaxesParser } from 'saxes'
import { badRequest } from './context.js'

export type BodyValue = string | { readonly [key: string]: BodyValue } | readonly BodyValue[]

interface Open {
  readonly fields: Record<string, BodyValue>
  text: string
}

/** Deeper than any body that a route knows. */
const MAX_DEPTH = 20

/** The content of the top element. @throws BadRequestException naming the line */
export function parseXmlBody(text: string): BodyValue {
  const parser = new SaxesParser()
  const stack: Open[] = [{ fields: {}, text: '' }]
  parser.on('error', (e) => {
    throw badRequest(`line ${parser.line}: the body is no well-formed XML: ${e.message}`)
  })
  parser.on('opentag', () => {
    if (stack.length > MAX_DEPTH) throw badRequest(`line ${parser.line}: the body is nested too deep`)
    stack.push({ fields: Object.create(null), text: '' })
  })
  parser.on('text', (t) => {
    stack.at(-1)!.text += t
  })
  parser.on('closetag', (tag) => {
    const { fields, text: content } = stack.pop()!
    const parent = stack.at(-1)!
    const value: BodyValue = Object.keys(fields).length > 0 ? { ...fields } : content.trim()
    const before = parent.fields[tag.name]
    parent.fields[tag.name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before as BodyValue, value]
  })
  parser.write(text).close()
  const [content] = Object.values(stack[0]!.fields)
  return content ?? ''
}

/** What may be one or several, or (an empty element in XML, null in JSON) none. */
export function asList<T>(value: T | readonly T[] | null | undefined): readonly T[] {
  return value === undefined || value === null || (value as unknown) === '' ? [] : Array.isArray(value) ? value : [value as T]
}

export interface Entry<T> {
  readonly key: string
  readonly value: T
}

/** A JAXB map: its entries, a single one of them bare. */
export type Entries<T> = { readonly entry?: Entry<T> | readonly Entry<T>[] }

export function mapOf<T>(entries: Entries<T> | readonly Entries<T>[] | undefined): Record<string, T> {
  return Object.fromEntries(asList(entries).flatMap((e) => asList(e.entry).map(({ key, value }) => [key, value] as const)))
}
