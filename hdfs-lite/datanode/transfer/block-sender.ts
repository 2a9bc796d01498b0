/** Sends a range of a replica as packets (BlockSender). */
import fs from 'node:fs'
import type net from 'node:net'
import { exception } from '../../../common/errors.js'
import type { BlockStore } from '../storage/block-store.js'
import { META_HEADER, checksumsOf } from '../storage/checksum.js'
import type { Replica } from '../storage/replica.js'
import { giveBuffer, takeBuffer } from './buffers.js'
import { packetHead } from './packet.js'

/** Bytes of data in a packet: fewer, larger packets cost both sides less. */
const PACKET_DATA = 512 * 1024

export interface Range {
  /** Begins at a chunk. */
  readonly start: number
  readonly end: number
}

/** The chunks that cover the wanted bytes. @throws IOException in Hadoop's words when they are not there */
export function rangeOf(store: BlockStore, replica: Replica, offset: number, length: number, name: string): Range {
  const { bytesPerChunk } = store.checksumOf(replica)
  const available = replica.state === 'FINALIZED' ? replica.length : replica.visible
  if (offset < 0 || offset > available || length < 0 || offset + length > available)
    throw exception('IOException', ` Offset ${offset} and length ${length} don't match block ${name} ( blockLen ${available} )`)
  const start = Math.floor(offset / bytesPerChunk) * bytesPerChunk
  const end = Math.min(available, Math.ceil((offset + length) / bytesPerChunk) * bytesPerChunk)
  return { start, end }
}

/** Resolves when all is written to the socket's buffers, or the socket is gone. @returns the last packet's sequence number */
export async function sendRange(store: BlockStore, replica: Replica, range: Range, socket: net.Socket, sendChecksums: boolean): Promise<number> {
  const c = store.checksumOf(replica)
  const withSums = sendChecksums && c.size > 0
  const files = store.files(replica, 'r')
  let seqno = 0
  let next: Promise<{ bytes: Buffer; sums: Buffer }> | undefined
  try {
    const step = Math.max(c.bytesPerChunk, Math.floor(PACKET_DATA / c.bytesPerChunk) * c.bytesPerChunk)
    const load = async (at: number) => {
      const length = Math.min(step, range.end - at)
      const bytes = takeBuffer(length)
      const sums = Buffer.allocUnsafe(withSums ? Math.ceil(length / c.bytesPerChunk) * c.size : 0)
      const { data, meta } = await files.take()
      let got: readonly number[]
      try {
        got = await Promise.all([read(data, bytes, at), withSums ? read(meta, sums, META_HEADER + (at / c.bytesPerChunk) * c.size) : 0])
      } finally {
        files.rest()
      }
      if (got[0] !== length) throw new Error(`the block file ends at ${at + got[0]!}, ${range.end} bytes were expected`)
      // While a block is being written its last checksum may be of more bytes than these: make it anew.
      const rest = length % c.bytesPerChunk
      if (withSums && replica.state !== 'FINALIZED' && rest > 0) checksumsOf(c, bytes.subarray(length - rest)).copy(sums, sums.length - c.size)
      else if (got[1] !== sums.length) throw new Error(`the meta file ends before the checksums of byte ${range.end}`)
      return { bytes, sums }
    }
    next = range.start < range.end ? load(range.start) : undefined
    for (let at = range.start; at < range.end; ) {
      const { bytes, sums } = await next!
      const head = packetHead({ offsetInBlock: at, seqno: seqno++, lastPacketInBlock: false, dataLen: bytes.length }, sums.length)
      at += bytes.length
      // The disk is read while the socket drains.
      next = at < range.end ? load(at) : undefined
      next?.catch(() => {})
      if (socket.destroyed) break
      socket.cork()
      socket.write(head)
      if (sums.length > 0) socket.write(sums)
      const more = socket.write(bytes, (e) => {
        if (!e) giveBuffer(bytes)
      })
      socket.uncork()
      if (!more) await drained(socket)
      if (socket.destroyed) break
    }
    if (!socket.destroyed) socket.write(packetHead({ offsetInBlock: range.end, seqno, lastPacketInBlock: true, dataLen: 0 }, 0))
    return seqno
  } finally {
    await next?.catch(() => {})
    files.close()
  }
}

function read(fd: number, into: Buffer, position: number): Promise<number> {
  return new Promise((resolve, reject) => fs.read(fd, into, 0, into.length, position, (e, n) => (e ? reject(e) : resolve(n))))
}

function drained(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
    if (socket.destroyed) done()
  })
}
