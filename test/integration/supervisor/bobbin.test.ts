/** `bobbin` as a user calls it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClusterRecord, layout } from '../../../common/supervisor/layout.js'
import { containerProcesses, isAlive } from '../../../common/supervisor/processes.js'
import type { ClusterStatus } from '../../../common/supervisor/status.js'
import { runScript, waitFor } from '../../harness/cluster.js'

const dir = mkdtempSync(path.join(os.tmpdir(), 'bobbin-up-'))
const env = { BOBBIN_DIR: dir }
const bobbin = (...args: string[]) => runScript('bobbin', args, { env })
const record = () => JSON.parse(readFileSync(layout(dir).record, 'utf8')) as ClusterRecord
const status = async () => JSON.parse((await bobbin('status', '--json')).stdout) as ClusterStatus

describe('a cluster of two nodes', () => {
  beforeAll(async () => {
    const up = await bobbin('up', '-d', '--nodes', '2', '--free-ports')
    expect(up.stderr).toBe('')
    expect(up.code).toBe(0)
    expect(up.stdout).toMatch(/up after \d+\.\d\d s/)
  })
  afterAll(async () => {
    await bobbin('down')
    rmSync(dir, { recursive: true, force: true })
  })

  it('runs its daemons as processes of their own, with addresses that a browser can open', async () => {
    const now = await status()
    expect(now.daemons.map((d) => [d.name, d.state])).toEqual([
      ['namenode', 'running'],
      ['datanode', 'running'],
      ['resourcemanager', 'running'],
      ['nodemanager-1', 'running'],
      ['nodemanager-2', 'running'],
    ])
    expect(now.nodes).toEqual({ live: 2, of: 2 })
    expect(new Set(now.daemons.map((d) => d.pid)).size).toBe(5)
    for (const d of now.daemons) expect(d.web).toMatch(/^http:\/\/localhost:\d+$/)
    for (const d of now.daemons) expect((await fetch(`${d.web}/conf?format=json`)).status).toBe(200)
  })

  it('prints what a shell needs', async () => {
    const { stdout, code } = await bobbin('env')
    expect(code).toBe(0)
    expect(stdout).toContain(`export HADOOP_CONF_DIR='${dir}/conf'`)
    expect(stdout).toContain(`export FLINK_CONF_DIR='${dir}/flink-conf'`)
  })

  it('is not started twice', async () => {
    const again = await bobbin('up', '-d', '--nodes', '2')
    expect(again.code).toBe(0)
    expect(again.stdout).toMatch(/^already up since .*:\n\nDAEMON/)
    const other = await bobbin('up', '-d', '--nodes', '3')
    expect(other.code).toBe(1)
    expect(other.stdout).toContain('with 2 NodeManagers')
  })

  it('stores files and runs applications', async () => {
    const clients = { ...env, HADOOP_CONF_DIR: layout(dir).conf }
    expect((await runScript('hadoop', ['fs', '-put', '-', '/hello'], { env: clients, input: 'hello\n' })).code).toBe(0)
    expect((await runScript('hadoop', ['fs', '-cat', '/hello'], { env: clients })).stdout).toBe('hello\n')
    expect((await runScript('yarn', ['node', '-list'], { env: clients })).stdout).toMatch(/^Total Nodes:2\n/)
  })

  it('finds nothing wrong with itself', async () => {
    const { stdout, code } = await bobbin('doctor')
    expect(stdout).toContain('2 of 2 nodes are live')
    expect([code, stdout.includes('PROBLEM')]).toEqual([0, false])
  })

  it('reports a daemon that crashed, with the last lines of its log', async () => {
    const victim = record().daemons.find((d) => d.name === 'nodemanager-2')!
    process.kill(victim.pid, 'SIGKILL')
    await waitFor('the crash is noticed', () => record().daemons.find((d) => d.name === 'nodemanager-2')?.ended)
    const { stdout, code } = await bobbin('status')
    expect(code).toBe(1)
    expect(stdout).toMatch(/nodemanager-2 .*crashed/)
    expect(stdout).toContain('nodemanager-2 was ended by SIGKILL (start it again: bobbin restart nodemanager-2); the last lines of its log:')
    expect((await bobbin('doctor')).code).toBe(1)
  })

  it('starts a daemon again that crashed, or that runs', async () => {
    expect((await bobbin('restart', 'nodemanager-2')).stdout).toMatch(/^nodemanager-2 runs again after \d+\.\d\d s \(pid \d+\)\n$/)
    const before = record().daemons.find((d) => d.name === 'resourcemanager')!
    expect((await bobbin('restart', 'resourcemanager', 'datanode')).stdout).toMatch(/^resourcemanager runs again .*\ndatanode runs again .*\n$/)
    const after = record().daemons.find((d) => d.name === 'resourcemanager')!
    expect([after.pid !== before.pid, isAlive(before), isAlive(after)]).toEqual([true, false, true])
    await waitFor('the nodes come back', async () => (await status()).nodes?.live === 2)
    const unknown = await bobbin('restart', 'nosuch')
    expect([unknown.code, unknown.stderr]).toEqual([
      1,
      'bobbin: there is no daemon "nosuch"; there are namenode, datanode, resourcemanager, nodemanager-1, nodemanager-2\n',
    ])
  })

  it('is stopped also when its supervisor is gone, and nothing of it is left', async () => {
    const { supervisor, daemons } = record()
    process.kill(supervisor.pid, 'SIGKILL')
    await waitFor('the supervisor ends', () => !isAlive(supervisor))
    const refused = await bobbin('up', '-d')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/the supervisor of .* is gone, but namenode \(pid \d+\).* still run; stop them with: bobbin down --dir/)
    expect((await bobbin('down')).code).toBe(0)
    expect(daemons.filter(isAlive)).toEqual([])
    expect(containerProcesses(dir)).toEqual([])
  })

  it('says so when nothing runs', async () => {
    const shell = await bobbin('env')
    expect([shell.code, shell.stdout]).toEqual([1, ''])
    expect(shell.stderr).toContain(`no cluster runs in ${dir}; start one with: bobbin up -d`)
    const down = await bobbin('down')
    expect([down.code, down.stdout]).toEqual([0, `no cluster runs in ${dir}\n`])
  })

  it('comes up again with its data', async () => {
    expect((await bobbin('up', '-d', '--nodes', '2', '--free-ports')).code).toBe(0)
    const clients = { ...env, HADOOP_CONF_DIR: layout(dir).conf }
    expect((await runScript('hadoop', ['fs', '-cat', '/hello'], { env: clients })).stdout).toBe('hello\n')
    const { daemons } = record()
    expect((await bobbin('down')).code).toBe(0)
    expect(daemons.filter(isAlive)).toEqual([])
  })
})

describe('bobbin', () => {
  it('refuses what it does not know', async () => {
    const refused = await bobbin('up', '--bogus')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain("unknown option '--bogus'")
    expect((await bobbin('up', '-d', '--free-ports', '--dir', `${dir}/a b`)).stderr).toContain(
      "a b\" has a blank in its path, which containers' commands can't stand",
    )
    expect((await bobbin('jar', '/nosuch/folder')).stderr).toContain('/nosuch/folder is not a folder')
  })
})
