/** Entry by entry: where each event leads and what it asks to be done. */
import { describe, expect, it } from 'vitest'
import { EXIT } from '../../../common/records/states.js'
import { type ApplicationEvent, type ApplicationState, newApplicationLife, stepApplication } from '../../../nodemanager/core/application.js'
import { type ContainerEvent, type ContainerState, newContainerLife, stepContainer } from '../../../nodemanager/core/container.js'
import { newResourceLife, type ResourceEvent, type ResourceState, stepResource } from '../../../nodemanager/core/resource.js'

const shown = ({ state, effects }: { state: string; effects: readonly { type: string }[] }) =>
  [state, effects.map((e) => e.type).join(', ')].filter((t) => t !== '').join(': ')

const CONTAINER_EVENTS = {
  KILL_CONTAINER: { type: 'KILL_CONTAINER', exitStatus: EXIT.KILLED_BY_APPMASTER, diagnostics: 'killed' },
  CONTAINER_EXITED_WITH_FAILURE: { type: 'CONTAINER_EXITED_WITH_FAILURE', exitCode: 7, diagnostics: 'boom', at: 0 },
  CONTAINER_EXITED_WITH_SUCCESS: { type: 'CONTAINER_EXITED_WITH_SUCCESS' },
  CONTAINER_KILLED_ON_REQUEST: { type: 'CONTAINER_KILLED_ON_REQUEST', exitCode: 143, diagnostics: 'killed' },
  CONTAINER_RESOURCES_CLEANEDUP: { type: 'CONTAINER_RESOURCES_CLEANEDUP' },
  CONTAINER_LAUNCHED: { type: 'CONTAINER_LAUNCHED' },
  RESOURCE_LOCALIZED: { type: 'RESOURCE_LOCALIZED', resource: 'a' },
  RESOURCE_FAILED: { type: 'RESOURCE_FAILED', resource: 'a', diagnostics: 'gone' },
  INIT_CONTAINER: { type: 'INIT_CONTAINER', resources: ['a'] },
  REINITIALIZE_CONTAINER: { type: 'REINITIALIZE_CONTAINER', resources: ['a'] },
} satisfies Record<string, ContainerEvent>

const FAILS = 'EXITED_WITH_FAILURE: APPEND_DIAGNOSTICS, CLEANUP_PROCESS, CLEANUP_RESOURCES'
const SUCCEEDS = 'EXITED_WITH_SUCCESS: CLEANUP_PROCESS, CLEANUP_RESOURCES'
const KILLS = 'KILLING: CLEANUP_PROCESS, APPEND_DIAGNOSTICS'
const KILLED = `${FAILS}, APPEND_DIAGNOSTICS`
const { INVALID, KILLED_BY_APPMASTER: BY_MASTER } = EXIT

describe('a container', () => {
  it.each<[ContainerState, keyof typeof CONTAINER_EVENTS, string, number]>([
    ['NEW', 'INIT_CONTAINER', 'LOCALIZING: LOCALIZE', INVALID],
    ['NEW', 'KILL_CONTAINER', 'DONE: APPEND_DIAGNOSTICS, APPEND_DIAGNOSTICS, FINISHED', BY_MASTER],
    ['LOCALIZING', 'RESOURCE_LOCALIZED', 'SCHEDULED: LAUNCH', INVALID],
    ['LOCALIZING', 'RESOURCE_FAILED', 'LOCALIZATION_FAILED: APPEND_DIAGNOSTICS, CLEANUP_RESOURCES', INVALID],
    ['LOCALIZING', 'KILL_CONTAINER', 'KILLING: APPEND_DIAGNOSTICS, APPEND_DIAGNOSTICS, CLEANUP_RESOURCES', BY_MASTER],
    ['LOCALIZATION_FAILED', 'CONTAINER_RESOURCES_CLEANEDUP', 'DONE: FINISHED', INVALID],
    ['SCHEDULED', 'CONTAINER_LAUNCHED', 'RUNNING: START_MONITORING', INVALID],
    ['SCHEDULED', 'CONTAINER_EXITED_WITH_FAILURE', FAILS, 7],
    ['SCHEDULED', 'KILL_CONTAINER', KILLS, BY_MASTER],
    ['RUNNING', 'CONTAINER_EXITED_WITH_SUCCESS', SUCCEEDS, 0],
    ['RUNNING', 'CONTAINER_EXITED_WITH_FAILURE', 'EXITED_WITH_FAILURE: APPEND_DIAGNOSTICS, APPEND_DIAGNOSTICS, CLEANUP_PROCESS, CLEANUP_RESOURCES', 7],
    ['RUNNING', 'CONTAINER_KILLED_ON_REQUEST', KILLED, 143],
    ['RUNNING', 'KILL_CONTAINER', KILLS, BY_MASTER],
    ['RUNNING', 'RESOURCE_LOCALIZED', 'RUNNING: LINK', INVALID],
    ['RUNNING', 'RESOURCE_FAILED', 'RUNNING: APPEND_DIAGNOSTICS', INVALID],
    ['RUNNING', 'REINITIALIZE_CONTAINER', 'REINITIALIZING: LOCALIZE', INVALID],
    ['RELAUNCHING', 'CONTAINER_LAUNCHED', 'RUNNING: START_MONITORING', INVALID],
    ['RELAUNCHING', 'CONTAINER_EXITED_WITH_FAILURE', FAILS, 7],
    ['RELAUNCHING', 'KILL_CONTAINER', KILLS, BY_MASTER],
    ['REINITIALIZING', 'RESOURCE_LOCALIZED', 'REINITIALIZING_AWAITING_KILL: CLEANUP_FOR_REINIT', INVALID],
    ['REINITIALIZING', 'RESOURCE_FAILED', 'RUNNING: APPEND_DIAGNOSTICS', INVALID],
    ['REINITIALIZING', 'CONTAINER_EXITED_WITH_SUCCESS', SUCCEEDS, 0],
    ['REINITIALIZING', 'CONTAINER_EXITED_WITH_FAILURE', FAILS, 7],
    ['REINITIALIZING', 'CONTAINER_KILLED_ON_REQUEST', KILLED, 143],
    ['REINITIALIZING', 'KILL_CONTAINER', KILLS, BY_MASTER],
    ['REINITIALIZING_AWAITING_KILL', 'CONTAINER_KILLED_ON_REQUEST', 'SCHEDULED: LAUNCH', INVALID],
    ['REINITIALIZING_AWAITING_KILL', 'CONTAINER_EXITED_WITH_SUCCESS', SUCCEEDS, 0],
    ['REINITIALIZING_AWAITING_KILL', 'CONTAINER_EXITED_WITH_FAILURE', FAILS, 7],
    ['REINITIALIZING_AWAITING_KILL', 'KILL_CONTAINER', KILLS, BY_MASTER],
    ['EXITED_WITH_SUCCESS', 'CONTAINER_RESOURCES_CLEANEDUP', 'DONE: FINISHED', INVALID],
    ['EXITED_WITH_FAILURE', 'CONTAINER_RESOURCES_CLEANEDUP', 'DONE: FINISHED', INVALID],
    ['KILLING', 'CONTAINER_KILLED_ON_REQUEST', 'CONTAINER_CLEANEDUP_AFTER_KILL: APPEND_DIAGNOSTICS, CLEANUP_RESOURCES', 143],
    ['KILLING', 'CONTAINER_EXITED_WITH_SUCCESS', 'EXITED_WITH_SUCCESS: CLEANUP_RESOURCES', 0],
    ['KILLING', 'CONTAINER_EXITED_WITH_FAILURE', 'EXITED_WITH_FAILURE: APPEND_DIAGNOSTICS, CLEANUP_RESOURCES', 7],
    ['KILLING', 'CONTAINER_RESOURCES_CLEANEDUP', 'DONE: FINISHED', INVALID],
    ['CONTAINER_CLEANEDUP_AFTER_KILL', 'CONTAINER_RESOURCES_CLEANEDUP', 'DONE: FINISHED', INVALID],
  ])('at %s, %s', (state, event, expected, exitCode) => {
    const life = newContainerLife()
    life.state = state
    expect(shown(stepContainer(life, CONTAINER_EVENTS[event]))).toBe(expected)
    expect(life.exitCode).toBe(exitCode)
  })

  it.each<[ContainerState, string]>([
    ['LOCALIZATION_FAILED', 'FAILED'],
    ['EXITED_WITH_SUCCESS', 'SUCCEEDED'],
    ['EXITED_WITH_FAILURE', 'FAILED'],
    ['KILLING', 'KILLED'],
    ['CONTAINER_CLEANEDUP_AFTER_KILL', 'KILLED'],
  ])('cleaned up at %s has %s', (state, outcome) => {
    const life = newContainerLife()
    life.state = state
    expect(stepContainer(life, { type: 'CONTAINER_RESOURCES_CLEANEDUP' }).effects).toEqual([{ type: 'FINISHED', outcome }])
  })

  it('whose new resources can not be had waits for none of them', () => {
    const life = newContainerLife()
    life.state = 'RUNNING'
    stepContainer(life, { type: 'REINITIALIZE_CONTAINER', resources: ['a', 'b'] })
    stepContainer(life, CONTAINER_EVENTS.RESOURCE_FAILED)
    expect(life.awaiting.size).toBe(0)
  })
})

const APPLICATION_EVENTS = {
  INIT_APPLICATION: { type: 'INIT_APPLICATION' },
  INIT_CONTAINER: { type: 'INIT_CONTAINER', container: 'c2' },
  APPLICATION_INITED: { type: 'APPLICATION_INITED' },
  APPLICATION_CONTAINER_FINISHED: { type: 'APPLICATION_CONTAINER_FINISHED', container: 'c1' },
  FINISH_APPLICATION: { type: 'FINISH_APPLICATION', diagnostics: 'over' },
  APPLICATION_RESOURCES_CLEANEDUP: { type: 'APPLICATION_RESOURCES_CLEANEDUP' },
  APPLICATION_LOG_HANDLING_FINISHED: { type: 'APPLICATION_LOG_HANDLING_FINISHED' },
  APPLICATION_LOG_HANDLING_FAILED: { type: 'APPLICATION_LOG_HANDLING_FAILED' },
} satisfies Record<string, ApplicationEvent>

describe('an application with one container', () => {
  it.each<[ApplicationState, keyof typeof APPLICATION_EVENTS, string, string]>([
    ['NEW', 'INIT_APPLICATION', 'INITING: INIT_RESOURCES', 'c1'],
    ['NEW', 'INIT_CONTAINER', 'NEW', 'c1 c2'],
    ['INITING', 'INIT_CONTAINER', 'INITING', 'c1 c2'],
    ['INITING', 'APPLICATION_INITED', 'RUNNING: INIT_CONTAINER', 'c1'],
    ['INITING', 'APPLICATION_CONTAINER_FINISHED', 'INITING', ''],
    ['INITING', 'FINISH_APPLICATION', 'FINISHING_CONTAINERS_WAIT: KILL_CONTAINER', 'c1'],
    ['RUNNING', 'INIT_CONTAINER', 'RUNNING: INIT_CONTAINER', 'c1 c2'],
    ['RUNNING', 'APPLICATION_CONTAINER_FINISHED', 'RUNNING', ''],
    ['RUNNING', 'FINISH_APPLICATION', 'FINISHING_CONTAINERS_WAIT: KILL_CONTAINER', 'c1'],
    ['FINISHING_CONTAINERS_WAIT', 'INIT_CONTAINER', 'FINISHING_CONTAINERS_WAIT: KILL_CONTAINER', 'c1 c2'],
    ['FINISHING_CONTAINERS_WAIT', 'APPLICATION_CONTAINER_FINISHED', 'APPLICATION_RESOURCES_CLEANINGUP: CLEANUP_RESOURCES', ''],
    ['APPLICATION_RESOURCES_CLEANINGUP', 'INIT_CONTAINER', 'APPLICATION_RESOURCES_CLEANINGUP: KILL_CONTAINER', 'c1 c2'],
    ['APPLICATION_RESOURCES_CLEANINGUP', 'APPLICATION_CONTAINER_FINISHED', 'APPLICATION_RESOURCES_CLEANINGUP', ''],
    ['APPLICATION_RESOURCES_CLEANINGUP', 'APPLICATION_RESOURCES_CLEANEDUP', 'FINISHED: HANDLE_LOGS', 'c1'],
    ['FINISHED', 'INIT_CONTAINER', 'FINISHED: KILL_CONTAINER', 'c1 c2'],
    ['FINISHED', 'APPLICATION_CONTAINER_FINISHED', 'FINISHED', ''],
    ['FINISHED', 'APPLICATION_LOG_HANDLING_FINISHED', 'FINISHED: FORGET', 'c1'],
    ['FINISHED', 'APPLICATION_LOG_HANDLING_FAILED', 'FINISHED: FORGET', 'c1'],
  ])('at %s, %s', (state, event, expected, left) => {
    const life = newApplicationLife()
    life.state = state
    life.containers.add('c1')
    expect(shown(stepApplication(life, APPLICATION_EVENTS[event]))).toBe(expected)
    expect([...life.containers].join(' ')).toBe(left)
  })

  it.each(['INITING', 'RUNNING'] as const)('that is over at %s with nothing left cleans up', (state) => {
    const life = newApplicationLife()
    life.state = state
    expect(shown(stepApplication(life, APPLICATION_EVENTS.FINISH_APPLICATION))).toBe('APPLICATION_RESOURCES_CLEANINGUP: CLEANUP_RESOURCES')
  })

  it('that waits for two containers goes on waiting for the second', () => {
    const life = newApplicationLife()
    life.state = 'FINISHING_CONTAINERS_WAIT'
    for (const c of ['c1', 'c2']) life.containers.add(c)
    expect(shown(stepApplication(life, APPLICATION_EVENTS.APPLICATION_CONTAINER_FINISHED))).toBe('FINISHING_CONTAINERS_WAIT')
  })
})

const RESOURCE_EVENTS = {
  REQUEST: { type: 'REQUEST', container: 'c2' },
  LOCALIZED: { type: 'LOCALIZED', path: '/there', size: 5 },
  LOCALIZATION_FAILED: { type: 'LOCALIZATION_FAILED', diagnostics: 'gone' },
  RELEASE: { type: 'RELEASE', container: 'c1' },
  RECOVERED: { type: 'RECOVERED', path: '/there', size: 5 },
} satisfies Record<string, ResourceEvent>

describe('a resource with one user', () => {
  it.each<[ResourceState, keyof typeof RESOURCE_EVENTS, string, string, string | undefined]>([
    ['INIT', 'REQUEST', 'DOWNLOADING: FETCH', 'c1 c2', undefined],
    ['INIT', 'RECOVERED', 'LOCALIZED', 'c1', '/there'],
    ['DOWNLOADING', 'REQUEST', 'DOWNLOADING', 'c1 c2', undefined],
    ['DOWNLOADING', 'LOCALIZED', 'LOCALIZED: TELL_LOCALIZED', 'c1', '/there'],
    ['DOWNLOADING', 'LOCALIZATION_FAILED', 'FAILED: TELL_FAILED', 'c1', undefined],
    ['DOWNLOADING', 'RELEASE', 'DOWNLOADING', '', undefined],
    ['LOCALIZED', 'REQUEST', 'LOCALIZED: TELL_LOCALIZED', 'c1 c2', undefined],
    ['LOCALIZED', 'RELEASE', 'LOCALIZED', '', undefined],
    ['FAILED', 'RELEASE', 'FAILED', '', undefined],
  ])('at %s, %s', (state, event, expected, users, path) => {
    const life = newResourceLife()
    life.state = state
    life.users.add('c1')
    expect(shown(stepResource(life, RESOURCE_EVENTS[event]))).toBe(expected)
    expect([...life.users].join(' ')).toBe(users)
    expect(life.path).toBe(path)
  })
})
