/** The examples of docs/hdfs-client.md print what stands below them. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { root } from '../../../common/supervisor/layout.js'
import { type HdfsCluster, hdfsCluster } from '../../harness/hdfs.js'

const examples = [...readFileSync(path.join(root, 'docs/hdfs-client.md'), 'utf8').matchAll(/```js\n(.*?)```\n\n```text\n(.*?)```/gs)]

let cluster: HdfsCluster
/** Within the package, whose name the examples import. */
let folder: string

beforeAll(async () => {
  mkdirSync(path.join(root, '.cache'), { recursive: true })
  folder = mkdtempSync(path.join(root, '.cache/examples-'))
  cluster = await hdfsCluster(1)
  await cluster.start('namenode')
  await cluster.start('datanode-1')
})
afterAll(async () => {
  await cluster?.close()
  rmSync(folder, { recursive: true, force: true })
})

it('print what stands below them', async () => {
  expect(examples.length).toBeGreaterThan(4)
  for (const [i, [, code, output]] of examples.entries()) {
    const file = path.join(folder, `${i}.mjs`)
    writeFileSync(file, code!)
    const run = await promisify(execFile)(process.execPath, [file], { env: { ...process.env, HADOOP_CONF_DIR: path.join(cluster.dir, 'conf') } })
    expect(run.stdout, code).toBe(output)
  }
})
