/** `bobbin restart NAME`: a note for the supervisor, which alone may start daemons, and a signal that it is there. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Cluster } from './cluster.js'
import { type ClusterRecord, type Layout, daemonNamed, lastLines, readRecord, readReady } from './layout.js'
import { isAlive, signal } from './processes.js'

const LIMIT = 40_000
const POLL = 20
export const RESTART_SIGNAL = 'SIGUSR2'

const note = (l: Layout) => path.join(l.dir, 'restart.request')

/** The supervisor's side: carries out what the note says. */
export async function restartRequested(cluster: Cluster): Promise<void> {
  const file = note(cluster.layout)
  if (!existsSync(file)) return
  const name = readFileSync(file, 'utf8').trim()
  rmSync(file)
  await cluster.restart(name)
}

export async function restart(l: Layout, record: ClusterRecord, name: string, say: (text: string) => void): Promise<number> {
  const before = daemonNamed(record, name)
  const started = performance.now()
  writeFileSync(note(l), `${name}\n`)
  if (!signal(record.supervisor, RESTART_SIGNAL)) throw new Error(`the supervisor of ${l.dir} is gone; bobbin down, then bobbin up -d`)
  while (performance.now() - started < LIMIT) {
    const now = daemonNamed(readRecord(l) ?? record, name)
    if (now.pid !== before.pid || now.startTime !== before.startTime) {
      if (isAlive(now) && readReady(l, name)) {
        say(`${name} runs again after ${((performance.now() - started) / 1000).toFixed(2)} s (pid ${now.pid})\n`)
        return 0
      }
      if (now.ended) throw new Error([`${name} does not come up; its last words:`, ...lastLines(l, name, 10).map((line) => `  ${line}`)].join('\n'))
    }
    await new Promise((r) => setTimeout(r, POLL))
  }
  throw new Error(`${name} did not come up within ${LIMIT / 1000} s; see ${path.join(l.logs, `${name}.log`)}`)
}
