/** Names that are to be this machine's. */
import { lookup } from 'node:dns/promises'
import os from 'node:os'

/** The address, undefined when the name does not resolve. localhost is 127.0.0.1, whatever the system says first. */
export async function resolveHost(name: string): Promise<string | undefined> {
  if (name === 'localhost') return '127.0.0.1'
  try {
    return (await lookup(name, { family: 4 })).address
  } catch {
    return undefined
  }
}

export function isOurs(address: string): boolean {
  if (address === '0.0.0.0' || address.startsWith('127.')) return true
  return Object.values(os.networkInterfaces()).some((list) => list?.some((i) => i.address === address))
}

/** @throws Error with the lines that /etc/hosts lacks */
export async function requireLocal(names: readonly string[]): Promise<void> {
  const missing: string[] = []
  for (const [i, name] of names.entries()) {
    const address = await resolveHost(name)
    if (address === undefined || !isOurs(address)) missing.push(`127.0.0.${process.platform === 'linux' ? i + 2 : 1}\t${name}`)
  }
  if (missing.length === 0) return
  throw new Error(
    `${missing.length === 1 ? 'this name does' : 'these names do'} not resolve to this machine; add to /etc/hosts, then try again:\n\n${missing.join('\n')}\n`,
  )
}
