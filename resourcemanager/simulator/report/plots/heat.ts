/** Use of every node over time, as an image: a row for a node, a column for an interval. */
import { duration } from '../format.js'
import { WIDE, axes, at, escaped, scaleOf, svg } from './svg.js'

/** From idle to full: light and dark readers see the same. */
const STOPS: readonly (readonly [number, number, number])[] = [
  [38, 50, 66],
  [43, 89, 128],
  [42, 139, 138],
  [119, 184, 92],
  [240, 206, 74],
]
const LEVELS = 32

function palette(): Uint8Array {
  const bytes = new Uint8Array(LEVELS * 3)
  for (let i = 0; i < LEVELS; i++) {
    const place = (i / (LEVELS - 1)) * (STOPS.length - 1)
    const below = Math.min(Math.floor(place), STOPS.length - 2)
    for (let c = 0; c < 3; c++) bytes[i * 3 + c] = Math.round(STOPS[below]![c]! + (STOPS[below + 1]![c]! - STOPS[below]![c]!) * (place - below))
  }
  return bytes
}

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  return c >>> 0
})

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  let crc = 0xffffffff
  for (const b of body) crc = CRC[(crc ^ b) & 255]! ^ (crc >>> 8)
  const out = Buffer.alloc(body.length + 8)
  out.writeUInt32BE(data.length, 0)
  body.copy(out, 4)
  out.writeUInt32BE((crc ^ 0xffffffff) >>> 0, body.length + 4)
  return out
}

/** zlib's frame around blocks that are stored as they are: compressors differ between machines, these bytes don't. */
function stored(data: Uint8Array): Buffer {
  const parts: Buffer[] = [Buffer.from([0x78, 0x01])]
  for (let from = 0; from < data.length || from === 0; from += 65535) {
    const block = data.subarray(from, from + 65535)
    const head = Buffer.alloc(5)
    head[0] = from + block.length >= data.length ? 1 : 0
    head.writeUInt16LE(block.length, 1)
    head.writeUInt16LE(block.length ^ 0xffff, 3)
    parts.push(head, Buffer.from(block))
  }
  let a = 1
  let b = 0
  for (const v of data) {
    a = (a + v) % 65521
    b = (b + a) % 65521
  }
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(((b << 16) | a) >>> 0)
  return Buffer.concat([...parts, sum])
}

/** Rows of parts from 0 to 1 as a PNG. */
export function png(rows: readonly (readonly number[])[], width: number): Buffer {
  const data = new Uint8Array(rows.length * (width + 1))
  for (const [y, row] of rows.entries()) {
    for (let x = 0; x < width; x++) data[y * (width + 1) + 1 + x] = Math.round(Math.min(Math.max(row[x] ?? 0, 0), 1) * (LEVELS - 1))
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(rows.length, 4)
  header.set([8, 3, 0, 0, 0], 8)
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('PLTE', palette()),
    chunk('IDAT', stored(data)),
    chunk('IEND', new Uint8Array(0)),
  ])
}

export function heatMap(nodes: readonly { readonly name: string; readonly used: readonly number[] }[], interval: number, count: number): string {
  const height = Math.min(Math.max(nodes.length * 8, 60), 420)
  const frame = { left: 90, right: WIDE - 14, top: 8, bottom: 8 + height }
  const x = scaleOf(count * interval, frame.left, frame.right, 'time', { ticks: 12, exact: true })
  const image = png(
    nodes.map((n) => n.used.slice(0, count)),
    Math.max(count, 1),
  ).toString('base64')
  const none = { scale: Object.assign((v: number) => v, { max: 1, ticks: [] }), unit: 'count' as const }
  const every = Math.max(1, Math.ceil((13 * nodes.length) / height))
  const labels = nodes.map((n, i) =>
    i % every === 0
      ? `<text class="tick" x="${frame.left - 6}" y="${at(frame.top + ((i + 0.5) / nodes.length) * height + 4)}" text-anchor="end">${escaped(n.name.slice(0, 13))}</text>`
      : '',
  )
  const key = STOPS.map((s, i) => `<rect x="${frame.left + i * 22}" y="${frame.bottom + 26}" width="22" height="8" fill="rgb(${s.join(',')})"/>`).join('')
  const body = `<image x="${frame.left}" y="${frame.top}" width="${frame.right - frame.left}" height="${height}" preserveAspectRatio="none" style="image-rendering:pixelated" href="data:image/png;base64,${image}"/>`
  const hover = {
    x: [frame.left, frame.right],
    y: [frame.top, frame.bottom],
    step: interval,
    n: count,
    unit: 'part',
    rows: nodes.map((n) => ({ name: n.name, v: n.used.slice(0, count).map((v) => Math.round(v * 100) / 100) })),
  }
  return svg(
    `memory in use on ${nodes.length} nodes over ${duration(count * interval)}`,
    `${axes(frame, { scale: x, unit: 'time' }, none)}${body}${labels.join('')}${key}<text class="tick" x="${frame.left + STOPS.length * 22 + 8}" y="${frame.bottom + 34}">idle to full (memory)</text>`,
    { width: WIDE, height: frame.bottom + 42, hover },
  )
}
