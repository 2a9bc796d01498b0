/**
 * Files that are all open at once: CONF_DIR COUNT. Each is created, written into and flushed; `open SECONDS` is printed, and
 * when a line comes in, all are closed and `close SECONDS` is printed.
 */
import { loadConfiguration } from '../../common/config/configuration.js'
import { DfsClient } from '../../hdfs-lite/client/index.js'

const [confDir, countText] = process.argv.slice(2)
const count = Number(countText)
const AT_ONCE = 32
const client = new DfsClient(loadConfiguration(confDir!, 'hdfs'))

async function forAll(work: (i: number) => Promise<void>): Promise<number> {
  const begun = performance.now()
  let next = 0
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < count) await work(next++)
    }),
  )
  return (performance.now() - begun) / 1000
}

async function measure(): Promise<void> {
  const writers: Awaited<ReturnType<typeof client.createWriter>>[] = []
  const opened = await forAll(async (i) => {
    const w = await client.createWriter(`/open/${i}`, {})
    writers.push(w)
    await w.write(Buffer.from(`file ${i}`))
    await w.flush()
  })
  console.log(`open ${opened}`)
  await new Promise((r) => process.stdin.once('data', r))
  process.stdin.pause()
  console.log(`close ${await forAll((i) => writers[i]!.close())}`)
  await client.delete('/open', true)
  client.close()
}

void measure()
