// Turns the .proto files of one folder into TypeScript modules: for each message an interface as read
// (`Foo`: repeated fields are always arrays, fields with a declared default are always set), one as written
// (`FooInit`: repeated fields may be left out) and a codec of the name `Foo`; for each enum a union of its names.
//
// Why not a generator off the shelf: "unset is not zero" needs absent optional fields to read as undefined,
// daemons want one copy of the shared nouns, and commands want small modules (start-up time).
// The wire itself is protobufjs' Reader and Writer.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync, existsSync } from 'node:fs'
import path from 'node:path'
import protobuf from 'protobufjs'

const RUNTIME = ['type Codec', 'type EnumCodec', 'codec', 'enumCodec', 'missing']
const VARINT = 0
const LENGTH = 2
const WIRE = {
  int32: 0,
  uint32: 0,
  sint32: 0,
  int64: 0,
  uint64: 0,
  sint64: 0,
  bool: 0,
  fixed64: 1,
  sfixed64: 1,
  double: 1,
  string: 2,
  bytes: 2,
  fixed32: 5,
  sfixed32: 5,
  float: 5,
}
const LONGS = new Set(['int64', 'uint64', 'sint64', 'fixed64', 'sfixed64'])

/** `RpcSaslProto.SaslAuth` in package hadoop.common becomes RpcSaslProto_SaslAuth. */
function localName(type) {
  const names = []
  for (let t = type; t instanceof protobuf.Type || t instanceof protobuf.Enum; t = t.parent) names.unshift(t.name)
  return names.join('_')
}

function* typesOf(namespace) {
  for (const nested of namespace.nestedArray) {
    if (nested instanceof protobuf.Type || nested instanceof protobuf.Enum) yield nested
    if (nested instanceof protobuf.Namespace) yield* typesOf(nested)
  }
}

const scalarType = (t) => (t === 'string' ? 'string' : t === 'bytes' ? 'Uint8Array' : t === 'bool' ? 'boolean' : 'number')

/**
 * @param {string} source folder of .proto files
 * @param {string} target folder for the generated modules
 * @param {string} runtime module specifier of the runtime, from a generated module
 * @param {Record<string, string>} external .proto file names of other folders to where their generated modules are
 */
export function generate(source, target, runtime, external = {}) {
  const files = readdirSync(source)
    .filter((f) => f.endsWith('.proto'))
    .sort()
  const root = new protobuf.Root()
  root.resolvePath = (_origin, file) => (path.isAbsolute(file) ? file : (external[path.basename(file, '.proto')]?.proto ?? path.join(source, file)))
  root.loadSync(
    files.map((f) => path.join(source, f)),
    { keepCase: false },
  )
  root.resolveAll()
  mkdirSync(target, { recursive: true })
  for (const file of files) {
    const full = path.join(source, file)
    const types = [...typesOf(root)].filter((t) => t.filename === full)
    writeIfChanged(path.join(target, file.replace('.proto', '.ts')), moduleText(types, full, runtime, external))
  }
}

function writeIfChanged(file, text) {
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return
  writeFileSync(file, text)
}

function moduleText(types, file, runtime, external) {
  const imports = new Map()
  const use = (type, isEnum) => {
    if (type.filename === file) return
    const base = path.basename(type.filename, '.proto')
    const from = external[base]?.module ?? `./${base}.js`
    if (!imports.has(from)) imports.set(from, new Set())
    imports.get(from).add(localName(type))
    if (!isEnum) imports.get(from).add(`type ${localName(type)}Init`)
  }
  const body = types.map((t) => (t instanceof protobuf.Enum ? enumText(t) : messageText(t, use))).join('\n')
  const lines = [
    `// Generated from ${path.basename(file)} by common/proto/generate.mjs; not committed.`,
    '/* biome-ignore-all lint: generated */',
    `import { ${RUNTIME.filter((n) => new RegExp(`\\b${n.replace('type ', '')}\\b`).test(body)).join(', ')} } from '${runtime}'`,
  ]
  for (const [from, names] of [...imports].sort()) lines.push(`import { ${[...names].sort().join(', ')} } from '${from}'`)
  return `${lines.join('\n')}\n\n${body}`
}

function enumText(type) {
  const name = localName(type)
  const entries = Object.entries(type.values)
  return `export type ${name} = ${entries.map(([k]) => `'${k}'`).join(' | ')}
export const ${name}: EnumCodec<${name}> = enumCodec({ ${entries.map(([k, v]) => `${k}: ${v}`).join(', ')} })
`
}

function messageText(type, use) {
  const name = localName(type)
  const fields = type.fieldsArray.map((f) => {
    const ref = f.resolvedType
    const isEnum = ref instanceof protobuf.Enum
    if (ref) use(ref, isEnum)
    const tsRead = ref ? localName(ref) : scalarType(f.type)
    // Hadoop keeps names as bytes of UTF-8: they are written as they are.
    const tsWrite = ref && !isEnum ? `${localName(ref)}Init` : f.type === 'bytes' ? `(${tsRead} | string)` : tsRead
    const wire = ref ? (isEnum ? VARINT : LENGTH) : WIRE[f.type]
    const fallback = f.options && 'default' in f.options ? f.options.default : undefined
    return {
      f,
      ref,
      isEnum,
      tsRead,
      tsWrite,
      wire,
      fallback,
      name: f.name,
      key: (f.id << 3) | wire,
      packed: f.repeated && wire !== LENGTH && f.options?.packed === true,
    }
  })
  return [interfaceText(name, fields), initText(name, fields), codecText(name, fields)].join('')
}

function interfaceText(name, fields) {
  const lines = fields.map((x) => {
    if (x.f.repeated) return `  ${x.name}: ${x.tsRead}[]`
    return `  ${x.name}${x.f.required || x.fallback !== undefined ? '' : '?'}: ${x.tsRead}`
  })
  return `export interface ${name} {\n${lines.join('\n')}\n}\n`
}

function initText(name, fields) {
  const lines = fields.map((x) => {
    if (x.f.repeated) return `  ${x.name}?: readonly ${x.tsWrite}[] | undefined`
    return `  ${x.name}${x.f.required ? '' : '?'}: ${x.tsWrite}${x.f.required ? '' : ' | undefined'}`
  })
  return `export interface ${name}Init {\n${lines.join('\n')}\n}\n`
}

function writeOne(x, value) {
  if (x.isEnum) return `w.uint32(${x.key}).int32(${x.tsRead}.number(${value}))`
  if (x.ref) return `{ w.uint32(${x.key}).fork(); ${x.tsRead}.write(${value}, w); w.ldelim() }`
  return `w.uint32(${x.key}).${x.f.type}(${value})`
}

function readOne(x) {
  if (x.isEnum) return `${x.tsRead}.name(r.int32())`
  if (x.ref) return `${x.tsRead}.read(r, r.uint32())`
  if (LONGS.has(x.f.type)) return `r.${x.f.type}() as unknown as number`
  return `r.${x.f.type}()`
}

function literal(x) {
  if (x.isEnum) return `'${typeof x.fallback === 'number' ? x.ref.valuesById[x.fallback] : x.fallback}'`
  return JSON.stringify(x.fallback)
}

function codecText(name, fields) {
  const write = fields.map((x) => {
    const v = `m.${x.name}`
    if (x.packed) {
      const one = x.isEnum ? `w.int32(${x.tsRead}.number(v))` : `w.${x.f.type}(v)`
      return `    if (${v} !== undefined && ${v}.length > 0) { w.uint32(${(x.f.id << 3) | LENGTH}).fork(); for (const v of ${v}) ${one}; w.ldelim() }`
    }
    if (x.f.repeated) return `    if (${v} !== undefined) for (const v of ${v}) ${writeOne(x, 'v')}`
    if (x.f.required) return `    ${writeOne(x, v)}`
    return `    if (${v} !== undefined) ${writeOne(x, v)}`
  })
  const empty = fields.map((x) => {
    if (x.f.repeated) return `${x.name}: []`
    return `${x.name}: ${x.fallback !== undefined ? literal(x) : 'undefined'}`
  })
  const cases = fields.map((x) => {
    const many = x.f.repeated
    const assign = x.isEnum
      ? `{ const v = ${readOne(x)}; if (v !== undefined) ${many ? `m.${x.name}.push(v)` : `m.${x.name} = v`} }`
      : many
        ? `m.${x.name}.push(${readOne(x)})`
        : `m.${x.name} = ${readOne(x)}`
    let text = `        case ${x.key}: ${assign}; break\n`
    // Both forms of a repeated number are legal whatever the declaration says.
    if (many && x.wire !== LENGTH)
      text += `        case ${(x.f.id << 3) | LENGTH}: { const stop = r.uint32() + r.pos; while (r.pos < stop) ${assign}; break }\n`
    return text
  })
  const checks = fields
    .filter((x) => x.f.required && x.fallback === undefined)
    .map((x) => `    if (m.${x.name} === undefined) missing('${name}', '${x.name}')\n`)
  return `export const ${name}: Codec<${name}, ${name}Init> = codec<${name}, ${name}Init>('${name}',
  (m, w) => {
${write.join('\n')}
  },
  (r, end) => {
    const m: any = { ${empty.join(', ')} }
    while (r.pos < end) {
      const key = r.uint32()
      switch (key) {
${cases.join('')}        default: r.skipType(key & 7)
      }
    }
${checks.join('')}    return m
  })
`
}

/** True when a .proto file or this generator is newer than what was generated. */
export function stale(source, target) {
  if (!existsSync(target)) return true
  const newest = Math.max(
    ...readdirSync(source)
      .filter((f) => /\.(proto|mjs)$/.test(f))
      .map((f) => statSync(path.join(source, f)).mtimeMs),
  )
  const made = readdirSync(target).map((f) => statSync(path.join(target, f)).mtimeMs)
  return made.length === 0 || newest > Math.max(...made)
}
