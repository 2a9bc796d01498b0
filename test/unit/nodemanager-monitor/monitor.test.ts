import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { binaryPrefix } from '../../../nodemanager/monitor/containers.js'
import { LocalDirs } from '../../../nodemanager/monitor/disks.js'
import { type ProcessInfo, dumpTree, processTree, usageOf } from '../../../nodemanager/monitor/process-tree.js'

const proc = (pid: number, ppid: number, more: Partial<ProcessInfo> = {}): ProcessInfo => ({
  pid,
  ppid,
  group: pid,
  session: 0,
  name: '(sh)',
  utime: 1,
  stime: 2,
  vmem: 1000,
  rssPages: 10,
  commandLine: 'sh -c x',
  ...more,
})

describe("a container's process tree", () => {
  it('holds descendants, and orphans of its session', () => {
    const all = new Map([proc(10, 1), proc(11, 10), proc(12, 11), proc(13, 1, { session: 10 }), proc(14, 13), proc(20, 1)].map((p) => [p.pid, p]))
    const tree = processTree(all, 10)
    expect(tree.map((p) => p.pid).sort()).toEqual([10, 11, 12, 13, 14])
    expect(tree[0]!.pid).toBe(10)
    expect(usageOf(tree)).toEqual({ pmem: 5 * 10 * 4096, vmem: 5000, cpuTicks: 15 })
    expect(processTree(all, 99)).toEqual([])
  })

  it("is shown in Hadoop's columns", () => {
    expect(dumpTree([proc(10, 1)]).split('\n')[1]).toBe('\t|- 10 1 10 0 (sh) 1 2 1000 10 sh -c x')
  })
})

it.each([
  [128 * 2 ** 20, '128 M'],
  [646025216, '616.1 M'],
  [2 ** 30, '1 G'],
  [500, '500 '],
])('%d bytes are shown as %s', (bytes, text) => {
  expect(binaryPrefix(bytes)).toBe(text)
})

describe('the folders of a node', () => {
  const dirs: string[] = []
  const folder = () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'nm-disks-'))
    dirs.push(dir)
    return dir
  }
  afterEach(() => {
    for (const d of dirs.splice(0)) {
      chmodSync(d, 0o700)
      rmSync(d, { recursive: true })
    }
  })
  const limits = { enabled: true, maxUtilization: 100, minFreeMb: 0, minHealthyFraction: 0.25, interval: 1000 }

  it('are good until they are not, and good again', () => {
    const base = folder()
    const local = path.join(base, 'local')
    const said: string[] = []
    const disks = new LocalDirs([local], [path.join(base, 'logs')], limits, (report) => said.push(report))
    expect([disks.healthy, disks.healthReport, disks.pick('local')]).toEqual([true, '', local])
    rmSync(local, { recursive: true })
    writeFileSync(local, 'a file in its place')
    disks.check()
    expect(disks.healthy).toBe(false)
    expect(disks.healthReport).toContain(`1/1 local-dirs have errors:  [ ${local} : `)
    expect(() => disks.pick('local')).toThrow('Most of the disks failed. 1/1 local-dirs have errors')
    rmSync(local)
    disks.check()
    expect(disks.healthy).toBe(true)
    expect(said).toHaveLength(2)
  })

  it("that are full say so in Hadoop's words", () => {
    const base = folder()
    const [local, logs] = [path.join(base, 'local'), path.join(base, 'logs')]
    const disks = new LocalDirs([local], [logs], { ...limits, maxUtilization: 0 })
    expect(disks.healthy).toBe(false)
    expect(disks.healthReport).toBe(
      `1/1 local-dirs usable space is below configured utilization percentage/no more usable space [ ${local} : used space above threshold of 0.0% ] ; 1/1 log-dirs usable space is below configured utilization percentage/no more usable space [ ${logs} : used space above threshold of 0.0% ] `,
    )
  })

  it('need only some to be good', () => {
    const base = folder()
    const bad = path.join(base, 'bad')
    writeFileSync(bad, '')
    const good = path.join(base, 'good')
    const disks = new LocalDirs([bad, good], [good], limits)
    expect([disks.healthy, disks.good('local'), disks.pick('local')]).toEqual([true, [good], good])
  })
})
