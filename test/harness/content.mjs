import { createHash } from 'node:crypto'

/** Bytes that tell where they belong. */
export function content(name, length) {
  const seed = createHash('sha256').update(name).digest()
  const bytes = Buffer.alloc(length)
  for (let i = 0; i < length; i++) bytes[i] = seed[i % 32] ^ ((i >> 5) & 255)
  return bytes
}
