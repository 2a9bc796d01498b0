// Packs the example jobs into examples/stream-word-count.jar, when they or what packs them have changed.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
const root = path.dirname(here)
const packer = path.join(root, 'flink-yarn/program/pack.ts')

const newest = (file) => (statSync(file).isDirectory() ? Math.max(...readdirSync(file).map((f) => newest(path.join(file, f)))) : statSync(file).mtimeMs)

export async function buildExamples() {
  const jar = path.join(here, 'stream-word-count.jar')
  const sources = path.join(here, 'jobs')
  if (existsSync(jar) && statSync(jar).mtimeMs > Math.max(newest(sources), newest(packer))) return
  const { packJar } = createRequire(import.meta.url)(path.join(root, 'dist/pack.cjs'))
  await packJar(sources, jar, { mainClass: 'com.example.wc.StreamWordCount' })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildExamples()
