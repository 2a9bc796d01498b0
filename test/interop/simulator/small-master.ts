/** A small application master: asks for containers that sleep, waits for them, ends. Arguments: how many, and for how many seconds. */
import { loadConfiguration } from '../../../common/config/configuration.js'
import { AMRMClient, ANY, NMClient } from '../../../common/yarn-client/index.js'

const HEARTBEAT = 500

async function main(): Promise<void> {
  const [count, seconds] = process.argv.slice(2).map(Number) as [number, number]
  const conf = loadConfiguration(process.env.HADOOP_CONF_DIR!)
  const master = new AMRMClient(conf)
  const nodes = new NMClient(conf)
  await master.registerApplicationMaster({ host: 'localhost', rpcPort: 0, trackingUrl: '' })
  let ask = [{ priority: { priority: 1 }, resourceName: ANY, capability: { memory: 128, virtualCores: 1 }, numContainers: count, relaxLocality: true }]
  for (let done = 0; done < count; ) {
    const answer = await master.allocate({ ask })
    ask = []
    done += answer.completedContainerStatuses.length
    for (const c of answer.allocatedContainers) {
      const token = master.nmToken({ host: c.nodeId!.host!, port: c.nodeId!.port! })!
      await nodes.startContainer(c, token, { command: [`sleep ${seconds}`] })
    }
    if (done < count) await new Promise((r) => setTimeout(r, HEARTBEAT))
  }
  await master.finishApplicationMaster({ finalApplicationStatus: 'APP_SUCCEEDED' })
  master.close()
  nodes.close()
}

main().then(
  () => process.exit(0),
  (e) => {
    process.stderr.write(`${e.stack}\n`)
    process.exit(1)
  },
)
