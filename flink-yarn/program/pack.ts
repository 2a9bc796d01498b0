/** Packs a folder of JavaScript or TypeScript modules into a job jar. */
import { createWriteStream, readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import yazl from 'yazl'
import { ProgramInvocationException } from './errors.js'

export interface PackOptions {
  /** The class that runs when `-c` names none. */
  readonly mainClass?: string
}

/** Zip entries carry a time; the same sources must give the same jar. */
const EPOCH = new Date(1980, 0, 1)

function* filesBelow(folder: string, prefix = ''): Iterable<string> {
  for (const e of readdirSync(path.join(folder, prefix), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = path.posix.join(prefix, e.name)
    if (e.isDirectory()) yield* filesBelow(folder, name)
    else if (e.isFile() && !e.name.endsWith('.d.ts')) yield name
  }
}

/**
 * @param folder its files become the jar's entries; *.ts are transpiled to *.js (types are not checked)
 * @param out the jar's path; replaced when it is there
 * @throws ProgramInvocationException when the folder holds no module, or lacks the main class
 */
export async function packJar(folder: string, out: string, options: PackOptions = {}): Promise<void> {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw new ProgramInvocationException(`${folder} is not a folder`)
  const names = [...filesBelow(folder)].filter((n) => n !== 'META-INF/MANIFEST.MF')
  const modules = names.filter((n) => /\.(?:[cm]?js|ts)$/.test(n))
  if (modules.length === 0) throw new ProgramInvocationException(`${folder} holds no JavaScript or TypeScript module`)
  const { mainClass } = options
  if (mainClass !== undefined && !modules.some((n) => n.replace(/\.[^.]+$/, '').replaceAll('/', '.') === mainClass)) {
    throw new ProgramInvocationException(`${folder} has no module ${mainClass.replaceAll('.', '/')}.js (or .ts) for the main class ${mainClass}`)
  }
  const zip = new yazl.ZipFile()
  const manifest = ['Manifest-Version: 1.0', 'Created-By: bobbin', ...(mainClass === undefined ? [] : [`Main-Class: ${mainClass}`])]
  zip.addBuffer(Buffer.from(`${manifest.map((line) => foldLine(line)).join('\r\n')}\r\n\r\n`), 'META-INF/MANIFEST.MF', { mtime: EPOCH })
  for (const name of names) {
    const source = path.join(folder, name)
    if (name.endsWith('.ts')) zip.addBuffer(await transpile(source), `${name.slice(0, -3)}.js`, { mtime: EPOCH })
    else zip.addBuffer(readFileSync(source), name, { mtime: EPOCH })
  }
  zip.end()
  const partial = `${out}.partial`
  try {
    await pipeline(zip.outputStream, createWriteStream(partial))
    renameSync(partial, out)
  } finally {
    rmSync(partial, { force: true })
  }
}

/** A manifest's lines hold at most 72 bytes; what is longer goes on after a blank. */
function foldLine(line: string, limit = 72): string {
  return line.length <= limit ? line : `${line.slice(0, limit)}\r\n ${foldLine(line.slice(limit), 71)}`
}

async function transpile(file: string): Promise<Buffer> {
  let esbuild: typeof import('esbuild')
  try {
    esbuild = await import('esbuild')
  } catch (e) {
    throw new ProgramInvocationException(`${file} is TypeScript, and esbuild, which transpiles it, can't be loaded: ${(e as Error).message}`)
  }
  try {
    const { code } = await esbuild.transform(readFileSync(file, 'utf8'), {
      loader: 'ts',
      format: 'esm',
      target: 'node20',
      sourcefile: file,
      logLevel: 'silent',
    })
    return Buffer.from(code)
  } catch (e) {
    const at = (e as { errors?: { text: string; location?: { line: number; column: number } }[] }).errors?.[0]
    throw new ProgramInvocationException(`${file}:${at?.location?.line ?? 0}:${at?.location?.column ?? 0}: ${at?.text ?? (e as Error).message}`)
  }
}
