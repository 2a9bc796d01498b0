/** `bobbin replay LOG`: a recorded event log through the core again. */
import type { Command } from 'commander'
import { replayEventLog } from '../../runtime/event-log.js'
import { type Terminal, progressLine } from './terminal.js'

export function addReplay(bobbin: Command, terminal: Terminal): void {
  bobbin
    .command('replay')
    .description("a ResourceManager's recorded event log (bobbin.resourcemanager.event-log) through its core again: the effects must be the same")
    .argument('<log>', 'the log')
    .action(async (log: string) => {
      await openLoop(log, terminal)
    })
}

async function openLoop(log: string, terminal: Terminal): Promise<void> {
  const progress = progressLine(terminal)
  const started = performance.now()
  let steps = 0
  let first = 0
  let last = 0
  try {
    const replay = await replayEventLog(log, (now) => {
      first ||= now
      last = now
      if (++steps % 20_000 === 0) progress.show(`${steps} events, ${((now - first) / 60_000).toFixed(1)} min of the cluster's time`)
    })
    const wrong = replay.core.checkInvariants()
    progress.clear()
    const seconds = (performance.now() - started) / 1000
    terminal.out(
      `${replay.steps} events in ${replay.lives === 1 ? 'one life' : `${replay.lives} lives`} of the ResourceManager: every effect as recorded\n` +
        `${((last - first) / 1000).toFixed(0)} s of the cluster's time in ${seconds.toFixed(1)} s\n`,
    )
    if (wrong.length > 0) throw new Error(`the state at the end does not add up:\n${wrong.join('\n')}`)
  } finally {
    progress.clear()
  }
}
