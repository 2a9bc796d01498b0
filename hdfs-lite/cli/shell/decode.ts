/** What -text makes of a file, by its first bytes and its name. */
import type { Readable } from 'node:stream'
import zlib from 'node:zlib'
import { exception } from '../../../common/errors.js'

/** @throws HadoopException for formats that are not read here */
export async function decoded(name: string, stream: Readable): Promise<AsyncIterable<Buffer>> {
  const first: Buffer = (await nextOf(stream)) ?? Buffer.alloc(0)
  stream.unshift(first)
  if (first.length === 0) return stream
  if (first[0] === 0x1f && first[1] === 0x8b) return stream.pipe(zlib.createGunzip())
  if (first.subarray(0, 3).toString('latin1') === 'SEQ') return refused(name, 'a SequenceFile')
  if (first.subarray(0, 3).toString('latin1') === 'Obj') return refused(name, 'an Avro file')
  if (name.endsWith('.deflate')) return stream.pipe(zlib.createInflate())
  const codec = /\.(bz2|snappy|lz4|zst)$/.exec(name)
  return codec ? refused(name, `compressed with ${codec[1]}`) : stream
}

function refused(name: string, what: string): never {
  throw exception('IOException', `${name} is ${what}, which -text does not decode here; -cat shows it as it is`)
}

function nextOf(stream: Readable): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    stream.once('error', reject)
    stream.once('end', () => resolve(undefined))
    stream.once('readable', () => {
      stream.off('error', reject)
      resolve(stream.read() ?? undefined)
    })
  })
}
