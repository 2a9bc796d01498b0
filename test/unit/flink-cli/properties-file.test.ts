import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { FlinkConfiguration, options } from '../../../flink-yarn/config/index.js'
import {
  deleteYarnProperties,
  parseProperties,
  readYarnProperties,
  writeYarnProperties,
  yarnPropertiesFile,
} from '../../../flink-yarn/deployment/properties-file.js'

describe('.yarn-properties-USER', () => {
  let conf: FlinkConfiguration
  const id = 'application_1700230842408_0005'
  const at = new Date(Date.UTC(2023, 10, 17, 3, 22, 0))

  beforeEach(() => {
    conf = FlinkConfiguration.of([[options.yarn.propertiesFileLocation.key, mkdtempSync(path.join(os.tmpdir(), 'yarn-properties-'))]])
  })

  it('reads as the one that Flink writes', () => {
    const file = writeYarnProperties(conf, id, new Map(), at)
    expect(path.basename(file)).toBe(`.yarn-properties-${os.userInfo().username}`)
    expect(readFileSync(file, 'latin1')).toBe(`#Generated YARN properties file\n#Fri Nov 17 03:22:00 UTC 2023\napplicationID=${id}\ndynamicPropertiesString=\n`)
    expect(statSync(file).mode & 0o777).toBe(0o644)
  })

  it('keeps dynamic properties, whatever they hold', () => {
    const dynamic = new Map([
      ['a.b', '1=2:3'],
      ['c', 'x y\\z'],
    ])
    writeYarnProperties(conf, id, dynamic, at)
    expect(readYarnProperties(conf)).toEqual({ file: yarnPropertiesFile(conf), applicationId: id, dynamicProperties: [...dynamic] })
  })

  it('is none when there is none', () => expect(readYarnProperties(conf)).toBeUndefined())

  it.each([
    ['other=1\n', "Yarn properties file found but doesn't contain a Yarn application id. Please delete the file at "],
    ['applicationID=foo\n', 'YARN properties contain an invalid entry for application id: foo. Please delete the file at '],
  ])('says what to do with %j', (text, message) => {
    const file = yarnPropertiesFile(conf)
    writeFileSync(file, text)
    expect(() => readYarnProperties(conf)).toThrow(message + file)
  })

  it('is deleted only for the application that it names', () => {
    const file = writeYarnProperties(conf, id, new Map(), at)
    expect(deleteYarnProperties(conf, 'application_1700230842408_0006')).toBeUndefined()
    expect(deleteYarnProperties(conf, id)).toBe(file)
    expect(deleteYarnProperties(conf, id)).toBeUndefined()
  })

  it('understands what java.util.Properties understands', () => {
    expect([...parseProperties('! c\n a = b\\\n   c\nd:e\nf g\nh\\=i=\\u00e9\\n\n')]).toEqual([
      ['a', 'bc'],
      ['d', 'e'],
      ['f', 'g'],
      ['h=i', 'é\n'],
    ])
  })
})
