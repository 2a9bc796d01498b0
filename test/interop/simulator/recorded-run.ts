/** A real cluster of `bobbin up` with its ResourceManager's event log on, and small applications submitted to it at given times. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { loadConfiguration, siteFileText } from '../../../common/config/configuration.js'
import type { ApplicationId } from '../../../common/records/index.js'
import { YarnClient } from '../../../common/yarn-client/index.js'
import { up } from '../cluster.js'

export const QUEUES: Readonly<Record<string, string>> = {
  'yarn.scheduler.capacity.root.queues': 'default,hive',
  'yarn.scheduler.capacity.root.default.capacity': '50',
  'yarn.scheduler.capacity.root.default.maximum-capacity': '100',
  'yarn.scheduler.capacity.root.default.user-limit-factor': '4',
  'yarn.scheduler.capacity.root.hive.capacity': '50',
  'yarn.scheduler.capacity.root.hive.maximum-capacity': '100',
  'yarn.scheduler.capacity.root.hive.user-limit-factor': '4',
  'yarn.scheduler.capacity.maximum-am-resource-percent': '0.6',
}

export interface SmallApplication {
  /** Milliseconds after the first. */
  readonly at: number
  readonly queue: string
  readonly containers: number
  readonly seconds: number
}

export const AM = { memory: 256, vcores: 1 }
export const CONTAINER = { memory: 128, vcores: 1 }
export const NODES = 2
export const NODE = { memory: 1536, vcores: 12 }
const DONE = new Set(['FINISHED', 'FAILED', 'KILLED'])

export interface RecordedRun {
  readonly log: string
  readonly confDir: string
  remove(): void
}

/** Runs them to their end, one batch after the other: the next begins when the one before has ended. */
export async function recordRun(batches: readonly (readonly SmallApplication[])[]): Promise<RecordedRun> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'bobbin-recorded-'))
  const log = path.join(dir, 'events.jsonl')
  const overlay = path.join(dir, 'conf')
  const bundle = path.join(dir, 'small-master.cjs')
  await build({
    entryPoints: [fileURLToPath(new URL('./small-master.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile: bundle,
    logLevel: 'error',
    external: ['pino'],
  })
  mkdirSync(overlay)
  const site = {
    'bobbin.resourcemanager.event-log': log,
    'yarn.nodemanager.resource.memory-mb': String(NODE.memory),
    'yarn.nodemanager.resource.cpu-vcores': String(NODE.vcores),
    'yarn.scheduler.minimum-allocation-mb': '128',
  }
  writeFileSync(path.join(overlay, 'yarn-site.xml'), siteFileText(Object.entries(site)))
  writeFileSync(path.join(overlay, 'capacity-scheduler.xml'), siteFileText(Object.entries(QUEUES)))
  const cluster = await up(NODES, overlay)
  try {
    const yarn = new YarnClient(loadConfiguration(cluster.confDir))
    for (const batch of batches) await runBatch(yarn, batch, bundle, cluster.confDir)
    yarn.close()
  } finally {
    await cluster.down()
  }
  return { log, confDir: overlay, remove: () => rmSync(dir, { recursive: true, force: true }) }
}

async function runBatch(yarn: YarnClient, batch: readonly SmallApplication[], bundle: string, confDir: string): Promise<void> {
  const started = performance.now()
  const ids: ApplicationId[] = []
  const submitted = batch.map(async (app, i) => {
    await new Promise((r) => setTimeout(r, Math.max(0, app.at - (performance.now() - started))))
    const { applicationId } = await yarn.getNewApplication()
    ids.push(applicationId)
    await yarn.proxy.submitApplication({
      applicationSubmissionContext: {
        applicationId,
        applicationName: `small ${i}`,
        queue: app.queue,
        maxAppAttempts: 1,
        resource: { memory: AM.memory, virtualCores: AM.vcores },
        amContainerSpec: {
          command: [`"${process.execPath}" "${bundle}" ${app.containers} ${app.seconds} 1> <LOG_DIR>/stdout 2> <LOG_DIR>/stderr`],
          environment: [{ key: 'HADOOP_CONF_DIR', value: confDir }],
        },
      },
    })
  })
  await Promise.all(submitted)
  for (;;) {
    const reports = await Promise.all(ids.map((id) => yarn.getApplicationReport(id)))
    const failed = reports.find((r) => r.finalApplicationStatus === 'APP_FAILED')
    if (failed) throw new Error(`${failed.name} failed: ${failed.diagnostics}`)
    if (reports.every((r) => DONE.has(r.yarnApplicationState ?? ''))) return
    await new Promise((r) => setTimeout(r, 500))
  }
}
