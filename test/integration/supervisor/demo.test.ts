/** `npm run demo`, whole and interrupted. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { root } from '../../../common/supervisor/layout.js'
import { containerProcesses } from '../../../common/supervisor/processes.js'
import { waitFor } from '../../harness/cluster.js'

const tmp = mkdtempSync(path.join(os.tmpdir(), 'bobbin-demo-test-'))
afterAll(() => rmSync(tmp, { recursive: true, force: true }))

function start() {
  const child = spawn(process.execPath, [path.join(root, 'scripts/demo')], { env: { ...process.env, TMPDIR: tmp }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { child, ended, output: () => output }
}

/** What the demo made below its temporary folder, and who still works there. */
const left = () => ({ folders: readdirSync(tmp), containers: containerProcesses(tmp).map((p) => p.pid) })

describe('npm run demo', () => {
  it('shows the three modes and leaves nothing behind', async () => {
    const demo = start()
    const code = await demo.ended
    const said = demo.output()
    expect(said, said).toContain('nothing is left running')
    expect(code).toBe(0)
    expect(said.match(/^\(\w+,\d+\)$/gm)!.length).toBeGreaterThanOrEqual(3)
    expect(said.match(/\$ flink cancel .*\nCancelling job [0-9a-f]{32}\.\nCancelled job [0-9a-f]{32}\./g)).toHaveLength(3)
    const applications = said.slice(said.lastIndexOf('Total number of applications'))
    expect(applications).toMatch(/demo-session.*FINISHED.*SUCCEEDED/)
    expect(applications).toMatch(/Flink per-job cluster.*FINISHED.*KILLED/)
    expect(applications).toMatch(/Flink Application Cluster.*hive.*FINISHED.*KILLED/)
    expect(left()).toEqual({ folders: [], containers: [] })
  }, 60_000)

  for (const moment of ['bobbin up -d', 'JobManager Web Interface']) {
    it(`stops cleanly when it is interrupted at "${moment}"`, async () => {
      const demo = start()
      await waitFor(`the demo comes to "${moment}"`, () => demo.output().includes(moment))
      demo.child.kill('SIGINT')
      expect(await demo.ended).toBe(130)
      expect(demo.output()).toContain('interrupted: stopping')
      expect(left()).toEqual({ folders: [], containers: [] })
      expect(existsSync(tmp)).toBe(true)
    }, 60_000)
  }
})
