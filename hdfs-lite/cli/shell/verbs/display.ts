/** Verbs that show what is in files: cat, text, head, tail, checksum. */
import { Readable } from 'node:stream'
import { writeAll } from '../../../client/local.js'
import { PathError } from '../errors.js'
import type { Source } from '../file-system.js'
import { buffersOf } from '../local-file-system.js'
import { isDirectory, type PathData } from '../path-data.js'
import type { Verb, VerbRun } from '../verb.js'

const STDOUT = 1
const KILOBYTE = 1024

function onlyFile(item: PathData): void {
  if (isDirectory(item)) throw new PathError('isDirectory', item.text)
}

/** A source straight to standard output: no stream between, so that a pipe runs at its own speed. */
async function pour(run: VerbRun, source: Source): Promise<void> {
  await run.console.drained()
  try {
    if (source.kind === 'buffers') {
      let next = source.next()
      for (let batch = await next; batch; batch = await next) {
        next = source.next()
        next.catch(() => {})
        await writeAll(STDOUT, batch)
      }
    } else for await (const batch of buffersOf(source)) await writeAll(STDOUT, batch)
  } finally {
    await source.close()
  }
}

export const cat: Verb = {
  async run(run, args) {
    const verifyChecksum = !run.options(args, { min: 1, flags: ['ignoreCrc'] }).has('ignoreCrc')
    await run.forEach(args, async (item) => {
      onlyFile(item)
      await pour(run, await item.fs.read(item.path, { verifyChecksum }))
    })
  },
}

export const head: Verb = {
  async run(run, args) {
    run.options(args, { min: 1, max: 1 })
    await run.forEach(args, async (item) => {
      onlyFile(item)
      await pour(run, await item.fs.read(item.path, { end: KILOBYTE }))
    })
  },
}

export const tail: Verb = {
  async run(run, args) {
    const o = run.options(args, { min: 1, max: 1, flags: ['f'], valued: ['s'] })
    const interval = Math.max(Number(o.value('s') || 5000), 1)
    await run.forEach(args, async (item) => {
      onlyFile(item)
      let at = Math.max(item.status!.length - KILOBYTE, 0)
      for (;;) {
        const source = await item.fs.read(item.path, { start: at })
        await pour(
          run,
          counted(source, (n) => (at += n)),
        )
        if (!o.has('f')) return
        await new Promise((r) => setTimeout(r, interval))
        const now = await item.fs.status(item.path)
        if (!now) throw new PathError('notFound', item.text)
        // Written anew.
        if (now.length < at) at = 0
      }
    })
  },
}

function counted(source: Source, count: (n: number) => void): Source {
  const buffers = buffersOf(source)
  const next = async () => {
    const { value } = await buffers.next()
    for (const b of value ?? []) count(b.length)
    return value ?? undefined
  }
  return { kind: 'buffers', next, close: () => source.close() }
}

export const text: Verb = {
  async run(run, args) {
    const verifyChecksum = !run.options(args, { min: 1, flags: ['ignoreCrc'] }).has('ignoreCrc')
    await run.forEach(args, async (item) => {
      onlyFile(item)
      const { decoded } = await import('../decode.js')
      const source = await item.fs.read(item.path, { verifyChecksum })
      const stream = Readable.from(flat(source))
      const iterator = (await decoded(item.text, stream))[Symbol.asyncIterator]()
      await pour(run, {
        kind: 'buffers',
        next: async () => {
          const { value, done } = await iterator.next()
          return done ? undefined : [value as Buffer]
        },
        close: () => source.close(),
      })
    })
  },
}

async function* flat(source: Source): AsyncGenerator<Buffer> {
  // A local file's buffer is used again: what goes into a stream must be its own.
  for await (const batch of buffersOf(source)) for (const b of batch) yield source.kind === 'buffers' ? b : Buffer.from(b)
}

export const checksum: Verb = {
  async run(run, args) {
    const verbose = run.options(args, { min: 1, flags: ['v'] }).has('v')
    await run.forEach(args, async (item) => {
      onlyFile(item)
      const sum = await item.fs.checksum?.(item.path)
      const blockSize = verbose ? `\tBlockSize=${item.status!.blockSize}` : ''
      run.console.line(`${item.text}\t${sum ? `${sum.algorithm}\t${sum.hex}` : 'NONE'}${blockSize}`)
    })
  },
}
