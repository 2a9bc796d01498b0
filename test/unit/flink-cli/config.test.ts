import { mkdtempSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadFlinkConfiguration, options, parseDuration, parseDynamicProperty, parseFlinkConf, parseMemorySize } from '../../../flink-yarn/config/index.js'
import { formatMemorySize, parseList } from '../../../flink-yarn/config/values.js'

describe('flink-conf.yaml', () => {
  it('reads flat lines, drops comments, keeps colons of values', () => {
    const conf = parseFlinkConf('# head\n\njobmanager.rpc.address: localhost # here\nenv.java.opts: -Da: b\r\n')
    expect(conf.entries()).toEqual([
      ['env.java.opts', '-Da: b'],
      ['jobmanager.rpc.address', 'localhost'],
    ])
  })

  it.each([
    ['a: 1\nrest.port 8081', 'flink-conf.yaml:2: not a line "key: value": "rest.port 8081"'],
    ['rest.port:8081', 'flink-conf.yaml:1: not a line "key: value": "rest.port:8081"'],
    ['rest:\n  port: 8081', 'flink-conf.yaml:1: not a line "key: value": "rest:"'],
    ['a: 1\n  port: 8081', 'flink-conf.yaml:2: the line is indented'],
  ])('names file and line of %j', (text, message) => {
    expect(() => parseFlinkConf(text)).toThrow(message)
  })

  it('names the folder or the file that is not there', () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'flink-conf-'))
    expect(() => loadFlinkConfiguration(dir)).toThrow(`The Flink config file '${dir}/flink-conf.yaml' (${dir}/flink-conf.yaml) does not exist.`)
    expect(() => loadFlinkConfiguration(`${dir}/none`)).toThrow('does not describe an existing directory')
    writeFileSync(`${dir}/flink-conf.yaml`, 'taskmanager.numberOfTaskSlots: two\n')
    expect(() => loadFlinkConfiguration(dir).get(options.taskManager.slots)).toThrow(
      `Could not parse value 'two' for key 'taskmanager.numberOfTaskSlots' (from ${dir}/flink-conf.yaml:1). For input string: "two"`,
    )
  })

  it('writes what reads back the same', () => {
    const conf = parseFlinkConf('b: 2\na: x: y\n')
    expect(parseFlinkConf(conf.toText()).entries()).toEqual(conf.entries())
  })
})

describe('options', () => {
  it('takes the default, then an older name, then the name', () => {
    const conf = parseFlinkConf('')
    expect(conf.get(options.rest.port)).toBe(8081)
    conf.set('web.port', '9000')
    expect(conf.get(options.rest.port)).toBe(9000)
    conf.set(options.rest.port, 7000, '-D')
    expect(conf.get(options.rest.port)).toBe(7000)
    expect(conf.sourceOf('rest.port')).toBe('-D')
  })

  it('hides the value of a secret', () => {
    const conf = parseFlinkConf('')
    conf.set('token.size', 'hidden')
    expect(() => conf.get({ ...options.rest.port, key: 'token.size' })).toThrow("Could not parse value for key 'token.size'")
  })
})

describe('values', () => {
  it.each([
    ['1600m', 1600 * 2 ** 20],
    ['1 gb', 2 ** 30],
    ['1024', 1024],
    ['2kibibytes', 2048],
  ])('memory %s', (text, bytes) => expect(parseMemorySize(text)).toBe(bytes))

  it('memory without unit is megabytes on the command line', () => expect(parseMemorySize('1024', 'm')).toBe(2 ** 30))

  it.each([
    ['1600x', "Memory size unit 'x' does not match any of the recognized units: (b | bytes) / (k | kb | kibibytes) / (m | mb | mebibytes)"],
    ['m', 'text does not start with a number'],
    ['99999999999999999999', "The value '99999999999999999999' cannot be re represented as 64bit number (numeric overflow)."],
    ['9999999999t', "The value '9999999999t' cannot be re represented as 64bit number of bytes (numeric overflow)."],
  ])('refuses memory %s', (text, message) => expect(() => parseMemorySize(text)).toThrow(message))

  it.each([
    [1677721600, '1.563gb (1677721600 bytes)'],
    [1024, '1024 bytes'],
    [134217728, '128.000mb (134217728 bytes)'],
  ])('shows memory %d', (bytes, text) => expect(formatMemorySize(bytes)).toBe(text))

  it.each([
    ['30 s', 30_000],
    ['5 min', 300_000],
    ['500', 500],
    ['2days', 172_800_000],
  ])('duration %s', (text, ms) => expect(parseDuration(text)).toBe(ms))

  it('lists, quoted where they need it', () => {
    expect(parseList("a; 'b;c' ;d''")).toEqual(['a', 'b;c', "d''"])
    expect(parseList("'it''s'")).toEqual(["it's"])
    expect(() => parseList("'open")).toThrow('Quoting was not closed properly')
  })

  it.each([
    ['a=b=c', ['a', 'b=c']],
    ['a', ['a', 'true']],
    ['a=', ['a', '']],
  ])('-D%s', (text, pair) => expect(parseDynamicProperty(text)).toEqual(pair))
})
