import { describe, expect, it } from 'vitest'
import { unframe } from '../../../resourcemanager/cli/log-sources.js'

const framed = (content: string) =>
  `Container: c on n:1\nLogAggregationType: LOCAL\n====\nLogType:stdout\nLogLastModifiedTime:x\nLogLength:${content.length}\nLogContents:\n${content}End of LogType:stdout.This log file belongs to a running container (c) and so may not be complete.\n****\n\n`

async function read(text: string, piece: number): Promise<string> {
  async function* body() {
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece)
  }
  const parts: Uint8Array[] = []
  for await (const part of unframe(body())) parts.push(part)
  return Buffer.concat(parts).toString()
}

describe("a NodeManager's frame around a log file", () => {
  const long = Array.from({ length: 500 }, (_, i) => `line ${i}, LogContents:\nEnd of LogType: not yet\n`).join('')
  for (const piece of [1, 7, 1000, 1_000_000]) {
    it(`is taken off, in pieces of ${piece}`, async () => {
      expect(await read(framed('hello\n'), piece)).toBe('hello\n')
      expect(await read(framed(''), piece)).toBe('')
      expect(await read(framed('no line end'), piece)).toBe('no line end')
      if (piece > 1) expect(await read(framed(long), piece)).toBe(long)
    })
  }

  it('gives nothing of what is no frame', async () => {
    expect(await read('<html>', 3)).toBe('')
  })
})
