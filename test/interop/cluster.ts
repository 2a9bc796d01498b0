/** A cluster of ours as a user starts it, for the real Java peers to talk to. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Finished, finished, hadoopEnv } from './peers/layout.js'

const scripts = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../scripts')

export interface Cluster {
  readonly dir: string
  /** HADOOP_CONF_DIR */
  readonly confDir: string
  /** Runs one of our commands with the cluster's environment. */
  command(name: string, ...args: string[]): Promise<Finished>
  down(): Promise<void>
}

/**
 * `overlay`: a folder with configuration files to lay over the generated ones.
 * `hadoop`: the environment that containers find their Hadoop by.
 */
export async function up(nodes: number, overlay?: string, hadoop: NodeJS.ProcessEnv = hadoopEnv()): Promise<Cluster> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'bobbin-interop-'))
  const env: NodeJS.ProcessEnv = { ...hadoop }
  const command = (name: string, ...args: string[]) => finished(spawn(path.join(scripts, name), args, { env, stdio: ['ignore', 'pipe', 'pipe'] }))
  const started = await command('bobbin', 'up', '-d', '--dir', dir, '--nodes', String(nodes), '--free-ports', ...(overlay ? ['--conf', overlay] : []))
  if (started.code !== 0) throw new Error(`bobbin up failed:\n${started.stdout}${started.stderr}`)
  const exported = await command('bobbin', 'env', '--dir', dir)
  for (const m of exported.stdout.matchAll(/^export ([A-Z_]+)=(?:"([^"]*)"|'([^']*)'|(\S*))$/gm)) if (m[1] !== 'PATH') env[m[1]!] = m[2] ?? m[3] ?? m[4]!
  if (!env.HADOOP_CONF_DIR) throw new Error(`bobbin env names no HADOOP_CONF_DIR:\n${exported.stdout}${exported.stderr}`)
  return {
    dir,
    confDir: env.HADOOP_CONF_DIR,
    command,
    async down() {
      const stopped = await command('bobbin', 'down', '--dir', dir)
      if (stopped.code !== 0) throw new Error(`bobbin down failed:\n${stopped.stdout}${stopped.stderr}`)
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Waits until `look` gives something. @throws Error with `what` and the last value after the limit */
export async function until<T>(what: string, look: () => Promise<T | undefined | false>, limit = 120_000): Promise<T> {
  const deadline = Date.now() + limit
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen
    if (Date.now() > deadline) throw new Error(`${what}: not within ${limit / 1000} s`)
    await new Promise((r) => setTimeout(r, 200))
  }
}

/** A server that writes lines to each socket that connects, as `nc -lk` with somebody typing. */
export async function lineServer(lines: readonly string[]): Promise<{ port: number; close(): void }> {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.write(lines.map((l) => `${l}\n`).join(''))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as net.AddressInfo).port,
    close() {
      for (const s of sockets) s.destroy()
      server.close()
    },
  }
}
