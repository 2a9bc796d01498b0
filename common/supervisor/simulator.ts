/** `bobbin sim` and `bobbin replay`: the simulator's own bundle, with the words as they were typed. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { root } from './layout.js'

export async function simulator(program: string, argv: readonly string[]): Promise<number> {
  const bundle = path.join(root, 'dist/simulator.cjs')
  if (!existsSync(bundle)) throw new Error('dist/simulator.cjs is not built; run: npm run build')
  const { main } = createRequire(bundle)(bundle) as { main: (program: string, argv: readonly string[]) => Promise<number> }
  return await main(program, argv)
}
