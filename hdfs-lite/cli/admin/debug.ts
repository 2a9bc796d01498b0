/** `hdfs debug`: looks into a DataNode's files, and takes a lease from a writer that is gone. */
import { open, readFile, stat, writeFile } from 'node:fs/promises'
import { hdfs } from '../../../common/config/keys/hdfs.js'
import { exception, isException } from '../../../common/errors.js'
import type { ChecksumTypeProto } from '../../../common/proto/gen/hdfs.js'
import { type Checksum, META_HEADER, checksum, checksumsOf, chunkCount, metaHeader, parseMetaHeader, verify } from '../../datanode/storage/checksum.js'
import { DfsClient } from '../../client/index.js'
import { GENERIC_OPTIONS_HELP, readGenericOptions } from '../generic-options.js'
import { UsageError } from '../shell/errors.js'
import { parsePath } from '../shell/file-system.js'
import { Terminal } from './terminal.js'

interface DebugCommand {
  readonly usage: string
  readonly help: string
  readonly run: (t: Terminal, option: (name: string) => string | undefined) => Promise<number>
}

const STEP_CHUNKS = 32 * 1024
const RETRY_MILLIS = 5000

const COMMANDS: Readonly<Record<string, DebugCommand>> = {
  verifyMeta: {
    usage: 'verifyMeta -meta <metadata-file> [-block <block-file>]',
    help: '  Verify HDFS metadata and block files.  If a block file is specified, we\n  will verify that the checksums in the metadata file match the block\n  file.',
    run: verifyMeta,
  },
  computeMeta: {
    usage: 'computeMeta -block <block-file> -out <output-metadata-file>',
    help: "  Compute HDFS metadata from the specified block file, and save it to\n  the specified output metadata file.\n\n**NOTE: Use at your own risk!\n If the block file is corrupt and you overwrite it's meta file, \n it will show up as good in HDFS, but you can't read the data.\n Only use as a last measure, and when you are 100% certain the block file is good.",
    run: computeMeta,
  },
  recoverLease: {
    usage: 'recoverLease -path <path> [-retries <num-retries>]',
    help: '  Recover the lease on the specified path.  The path must reside on an\n  HDFS filesystem.  The default number of retries is 1.',
    run: recoverLease,
  },
  verifyEC: {
    usage: 'verifyEC -file <file>',
    help: '  Verify HDFS erasure coding on all block groups of the file.',
    run: async () => {
      throw exception('UnsupportedOperationException', 'Erasure coding is not part of this store: no file has it')
    },
  },
}

/** The value of an option. @throws UsageError when the option is the last word */
function optionValue(words: readonly string[], name: string): string | undefined {
  const at = words.indexOf(name)
  if (at >= 0 && words[at + 1] === undefined) throw new UsageError(`java.lang.IllegalArgumentException: option ${name} requires 1 argument.`)
  return at < 0 ? undefined : words[at + 1]
}

/** In Java's words. */
function opening(e: unknown, file: string): string {
  const { code, message } = e as NodeJS.ErrnoException
  return code === 'ENOENT' ? `java.io.FileNotFoundException: ${file} (No such file or directory)` : message
}

function usage(): string {
  const lines = Object.values(COMMANDS).map((c) => c.usage)
  return [
    'Usage: hdfs debug <command> [arguments]',
    '',
    'These commands are for advanced users only.',
    '',
    'Incorrect usages may result in data loss. Use at your own risk.',
    '',
    ...lines,
    '',
    GENERIC_OPTIONS_HELP,
  ].join('\n')
}

export async function debug(args: readonly string[]): Promise<number> {
  const { conf, rest } = readGenericOptions(args)
  const t = new Terminal(conf)
  const [name, ...words] = rest
  if (name === 'help' && words[0] !== undefined && Object.hasOwn(COMMANDS, words[0])) {
    const c = COMMANDS[words[0]]!
    t.line(`${c.usage}\n${c.help}\n`)
    t.flush()
    return 0
  }
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!command) {
    t.line(usage())
    t.flush()
    return 0
  }
  if (words.length === 0) {
    t.line(`${command.usage}\n${command.help}\n`)
    t.flush()
    return 1
  }
  return t.finish(
    'debug',
    async () => {
      try {
        return await command.run(t, (wanted) => optionValue(words, wanted))
      } catch (e) {
        if (!(e instanceof UsageError)) throw e
        t.error(`RuntimeException: ${e.message}`)
        return 1
      }
    },
    1,
  )
}

async function verifyMeta(t: Terminal, option: (name: string) => string | undefined): Promise<number> {
  const [meta, block] = [option('-meta'), option('-block')]
  if (meta === undefined) {
    t.error('You must specify a meta file with -meta')
    return 1
  }
  let sums: Buffer
  let c: Checksum
  try {
    sums = await readFile(meta)
    c = parseMetaHeader(sums)
  } catch (e) {
    t.error(`Failed to read HDFS metadata file header for ${meta}: ${headerError(e, meta)}`)
    return 1
  }
  t.line(`Checksum type: DataChecksum(type=${c.type.replace('CHECKSUM_', '')}, chunkSize=${c.bytesPerChunk})`)
  if (block === undefined) return 0
  const data = await open(block).catch((e: Error) => e)
  if (data instanceof Error) {
    t.error(`Failed to open HDFS block file for ${block}: ${opening(data, block)}`)
    return 1
  }
  try {
    const step = Buffer.allocUnsafe(STEP_CHUNKS * c.bytesPerChunk)
    for (let at = 0; ; ) {
      const { bytesRead } = await data.read(step, 0, step.length, at)
      if (bytesRead === 0) break
      const from = META_HEADER + (at / c.bytesPerChunk) * c.size
      const of = sums.subarray(from, from + chunkCount(bytesRead, c) * c.size)
      const bad =
        of.length < chunkCount(bytesRead, c) * c.size
          ? Math.floor(of.length / Math.max(1, c.size)) * c.bytesPerChunk
          : verify(c, step.subarray(0, bytesRead), of)
      if (bad >= 0) {
        t.line(`verifyChunkedSums error: org.apache.hadoop.fs.ChecksumException: ${mismatch(c, block, at + bad, step.subarray(bad, bytesRead), of, bad)}`)
        return 1
      }
      at += bytesRead
    }
  } finally {
    await data.close()
  }
  t.line(`Checksum verification succeeded on block file ${block}`)
  return 0
}

function headerError(e: unknown, meta: string): string {
  if (typeof (e as NodeJS.ErrnoException).syscall === 'string') return opening(e, meta)
  const corrupt = 'EOF while reading header from meta. The meta file may be truncated or corrupt'
  return `org.apache.hadoop.hdfs.server.datanode.CorruptMetaHeaderException: ${corrupt}`
}

/** @param data from the chunk that does not match; `bad` is where it is in the step that `sums` belong to */
function mismatch(c: Checksum, block: string, position: number, data: Buffer, sums: Buffer, bad: number): string {
  const hex = (sum: Buffer) => (sum.length < c.size ? 'none' : sum.readUInt32BE().toString(16).toUpperCase())
  const at = (bad / c.bytesPerChunk) * c.size
  const type = c.type.replace('CHECKSUM_', '')
  const computed = hex(checksumsOf(c, data.subarray(0, c.bytesPerChunk)))
  const expected = hex(sums.subarray(at, at + c.size))
  return `Checksum ${type} not matched for file ${block} at position ${position}: expected=${expected} but computed=${computed}, algorithm=${type}`
}

async function computeMeta(t: Terminal, option: (name: string) => string | undefined): Promise<number> {
  const [block, out] = [option('-block'), option('-out')]
  const fail = (code: number, why: string) => {
    t.error(why)
    return code
  }
  if (block === undefined) return fail(2, 'You must specify a block file with -block')
  const file = await stat(block).catch(() => undefined)
  if (!file?.isFile()) return fail(3, `Block file <${block}> does not exist or is not a file`)
  if (out === undefined) return fail(4, 'You must specify a output file with -out')
  if (await stat(out).catch(() => undefined)) return fail(5, 'output file already exists!')
  const c = checksum(`CHECKSUM_${t.conf.get(hdfs.checksumType)}` as ChecksumTypeProto, t.conf.get(hdfs.bytesPerChecksum))
  await writeFile(out, Buffer.concat([metaHeader(c), checksumsOf(c, await readFile(block))]), { flag: 'wx' })
  t.line(`Checksum calculation succeeded on block file ${block} saved metadata to meta file ${out}`)
  return 0
}

async function recoverLease(t: Terminal, option: (name: string) => string | undefined): Promise<number> {
  const path = option('-path')
  if (path === undefined) {
    t.error('You must supply a -path argument to recoverLease.')
    return 1
  }
  const retries = Number(option('-retries') ?? 1)
  if (!Number.isInteger(retries)) {
    t.error(`Failed to parse the argument to -retries: java.lang.NumberFormatException: For input string: "${option('-retries')}"`)
    return 1
  }
  const { authority, path: src } = parsePath(path)
  const client = new DfsClient(t.conf, authority ? { service: authority } : {})
  try {
    for (let tries = 1; ; tries++) {
      try {
        if ((await client.namenode.recoverLease({ src, clientName: client.clientName })).result) {
          t.line(`recoverLease SUCCEEDED on ${path}`)
          return 0
        }
        t.error('recoverLease returned false.')
      } catch (e) {
        if (!isException(e)) throw e
        t.error(`recoverLease got exception: ${e.message}`)
        if (isException(e, 'FileNotFoundException')) {
          t.error(`Giving up on recoverLease for ${path} after 1 try`)
          return 1
        }
      }
      if (tries >= retries) {
        t.error(`Giving up on recoverLease for ${path} after ${tries} ${tries === 1 ? 'try' : 'tries'}.`)
        return 1
      }
      t.line(`Retrying in ${RETRY_MILLIS} ms...`)
      await new Promise((r) => setTimeout(r, RETRY_MILLIS))
      t.line(`Retry #${tries}`)
    }
  } finally {
    client.close()
  }
}
