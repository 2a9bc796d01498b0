import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Configuration, ConfigurationError, loadConfiguration, siteFileText } from '../../../common/config/configuration.js'
import { property } from '../../../common/config/keys/declare.js'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'bobbin-conf-'))
})
afterAll(() => rmSync(dir, { recursive: true }))

function file(name: string, text: string): string {
  const f = path.join(dir, name)
  writeFileSync(f, text)
  return f
}

describe('a site file', () => {
  it('gives its properties, later files winning except over final ones', () => {
    const first = file(
      'a.xml',
      '<configuration><property><name>a</name><value>1</value><final>true</final></property><property><name>b</name><value>1</value></property></configuration>',
    )
    const second = file(
      'b.xml',
      siteFileText([
        ['a', '2'],
        ['b', 'x < y & z'],
      ]),
    )
    const conf = new Configuration().addFile(first).addFile(second)
    expect(conf.raw('a')).toBe('1')
    expect(conf.raw('b')).toBe('x < y & z')
    expect(conf.sourceOf('b')).toBe('b.xml')
  })

  it('expands variables, environment with fallbacks, and leaves unknown ones', () => {
    process.env.BOBBIN_TEST_HOME = '/h'
    const conf = new Configuration().set('base', '/d').set('x', '${base}/${env.BOBBIN_TEST_HOME}/${env.NO_SUCH:-none}/${unknown}')
    expect(conf.raw('x')).toBe('/d//h/none/${unknown}')
    conf.set('loop', '${loop}')
    expect(() => conf.raw('loop')).toThrow(/more than 20 variables/)
  })

  it('that is not well-formed is refused with file and line', () => {
    const f = file('bad.xml', '<configuration>\n<property>\n<name>a</nam>\n</property></configuration>')
    expect(() => new Configuration().addFile(f)).toThrow(ConfigurationError)
    expect(() => new Configuration().addFile(f)).toThrow(`${f}:3: not well-formed XML`)
    expect(() => new Configuration().addFile(path.join(dir, 'absent.xml'))).toThrow(/absent.xml can't be read/)
    expect(() => new Configuration().addFile(file('other.xml', '<config/>'))).toThrow(/the top element is <config>/)
    expect(() => loadConfiguration(path.join(dir, 'no-such-folder'))).toThrow(/does not exist/)
  })
})

describe('a typed value', () => {
  const conf = new Configuration().set('t', '5m').set('b', '64k').set('l', ' a, b ,,c').set('bad', 'yes').set('n', '12')
  it('is read in its unit', () => {
    expect(conf.get(property('t', 'milliseconds', undefined, ''))).toBe(300_000)
    expect(conf.get(property('t', 'seconds', undefined, ''))).toBe(300)
    expect(conf.get(property('n', 'seconds', undefined, ''))).toBe(12)
    expect(conf.get(property('b', 'bytes', undefined, ''))).toBe(65_536)
    expect(conf.get(property('l', 'strings', undefined, ''))).toEqual(['a', 'b', 'c'])
    expect(conf.get(property('absent', 'int', '7', ''))).toBe(7)
    expect(conf.optional(property('absent', 'int', undefined, ''))).toBeUndefined()
  })

  it('of another type is refused with the property and where it comes from', () => {
    expect(() => conf.get(property('bad', 'boolean', undefined, ''))).toThrow('bad is "yes" (from programmatically), which is no boolean')
    expect(() => conf.get(property('absent', 'int', undefined, 'the count of things'))).toThrow('absent is not set (the count of things)')
  })
})
