import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  add,
  containerIdOf,
  fitsIn,
  formatApplicationId,
  formatAttemptId,
  formatContainerId,
  formatResource,
  parseApplicationId,
  parseAttemptId,
  parseContainerId,
  resource,
  sameResource,
  subtract,
} from '../../../common/records/index.js'

describe('text forms of ids', () => {
  const applicationId = { clusterTimestamp: 1700000000000, id: 1 }
  const attempt = { applicationId, attemptId: 1 }
  it("are Hadoop's", () => {
    expect(formatApplicationId(applicationId)).toBe('application_1700000000000_0001')
    expect(formatApplicationId({ ...applicationId, id: 12345 })).toBe('application_1700000000000_12345')
    expect(formatAttemptId(attempt)).toBe('appattempt_1700000000000_0001_000001')
    expect(formatContainerId(containerIdOf(attempt, 2))).toBe('container_1700000000000_0001_01_000002')
    expect(formatContainerId(containerIdOf(attempt, 2, 17))).toBe('container_e17_1700000000000_0001_01_000002')
  })

  it('come back whole', () => {
    const number = fc.integer({ min: 1, max: 9_999_999 })
    fc.assert(
      fc.property(number, number, number, fc.integer({ min: 0, max: 4000 }), (app, attemptId, sequence, epoch) => {
        const of = { applicationId: { clusterTimestamp: 1700000000000, id: app }, attemptId }
        const container = containerIdOf(of, sequence, epoch)
        expect(parseContainerId(formatContainerId(container))).toEqual(container)
        expect(parseAttemptId(formatAttemptId(of))).toEqual(of)
        expect(parseApplicationId(formatApplicationId(of.applicationId))).toEqual(of.applicationId)
      }),
    )
  })

  it("that are none are refused in Hadoop's words", () => {
    for (const bad of ['application_1_1', 'application_x_0001', 'application_1_0001_1'])
      expect(() => parseApplicationId(bad)).toThrow(`Invalid ApplicationId: ${bad}`)
    for (const bad of ['app_1_0001', ''])
      expect(() => parseApplicationId(bad)).toThrow(`Invalid ApplicationId prefix: ${bad}. The valid ApplicationId should start with prefix application`)
    expect(() => parseContainerId('container_1_0001_01_1')).toThrow('Invalid ContainerId')
  })
})

describe('resources', () => {
  const any = fc.record({ memory: fc.nat(), vcores: fc.nat(), gpu: fc.nat(8) }).map((r) => resource(r.memory, r.vcores, { gpu: r.gpu }))
  it('add and subtract back to themselves, and fit in their sum', () => {
    fc.assert(
      fc.property(any, any, (a, b) => {
        expect(sameResource(subtract(add(a, b), b), a)).toBe(true)
        expect(fitsIn(a, add(a, b))).toBe(true)
      }),
    )
  })
  it('saturate instead of losing precision', () => {
    expect(add(resource(Number.MAX_SAFE_INTEGER, 1), resource(10, 1)).memory).toBe(Number.MAX_SAFE_INTEGER)
  })
  it('print as Hadoop prints them', () => {
    expect(formatResource(resource(1024, 1))).toBe('<memory:1024, vCores:1>')
    expect(formatResource(resource(1024, 1, { gpu: 2 }))).toBe('<memory:1024, vCores:1, gpu: 2>')
  })
})
