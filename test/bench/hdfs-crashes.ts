/** Rounds of kill -9 against a store of its own: hdfs-crashes.mjs. Arguments: rounds, seed. */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { hdfsCluster } from '../harness/hdfs.js'
import { crash } from '../harness/hdfs-crashes.js'

const [rounds, seed] = process.argv.slice(2).map(Number) as [number, number]

async function main(): Promise<void> {
  const cluster = await hdfsCluster(1)
  try {
    await cluster.start('namenode')
    await cluster.start('datanode-1')
    const generator = xoroshiro128plus(seed)
    const show = process.stderr.isTTY ? (done: number) => process.stderr.write(`\r${done} of ${rounds} rounds`) : () => {}
    const result = await crash(cluster, rounds, () => (generator.next() >>> 0) / 2 ** 32, show)
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
    process.stdout.write(`${JSON.stringify(result)}\n`)
  } finally {
    await cluster.close()
  }
}

void main().catch((e) => {
  process.stderr.write(`${(e as Error).message}\n`)
  process.exitCode = 1
})
