import { describe, expect, it } from 'vitest'
import { fixedPercent, float, hashSetOrder, iso8601, percent, time } from '../../../resourcemanager/cli/format.js'
import { parseLabels, parseNodeLabels } from '../../../resourcemanager/cli/rmadmin.js'
import { changeXml, indented } from '../../../resourcemanager/cli/schedulerconf.js'

describe('values as Java prints them', () => {
  it('floats: the shortest text of the same float', () => {
    expect([0, 1, 1.9860046, 1.9926691, 0.1, 2.0033224].map((n) => float(Math.fround(n)))).toEqual(['0.0', '1.0', '1.9860046', '1.9926691', '0.1', '2.0033224'])
  })

  it('shares in percent, with up to two decimals', () => {
    expect([0, 1, 0.5, 0.12345, 0.3333333, 0.1].map(percent)).toEqual(['0%', '100%', '50%', '12.34%', '33.33%', '10%'])
  })

  it('capacities, always with two decimals and without a leading zero', () => {
    expect([0, 0.5, 1, 0.005, 0.3333333].map(fixedPercent)).toEqual(['.00%', '50.00%', '100.00%', '.50%', '33.33%'])
  })

  it('times, N/A for those that have not come', () => {
    expect(time(0)).toBe('N/A')
    expect(time(undefined)).toBe('N/A')
    expect(time(981170414000)).toMatch(/^\w{3} Feb 03 \d\d:\d\d:14 [+-]\d{4} 2001$/)
    expect(iso8601(981170414123)).toBe('2001-02-03T03:20:14.123+0000')
  })

  it('sets in the order of their hashes', () => {
    expect(hashSetOrder(['FOO', 'BAR', 'FOO'])).toEqual(['BAR', 'FOO'])
    // Those of one bucket stay in the order they came in.
    expect(hashSetOrder(['launch_container.sh', 'prelaunch.err', 'stderr', 'directory.info', 'prelaunch.out', 'stdout'])).toEqual([
      'directory.info',
      'prelaunch.err',
      'stdout',
      'stderr',
      'launch_container.sh',
      'prelaunch.out',
    ])
  })
})

describe('arguments of rmadmin', () => {
  it('labels are exclusive unless said otherwise', () => {
    expect(parseLabels('a, b(exclusive=false),c(exclusive=true)')).toEqual([
      { name: 'a', isExclusive: true },
      { name: 'b', isExclusive: false },
      { name: 'c', isExclusive: true },
    ])
    expect(() => parseLabels('a(inclusive=true)')).toThrow('"a(inclusive=true)" is no label')
  })

  it('labels of nodes, with or without port', () => {
    expect(parseNodeLabels('n1:80=a,b  n2=')).toEqual([
      { nodeId: { host: 'n1', port: 80 }, nodeLabels: ['a', 'b'] },
      { nodeId: { host: 'n2', port: 0 }, nodeLabels: [] },
    ])
    expect(() => parseNodeLabels('n1')).toThrow('"n1" is no mapping')
  })
})

describe('changes of the scheduler configuration', () => {
  it('become the XML that the ResourceManager takes', () => {
    const xml = changeXml('root.a:capacity=10,acl=u1\\,u2', 'root.b;root.c', 'root.d:capacity=90', 'x=1')
    expect(xml).toContain(
      '<add-queue><queue-name>root.a</queue-name><params><entry><key>capacity</key><value>10</value></entry><entry><key>acl</key><value>u1,u2</value></entry></params></add-queue>',
    )
    expect(xml).toContain('<remove-queue>root.b</remove-queue><remove-queue>root.c</remove-queue>')
    expect(xml).toContain('<global-updates><entry><key>x</key><value>1</value></entry></global-updates>')
    expect(() => changeXml(undefined, undefined, 'root.a:capacity')).toThrow('"capacity" is no property')
  })

  it('is shown an element a line', () => {
    expect(indented('<?xml version="1.0"?><configuration><property><name>a</name><value>1</value></property><empty/></configuration>')).toBe(
      [
        '<?xml version="1.0"?>',
        '<configuration>',
        '  <property>',
        '    <name>a</name>',
        '    <value>1</value>',
        '  </property>',
        '  <empty/>',
        '</configuration>',
      ].join('\n'),
    )
  })
})
