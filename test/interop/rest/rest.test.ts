/** REST of the real ResourceManager and of ours, after the same life: what either answers to each call, value by value. */
import { describe, expect, it } from 'vitest'
import { whyNot } from '../peers/layout.js'
import { type Answer, differences } from './compare.js'
import { ofOurs, ofReal } from './life.js'

/** Where ours is not as the real one's, and why. */
const DELIBERATE: readonly (readonly [line: RegExp, why: string])[] = [
  [/^GET \/nodes\/\S+\/resource /, 'the real one has no such reading and answers 500'],
  [/^GET \/info \(text\/(xml|plain)\)/, 'the real one answers 500 to who does not take what it has'],
  [/^POST \/nodes\/\S+\/resource\S* \.resourceInfo/, 'the real one answers before it has changed it'],
  [/^POST \/nodes\/\S+\/resource\?user\.name=cid/, 'the real one lets anybody change it'],
  [/^POST \/containers\/\S+\?user\.name=bob/, 'the real one lets anybody signal'],
  [/^PUT \S+\/priority\S* .*(status|priority|RemoteException)/, 'the real one takes text for 0'],
  [/^(POST|DELETE) \/delegation-token/, 'the real one gives tokens only to who comes with Kerberos'],
  [/\.message: real "javax\.xml\.bind\.UnmarshalException/, 'the real one tells of its parser'],
  [/\.health\.operationsInfo\[\d\]\.containerId: real "N\/A"/, 'the real one does not know the container it has just given'],
  [/\.(launchTime): real -1/, 'an unmanaged application is launched when it is accepted'],
  [/\.(demandResources|amMaxResources)\./, 'the real one looks at these from time to time'],
  [/^PUT \S+\/state\S* \.state: real "(RUNNING|KILLING)", ours "(KILLING|KILLED)"/, 'ours has ended by then'],
]

/** The real one fails over what is wrong with a call; ours says what that is. */
const saysMore = (real: Answer, ours: Answer) => real.status === 500 && ours.status >= 400 && ours.status < 500

describe.skipIf(whyNot() !== undefined)('REST answers as the real ResourceManager’s', () => {
  it.each([
    ['of the capacity scheduler', 'capacity.CapacityScheduler', false],
    ['of the fair scheduler', 'fair.FairScheduler', false],
    ['where access lists are checked, nodes have labels and queues can be changed', 'capacity.CapacityScheduler', true],
  ])('%s', async (_what, scheduler, access) => {
    const [real, ours] = [await ofReal(scheduler, access), await ofOurs(scheduler, access)]
    const found = real.flatMap(({ call, answer }, i) =>
      saysMore(answer, ours[i]!.answer)
        ? []
        : differences(answer, ours[i]!.answer).map((d) => `${call.method} ${call.path}${call.accept ? ` (${call.accept})` : ''} ${d}`),
    )
    expect(found.filter((line) => !DELIBERATE.some(([known]) => known.test(line)))).toEqual([])
  })
})
