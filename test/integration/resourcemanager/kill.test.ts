/** A ResourceManager's process, ended by kill -9 while clients submit: what was acknowledged is known afterwards. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadConfiguration } from '../../../common/config/configuration.js'
import { resourceProto } from '../../../common/protocols/records.js'
import { YarnClient } from '../../../common/yarn-client/index.js'
import { freePorts } from '../../harness/hdfs.js'
import { Folder } from './harness.js'

const SERVICES = ['address', 'scheduler.address', 'resource-tracker.address', 'admin.address', 'webapp.address']
const bundle = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../dist/resourcemanager.cjs')

let folder: Folder
let child: ChildProcess

/** Runs until it serves. */
async function start(): Promise<void> {
  const run = path.join(folder.dir, 'run')
  rmSync(run, { recursive: true, force: true })
  mkdirSync(run)
  child = spawn(process.execPath, [bundle], {
    env: { ...process.env, HADOOP_CONF_DIR: folder.dir, HADOOP_LOG_DIR: path.join(folder.dir, 'logs'), BOBBIN_RUN_DIR: run, BOBBIN_DAEMON_NAME: 'rm' },
    stdio: 'ignore',
  })
  const late = Date.now() + 30_000
  while (!existsSync(path.join(run, 'rm.json'))) {
    if (child.exitCode !== null || Date.now() > late) throw new Error(`the ResourceManager does not come up (exit code ${child.exitCode})`)
    await new Promise((r) => setTimeout(r, 20))
  }
}

async function kill(): Promise<void> {
  const ended = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGKILL')
  await ended
}

beforeEach(async () => {
  folder = new Folder()
  const ports = await freePorts(SERVICES.length)
  folder.set(Object.fromEntries(SERVICES.map((s, i) => [`yarn.resourcemanager.${s}`, `localhost:${ports[i]}`])))
})
afterEach(async () => {
  if (child.exitCode === null && child.signalCode === null) await kill()
  folder.remove()
})

/** Each life of the ResourceManager counts from 1: the number alone is not the application. */
const key = (id: { readonly clusterTimestamp?: number; readonly id?: number } | undefined) => `${id?.clusterTimestamp}_${id?.id}`

it('knows every application that it acknowledged, and every kill', async () => {
  const acknowledged = new Map<string, string>()
  const killed = new Set<string>()
  for (const [round, moment] of [5, 23, 60].entries()) {
    await start()
    const client = new YarnClient(loadConfiguration(folder.dir, 'resourcemanager'), { user: 'ann' })
    const known = new Set((await client.getApplications()).map((r) => key(r.applicationId)))
    expect([...acknowledged.keys()].filter((id) => !known.has(id))).toEqual([])
    let going = true
    const submitting = Array.from({ length: 4 }, async (_, n) => {
      for (let i = 0; going; i++) {
        const { applicationId } = await client.getNewApplication()
        const name = `${round}-${n}-${i}`
        const amContainerSpec = { command: ['run'] }
        await client.proxy.submitApplication({
          applicationSubmissionContext: { applicationId, applicationName: name, amContainerSpec, resource: resourceProto({ memory: 256, vcores: 1 }) },
        })
        acknowledged.set(key(applicationId), name)
        if (i % 3 === 0) {
          await client.forceKillApplication(applicationId)
          killed.add(key(applicationId))
        }
      }
    }).map((loop) => loop.catch(() => undefined))
    const enough = acknowledged.size + moment
    while (acknowledged.size < enough) await new Promise((r) => setTimeout(r, 1))
    await kill()
    going = false
    client.close()
    await Promise.all(submitting)
  }
  await start()
  const client = new YarnClient(loadConfiguration(folder.dir, 'resourcemanager'), { user: 'ann' })
  const after = new Map((await client.getApplications()).map((r) => [key(r.applicationId), r]))
  client.close()
  expect([...acknowledged].filter(([id, name]) => after.get(id)?.name !== name)).toEqual([])
  expect([...killed].filter((id) => after.get(id)?.yarnApplicationState !== 'KILLED')).toEqual([])
}, 120_000)
