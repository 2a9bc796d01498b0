import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../../common/supervisor/layout.js'
import { type HdfsCluster, hdfsCluster, until } from '../../harness/hdfs.js'
import { crcOf } from '../../../hdfs-lite/client/transfer/checksum.js'
import { Commands, layFixture, normalize, parseTranscript, type Step } from './transcript.js'

const crc32 = (text: string) => crcOf('CHECKSUM_CRC32')(Buffer.from(text), 0, text.length).toString(16).padStart(8, '0')

const steps = parseTranscript(readFileSync(path.join(root, 'test/golden/hdfs-cli/shell.txt'), 'utf8'))

describe('hdfs commands print what Hadoop’s print', () => {
  let cluster: HdfsCluster
  let commands: Commands
  let folder: string

  beforeAll(async () => {
    cluster = await hdfsCluster(1)
    folder = path.join(cluster.dir, 'local')
    mkdirSync(folder)
    await cluster.start('namenode')
    await cluster.start('datanode-1')
    commands = new Commands(folder, { ...process.env, HADOOP_CONF_DIR: path.join(cluster.dir, 'conf'), TZ: 'UTC' })
  })

  afterAll(async () => {
    commands?.end()
    await cluster?.close()
  })

  it('and copy with -t, -l and -crc as they do', async () => {
    layFixture(folder)
    expect(await commands.run('-mkdir -p /flags')).toMatchObject({ code: 0 })
    expect(await commands.run('-put -t 4 one two d /flags')).toMatchObject({ code: 0, stderr: '' })
    expect((await commands.run('-ls -R -C /flags')).stdout).toBe('/flags/d\n/flags/d/f1\n/flags/d/sub\n/flags/d/sub/f2\n/flags/one\n/flags/two\n')
    expect(await commands.run('-put -l one /flags/lazy')).toMatchObject({ code: 0, stderr: '' })
    expect((await commands.run('-stat %r /flags/lazy')).stdout).toBe('1\n')
    expect((await commands.run('@storagepolicies -getStoragePolicy -path /flags/lazy')).stdout).toContain('LAZY_PERSIST')
    expect(await commands.run('-get -crc /flags/two two.back')).toMatchObject({ code: 0, stderr: '' })
    // What Hadoop 3.3.6 leaves for the same eight bytes.
    expect(readFileSync(path.join(folder, '.two.back.crc')).toString('hex')).toBe(`6372630000000200${crc32('two\ntwo\n')}`)
    expect(await commands.run('-get -t 3 /flags all')).toMatchObject({ code: 0, stderr: '' })
    expect(readFileSync(path.join(folder, 'all/d/sub/f2'), 'utf8')).toBe('f2f2')
    expect((await commands.run('-put -t x one two /flags')).stderr).toContain('For input string: "x"')
  }, 30_000)

  it('and look into block files', async () => {
    layFixture(folder)
    expect(await commands.run('@debug computeMeta -block $LOCAL/big -out $LOCAL/big.meta')).toMatchObject({
      code: 0,
      stdout: `Checksum calculation succeeded on block file ${folder}/big saved metadata to meta file ${folder}/big.meta\n`,
    })
    expect((await commands.run('@debug verifyMeta -meta $LOCAL/big.meta -block $LOCAL/big')).stdout).toBe(
      `Checksum type: DataChecksum(type=CRC32C, chunkSize=512)\nChecksum verification succeeded on block file ${folder}/big\n`,
    )
    const flipped = readFileSync(path.join(folder, 'big'))
    flipped[1500]! ^= 1
    writeFileSync(path.join(folder, 'big'), flipped)
    const bad = await commands.run('@debug verifyMeta -meta $LOCAL/big.meta -block $LOCAL/big')
    expect([bad.code, bad.stdout]).toEqual([1, expect.stringContaining(`Checksum CRC32C not matched for file ${folder}/big at position 1024: expected=`)])
    expect((await commands.run('@debug verifyMeta -meta $LOCAL/one')).code).toBe(1)
    expect((await commands.run('@debug computeMeta -block $LOCAL/none -out $LOCAL/x')).code).toBe(3)
    await commands.run('-put one /closed')
    expect(await commands.run('@debug recoverLease -path /closed')).toMatchObject({ code: 0, stdout: 'recoverLease SUCCEEDED on /closed\n' })
    expect(await commands.run('@debug recoverLease -path /none')).toMatchObject({
      code: 1,
      stderr: 'recoverLease got exception: File does not exist: /none\nGiving up on recoverLease for /none after 1 try\n',
    })
  })

  it('over a whole session', async () => {
    const different: string[] = []
    for (const step of steps) {
      if (step === 'reset') {
        layFixture(folder)
        await commands.run('-rm -r -f -skipTrash /x /user/root/rel')
        await commands.run('-mkdir -p /x /user/root/rel')
        continue
      }
      const look = async (): Promise<Step> => {
        const got = await commands.run(step.command)
        return { ...step, stdout: normalize(got.stdout, folder), stderr: normalize(got.stderr, folder), code: got.code }
      }
      const same = (seen: Step) => JSON.stringify(seen) === JSON.stringify(step)
      if (step.awaited) await until(step.command, async () => same(await look()))
      const seen = await look()
      if (JSON.stringify(seen) !== JSON.stringify(step)) different.push(`${JSON.stringify(seen)}\n  instead of\n${JSON.stringify(step)}`)
    }
    expect(different.join('\n\n')).toBe('')
  }, 60_000)
})
