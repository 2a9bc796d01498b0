/** An unmanaged application master that asks for ten containers; prints the milliseconds from its allocate to the tenth. */
import { loadConfiguration } from '../../common/config/configuration.js'
import { AMRMClient, ANY, YarnClient } from '../../common/yarn-client/index.js'

const COUNT = 10

async function main(): Promise<void> {
  const conf = loadConfiguration(process.env.HADOOP_CONF_DIR!)
  const yarn = new YarnClient(conf)
  const { applicationId } = await yarn.getNewApplication()
  await yarn.submitApplication({
    applicationId,
    applicationName: 'ten containers',
    unmanagedAm: true,
    maxAppAttempts: 1,
    amContainerSpec: {},
    resource: { memory: 128, virtualCores: 1 },
  })
  const pause = () => new Promise((r) => setTimeout(r, 10))
  let token = (await yarn.getApplicationReport(applicationId)).amRmToken
  for (; !token; token = (await yarn.getApplicationReport(applicationId)).amRmToken) await pause()
  const master = new AMRMClient(conf, { token })
  await master.registerApplicationMaster({ host: 'localhost', rpcPort: 0, trackingUrl: '' })
  const started = performance.now()
  const ask = { priority: { priority: 1 }, resourceName: ANY, capability: { memory: 256, virtualCores: 1 }, numContainers: COUNT }
  let got = (await master.allocate({ ask: [ask] })).allocatedContainers.length
  while (got < COUNT) {
    await pause()
    got += (await master.allocate()).allocatedContainers.length
  }
  process.stdout.write(`${performance.now() - started}\n`)
  await master.finishApplicationMaster({ finalApplicationStatus: 'APP_SUCCEEDED' })
  master.close()
  yarn.close()
}

main().catch((e) => {
  process.stderr.write(`${e.stack}\n`)
  process.exit(1)
})
