// A client that is to be killed: it writes, renames, deletes and flushes below a folder, and says on standard output what it begins
// and what was acknowledged, a line each: BEGIN or DONE, the operation, the path, and what belongs to it.
import { createRequire } from 'node:module'
import { writeSync } from 'node:fs'
import { content } from './content.mjs'

const { DfsClient, loadConfiguration } = createRequire(import.meta.url)('../../dist/hdfs-client.cjs')
const [confDir, folder] = process.argv.slice(2)

/** At once: what was said before a kill must have left. */
const say = (...words) => writeSync(1, `${words.join(' ')}\n`)

async function work(client, own) {
  for (let i = 0; ; i++) {
    const path = `${folder}/${own}/f${i}`
    const length = (i * 7919 + own.length * 101) % 40_000
    try {
      if (i % 4 === 3) {
        // Written on in parts, each flushed: never closed when the kill comes.
        say('BEGIN', 'write', path, 0)
        const stream = client.create(path)
        stream.on('error', () => {})
        for (let part = 1; part <= 4; part++) {
          const [from, to] = [((part - 1) * length) >> 2, (part * length) >> 2]
          stream.write(content(path, length).subarray(from, to))
          await stream.hflush()
          say('DONE', 'flush', path, to)
        }
        await new Promise((resolve, reject) => stream.end((e) => (e ? reject(e) : resolve())))
        say('DONE', 'write', path, length)
        continue
      }
      say('BEGIN', 'write', path, length)
      await client.writeFile(path, content(path, length))
      say('DONE', 'write', path, length)
      if (i % 4 === 1) {
        say('BEGIN', 'rename', path, `${path}-moved`)
        if (await client.rename(path, `${path}-moved`)) say('DONE', 'rename', path, `${path}-moved`)
      }
      if (i % 4 === 2) {
        say('BEGIN', 'delete', path)
        if (await client.delete(path, false)) say('DONE', 'delete', path)
      }
    } catch {
      // Whoever was to answer is dead: what was begun may be or not. The next one may be answered again.
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
  }
}

const client = new DfsClient(loadConfiguration(confDir, 'hdfs'))
await Promise.all(['a', 'bb', 'ccc'].map((own) => work(client, own)))
