/** Clients in other languages against a cluster of ours: native RPC and data transfer, WebHDFS, and YARN's REST. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfiguration } from '../../../common/config/configuration.js'
import { type Cluster, up } from '../cluster.js'
import { finished } from '../peers/layout.js'
import { goHdfs, nodeWebhdfs, python } from '../peers/registries.js'

const here = path.dirname(fileURLToPath(import.meta.url))
const inPython = python()
const inGo = goHdfs()
const inNode = nodeWebhdfs()

describe('clients in other languages', () => {
  let cluster: Cluster
  let local: string
  const run = (command: string, ...args: string[]) =>
    finished(
      spawn(command, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, HADOOP_CONF_DIR: cluster.confDir, HADOOP_USER_NAME: os.userInfo().username },
      }),
    )

  beforeAll(async () => {
    cluster = await up(2)
    local = mkdtempSync(path.join(os.tmpdir(), 'bobbin-foreign-'))
  })
  afterAll(async () => {
    await cluster?.down()
    if (local) rmSync(local, { recursive: true, force: true })
  })

  it.skipIf(inPython.why !== undefined).each([
    ['hdfscli', 'HdfsCLI over WebHDFS: files, folders, appends, ACLs, snapshots'],
    ['pywebhdfs', 'pywebhdfs over WebHDFS: files and extended attributes'],
    ['fsspec', 'fsspec over WebHDFS: streams, ranges, find'],
    ['hdfs_native', 'hdfs-native over RPC and data transfer: writes of several blocks, appends, ranges'],
    ['snakebite', 'snakebite over RPC: folders, reads, renames'],
    ['yarn_api', "yarn-api-client over YARN's REST: submits, looks, kills"],
  ])("Python's %s: %s", async (name) => {
    const done = await run(path.join(inPython.home!, 'bin/python'), path.join(here, 'clients.py'), name)
    expect(done).toMatchObject({ code: 0, stderr: '' })
  })

  it.skipIf(inGo.why !== undefined)("Go's colinmarc/hdfs over RPC and data transfer: put, get, ls, checksum, truncate, getmerge", async () => {
    const hdfs = (...args: string[]) => run(path.join(inGo.home!, 'hdfs'), ...args)
    const file = path.join(local, 'big')
    writeFileSync(file, randomBytes(3_000_001))
    expect(await hdfs('mkdir', '-p', '/go/a')).toMatchObject({ code: 0, stderr: '' })
    expect(await hdfs('put', file, '/go/a/big')).toMatchObject({ code: 0, stderr: '' })
    expect(await hdfs('put', file, '/go/a/more')).toMatchObject({ code: 0, stderr: '' })
    expect((await hdfs('ls', '/go/a')).stdout).toBe('big\nmore\n')
    const sums = (await hdfs('checksum', '/go/a/big', '/go/a/more')).stdout.split('\n').map((line) => line.split(' ')[0])
    expect(sums[0]).toMatch(/^[0-9a-f]{32}$/)
    expect(sums[1]).toBe(sums[0])
    expect(await hdfs('get', '/go/a/big', path.join(local, 'back'))).toMatchObject({ code: 0, stderr: '' })
    expect(readFileSync(path.join(local, 'back')).equals(readFileSync(file))).toBe(true)
    expect((await hdfs('getmerge', '/go/a', path.join(local, 'merged'))).code).toBe(0)
    expect(readFileSync(path.join(local, 'merged'))).toHaveLength(6_000_002)
    expect((await hdfs('chmod', '600', '/go/a/big')).code).toBe(0)
    expect((await hdfs('mv', '/go/a/big', '/go/b')).code).toBe(0)
    expect((await hdfs('ls', '-l', '/go/b')).stdout).toMatch(/^-rw------- \S+ +supergroup +3000001 /)
    expect(await hdfs('cat', '/nope')).toMatchObject({ code: 1, stderr: expect.stringContaining('open /nope: file does not exist') })
    expect((await hdfs('rm', '-r', '/go')).code).toBe(0)
  })

  it.skipIf(inNode.why !== undefined)("npm's webhdfs: files and streams", async () => {
    const [host, port] = loadConfiguration(cluster.confDir, 'hdfs').raw('dfs.namenode.http-address.mycluster.nn1')!.split(':')
    const done = await run(process.execPath, path.join(here, 'webhdfs.cjs'), path.join(inNode.home!, 'node_modules/webhdfs'), host!, port!)
    expect(done).toMatchObject({ code: 0 })
  })
})
