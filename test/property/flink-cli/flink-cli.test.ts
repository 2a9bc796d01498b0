import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FlinkConfiguration, options, parseFlinkConf } from '../../../flink-yarn/config/index.js'
import { readYarnProperties, writeYarnProperties } from '../../../flink-yarn/deployment/properties-file.js'
import { quote } from '../../../flink-yarn/deployment/submission.js'
import { jobManagerDynamicProperties, jobManagerProcessSpec, taskManagerDynamicProperties, taskManagerProcessSpec } from '../../../flink-yarn/memory/index.js'

const MB = 2 ** 20
const conf = (properties: Iterable<readonly [string, string]>) => FlinkConfiguration.of(properties)

it('hands arguments through the NodeManager and two shells unchanged', () => {
  const word = fc.string({ unit: fc.constantFrom(...'ab \'"`$\\{}<>!*~#;&|()\n\t', '<LOG_DIR>', '{{', '}}', '<CPS>', 'é') })
  fc.assert(
    fc.property(fc.array(word, { maxLength: 20 }), (words) => {
      const command = ['printf', '%s\\0', 'first', ...words].map(quote).join(' ')
      const expanded = command
        .replace(/<LOG_DIR>/g, '/logs')
        .replace(/<CPS>/g, ':')
        .replace(/\{\{/g, '$')
        .replace(/\}\}/g, '')
      const answer = execFileSync('bash', ['-c', `exec /bin/bash -c "${expanded}"`], { encoding: 'utf8' })
      expect(answer.split('\0').slice(1, -1)).toEqual(words)
    }),
    { numRuns: 60 },
  )
})

it('divides all memory of a process, and no more', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1024, max: 65_536 }), fc.integer({ min: 1, max: 64 }), (mb, slots) => {
      const jm = jobManagerProcessSpec(conf([['jobmanager.memory.process.size', `${mb}m`]]))
      expect(jm.heap + jm.offHeap + jm.metaspace + jm.overhead).toBe(mb * MB)
      const tm = taskManagerProcessSpec(
        conf([
          ['taskmanager.memory.process.size', `${mb}m`],
          ['taskmanager.numberOfTaskSlots', String(slots)],
        ]),
      )
      const parts = tm.frameworkHeap + tm.frameworkOffHeap + tm.taskHeap + tm.taskOffHeap + tm.network + tm.managed
      expect(parts).toBe(tm.totalFlink)
      expect(parts + tm.metaspace + tm.overhead).toBe(mb * MB)
    }),
  )
})

it('derives the same sizes again from what it tells a process', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1024, max: 65_536 }), (mb) => {
      const jm = jobManagerProcessSpec(conf([['jobmanager.memory.process.size', `${mb}m`]]))
      expect(jobManagerProcessSpec(conf(jobManagerDynamicProperties(jm)))).toEqual(jm)
      const tm = taskManagerProcessSpec(conf([['taskmanager.memory.process.size', `${mb}m`]]))
      expect(taskManagerProcessSpec(conf(taskManagerDynamicProperties(tm)))).toEqual(tm)
    }),
  )
})

const key = fc.stringMatching(/^[a-z][a-z.-]{0,20}$/)
it('writes a flink-conf.yaml that reads back the same, and says what it could not write', () => {
  fc.assert(
    fc.property(fc.dictionary(key, fc.string({ unit: fc.constantFrom(...'ab :#\n\'"') })), (properties) => {
      const written = conf(Object.entries(properties))
      const read = [...parseFlinkConf(written.toText()).entries(), ...written.unwritable()]
      expect(read.sort()).toEqual([...written.entries()].sort())
    }),
  )
})

it('keeps the dynamic properties of a session', () => {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'yarn-properties-'))
  fc.assert(
    fc.property(
      fc.dictionary(
        key,
        fc.string().filter((v) => !v.includes('@@') && !v.startsWith('@') && !v.endsWith('@')),
      ),
      (properties) => {
        const c = conf([[options.yarn.propertiesFileLocation.key, dir]])
        writeYarnProperties(c, 'application_1_0001', new Map(Object.entries(properties)), new Date(0))
        expect(readYarnProperties(c)?.dynamicProperties).toEqual(Object.entries(properties))
      },
    ),
  )
})
