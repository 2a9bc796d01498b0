/**
 * Unmanaged application masters that ask for containers and give them back, again and again, through our client.
 *
 *   node rm-masters.cjs MASTERS SECONDS     with HADOOP_CONF_DIR; prints the milliseconds that allocate took, as JSON
 */
import { loadConfiguration } from '../../common/config/configuration.js'
import { AMRMClient, ANY, YarnClient } from '../../common/yarn-client/index.js'

const [masters = 20, seconds = 20] = process.argv.slice(2).map(Number)
const CONTAINERS = 5
const PAUSE = 100

const took: number[] = []
let allocated = 0
const pause = (ms: number) => new Promise((r) => setTimeout(r, ms))

async function master(yarn: YarnClient, conf: ReturnType<typeof loadConfiguration>, until: number): Promise<void> {
  const { applicationId } = await yarn.getNewApplication()
  await yarn.submitApplication({
    applicationId,
    applicationName: 'load',
    unmanagedAm: true,
    maxAppAttempts: 1,
    amContainerSpec: {},
    resource: { memory: 1024, virtualCores: 1 },
  })
  let token = (await yarn.getApplicationReport(applicationId)).amRmToken
  for (; !token; token = (await yarn.getApplicationReport(applicationId)).amRmToken) await pause(20)
  const client = new AMRMClient(conf, { token })
  await client.registerApplicationMaster({ host: 'localhost', rpcPort: 0, trackingUrl: '' })
  const held: NonNullable<Awaited<ReturnType<typeof client.allocate>>['allocatedContainers']>[number][] = []
  while (performance.now() < until) {
    const ask = [{ priority: { priority: 1 }, resourceName: ANY, capability: { memory: 1024, virtualCores: 1 }, numContainers: CONTAINERS }]
    const release = held.splice(0, Math.max(0, held.length - CONTAINERS)).flatMap((c) => (c.id ? [c.id] : []))
    const started = performance.now()
    const answer = await client.allocate({ ask, release })
    took.push(performance.now() - started)
    held.push(...answer.allocatedContainers)
    allocated += answer.allocatedContainers.length
    await pause(PAUSE)
  }
  await client.finishApplicationMaster({ finalApplicationStatus: 'APP_SUCCEEDED' })
  client.close()
}

async function main(): Promise<void> {
  const conf = loadConfiguration(process.env.HADOOP_CONF_DIR!)
  const yarn = new YarnClient(conf)
  const until = performance.now() + seconds * 1000
  await Promise.all(Array.from({ length: masters }, () => master(yarn, conf, until)))
  yarn.close()
  took.sort((a, b) => a - b)
  process.stdout.write(`${JSON.stringify({ calls: took.length, allocated, median: took[took.length >> 1], p99: took[Math.floor(took.length * 0.99)] })}\n`)
}

main().catch((e) => {
  process.stderr.write(`${e.stack}\n`)
  process.exit(1)
})
