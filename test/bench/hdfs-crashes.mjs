// kill -9 of NameNode, DataNode and client, again and again: what was acknowledged is there. Fails where it is not.
// A thousand rounds when it is asked for by name, otherwise a few; BOBBIN_CRASHES sets the number, BOBBIN_SEED what happens.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { program } from './lib.mjs'

export const title = 'HDFS: rounds of kill -9'

export async function measure(report) {
  const rounds = Number(process.env.BOBBIN_CRASHES ?? (process.argv.includes('hdfs-crashes') ? 1000 : 20))
  const seed = Number(process.env.BOBBIN_SEED ?? Date.now() % 1_000_000)
  const dir = mkdtempSync(path.join(os.tmpdir(), 'bobbin-bench-'))
  try {
    const file = await program('hdfs-crashes.ts', path.join(dir, 'hdfs-crashes.cjs'))
    const run = promisify(execFile)(process.execPath, [file, String(rounds), String(seed)], { maxBuffer: 1 << 24 })
    run.child.stderr.pipe(process.stderr)
    const { acknowledged, kills } = JSON.parse((await run).stdout)
    report({ what: `rounds survived (seed ${seed})`, unit: '', ours: rounds })
    report({ what: 'operations acknowledged, all there', unit: '', ours: acknowledged })
    for (const [victim, times] of Object.entries(kills)) report({ what: `kills of ${victim}`, unit: '', ours: times })
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
