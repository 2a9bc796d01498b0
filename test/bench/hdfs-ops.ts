/** Operations on a file system: CONF_DIR CLIENTS COUNT; prints the milliseconds that one of each kind took, all clients working at once. */
import { loadConfiguration } from '../../common/config/configuration.js'
import { DfsClient } from '../../hdfs-lite/client/index.js'

const [confDir, clientsText, countText] = process.argv.slice(2)
const clients = Array.from({ length: Number(clientsText) }, () => new DfsClient(loadConfiguration(confDir!, 'hdfs')))
const count = Number(countText)
const root = `/bench-${process.pid}`
const small = Buffer.alloc(4096, 'x')

type Operation = (client: DfsClient, i: number) => Promise<unknown>

const OPERATIONS: Record<string, Operation> = {
  mkdir: (c, i) => c.mkdirs(`${root}/d${i}`),
  create: (c, i) => c.writeFile(`${root}/f${i}`, ''),
  stat: (c, i) => c.getFileStatus(`${root}/f${i}`),
  rename: (c, i) => c.rename(`${root}/f${i}`, `${root}/g${i}`),
  delete: (c, i) => c.delete(`${root}/g${i}`, false),
  small: (c, i) => c.writeFile(`${root}/s${i}`, small),
}

async function measure(): Promise<void> {
  await clients[0]!.mkdirs(root)
  for (const [name, operation] of Object.entries(OPERATIONS)) {
    const begun = performance.now()
    let next = 0
    const worker = async (client: DfsClient) => {
      while (next < count) await operation(client, next++)
    }
    await Promise.all(clients.map(worker))
    console.log(`${name} ${(performance.now() - begun) / count}`)
  }
  await clients[0]!.delete(root, true)
  for (const c of clients) c.close()
}

void measure()
