/** getfattr, setfattr. */
import type { XAttrProto } from '../../../../common/proto/gen/client-namenode.js'
import { exception } from '../../../../common/errors.js'
import { UsageError } from '../errors.js'
import { clientOf } from '../hdfs-only.js'
import { contentsOf, type PathData } from '../path-data.js'
import type { Verb } from '../verb.js'

const NAMESPACES = ['USER', 'TRUSTED', 'SECURITY', 'SYSTEM', 'RAW'] as const
const CREATE = 1
const REPLACE = 2

/** Takes -o VALUE out of `args`, wherever it stands. */
function takeValue(args: string[], option: string): string | undefined {
  const at = args.indexOf(option)
  if (at < 0) return undefined
  if (at + 1 >= args.length) throw new UsageError(`option ${option} requires 1 argument.`)
  return args.splice(at, 2)[1]
}

function takeFlag(args: string[], option: string): boolean {
  const at = args.indexOf(option)
  if (at >= 0) args.splice(at, 1)
  return at >= 0
}

function parseName(text: string): { namespace: XAttrProto['namespace']; name: string } {
  const at = text.indexOf('.')
  if (at < 3) throw new UsageError(`An XAttr name must be prefixed with user/trusted/security/system/raw, followed by a '.'`)
  const namespace = NAMESPACES.find((n) => n === text.slice(0, at).toUpperCase())
  if (!namespace) throw new UsageError(`An XAttr name must be prefixed with user/trusted/security/system/raw, followed by a '.'`)
  if (at === text.length - 1) throw new UsageError('XAttr name cannot be empty.')
  return { namespace, name: text.slice(at + 1) }
}

const ENCODERS: Record<string, (value: Buffer) => string> = {
  text: (v) => `"${v.toString('utf8')}"`,
  hex: (v) => `0x${v.toString('hex')}`,
  base64: (v) => `0s${v.toString('base64')}`,
}

export const getfattr: Verb = {
  async run(run, args) {
    const name = takeValue(args, '-n')
    const encoding = takeValue(args, '-e')
    const recursive = takeFlag(args, '-R')
    const dump = takeFlag(args, '-d')
    const encode = ENCODERS[(encoding ?? 'text').toLowerCase()]
    if (!encode) throw new UsageError(`Invalid/unsupported encoding option specified: ${encoding}`)
    if (!dump && name === undefined) throw new UsageError("Must specify '-n name' or '-d' option.")
    if (args.length === 0) throw new UsageError('<path> is missing.')
    if (args.length > 1) throw new UsageError('Too many arguments.')
    const visit = async (item: PathData) => {
      run.console.line(`# file: ${item.text}`)
      const xAttrs = dump || name === undefined ? [] : [parseName(name)]
      const found = await clientOf(item, 'extended attributes').namenode.getXAttrs({ src: item.path, xAttrs })
      const attributes = found.xAttrs.map((x) => ({ name: `${x.namespace.toLowerCase()}.${x.name}`, value: Buffer.from(x.value ?? []) }))
      for (const x of hashOrder(attributes)) run.console.line(x.value.length > 0 ? `${x.name}=${encode(x.value)}` : x.name)
    }
    await run.forEach(args, (item) => (recursive ? run.walk(item, visit, contentsOf) : visit(item)))
  },
}

/** The order in which Java's HashMap holds them, and Hadoop prints them. */
function hashOrder<T extends { readonly name: string }>(items: readonly T[]): T[] {
  let capacity = 16
  while (items.length > capacity * 0.75) capacity *= 2
  const bucket = ({ name }: T) => {
    let h = 0
    for (let i = 0; i < name.length; i++) h = (Math.imul(h, 31) + name.charCodeAt(i)) | 0
    return (h ^ (h >>> 16)) & (capacity - 1)
  }
  return [...items].sort((a, b) => bucket(a) - bucket(b))
}

/** @throws HadoopException in the words of commons-codec */
function fromHex(digits: string): Buffer {
  const at = digits.search(/[^0-9a-f]/i)
  const wrong = digits.length % 2 === 1 ? 'Odd number of characters.' : at >= 0 ? `Illegal hexadecimal character ${digits[at]} at index ${at}` : undefined
  if (wrong !== undefined) throw exception('IOException', `org.apache.commons.codec.DecoderException: ${wrong}`)
  return Buffer.from(digits, 'hex')
}

/** "text", 0xHEX, 0sBASE64, or the text as it stands. */
export function decodeValue(text: string): Buffer {
  if (/^0x/i.test(text)) return fromHex(text.slice(2))
  if (/^0s/i.test(text)) return Buffer.from(text.slice(2), 'base64')
  return Buffer.from(/^"(.*)"$/s.exec(text)?.[1] ?? text)
}

export const setfattr: Verb = {
  async run(run, args) {
    const name = takeValue(args, '-n')
    const value = takeValue(args, '-v')
    const removed = takeValue(args, '-x')
    if (name !== undefined && removed !== undefined) throw new UsageError("Can not specify both '-n name' and '-x name' option.")
    if (name === undefined && removed === undefined) throw new UsageError("Must specify '-n name' or '-x name' option.")
    if (args.length === 0) throw new UsageError('<path> is missing.')
    if (args.length > 1) throw new UsageError('Too many arguments.')
    await run.forEach(args, async (item) => {
      const { namenode } = clientOf(item, 'extended attributes')
      if (removed !== undefined) await namenode.removeXAttr({ src: item.path, xAttr: parseName(removed) })
      else {
        const xAttr = { ...parseName(name!), ...(value !== undefined && { value: decodeValue(value) }) }
        await namenode.setXAttr({ src: item.path, xAttr, flag: CREATE | REPLACE })
      }
    })
  },
}
