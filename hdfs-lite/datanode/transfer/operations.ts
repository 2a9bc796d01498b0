/** Data transfer's operations: two bytes of version, one of code, a delimited message. */
import {
  BlockOpResponseProto,
  type BlockOpResponseProtoInit,
  OpBlockChecksumProto,
  OpCopyBlockProto,
  OpReadBlockProto,
  OpTransferBlockProto,
  OpWriteBlockProto,
  type OpWriteBlockProtoInit,
} from '../../../common/proto/gen/data-transfer.js'
import { PacketError } from './packet.js'

export const DATA_TRANSFER_VERSION = 28
export const OPERATION_PREFIX = 3

const WRITE_BLOCK = 80

export type Operation =
  | { readonly kind: 'write'; readonly op: OpWriteBlockProto }
  | { readonly kind: 'read'; readonly op: OpReadBlockProto }
  | { readonly kind: 'copy'; readonly op: OpCopyBlockProto }
  | { readonly kind: 'checksum'; readonly op: OpBlockChecksumProto }
  | { readonly kind: 'transfer'; readonly op: OpTransferBlockProto }
  | { readonly kind: 'unsupported'; readonly name: string }

const UNSUPPORTED: Readonly<Record<number, string>> = {
  83: 'REPLACE_BLOCK',
  87: 'REQUEST_SHORT_CIRCUIT_FDS',
  88: 'RELEASE_SHORT_CIRCUIT_FDS',
  89: 'REQUEST_SHORT_CIRCUIT_SHM',
  90: 'BLOCK_GROUP_CHECKSUM',
  127: 'CUSTOM',
}

/** @throws PacketError for another version or an unknown operation */
export function checkOperationHead(head: Buffer): number {
  const version = head.readInt16BE(0)
  if (version !== DATA_TRANSFER_VERSION) throw new PacketError(`Version Mismatch (Expected: ${DATA_TRANSFER_VERSION}, Received: ${version} )`)
  return head[2]!
}

export function decodeOperation(code: number, message: Buffer): Operation {
  switch (code) {
    case WRITE_BLOCK:
      return { kind: 'write', op: OpWriteBlockProto.decode(message) }
    case 81:
      return { kind: 'read', op: OpReadBlockProto.decode(message) }
    case 84:
      return { kind: 'copy', op: OpCopyBlockProto.decode(message) }
    case 85:
      return { kind: 'checksum', op: OpBlockChecksumProto.decode(message) }
    case 86:
      return { kind: 'transfer', op: OpTransferBlockProto.decode(message) }
    default: {
      const name = UNSUPPORTED[code]
      if (name === undefined) throw new PacketError(`Unknown op ${code} in data stream`)
      return { kind: 'unsupported', name }
    }
  }
}

export function writeOperation(op: OpWriteBlockProtoInit): Buffer {
  const head = Buffer.alloc(OPERATION_PREFIX)
  head.writeInt16BE(DATA_TRANSFER_VERSION, 0)
  head[2] = WRITE_BLOCK
  return Buffer.concat([head, OpWriteBlockProto.encodeDelimited(op)])
}

export function response(r: BlockOpResponseProtoInit): Buffer {
  return Buffer.from(BlockOpResponseProto.encodeDelimited(r))
}
