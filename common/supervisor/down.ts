/** `bobbin down`: by its supervisor, or by itself when that is gone. */
import { stopDaemons } from './cluster.js'
import { type Layout, readRecord } from './layout.js'
import { containerProcesses, isAlive, signal } from './processes.js'

const POLL = 20
const SUPERVISOR_LIMIT = 40_000

export async function down(l: Layout, say: (text: string) => void): Promise<number> {
  const record = readRecord(l)
  const left = () => [...(record?.daemons.filter(isAlive) ?? []), ...containerProcesses(l.dir)]
  if (!record || (!isAlive(record.supervisor) && left().length === 0)) {
    say(`no cluster runs in ${l.dir}\n`)
    return 0
  }
  const started = performance.now()
  const supervised = signal(record.supervisor, 'SIGTERM')
  while (supervised && isAlive(record.supervisor) && performance.now() - started < SUPERVISOR_LIMIT) await new Promise((r) => setTimeout(r, POLL))
  if (isAlive(record.supervisor)) signal(record.supervisor, 'SIGKILL')
  if (left().length > 0) await stopDaemons(l, record, (line) => say(`${line}\n`))
  const still = left()
  if (still.length > 0) throw new Error(`these processes could not be stopped: ${still.map((p) => p.pid).join(', ')}`)
  say(`stopped ${record.daemons.length} daemons in ${((performance.now() - started) / 1000).toFixed(2)} s; data stays in ${l.dir}\n`)
  return 0
}
