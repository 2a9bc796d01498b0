import { describe, expect, it } from 'vitest'
import { parseJobManagerArguments } from '../../../flink-yarn/jobmanager/main.js'
import { parsePorts } from '../../../flink-yarn/listen.js'
import { parseDescriptors } from '../../../flink-yarn/jobmanager/yarn-launch.js'
import { boundaryOf, parseMultipart } from '../../../flink-yarn/rest/multipart.js'

describe('multipart', () => {
  const body = Buffer.from(
    [
      '--b',
      'Content-Disposition: form-data; name="request"',
      'content-type: text/plain',
      '',
      '{}',
      '--b',
      'content-disposition: form-data; name="file_0"; filename="a \\"b\\".bin"',
      '',
      '\r\n--not the end\r\n',
      '--b--',
      '',
    ].join('\r\n'),
  )

  it("is read as Flink's client sends it", () => {
    expect(parseMultipart(body, 'b').map((p) => [p.name, p.filename, p.bytes.toString()])).toEqual([
      ['request', undefined, '{}'],
      ['file_0', 'a "b".bin', '\r\n--not the end\r\n'],
    ])
  })

  it('has its boundary in the content type', () => {
    expect(boundaryOf('multipart/form-data; boundary=fcf3')).toBe('fcf3')
    expect(boundaryOf('multipart/form-data; charset=x; boundary="a b"')).toBe('a b')
    expect(boundaryOf('application/json')).toBeUndefined()
  })

  it('is refused when it is cut short at any byte', () => {
    for (let n = 0; n < body.length - '--\r\n'.length; n++) expect(() => parseMultipart(body.subarray(0, n), 'b')).toThrow()
  })
})

describe('the JobManager', () => {
  it('takes its arguments apart', () => {
    const argv = ['--mode', 'application', '--class', 'a.B', '--jar', 'x.jar', '-D', 'k=v', '-Da=b', '--driver', 'yarn', '--', '--host', '-D']
    expect(parseJobManagerArguments(argv)).toEqual({
      args: { mode: 'application', driver: 'yarn', entryClass: 'a.B', jar: 'x.jar', jobGraph: 'job.graph', programArguments: ['--host', '-D'] },
      properties: ['k=v', 'a=b'],
    })
  })

  it('says what is wrong with them', () => {
    expect(() => parseJobManagerArguments(['--mode', 'x'])).toThrow('--mode is x; it can be session, per-job or application')
    expect(() => parseJobManagerArguments(['--nosuch'])).toThrow('unknown argument --nosuch')
    expect(() => parseJobManagerArguments(['-D'])).toThrow('-D needs a value')
    expect(() => parseJobManagerArguments(['--mode', 'application'])).toThrow('needs --jar')
    expect(() => parseJobManagerArguments(['--mode', 'per-job', '--job-graph', '/nosuch/g'])).toThrow('the job graph /nosuch/g is not there')
  })

  it('listens on a port, a range or a list', () => {
    expect(parsePorts('0')).toEqual([0])
    expect(parsePorts('8081-8083,9000')).toEqual([8081, 8082, 8083, 9000])
    for (const wrong of ['x', '', '5-1', '70000', '1,,2']) expect(() => parsePorts(wrong)).toThrow('is no port, range')
  })

  it("reads the client's file descriptors", () => {
    const text =
      'YarnLocalResourceDescriptor{key=lib/a.jar, path=hdfs://mycluster/user/root/.flink/a.jar, size=12, modificationTime=34, visibility=APPLICATION, type=FILE}'
    expect(parseDescriptors(`${text};${text.replace('APPLICATION', 'PUBLIC')}`).map((d) => [d.key, d.size, d.visibility])).toEqual([
      ['lib/a.jar', 12, 'APPLICATION'],
      ['lib/a.jar', 12, 'PUBLIC'],
    ])
    expect(parseDescriptors('')).toEqual([])
    expect(() => parseDescriptors('garbage')).toThrow('Error to parse YarnLocalResourceDescriptor from garbage')
  })
})
