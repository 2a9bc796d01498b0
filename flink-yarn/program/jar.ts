/** Job jars: a zip with META-INF/MANIFEST.MF and modules. `com/example/wc/StreamWordCount.js` is the class com.example.wc.StreamWordCount. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import yauzl, { type Entry, type ZipFile } from 'yauzl'
import { ProgramInvocationException } from './errors.js'

export interface JobJar {
  readonly path: string
  /** Its file name. */
  readonly name: string
  /** `java`: it holds class files, which need Apache Flink and a JVM. */
  readonly kind: 'javascript' | 'java'
  readonly manifest: ReadonlyMap<string, string>
  /** `program-class`, else `Main-Class` of the manifest. */
  readonly mainClass: string | undefined
  /** Dotted names of its modules (of its class files in a Java jar), sorted. */
  readonly classes: readonly string[]
  readonly size: number
  readonly sha256: string
}

const MANIFEST = 'META-INF/MANIFEST.MF'
const MODULE = /\.(?:js|mjs|cjs)$/
/** What one jar may unpack to: a zip can name far more bytes than it has. */
const MAX_UNPACKED = 1024 * 1024 * 1024
const MAX_MANIFEST = 1024 * 1024

/** @throws ProgramInvocationException when the file is no readable jar, in Flink's words where it has them */
export async function loadJobJar(file: string): Promise<JobJar> {
  const bytes = readJar(file)
  let manifest = new Map<string, string>()
  const classes: string[] = []
  let java = false
  await eachEntry(file, bytes, async (entry, zip) => {
    const name = entry.fileName
    if (name === MANIFEST) {
      if (entry.uncompressedSize > MAX_MANIFEST) throw new Error(`${MANIFEST} has ${entry.uncompressedSize} bytes`)
      manifest = parseManifest((await readEntry(zip, entry)).toString('utf8'))
    }
    if (name.endsWith('.class') && !name.startsWith('META-INF/')) {
      java = true
      classes.push(dotted(name.slice(0, -'.class'.length)))
    }
    if (MODULE.test(name) && !/^(META-INF|node_modules)\//.test(name)) classes.push(dotted(name.replace(MODULE, '')))
  })
  return {
    path: path.resolve(file),
    name: path.basename(file),
    kind: java ? 'java' : 'javascript',
    manifest,
    mainClass: manifest.get('program-class') ?? manifest.get('Main-Class'),
    classes: classes.sort(),
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  }
}

const dotted = (entry: string) => entry.replaceAll('/', '.')

function readJar(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (e) {
    const { code } = e as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new ProgramInvocationException(`JAR file does not exist: ${file}`)
    if (code === 'EISDIR') throw new ProgramInvocationException(`JAR file is not a file: ${file}`)
    throw new ProgramInvocationException(`JAR file can't be read '${file}': ${(e as Error).message}`)
  }
}

async function eachEntry(file: string, bytes: Buffer, visit: (entry: Entry, zip: ZipFile) => Promise<void> | void): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      yauzl.fromBuffer(bytes, { lazyEntries: true }, (error, zip) => {
        if (error || !zip) return reject(error)
        zip.on('error', reject)
        zip.on('end', resolve)
        zip.on('entry', (entry: Entry) => {
          Promise.resolve(visit(entry, zip)).then(() => zip.readEntry(), reject)
        })
        zip.readEntry()
      })
    })
  } catch (e) {
    throw new ProgramInvocationException(`Error while opening jar file '${file}': ${(e as Error).message}`)
  }
}

function readEntry(zip: ZipFile, entry: Entry): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error) return reject(error)
      const chunks: Buffer[] = []
      stream.on('data', (c: Buffer) => chunks.push(c))
      stream.on('error', reject)
      stream.on('end', () => resolve(Buffer.concat(chunks)))
    })
  })
}

/** A manifest's main section: `Name: value` lines of at most 72 bytes, continued by a blank at the start of the next. */
export function parseManifest(text: string): Map<string, string> {
  const found = new Map<string, string>()
  const unfolded = text.replace(/\r\n?/g, '\n').replace(/\n /g, '')
  for (const line of unfolded.split('\n')) {
    if (line === '') break
    const colon = line.indexOf(': ')
    if (colon > 0) found.set(line.slice(0, colon), line.slice(colon + 2))
  }
  return found
}

/**
 * Lays a jar's modules out in a folder, from where they can be imported: `bobbin/streaming` resolves to the engine's own
 * API there, and packages below the jar's node_modules as they do anywhere.
 */
export async function extractJar(jar: JobJar, folder: string): Promise<void> {
  let unpacked = 0
  let hasPackage = false
  await eachEntry(jar.path, readJar(jar.path), async (entry, zip) => {
    if (entry.fileName.endsWith('/')) return
    unpacked += entry.uncompressedSize
    if (unpacked > MAX_UNPACKED) throw new Error(`it unpacks to more than ${MAX_UNPACKED} bytes`)
    // yauzl refuses absolute names and those with `..`.
    const target = path.join(folder, entry.fileName)
    mkdirSync(path.dirname(target), { recursive: true })
    writeFileSync(target, await readEntry(zip, entry))
    if (entry.fileName === 'package.json') hasPackage = true
  })
  mkdirSync(folder, { recursive: true })
  if (!hasPackage) writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}\n')
}
