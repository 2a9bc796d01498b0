/** `flink list` is to answer in a tenth of a second: what its bundle holds decides that. */
import path from 'node:path'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

it("keeps servers' libraries out of the commands' bundle", async () => {
  const root = path.resolve(import.meta.dirname, '../../..')
  const { metafile } = await build({
    entryPoints: [path.join(root, 'flink-yarn/cli/main.ts')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    write: false,
    metafile: true,
    logLevel: 'silent',
    outfile: 'flink.cjs',
    define: { 'import.meta.url': '""' },
    absWorkingDir: root,
  })
  const inputs = Object.keys(metafile.inputs)
  const packages = new Set(inputs.flatMap((f) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(f)?.[1] ?? []))
  for (const server of ['fastify', 'better-sqlite3', 'pino', 'prom-client', 'commander', 'esbuild', 'yazl']) expect(packages).not.toContain(server)
  expect(inputs.filter((f) => /^flink-yarn\/(jobmanager|taskmanager|rest)\//.test(f))).toEqual([])
})
