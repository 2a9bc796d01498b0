/**
 * Which rack a host is in: by a table file or by the administrator's script, as Hadoop's rack awareness (org.apache.hadoop.net.
 * {TableMapping,ScriptBasedMapping}); every host in one rack otherwise. Looked up once for each host, when it registers.
 */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Configuration } from '../config/configuration.js'
import { core } from '../config/keys/core.js'
import type { Logger } from '../daemon/daemon.js'

export const DEFAULT_RACK = '/default-rack'

const SCRIPT_TIMEOUT = 10_000
const run = promisify(execFile)

export interface Racks {
  /** At once where no script is to be asked. */
  of(host: string): string | Promise<string>
}

export function createRacks(conf: Configuration, log: Logger): Racks {
  const script = conf.optional(core.topologyScript)
  const table = conf.optional(core.topologyTable)
  if (table) {
    const racks = readTable(table, log)
    return { of: (host) => racks.get(host) ?? DEFAULT_RACK }
  }
  if (!script) return { of: () => DEFAULT_RACK }
  const known = new Map<string, string>()
  return {
    of(host) {
      return (
        known.get(host) ??
        ask(script, host, log).then((rack) => {
          if (rack !== undefined) known.set(host, rack)
          return rack ?? DEFAULT_RACK
        })
      )
    },
  }
}

/** Lines of HOST RACK. */
function readTable(file: string, log: Logger): Map<string, string> {
  try {
    const lines = readFileSync(file, 'utf8').split('\n')
    const pairs = lines.map((line) => line.trim().split(/\s+/)).filter((p) => p.length === 2 && !p[0]!.startsWith('#'))
    return new Map(pairs as [string, string][])
  } catch (e) {
    log.warn(`${core.topologyTable.name}: ${file} can't be read, all hosts are in ${DEFAULT_RACK}: ${(e as Error).message}`)
    return new Map()
  }
}

async function ask(script: string, host: string, log: Logger): Promise<string | undefined> {
  try {
    const { stdout } = await run(script, [host], { timeout: SCRIPT_TIMEOUT })
    const rack = stdout.trim().split(/\s+/)[0]
    if (rack?.startsWith('/')) return rack
    log.warn(`${core.topologyScript.name}: ${script} answered "${stdout.trim()}" for ${host}, which is no rack (such as /rack1)`)
  } catch (e) {
    log.warn(`${core.topologyScript.name}: ${script} failed for ${host}, which counts as in ${DEFAULT_RACK}: ${(e as Error).message}`)
  }
  return undefined
}
