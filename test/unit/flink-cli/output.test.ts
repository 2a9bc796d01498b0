import { describe, expect, it } from 'vitest'
import { describeFailure, withoutFrames } from '../../../flink-yarn/cli/output.js'
import { flinkError } from '../../../flink-yarn/config/index.js'
import { formatLogLine } from '../../../flink-yarn/deployment/log.js'
import { ProgramInvocationException } from '../../../flink-yarn/program/errors.js'

describe('what a failure reads like', () => {
  it('is the chain of causes with their Java classes', () => {
    const e = flinkError('ClusterRetrieveException', "Couldn't retrieve Yarn cluster", { cause: flinkError('RuntimeException', 'gone') })
    expect(describeFailure(e)).toBe(
      "org.apache.flink.client.deployment.ClusterRetrieveException: Couldn't retrieve Yarn cluster\nCaused by: java.lang.RuntimeException: gone",
    )
  })

  it("shows where a program's own error was thrown, by the jar's names", () => {
    const own = new Error('main fails on purpose')
    own.stack = 'Error: main fails on purpose\n    at main (file:///tmp/bobbin-program-Ab12/com/example/Fails.js:5:35)\n    at node:internal/x:1:1'
    const e = new ProgramInvocationException('The main method caused an error: main fails on purpose', { cause: own })
    expect(describeFailure(e).split('\n').slice(1)).toEqual(['Caused by: Error: main fails on purpose', '\tat main (com/example/Fails.js:5:35)'])
  })

  it("leaves a JVM's frames out of what a server answered", () => {
    const trace =
      'a.B: x\n\tat org.apache.flink.C.d(C.java:1)\nCaused by: java.lang.E: y\n\tat akka.F.g(F.java:2)\n\tat com.user.Map.map(Map.java:3)\n\t... 4 more\n'
    expect(withoutFrames(trace)).toBe('a.B: x\nCaused by: java.lang.E: y\n\tat com.user.Map.map(Map.java:3)')
  })
})

it("writes log lines in log4j's layout", () => {
  const line = formatLogLine(
    'INFO',
    'descriptor',
    "Found Web Interface localhost:44861 of application 'application_1_0003'.",
    new Date(2024, 0, 2, 3, 20, 34, 7),
  )
  expect(line).toBe(
    "2024-01-02 03:20:34,007 INFO  org.apache.flink.yarn.YarnClusterDescriptor                  [] - Found Web Interface localhost:44861 of application 'application_1_0003'.\n",
  )
})
