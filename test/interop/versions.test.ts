/**
 * Java clients of other versions of Hadoop than the one whose protocols we speak, and their MapReduce in our containers. Those of
 * OTHERS take long: they run for docs/compatibility.md, or with BOBBIN_PEER_VERSIONS=all.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfiguration } from '../../common/config/configuration.js'
import { type Cluster, up } from './cluster.js'
import { writesFidelity } from './fidelity.js'
import { OPENS, commonLib, finished, hadoopHomeOf, javaHome, whyNot } from './peers/layout.js'

const NEWER = '3.4.2'
const OTHERS = ['2.10.2']
const versions = [NEWER, ...(writesFidelity || process.env.BOBBIN_PEER_VERSIONS === 'all' ? OTHERS : [])]
const log4j = path.join(path.dirname(fileURLToPath(import.meta.url)), 'peers/log4j-hadoop.properties')

describe.skipIf(whyNot() !== undefined).each(versions)('Hadoop %s', (version) => {
  let home: string
  let lib: string
  let cluster: Cluster
  let local: string

  const env = () => ({ ...process.env, JAVA_HOME: javaHome(), HADOOP_HOME: home, HADOOP_COMMON_HOME: home, HADOOP_HDFS_HOME: home, HADOOP_YARN_HOME: home })
  const jar = (name: string) => path.join(lib, readdirSync(lib).find((f) => f.startsWith(name))!)
  const java = (...args: string[]) =>
    finished(
      spawn(
        path.join(javaHome(), 'bin/java'),
        ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', ...OPENS, `-Dlog4j.configuration=file:${log4j}`, '-cp', `${cluster.confDir}:${lib}/*`, ...args],
        { stdio: ['ignore', 'pipe', 'pipe'], env: { ...env(), HADOOP_CONF_DIR: cluster.confDir } },
      ),
    )
  const dfs = (...args: string[]) => java('org.apache.hadoop.fs.FsShell', ...args)

  beforeAll(async () => {
    home = hadoopHomeOf(version)
    lib = commonLib(home)
    cluster = await up(2, undefined, env())
    local = mkdtempSync(path.join(os.tmpdir(), 'bobbin-versions-'))
  })
  afterAll(async () => {
    await cluster?.down()
    if (local) rmSync(local, { recursive: true, force: true })
  })

  it('hdfs dfs writes, appends, lists and reads; fsck comes to an end', async () => {
    const file = path.join(local, 'f')
    writeFileSync(file, randomBytes(3_000_001))
    expect(await dfs('-put', file, '/f')).toMatchObject({ code: 0 })
    expect(await dfs('-appendToFile', file, '/f')).toMatchObject({ code: 0 })
    expect((await dfs('-ls', '/f')).stdout).toMatch(/^-rw-r--r-- +1 \S+ supergroup +6000002 /m)
    expect(await dfs('-get', '/f', path.join(local, 'back'))).toMatchObject({ code: 0 })
    expect(readFileSync(path.join(local, 'back')).equals(Buffer.concat([readFileSync(file), readFileSync(file)]))).toBe(true)
    const fsck = await java('org.apache.hadoop.hdfs.tools.DFSck', '/', '-list-corruptfileblocks')
    expect(fsck.stdout).toMatch(/^The filesystem under path '\/' has 0 CORRUPT (files|blocks)$/m)
    expect(fsck.code).toBe(0)
  })

  it.runIf(version === NEWER)('snapshots are listed and compared, and the trash is expunged, as only it asks for over RPC and WebHDFS', async () => {
    const web = `webhdfs://${loadConfiguration(cluster.confDir, 'hdfs').raw('dfs.namenode.http-address.mycluster.nn1')}`
    const tools = 'org.apache.hadoop.hdfs.tools'
    expect(await dfs('-mkdir', '-p', '/s/a', '/user/root/.Trash/200101010000')).toMatchObject({ code: 0 })
    expect(await java(`${tools}.DFSAdmin`, '-allowSnapshot', '/s')).toMatchObject({ code: 0 })
    expect(await dfs('-createSnapshot', '/s', 'one')).toMatchObject({ code: 0 })
    expect(await dfs('-mkdir', '/s/ä', '/s/~', '/s/a/b')).toMatchObject({ code: 0 })
    expect(await dfs('-createSnapshot', '/s', 'and-two')).toMatchObject({ code: 0 })
    const listed = await java(`${tools}.snapshot.LsSnapshot`, '/s')
    expect(
      listed.stdout
        .trim()
        .split('\n')
        .map((l) => l.split(/\s+/).slice(-2)),
    ).toEqual([
      ['ACTIVE', '/s/.snapshot/and-two'],
      ['ACTIVE', '/s/.snapshot/one'],
    ])
    const changes = ['M\t.', '+\t./ä', '+\t./~', 'M\t./a', '+\t./a/b'].join('\n')
    const difference = await java('-Dfile.encoding=UTF-8', `${tools}.snapshot.SnapshotDiff`, '/s', 'one', 'and-two')
    expect(difference.stdout, difference.stderr).toContain(changes)
    expect((await dfs('-df', `${web}/`)).stdout).toMatch(/^webhdfs:\S+ +[1-9]\d+ +\d+ +[1-9]\d+ +\d+%$/m)
    expect(await dfs('-expunge', '-fs', web, '-immediate')).toMatchObject({ code: 0 })
    expect((await dfs('-ls', '/user/root/.Trash')).stdout).toBe('')
  })

  it('DistributedShell runs to SUCCEEDED', async () => {
    const run = await java(
      'org.apache.hadoop.yarn.applications.distributedshell.Client',
      ...['-jar', jar('hadoop-yarn-applications-distributedshell'), '-shell_command', 'echo said', '-num_containers', '2'],
      ...['-master_memory', '256', '-container_memory', '128'],
    )
    expect(run.stdout + run.stderr).toContain('Application completed successfully')
    expect(run.code).toBe(0)
  })

  it("MapReduce's pi is estimated: maps, mapreduce_shuffle, a reduce", async () => {
    const run = await java(
      'org.apache.hadoop.util.RunJar',
      jar('hadoop-mapreduce-examples'),
      'pi',
      // From the jars of this test, where an installation has share/hadoop/mapreduce.
      '-Dmapreduce.application.classpath=$HADOOP_HOME/share/hadoop/common/lib/*',
      ...['yarn.app.mapreduce.am.resource.mb', 'mapreduce.map.memory.mb', 'mapreduce.reduce.memory.mb'].map((key) => `-D${key}=512`),
      // What Java 17 hides and versions before 3.4 reach for.
      `-Dyarn.app.mapreduce.am.command-opts=-Xmx384m ${OPENS.join(' ')}`,
      '2',
      '100',
    )
    expect(run.stdout, run.stderr).toContain('Estimated value of Pi is 3.12')
    expect(run.code).toBe(0)
    expect(run.stderr).toMatch(/Shuffled Maps =2/)
  })
})
