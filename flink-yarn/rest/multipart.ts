/** multipart/form-data as Flink's client and browsers send it (RFC 7578), from a whole body. */

export interface Part {
  readonly name: string
  readonly filename: string | undefined
  readonly bytes: Buffer
}

export class MultipartError extends Error {
  override name = 'MultipartError'
}

const MAX_PARTS = 1000

/** The boundary of a content type; undefined when it is not multipart. */
export function boundaryOf(contentType: string | undefined): string | undefined {
  const m = /^multipart\/form-data\s*;.*?\bboundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType ?? '')
  return m?.[1] ?? m?.[2]
}

/** @throws MultipartError for a body that is cut short or malformed */
export function parseMultipart(body: Buffer, boundary: string): Part[] {
  const delimiter = Buffer.from(`--${boundary}`)
  const parts: Part[] = []
  let at = body.indexOf(delimiter)
  if (at < 0) throw new MultipartError('the body does not hold its boundary')
  for (;;) {
    at += delimiter.length
    if (body.toString('latin1', at, at + 2) === '--') return parts
    if (parts.length >= MAX_PARTS) throw new MultipartError(`more than ${MAX_PARTS} parts`)
    const head = body.indexOf('\r\n\r\n', at)
    const end = body.indexOf(Buffer.concat([Buffer.from('\r\n'), delimiter]), head < 0 ? at : head + 2)
    if (head < 0 || end < 0) throw new MultipartError('the body ends within a part')
    const headers = body.toString('utf8', at, head)
    const disposition = /^content-disposition:(.*)$/im.exec(headers)?.[1] ?? ''
    const parameter = (name: string) => new RegExp(`;\\s*${name}="((?:[^"\\\\]|\\\\.)*)"`, 'i').exec(disposition)?.[1]?.replace(/\\(.)/g, '$1')
    const name = parameter('name')
    if (name === undefined) throw new MultipartError('a part has no name')
    parts.push({ name, filename: parameter('filename'), bytes: body.subarray(Math.min(head + 4, end), end) })
    at = end + 2
  }
}
