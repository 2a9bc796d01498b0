/** Hadoop's own Java clients against a cluster of ours. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, up } from './cluster.js'
import { hadoop, hadoopHome, whyNot } from './peers/layout.js'

describe.skipIf(whyNot() !== undefined)("Hadoop's Java clients", () => {
  let cluster: Cluster
  let local: string
  const hdfs = (...args: string[]) => hadoop('hdfs', cluster.confDir, args)

  beforeAll(async () => {
    hadoopHome()
    cluster = await up(2)
    local = mkdtempSync(path.join(os.tmpdir(), 'bobbin-files-'))
  })
  afterAll(async () => {
    await cluster?.down()
    if (local) rmSync(local, { recursive: true, force: true })
  })

  it('hdfs dfs -mkdir, -put, -ls, -cat and -get carry files of every size', async () => {
    expect(await hdfs('-mkdir', '-p', 'hdfs://mycluster/data/in')).toMatchObject({ code: 0, stdout: '' })
    const sizes = [0, 1, 511, 512, 513, 65_536, 9_000_001]
    for (const size of sizes) writeFileSync(path.join(local, `f${size}`), randomBytes(size))
    expect(await hdfs('-put', ...sizes.map((s) => path.join(local, `f${s}`)), '/data/in')).toMatchObject({ code: 0 })
    const listed = await hdfs('-ls', '/data/in')
    expect(listed.stdout).toMatch(new RegExp(`^Found ${sizes.length} items$`, 'm'))
    for (const size of sizes)
      expect(listed.stdout).toMatch(new RegExp(`^-rw-r--r--\\s+1 \\S+ supergroup\\s+${size} \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d /data/in/f${size}$`, 'm'))
    const back = path.join(local, 'back')
    expect((await hdfs('-get', '/data/in', back)).code).toBe(0)
    const digest = (f: string) => createHash('sha256').update(readFileSync(f)).digest('hex')
    for (const size of sizes) expect(digest(path.join(back, `f${size}`))).toBe(digest(path.join(local, `f${size}`)))
    writeFileSync(path.join(local, 'text'), 'hello\nbobbin\n')
    expect((await hdfs('-put', path.join(local, 'text'), '/data/text')).code).toBe(0)
    expect((await hdfs('-cat', '/data/text')).stdout).toBe('hello\nbobbin\n')
  })

  it('hdfs dfs fails in its own words for what is not there', async () => {
    const cat = await hdfs('-cat', '/no/such')
    expect(cat.code).toBe(1)
    expect(cat.stderr).toContain("cat: `/no/such': No such file or directory")
    const mkdir = await hdfs('-mkdir', '/no/parent/x')
    expect(mkdir.code).toBe(1)
    expect(mkdir.stderr).toContain("mkdir: `hdfs://mycluster/no/parent': No such file or directory")
  })

  it('yarn node -list shows the NodeManagers', async () => {
    const listed = await hadoop('node', cluster.confDir, ['-list'])
    expect(listed.code).toBe(0)
    expect(listed.stdout).toContain('Total Nodes:2')
    expect(listed.stdout.match(/RUNNING/g)).toHaveLength(2)
  })

  it('yarn queue -status shows the queues', async () => {
    const status = await hadoop('queue', cluster.confDir, ['-status', 'hive'])
    expect(status.stdout).toMatch(/Queue Name : hive\n\s+State : RUNNING/)
    expect(status.stdout).toContain('\tPreemption : disabled\n')
  })

  it('DistributedShell runs to SUCCEEDED; yarn application -list and -status and yarn logs tell of it', async () => {
    const jar = path.join(hadoopHome(), 'share/hadoop/common/lib/hadoop-yarn-applications-distributedshell-3.3.1.jar')
    const run = await hadoop('distributedshell', cluster.confDir, [
      '-jar',
      jar,
      '-shell_command',
      'echo said-by-the-container',
      '-num_containers',
      '2',
      '-master_memory',
      '256',
      '-container_memory',
      '128',
    ])
    const said = run.stdout + run.stderr
    expect(said).toContain('Application completed successfully')
    expect(run.code).toBe(0)
    const id = /application_\d+_\d+/.exec(said)![0]

    const listed = await hadoop('application', cluster.confDir, ['-list', '-appStates', 'ALL'])
    expect(listed.stdout).toMatch(new RegExp(`${id}\\s+DistributedShell\\s+YARN\\s+\\S+\\s+default\\s+FINISHED\\s+SUCCEEDED\\s+100%`))
    const status = await hadoop('application', cluster.confDir, ['-status', id])
    expect(status.stdout).toMatch(/\tState : FINISHED\n\tFinal-State : SUCCEEDED\n/)

    const logs = await hadoop('logs', cluster.confDir, ['-applicationId', id])
    expect(logs.code).toBe(0)
    expect(logs.stdout.match(/said-by-the-container/g)!.length).toBeGreaterThanOrEqual(2)
    expect(logs.stdout).toContain('LogType:stdout')
  })
})
