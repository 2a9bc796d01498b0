import { describe, expect, it } from 'vitest'
import type { Ask } from '../../../resourcemanager/scheduler/asks.js'
import type { SchedulerAttempt, SchedulerHost } from '../../../resourcemanager/scheduler/attempt.js'
import {
  CONTAINER_LIFECYCLE,
  type ContainerEvent,
  type ContainerEventType,
  RMContainer,
  type RMContainerState,
} from '../../../resourcemanager/scheduler/container.js'
import type { SchedulerNode } from '../../../resourcemanager/scheduler/node.js'
import { gb } from './cluster.js'
import { happens, listener } from './lives.js'

function container() {
  const { outside, said } = listener<SchedulerHost>({ now: 100 })
  const it = new RMContainer({ host: outside } as SchedulerAttempt, {} as SchedulerNode, gb(1), {} as Ask, 1, '')
  it.taken = []
  const send = (state: RMContainerState, type: ContainerEventType, status?: ContainerEvent['status']) =>
    happens(CONTAINER_LIFECYCLE, it, state, { type, ...(status && { status }) }, said)
  return { container: it, send }
}

const KILLS = 'allocationNoLongerPending, cleanContainer, containerFinished'

/** Where each event leads and what it says. */
describe('a container', () => {
  it.each<[RMContainerState, ContainerEventType, string]>([
    ['NEW', 'START', 'ALLOCATED: containerStarted'],
    ['NEW', 'ACQUIRED', 'ACQUIRED: containerAcquired'],
    ['NEW', 'RECOVER', 'RUNNING: applicationRunsOnNode'],
    ['RESERVED', 'START', 'ALLOCATED: containerStarted'],
    ['ALLOCATED', 'ACQUIRED', 'ACQUIRED: containerAcquired'],
    ['ALLOCATED', 'EXPIRE', 'EXPIRED: containerFinished'],
    ['ALLOCATED', 'KILL', 'KILLED: containerFinished'],
    ['ACQUIRED', 'LAUNCHED', 'RUNNING: allocationNoLongerPending'],
    ['ACQUIRED', 'FINISHED', 'COMPLETED: containerFinished'],
    ['ACQUIRED', 'RELEASED', `RELEASED: ${KILLS}`],
    ['ACQUIRED', 'EXPIRE', `EXPIRED: ${KILLS}`],
    ['ACQUIRED', 'KILL', `KILLED: ${KILLS}`],
    ['RUNNING', 'FINISHED', 'COMPLETED: containerFinished'],
    ['RUNNING', 'KILL', `KILLED: ${KILLS}`],
    ['RUNNING', 'RELEASED', `RELEASED: ${KILLS}`],
  ])('at %s, %s', (state, event, expected) => {
    expect(container().send(state, event)).toBe(expected)
  })

  it('that had ended before it was found is over, with its status', () => {
    const { container: c, send } = container()
    expect(send('NEW', 'RECOVER', { exitStatus: 3, diagnostics: 'gone' })).toBe('COMPLETED: containerFinished')
    expect(c).toMatchObject({ exitStatus: 3, diagnostics: 'gone', finishTime: 100 })
  })

  it('once fetched gives nothing back to what was asked', () => {
    const { container: c, send } = container()
    send('ALLOCATED', 'ACQUIRED')
    expect(c.taken).toBeUndefined()
  })
})
