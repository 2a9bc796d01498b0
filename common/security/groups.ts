/** The groups of a user, primary one first, as the operating system knows them (org.apache.hadoop.security.ShellBasedUnixGroupsMapping). */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface Groups {
  /** Empty for a user whom the system does not know. */
  of(user: string): readonly string[]
  /** Forgets what is cached (`-refreshUserToGroupsMappings`). */
  refresh(): void
}

/** hadoop.security.groups.cache.secs */
const CACHE_MS = 300_000

export function createGroups(now: () => number = Date.now): Groups {
  const cache = new Map<string, { groups: readonly string[]; until: number }>()
  return {
    of(user) {
      const cached = cache.get(user)
      if (cached && cached.until > now()) return cached.groups
      const groups = fromFiles(user) ?? fromCommand(user)
      cache.set(user, { groups, until: now() + CACHE_MS })
      return groups
    },
    refresh: () => cache.clear(),
  }
}

function records(file: string): string[][] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split(':'))
  } catch {
    return []
  }
}

/** Undefined when /etc/passwd does not hold the user: a directory service may. */
function fromFiles(user: string): readonly string[] | undefined {
  const gid = records('/etc/passwd').find(([name]) => name === user)?.[3]
  if (gid === undefined) return undefined
  const groups = records('/etc/group')
  const primary = groups.find((g) => g[2] === gid)?.[0]
  const further = groups.filter((g) => g[3]?.split(',').includes(user)).map((g) => g[0]!)
  return [...new Set([...(primary === undefined ? [] : [primary]), ...further])]
}

function fromCommand(user: string): readonly string[] {
  // A name that begins with a hyphen would be read as an option.
  if (user === '' || user.startsWith('-')) return []
  try {
    return execFileSync('id', ['-Gn', user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .trim()
      .split(/\s+/)
  } catch {
    return []
  }
}
