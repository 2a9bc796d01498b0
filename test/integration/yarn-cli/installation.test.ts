/** With HADOOP_HOME set, `hadoop` and `yarn` stand in for the ones that they come before on the PATH. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runScript } from '../../harness/cluster.js'

let dir: string
let env: Record<string, string>
beforeAll(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'installation-'))
  for (const folder of ['conf', 'home/bin', 'home/share/hadoop/common/lib', 'home/share/hadoop/hdfs']) mkdirSync(path.join(dir, folder), { recursive: true })
  for (const jar of ['common/lib/b.jar', 'common/lib/a.jar', 'common/c.jar', 'hdfs/d.jar', 'hdfs/notes.txt'])
    writeFileSync(path.join(dir, 'home/share/hadoop', jar), '')
  for (const program of ['hadoop', 'yarn']) writeFileSync(path.join(dir, 'home/bin', program), '#!/bin/sh\necho "$0 $@"\nexit 7\n', { mode: 0o755 })
  env = { HADOOP_CONF_DIR: path.join(dir, 'conf'), HADOOP_HOME: path.join(dir, 'home') }
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

it('classpath names its jars beside the configuration', async () => {
  const share = path.join(dir, 'home/share/hadoop')
  const conf = path.join(dir, 'conf')
  for (const program of ['hadoop', 'hdfs', 'yarn']) {
    const plain = await runScript(program, ['classpath'], { env })
    expect(plain.stdout).toBe(`${[conf, ...['common/lib', 'common', 'hdfs/lib', 'hdfs'].map((f) => path.join(share, f, '*'))].join(':')}\n`)
    const glob = await runScript(program, ['classpath', '--glob'], { env })
    expect(glob.stdout).toBe(`${[conf, ...['common/lib/a.jar', 'common/lib/b.jar', 'common/c.jar', 'hdfs/d.jar'].map((f) => path.join(share, f))].join(':')}\n`)
    expect((await runScript(program, ['classpath'], { env: { ...env, HADOOP_HOME: '' } })).stdout).toBe(`${conf}\n`)
  }
})

it('jar is handed over to it; without one the command says what to set', async () => {
  for (const program of ['hadoop', 'yarn']) {
    const handed = await runScript(program, ['jar', 'x.jar', 'pi', '-Da=b', '2'], { env })
    expect(handed).toMatchObject({ code: 7, stdout: `${path.join(dir, 'home/bin', program)} jar x.jar pi -Da=b 2\n` })
    const none = await runScript(program, ['jar', 'x.jar'], { env: { ...env, HADOOP_HOME: '' } })
    expect(none.code).not.toBe(0)
    expect(none.stderr).toBe(`${program}: jar: running Java programs needs a Hadoop installation: set HADOOP_HOME to one\n`)
  }
})
