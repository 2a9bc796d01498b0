import { describe, expect, it } from 'vitest'
import {
  EXECUTION,
  EXECUTION_STATES,
  type ExecutionState,
  JOB,
  JOB_STATUSES,
  TERMINAL_EXECUTION,
  TERMINAL_JOB,
  next,
} from '../../../flink-yarn/jobmanager/states.js'

describe('the life of an execution', () => {
  it('goes from CREATED to FINISHED', () => {
    const states: ExecutionState[] = [EXECUTION_STATES[0]]
    for (const event of ['schedule', 'deploy', 'initialize', 'run', 'finish'] as const) states.push(next(EXECUTION, states.at(-1)!, event))
    expect(states).toEqual(['CREATED', 'SCHEDULED', 'DEPLOYING', 'INITIALIZING', 'RUNNING', 'FINISHED'])
  })

  it('does not leave a terminal state, whatever comes late', () => {
    for (const state of TERMINAL_EXECUTION) for (const to of Object.values(EXECUTION[state])) expect(to).toBe(state)
  })

  it('ends cancelled, however the task ended while it was being cancelled', () => {
    for (const event of ['finish', 'canceled', 'fail'] as const) expect(next(EXECUTION, 'CANCELING', event)).toBe('CANCELED')
  })

  it('refuses what can not be, naming both', () => {
    expect(() => next(EXECUTION, 'CREATED', 'run')).toThrow('CREATED does not take the event run')
  })
})

describe('the life of a job', () => {
  it('can be cancelled from every state that is not terminal', () => {
    for (const status of JOB_STATUSES) {
      if (TERMINAL_JOB.has(status) || status === 'SUSPENDED' || status === 'RECONCILING') continue
      expect(next(JOB, status, 'cancel')).toBe('CANCELLING')
    }
  })

  it('ends for good', () => {
    for (const status of TERMINAL_JOB) expect(Object.keys(JOB[status])).toEqual([])
  })
})
