/**
 * Operations on a file system: CONF_DIR CLIENTS COUNT OPERATION…; prints the milliseconds that one of each kind took, all
 * clients working at once, after a fifth as many that are not counted. `fill` makes COUNT directories and leaves them for
 * `list`, which lists them.
 */
import { loadConfiguration } from '../../common/config/configuration.js'
import { DfsClient } from '../../hdfs-lite/client/index.js'

const [confDir, clientsText, countText, ...names] = process.argv.slice(2)
const clients = Array.from({ length: Number(clientsText) }, () => new DfsClient(loadConfiguration(confDir!, 'hdfs')))
const count = Number(countText)
const small = Buffer.alloc(4096, 'x')
const LISTINGS = 5

type Operation = (client: DfsClient, root: string, i: number) => Promise<unknown>

const OPERATIONS: Record<string, Operation> = {
  mkdir: (c, root, i) => c.mkdirs(`${root}/d${i}`),
  create: (c, root, i) => c.writeFile(`${root}/f${i}`, ''),
  stat: (c, root, i) => c.getFileStatus(`${root}/f${i}`),
  rename: (c, root, i) => c.rename(`${root}/f${i}`, `${root}/g${i}`),
  delete: (c, root, i) => c.delete(`${root}/g${i}`, false),
  small: (c, root, i) => c.writeFile(`${root}/s${i}`, small),
}

/** @returns milliseconds for each */
async function time(operation: Operation, root: string, times: number): Promise<number> {
  const begun = performance.now()
  let next = 0
  const worker = async (client: DfsClient) => {
    while (next < times) await operation(client, root, next++)
  }
  await Promise.all(clients.map(worker))
  return (performance.now() - begun) / times
}

async function measure(): Promise<void> {
  const first = clients[0]!
  const root = `/bench-${process.pid}`
  for (const [at, times] of [
    [`${root}/warm`, Math.ceil(count / 5)],
    [root, count],
  ] as const) {
    await first.mkdirs(at)
    for (const name of names) {
      const operation = OPERATIONS[name]
      if (!operation) continue
      const ms = await time(operation, at, times)
      if (at === root) console.log(`${name} ${ms}`)
    }
  }
  if (names.includes('fill')) await time((c, at, i) => c.mkdirs(`${at}/entry-${i}`), '/bench-list', count)
  if (names.includes('list')) {
    const list = async () => {
      if ((await first.listStatus('/bench-list')).length !== count) throw new Error('the listing is not whole')
    }
    await list()
    const begun = performance.now()
    for (let i = 0; i < LISTINGS; i++) await list()
    console.log(`list ${(performance.now() - begun) / LISTINGS}`)
  }
  await first.delete(root, true)
  for (const c of clients) c.close()
}

void measure()
