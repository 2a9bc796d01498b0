/**
 * Memory that data passes through. Buffers outside V8's heap make its collector run when many of them are made, which
 * costs more than all the copying: so bytes arrive in one buffer of the process, and packets' buffers are used again.
 */
import net from 'node:net'

/** Below, allocating is cheap. */
const SMALLEST = 16 * 1024
const KEPT_BYTES = 24 * 1024 * 1024
const ARRIVAL = 256 * 1024

const free = new Map<number, ArrayBuffer[]>()
let freeBytes = 0

/** Few sizes, so that buffers fit again: multiples of 16 KiB, of 256 KiB for large ones. */
const sizeFor = (length: number) => {
  const step = length <= 256 * 1024 ? SMALLEST : 256 * 1024
  return Math.ceil(length / step) * step
}

/** A buffer of so many bytes, whatever is in it. */
export function takeBuffer(length: number): Buffer {
  if (length < SMALLEST) return Buffer.allocUnsafe(length)
  const size = sizeFor(length)
  const known = free.get(size)?.pop()
  if (known) freeBytes -= size
  return Buffer.from(known ?? new ArrayBuffer(size), 0, length)
}

/** Nobody looks at the buffer any more. One that is never given back is lost to the collector, no more. */
export function giveBuffer(b: Buffer): void {
  const memory = b.buffer as ArrayBuffer
  const size = memory.byteLength
  if (b.length < SMALLEST || freeBytes + size > KEPT_BYTES) return
  freeBytes += size
  const list = free.get(size)
  if (list) list.push(memory)
  else free.set(size, [memory])
}

const arrival = Buffer.allocUnsafeSlow(ARRIVAL)

/**
 * The same connection, with all that it brings read into one buffer of the process: what a `data` listener wants to keep
 * it must copy. A server's own sockets can't be told to; where a socket doesn't give its handle away it is used as it is.
 * @param accepted from a server with `pauseOnConnect`
 */
export function readIntoSharedBuffer(accepted: net.Socket): net.Socket {
  const owner = accepted as unknown as { _handle: unknown }
  const handle = owner._handle
  if (!handle) return accepted
  owner._handle = null
  accepted.destroy()
  const options = {
    handle,
    allowHalfOpen: accepted.allowHalfOpen,
    onread: {
      buffer: arrival,
      callback(count: number) {
        socket.emit('data', arrival.subarray(0, count))
        return true
      },
    },
  }
  const socket: net.Socket = new net.Socket(options as net.SocketConstructorOpts)
  return socket
}
