/** The real ResourceManager as a process of its own: no NodeManager, no store, no HDFS. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { siteFileText } from '../../../common/config/configuration.js'
import { freePorts } from '../../harness/hdfs.js'
import { until } from '../cluster.js'
import { resourceManager } from '../peers/layout.js'
import { QUEUES } from './recorded-run.js'

export interface RealResourceManager {
  readonly confDir: string
  readonly web: string
  stop(): Promise<void>
}

export async function startRealResourceManager(): Promise<RealResourceManager> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'bobbin-real-rm-'))
  const names = ['address', 'scheduler.address', 'resource-tracker.address', 'admin.address', 'webapp.address']
  const ports = await freePorts(names.length)
  const site = {
    ...Object.fromEntries(names.map((n, i) => [`yarn.resourcemanager.${n}`, `127.0.0.1:${ports[i]}`])),
    'yarn.scheduler.minimum-allocation-mb': '128',
    'yarn.resourcemanager.nodemanagers.heartbeat-interval-ms': '200',
    'yarn.resourcemanager.scheduler.class': 'org.apache.hadoop.yarn.server.resourcemanager.scheduler.capacity.CapacityScheduler',
  }
  writeFileSync(path.join(dir, 'yarn-site.xml'), siteFileText(Object.entries(site)))
  writeFileSync(path.join(dir, 'core-site.xml'), siteFileText([['hadoop.security.token.service.use_ip', 'false']]))
  writeFileSync(path.join(dir, 'capacity-scheduler.xml'), siteFileText(Object.entries(QUEUES)))
  const child = resourceManager(dir)
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (c) => {
      said = (said + c).slice(-8000)
    })
  let over = false
  const ended = new Promise<void>((resolve) =>
    child.once('close', () => {
      over = true
      resolve()
    }),
  )
  const web = `http://127.0.0.1:${ports[4]}`
  const stop = async () => {
    child.kill('SIGKILL')
    await ended
    rmSync(dir, { recursive: true, force: true })
  }
  try {
    await until('the real ResourceManager', async () => {
      if (over) throw new Error(`the real ResourceManager ended:\n${said}`)
      // Its services come up one after the other.
      return (await Promise.all(ports.map(listens))).every(Boolean)
    })
  } catch (e) {
    await stop()
    throw e
  }
  return { confDir: dir, web, stop }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.once('connect', () => socket.end(() => resolve(true)))
    socket.once('error', () => resolve(false))
  })
}
