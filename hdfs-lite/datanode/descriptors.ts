/** How many descriptors the process may have, and what they are given to. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface DescriptorShares {
  /** Connections of data transfer, in and out. */
  readonly connections: number
  /** Replicas whose two files are open at once. */
  readonly replicas: number
}

/** What a DataNode of Hadoop takes at once unless told otherwise (dfs.datanode.max.transfer.threads). */
const USUAL_CONNECTIONS = 4096

/** The limit of this process: Node has raised the soft limit to the hard one. */
export function descriptorLimit(): number {
  const limits = readLinux() ?? execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim()
  return limits === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(limits)
}

function readLinux(): string | undefined {
  try {
    return /^Max open files\s+(\w+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw e
  }
}

/**
 * Most for connections, since each of them may be idle for long with no file open; a tenth for all that is no data transfer.
 * @param configured connections that the configuration allows, if it says so
 */
export function shareOut(limit: number, configured: number | undefined): DescriptorShares {
  const replicas = Math.min(8192, Math.max(8, Math.floor(limit / 16)))
  const rest = Math.max(32, Math.ceil(Math.min(limit, 20_480) / 10))
  const connections = Math.max(8, limit - 2 * replicas - rest)
  return { replicas, connections: Math.min(connections, configured ?? connections) }
}

/** What there is to say about the shares at the start. */
export function describeShares(
  limit: number,
  { connections }: DescriptorShares,
  configured: number | undefined,
): { readonly warn: boolean; readonly text: string } {
  const wanted = configured ?? USUAL_CONNECTIONS
  const text = `data transfer takes ${connections} connections at once; ${limit} descriptors are allowed`
  if (connections >= wanted) return { warn: false, text }
  const why = configured === undefined ? `less than the ${wanted} that are usual` : `less than the ${wanted} of dfs.datanode.max.transfer.threads`
  return { warn: true, text: `${text}, ${why}: raise the hard limit (ulimit -Hn) for whoever starts the DataNode` }
}
