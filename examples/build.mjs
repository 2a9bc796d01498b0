// Packs the example jobs into examples/stream-word-count.jar, when they or what packs them have changed.
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
const root = path.dirname(here)
const packer = path.join(root, 'flink-yarn/program/pack.ts')

const newest = (file) => (statSync(file).isDirectory() ? Math.max(...readdirSync(file).map((f) => newest(path.join(file, f)))) : statSync(file).mtimeMs)

export async function buildExamples() {
  const jar = path.join(here, 'stream-word-count.jar')
  const sources = path.join(here, 'jobs')
  if (existsSync(jar) && statSync(jar).mtimeMs > Math.max(newest(sources), newest(packer))) return
  const esbuild = await import('esbuild')
  const outfile = path.join(root, 'dist/pack.mjs')
  mkdirSync(path.dirname(outfile), { recursive: true })
  await esbuild.build({
    entryPoints: [packer],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    outfile,
    logLevel: 'warning',
  })
  const { packJar } = await import(pathToFileURL(outfile).href)
  await packJar(sources, jar, { mainClass: 'com.example.wc.StreamWordCount' })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildExamples()
