import { describe, expect, it } from 'vitest'
import { readAggregatedLogs, readOwner, type RandomAccess, writeAggregatedLogs } from '../../../common/logs/index.js'
import { encodeVLong, TFileError } from '../../../common/logs/tfile.js'

/** Written by Hadoop 3.3.6's TFile.Writer: version, ACL, owner and three containers, without and with compression. */
const HADOOP = {
  none: 'd111d36891b5d7b639df414092bae15009000756455253494f4e040000000111000f4150504c49434154494f4e5f41434c110008564945575f4150500005616c6963651300114150504c49434154494f4e5f4f574e4552060004726f6f74280026636f6e7461696e65725f313730303030303030303030305f303030315f30315f3030303030311c00067374646f757400013668656c6c6f0a0006737464657272000130280026636f6e7461696e65725f313730303030303030303030305f303030315f30315f3030303030321000067374646f75740001353132333435280026636f6e7461696e65725f313730303030303030303030305f303030315f30315f30303030303315000d7072656c61756e63682e6f75740001336162630001000006000a09000756455253494f4e2a280026636f6e7461696e65725f313730303030303030303030305f303030315f30315f30303030303306046e6f6e650110cd0dcd0d0311646174613a424346696c652e696e646578046e6f6e65cd590b0b10646174613a5446696c652e696e646578046e6f6e65cd2336360f646174613a5446696c652e6d657461046e6f6e65cd1d0606000000000000016400010000d111d36891b5d7b639df414092bae150',
  gz: 'd111d36891b5d7b639df414092bae150789ce364600f730d0af6f4f763616060601464e0770c08f0f174760c010ac53b3afb0832708479ba86c703851958137332935385190491d5f887fbb906b131b014e5e7976830a825e7e7952466e6a516c51b9a1b20403c101bc683100818ca30b01597a4e4979630309a65a4e6e4e4738105528b8a18180d8835c54800618aa9a191b18929b13a8d4519780b8a5273124bf39233f4c006182726250300bb7d43d8000100000600789ce3e264600f730d0af6f4f7d3d260504bcecf2b49cccc4b2d8a37343740807820368c0721103066030065bf0cbb789c634aaf621438b3f02c2f000db9033c0311646174613a424346696c652e696e64657802677acce6110910646174613a5446696c652e696e64657802677accb72f360f646174613a5446696c652e6d657461046e6f6e65ccb1060600000000000000f700010000d111d36891b5d7b639df414092bae150',
}

const bytesOf = (b: Buffer): RandomAccess => ({ length: b.length, read: async (start, end) => b.subarray(start, end) })

async function contents(b: Buffer): Promise<Record<string, Record<string, string>>> {
  const found: Record<string, Record<string, string>> = {}
  for await (const c of readAggregatedLogs(bytesOf(b))) {
    const files: Record<string, string> = (found[c.containerId] = {})
    for await (const f of c.files) files[f.name] = (await collect(f.content)).toString()
  }
  return found
}

async function collect(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const p of parts) all.push(p)
  return Buffer.concat(all)
}

async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items
}

const container = (n: number) => `container_1700000000000_0001_01_00000${n}`
const EXPECTED = { [container(1)]: { stdout: 'hello\n', stderr: '' }, [container(2)]: { stdout: '12345' }, [container(3)]: { 'prelaunch.out': 'abc' } }

function write(logs: Record<string, Record<string, string | { length: number; content: Buffer }>>, compression: 'none' | 'gz' = 'none') {
  const containers = Object.entries(logs).map(([containerId, files]) => ({
    containerId,
    files: each(
      Object.entries(files).map(([name, f]) => {
        const content = typeof f === 'string' ? Buffer.from(f) : f.content
        return { name, length: typeof f === 'string' ? content.length : f.length, content: each(content.length > 0 ? [content] : []) }
      }),
    ),
  }))
  return collect(writeAggregatedLogs('root', [['VIEW_APP', 'alice']], each(containers), compression))
}

describe('numbers of a TFile', () => {
  it.each([
    [0, '00'],
    [127, '7f'],
    [128, 'cc80'],
    [-32, 'e0'],
    [-33, 'cbdf'],
    [5119, 'dfff'],
    [5120, 'a81400'],
    [-5120, 'b800'],
    [-5121, 'a7ebff'],
    [1048575, 'b7ffff'],
    [1048576, '90100000'],
    [-1048576, '980000'],
    [-1048577, '8fefffff'],
    [134217727, '97ffffff'],
    [134217728, '8308000000'],
    [-134217728, '88000000'],
    [-134217729, '83f7ffffff'],
    [2147483647, '837fffffff'],
    [2147483648, '840080000000'],
    [-2147483648, '8380000000'],
    [549755813888, '85008000000000'],
    [70368744177664, '85400000000000'],
    [9007199254740991, '861fffffffffffff'],
  ])('%d is written as Hadoop writes it', (n, hex) => {
    expect(encodeVLong(n).toString('hex')).toBe(hex)
  })
})

describe('aggregated logs', () => {
  it.each(['none', 'gz'] as const)('written by Hadoop with compression %s are read', async (compression) => {
    const file = Buffer.from(HADOOP[compression], 'hex')
    expect(await contents(file)).toEqual(EXPECTED)
    expect(await readOwner(bytesOf(file))).toBe('root')
  })

  it.each(['none', 'gz'] as const)('come back as they were written, compression %s', async (compression) => {
    const long = 'x'.repeat(700_000)
    const logs: Record<string, Record<string, string>> = {
      [container(1)]: { stdout: 'hello\n', stderr: '' },
      [container(2)]: { big: long, after: 'end' },
      [container(3)]: { big: long },
    }
    const file = await write(logs, compression)
    expect(await contents(file)).toEqual(logs)
    expect(await readOwner(bytesOf(file))).toBe('root')
  })

  it('of no container are an empty set with an owner', async () => {
    const file = await write({})
    expect(await contents(file)).toEqual({})
    expect(await readOwner(bytesOf(file))).toBe('root')
  })

  it('hold the length that was said for a file that grew or shrank meanwhile', async () => {
    const file = await write({ [container(1)]: { grew: { length: 3, content: Buffer.from('abcdef') }, shrank: { length: 5, content: Buffer.from('xy') } } })
    expect(await contents(file)).toEqual({ [container(1)]: { grew: 'abc', shrank: 'xy   ' } })
  })

  it('may be read in part: what is not read is passed over', async () => {
    const file = await write({ [container(1)]: { a: 'x'.repeat(300_000), b: 'y' }, [container(2)]: { c: 'z' } })
    const names: string[] = []
    for await (const c of readAggregatedLogs(bytesOf(file))) for await (const f of c.files) names.push(f.name)
    expect(names).toEqual(['a', 'b', 'c'])
  })

  it('that were cut anywhere are refused, never half believed', async () => {
    const file = Buffer.from(HADOOP.none, 'hex')
    for (let length = 0; length < file.length; length++) await expect(contents(file.subarray(0, length))).rejects.toThrow(TFileError)
  })

  it('with a damaged byte end in an error or in other content, and do not hang or take gigabytes', async () => {
    const good = Buffer.from(HADOOP.gz, 'hex')
    for (let i = 0; i < good.length; i++) {
      const bad = Buffer.from(good)
      bad[i]! ^= 0xff
      await contents(bad).catch((e) => expect(e).toBeInstanceOf(Error))
    }
  })
})
