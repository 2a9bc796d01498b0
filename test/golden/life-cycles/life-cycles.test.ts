/** The life cycles against the tables of the real ones (hadoop.txt): every pair of state and event, and where it leads. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { LIFE_CYCLES, type LifeCycleName } from '../../builders/life-cycles.js'

type Table = Map<string, string>

/** Where a table is meant to differ: `-` for an entry that only one of the two has. */
interface Difference {
  readonly why: string
  readonly entries: Readonly<Record<string, string>>
}

const stays = (event: string, ...states: readonly string[]) => Object.fromEntries(states.map((s) => [`${s} ${event}`, s]))

const DIFFERENCES: Partial<Record<LifeCycleName, readonly Difference[]>> = {
  RMAppImpl: [
    { why: 'a store that fails ends the process: nothing goes on unsaved', entries: { 'NEW_SAVING APP_SAVE_FAILED': '-' } },
    { why: 'an application master may register before the news that it was launched is back', entries: stays('ATTEMPT_LAUNCHED', 'RUNNING', 'KILLING') },
  ],
  RMAppAttemptImpl: [
    { why: 'a report or a failed launch may cross the end', entries: { ...stays('LAUNCH_FAILED', 'FINISHED'), ...stays('STATUS_UPDATE', 'FINISHED') } },
  ],
  ApplicationImpl: [
    {
      why: 'logs are handled once everything else is done, so nothing is heard of them before',
      entries: {
        'INITING APPLICATION_LOG_HANDLING_FAILED': '-',
        'FINISHING_CONTAINERS_WAIT APPLICATION_LOG_HANDLING_FAILED': '-',
        'APPLICATION_RESOURCES_CLEANINGUP APPLICATION_LOG_HANDLING_FAILED': '-',
        'APPLICATION_RESOURCES_CLEANINGUP APPLICATION_LOG_HANDLING_FINISHED': '-',
      },
    },
  ],
  ContainerImpl: [
    { why: 'a resource that can not be found is told later, as any other failure', entries: { 'NEW INIT_CONTAINER': 'DONE LOCALIZING SCHEDULED' } },
    { why: 'a relaunch waits in RELAUNCHING', entries: { 'RUNNING CONTAINER_EXITED_WITH_FAILURE': 'EXITED_WITH_FAILURE RELAUNCHING' } },
    {
      why: 'what can not be initialised anew is refused before it comes here',
      entries: { 'RUNNING REINITIALIZE_CONTAINER': 'REINITIALIZING REINITIALIZING_AWAITING_KILL' },
    },
    { why: 'somebody may kill it while its new resources come', entries: { 'REINITIALIZING CONTAINER_KILLED_ON_REQUEST': 'EXITED_WITH_FAILURE' } },
    {
      why: 'resources of a localize call may arrive at any time',
      entries: {
        ...stays('RESOURCE_LOCALIZED', 'SCHEDULED', 'RELAUNCHING', 'REINITIALIZING_AWAITING_KILL', 'EXITED_WITH_SUCCESS', 'EXITED_WITH_FAILURE'),
        ...stays('RESOURCE_LOCALIZED', 'CONTAINER_CLEANEDUP_AFTER_KILL', 'DONE'),
        ...stays('RESOURCE_FAILED', 'SCHEDULED', 'RELAUNCHING', 'REINITIALIZING_AWAITING_KILL', 'EXITED_WITH_SUCCESS', 'EXITED_WITH_FAILURE'),
      },
    },
  ],
  LocalizedResource: [
    { why: 'two copies of the news are one, and what failed may be let go', entries: { 'LOCALIZED LOCALIZED': 'LOCALIZED', 'FAILED RELEASE': 'FAILED' } },
  ],
}

/** Events and states of features that are left out: pausing, and news that change no state and travel without events here. */
const LEFT_OUT =
  /\b(PAUSE_CONTAINER|PAUSED|PAUSING|RESUMING|RECOVER_PAUSED_CONTAINER|ROLLBACK_REINIT|UPDATE_CONTAINER_TOKEN|UPDATE_DIAGNOSTICS_MSG|APPLICATION_LOG_HANDLING_INITED)\b/

function hadoopTables(): Map<string, Table> {
  const tables = new Map<string, Table>()
  let table: Table = new Map()
  for (const line of readFileSync('test/golden/life-cycles/hadoop.txt', 'utf8').split('\n')) {
    const name = /^# (\w+)$/.exec(line)?.[1]
    if (name) tables.set(name, (table = new Map()))
    else if (line !== '' && !line.startsWith('#') && !LEFT_OUT.test(line)) {
      const [state, event, ...to] = line.split(' ')
      table.set(`${state} ${event}`, to.sort().join(' '))
    }
  }
  return tables
}

function ourTable(name: LifeCycleName): Table {
  const table: Table = new Map()
  for (const { state, event, targets } of LIFE_CYCLES[name].entries()) table.set(`${state} ${event}`, [...targets].sort().join(' '))
  return table
}

const HADOOP = hadoopTables()

describe('the table of', () => {
  it.each(Object.keys(LIFE_CYCLES) as LifeCycleName[])('%s is the real one’s', (name) => {
    const expected = new Map(HADOOP.get(name))
    for (const { entries } of DIFFERENCES[name] ?? []) {
      for (const [entry, to] of Object.entries(entries)) {
        expect(expected.get(entry) ?? '-', `${entry} is no difference any more`).not.toBe(to)
        if (to === '-') expected.delete(entry)
        else expected.set(entry, to)
      }
    }
    expect(Object.fromEntries([...ourTable(name)].sort())).toEqual(Object.fromEntries([...expected].sort()))
  })

  it.each(Object.keys(LIFE_CYCLES) as LifeCycleName[])('%s refuses everything else by both names', (name) => {
    const { states, events, send } = LIFE_CYCLES[name]
    const legal = ourTable(name)
    for (const state of states()) {
      for (const event of events()) if (!legal.has(`${state} ${event}`)) expect(() => send(state, event)).toThrow(new RegExp(`${event} at ${state}$`))
    }
  })
})
