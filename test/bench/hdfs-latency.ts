/** Calls under load: CONF_DIR CLIENTS SECONDS; prints milliseconds: read50, read99, write50, write99, and how many calls there were. */
import { loadConfiguration } from '../../common/config/configuration.js'
import { DfsClient } from '../../hdfs-lite/client/index.js'

const [confDir, clientsText, secondsText] = process.argv.slice(2)
const clients = Array.from({ length: Number(clientsText) }, () => new DfsClient(loadConfiguration(confDir!, 'hdfs')))
const root = `/latency-${process.pid}`
const taken = { read: [] as number[], write: [] as number[] }

async function timed(kind: keyof typeof taken, call: Promise<unknown>): Promise<void> {
  const begun = performance.now()
  await call
  taken[kind].push(performance.now() - begun)
}

async function measure(): Promise<void> {
  await clients[0]!.mkdirs(root)
  const end = performance.now() + Number(secondsText) * 1000
  const worker = async (client: DfsClient, n: number) => {
    for (let i = 0; performance.now() < end; i++) {
      const p = `${root}/${n}-${i}`
      await timed('write', client.mkdirs(p))
      for (let k = 0; k < 3; k++) await timed('read', client.getFileStatus(p))
    }
  }
  await Promise.all(clients.map(worker))
  for (const [kind, values] of Object.entries(taken)) {
    values.sort((a, b) => a - b)
    for (const percent of [50, 99]) console.log(`${kind}${percent} ${values[Math.floor((values.length * percent) / 100)]}`)
  }
  console.log(`calls ${taken.read.length + taken.write.length}`)
  for (const c of clients) c.close()
}

void measure()
