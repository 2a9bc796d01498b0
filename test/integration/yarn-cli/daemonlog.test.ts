import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runScript } from '../../harness/cluster.js'
import { Folder, TestRm } from '../resourcemanager/harness.js'

let folder: Folder
let rm: TestRm
beforeAll(async () => {
  folder = new Folder()
  rm = await TestRm.start(folder)
})
afterAll(async () => {
  await rm.stop()
  folder.remove()
})

const yarn = (...args: string[]) => runScript('yarn', args, { env: { HADOOP_CONF_DIR: folder.dir } })

describe('yarn daemonlog', () => {
  it('reads and sets the level of a daemon that runs', async () => {
    const at = rm.addresses.web!
    const read = await yarn('daemonlog', '-getlevel', at, 'a.b.C')
    expect(read).toMatchObject({ code: 0, stdout: `Connecting to http://${at}/logLevel?log=a.b.C\nSubmitted Class Name: a.b.C\nEffective Level: OFF\n` })
    expect((await yarn('daemonlog', '-setlevel', at, 'root', 'debug')).stdout).toContain('Setting Level to DEBUG ...\nEffective Level: DEBUG\n')
    expect((await yarn('daemonlog', '-setlevel', at, 'root', 'loud')).stdout).toContain('Bad Level : loud\nEffective Level: DEBUG\n')
    await yarn('daemonlog', '-setlevel', at, 'root', 'off')
    expect((await yarn('daemonlog', '-getlevel')).code).toBe(255)
  })
})

describe('yarn envvars', () => {
  it('prints what a script would ask for', async () => {
    expect((await yarn('envvars')).stdout).toContain(`HADOOP_CONF_DIR='${folder.dir}'\n`)
  })
})
