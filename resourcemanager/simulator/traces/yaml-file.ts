/** A YAML (or JSON) file as an object whose every entry knows its line. */
import { readFileSync } from 'node:fs'
import { CORE_SCHEMA, constructFromEvents, EVENT_ID, type Event, getScalarValue, parseEvents, YAMLException } from 'js-yaml'
import { isObject, Reader } from './fields.js'
import { fail, type Problems } from './problems.js'

/** @throws TraceError naming the line where it is no YAML */
export function readYaml(file: string, problems: Problems): Reader {
  let source: string
  try {
    source = readFileSync(file, 'utf8')
  } catch (e) {
    fail({ file }, `it can't be read: ${(e as Error).message}`)
  }
  try {
    const events = parseEvents(source, { filename: file })
    const [document] = constructFromEvents(events, { source, filename: file, schema: CORE_SCHEMA })
    if (!isObject(document)) fail({ file, line: 1 }, 'it is no mapping of names to values')
    return new Reader(document, { file }, problems, linesOf(events, source))
  } catch (e) {
    if (!(e instanceof YAMLException)) throw e
    const mark = e.mark as { readonly line?: number } | undefined
    fail({ file, ...(mark?.line !== undefined && { line: mark.line + 1 }) }, `it is no YAML: ${e.reason}`)
  }
}

/** Where each entry begins, by its path as problems name it. */
function linesOf(events: readonly Event[], source: string): Map<string, number> {
  const lines = new Map<string, number>()
  const line = lineCounter(source)
  type Frame = { readonly path: string; readonly list: boolean; index: number; key: string | undefined }
  const stack: (Frame | undefined)[] = []
  const enter = (start: number): string | undefined => {
    const frame = stack.at(-1)
    if (!frame) return ''
    if (!frame.list && frame.key === undefined) return undefined
    const path = frame.list ? `${frame.path}[${frame.index++}]` : frame.path === '' ? frame.key! : `${frame.path}.${frame.key}`
    frame.key = undefined
    if (start >= 0) lines.set(path, line(start))
    return path
  }
  for (const event of events) {
    switch (event.type) {
      case EVENT_ID.DOCUMENT:
        stack.push(undefined)
        break
      case EVENT_ID.MAPPING:
      case EVENT_ID.SEQUENCE:
        stack.push({ path: enter(event.start) ?? '', list: event.type === EVENT_ID.SEQUENCE, index: 0, key: undefined })
        break
      case EVENT_ID.SCALAR: {
        const frame = stack.at(-1)
        if (enter(event.valueStart) === undefined && frame) frame.key = getScalarValue(source, event)
        break
      }
      case EVENT_ID.ALIAS:
        enter(event.anchorStart)
        break
      default:
        stack.pop()
    }
  }
  return lines
}

/** The line that holds an offset, from 1. */
function lineCounter(source: string): (offset: number) => number {
  const starts = [0]
  for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    let low = 0
    let high = starts.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (starts[middle]! <= offset) low = middle + 1
      else high = middle
    }
    return low
  }
}
