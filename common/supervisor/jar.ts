/** `bobbin jar`: packs a folder of modules into a job jar, with the packer of the engine. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { root } from './layout.js'

export interface JarArguments {
  readonly out?: string
  readonly main?: string
}

type Pack = (folder: string, out: string, options: { mainClass?: string }) => Promise<void>

export async function jar(folder: string, args: JarArguments, say: (text: string) => void): Promise<number> {
  const bundle = path.join(root, 'dist/pack.cjs')
  if (!existsSync(bundle)) throw new Error('dist/pack.cjs is not built; run: npm run build')
  const { packJar } = createRequire(bundle)(bundle) as { packJar: Pack }
  const out = args.out ?? `${path.basename(path.resolve(folder))}.jar`
  await packJar(folder, out, args.main === undefined ? {} : { mainClass: args.main })
  say(`packed ${out}; to run it: flink run${args.main === undefined ? ' -c CLASS' : ''} ${out}\n`)
  return 0
}
