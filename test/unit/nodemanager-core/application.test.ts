import { describe, expect, it } from 'vitest'
import { type ApplicationEvent, newApplicationLife, stepApplication } from '../../../nodemanager/core/application.js'
import { newResourceLife, stepResource } from '../../../nodemanager/core/resource.js'

function run(...events: ApplicationEvent[]) {
  const life = newApplicationLife()
  const effects = events.flatMap((e) => stepApplication(life, e).effects)
  return { life, effects }
}

const started: ApplicationEvent[] = [{ type: 'INIT_APPLICATION' }, { type: 'INIT_CONTAINER', container: 'c1' }, { type: 'APPLICATION_INITED' }]

describe("an application's life on a node", () => {
  it('holds containers back until it is set up', () => {
    const { life, effects } = run(...started)
    expect(life.state).toBe('RUNNING')
    expect(effects).toEqual([{ type: 'INIT_RESOURCES' }, { type: 'INIT_CONTAINER', container: 'c1' }])
  })

  it('ends its containers when it is over, then its folders, then its logs', () => {
    const { life, effects } = run(
      ...started,
      { type: 'FINISH_APPLICATION', diagnostics: 'Application killed by ResourceManager' },
      { type: 'APPLICATION_CONTAINER_FINISHED', container: 'c1' },
      { type: 'APPLICATION_RESOURCES_CLEANEDUP' },
      { type: 'APPLICATION_LOG_HANDLING_FINISHED' },
    )
    expect(life.state).toBe('FINISHED')
    expect(effects.slice(2)).toEqual([
      {
        type: 'KILL_CONTAINER',
        container: 'c1',
        exitStatus: -107,
        diagnostics: 'Container killed on application-finish event: Application killed by ResourceManager',
      },
      { type: 'CLEANUP_RESOURCES' },
      { type: 'HANDLE_LOGS' },
      { type: 'FORGET' },
    ])
  })

  it('takes no more containers once it is over', () => {
    const { effects } = run(...started, { type: 'FINISH_APPLICATION', diagnostics: '' }, { type: 'INIT_CONTAINER', container: 'late' })
    expect(effects.at(-1)).toEqual({ type: 'KILL_CONTAINER', container: 'late', exitStatus: -107, diagnostics: 'Application no longer running.\n' })
  })
})

describe("a localised resource's life", () => {
  it('is fetched once for all that wait, and told to each', () => {
    const life = newResourceLife()
    const effects = [
      { type: 'REQUEST', container: 'c1' } as const,
      { type: 'REQUEST', container: 'c2' } as const,
      { type: 'RELEASE', container: 'c1' } as const,
      { type: 'LOCALIZED', path: '/p', size: 7 } as const,
      { type: 'REQUEST', container: 'c3' } as const,
    ].flatMap((e) => stepResource(life, e).effects)
    expect(effects).toEqual([{ type: 'FETCH' }, { type: 'TELL_LOCALIZED', container: 'c2' }, { type: 'TELL_LOCALIZED', container: 'c3' }])
    expect(life).toMatchObject({ state: 'LOCALIZED', path: '/p', size: 7 })
  })

  it('that can not be had is told to each that waits', () => {
    const life = newResourceLife()
    stepResource(life, { type: 'REQUEST', container: 'c1' })
    expect(stepResource(life, { type: 'LOCALIZATION_FAILED', diagnostics: 'why' })).toEqual({
      state: 'FAILED',
      effects: [{ type: 'TELL_FAILED', container: 'c1', diagnostics: 'why' }],
    })
  })
})
