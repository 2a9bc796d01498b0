import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { FlinkConfiguration, options } from '../../../flink-yarn/config/index.js'
import type { ApplicationFiles } from '../../../flink-yarn/deployment/files.js'
import { type Submission, quote, submissionContext } from '../../../flink-yarn/deployment/submission.js'
import { jobManagerProcessSpec } from '../../../flink-yarn/memory/index.js'

/** What the two shells and the NodeManager between them make of a command. */
function launched(words: readonly string[]): string[] {
  const command = ['printf', '%s\\0', ...words].map(quote).join(' ')
  const expanded = command
    .replace(/<LOG_DIR>/g, '/logs')
    .replace(/<CPS>/g, ':')
    .replace(/\{\{/g, '$')
    .replace(/\}\}/g, '')
  return execFileSync('bash', ['-c', `exec /bin/bash -c "${expanded}"`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1)
}

describe('the command of a container', () => {
  it.each([
    'plain',
    'two words',
    `it's`,
    '"quoted"',
    '$HOME',
    '`date`',
    'back\\slash',
    '{{FOO}}',
    '{{{x}}}',
    '<LOG_DIR>',
    'a<CPS>b',
    'a\nb',
    '',
    '!x',
    '*',
    '-host',
    'é',
  ])('hands %j on as it is', (word) => expect(launched([word])).toEqual([word]))
})

function submission(properties: Record<string, string>, more: Partial<Submission> = {}): Submission {
  const conf = FlinkConfiguration.of({ 'jobmanager.memory.process.size': '1600m', ...properties })
  const files = {
    dfs: { uri: 'hdfs://mycluster', home: '/user/root' },
    uri: 'hdfs://mycluster/user/root/.flink/application_1700000000000_0006',
    localResources: () => [],
    descriptor: (key: string) => `descriptor of ${key}`,
    shipped: (without: string) => `all but ${without}`,
  } as unknown as ApplicationFiles
  return {
    applicationId: { clusterTimestamp: 1700000000000, id: 6 },
    conf,
    mode: 'session',
    name: 'Flink session cluster',
    user: 'root',
    spec: jobManagerProcessSpec(conf),
    files,
    dist: 'lib/flink-dist.cjs',
    ...more,
  }
}

describe('the submission context', () => {
  it('is that of real Flink where nothing is configured', () => {
    const context = submissionContext(submission({}))
    expect(context).toMatchObject({
      applicationName: 'Flink session cluster',
      applicationType: 'Apache Flink',
      maxAppAttempts: 1,
      queue: undefined,
      nodeLabelExpression: undefined,
      applicationTags: [],
      resource: {
        memory: 1600,
        virtualCores: 1,
        resourceValueMap: [
          { key: 'memory-mb', value: 1600, units: 'Mi', type: 'COUNTABLE' },
          { key: 'vcores', value: 1, units: '', type: 'COUNTABLE' },
        ],
      },
    })
    expect(context).not.toHaveProperty('priority')
  })

  it('follows the configuration', () => {
    const context = submissionContext(
      submission({
        [options.yarn.queue.key]: 'hive',
        [options.yarn.name.key]: 'wc',
        [options.yarn.priority.key]: '3',
        [options.yarn.tags.key]: 'a, b',
        [options.yarn.nodeLabel.key]: 'gpu',
        [options.yarn.attempts.key]: '2',
        [options.yarn.viewAcls.key]: 'alice',
      }),
    )
    expect(context).toMatchObject({
      queue: 'hive',
      applicationName: 'wc',
      priority: { priority: 3 },
      applicationTags: ['a', 'b'],
      nodeLabelExpression: 'gpu',
      maxAppAttempts: 2,
      amContainerSpec: { application_ACLs: [{ accessType: 'APPACCESS_VIEW_APP', acl: 'alice' }] },
    })
  })

  it("tells the JobManager what real Flink's environment tells", () => {
    const { environment } = submissionContext(submission({ 'containerized.master.env.TZ': 'UTC' })).amContainerSpec!
    expect(Object.fromEntries(environment!.map((e) => [e.key, e.value]))).toEqual({
      TZ: 'UTC',
      _APP_ID: 'application_1700000000000_0006',
      _CLIENT_HOME_DIR: 'hdfs://mycluster/user/root',
      _CLIENT_SHIP_FILES: 'all but lib/flink-dist.cjs',
      _FLINK_DIST_JAR: 'descriptor of lib/flink-dist.cjs',
      _FLINK_YARN_FILES: 'hdfs://mycluster/user/root/.flink/application_1700000000000_0006',
      FLINK_LIB_DIR: './lib',
      FLINK_OPT_DIR: './opt',
      HADOOP_USER_NAME: 'root',
    })
  })

  it('runs an application with class, jar and arguments', () => {
    const program = { entryClass: 'a.B', jar: 'job.jar', args: ['-host', 'h h'] }
    const [command] = submissionContext(submission({}, { mode: 'application', program })).amContainerSpec!.command!
    expect(command).toBe(
      "node lib/flink-dist.cjs jobmanager --mode application --class a.B --jar job.jar -D jobmanager.memory.off-heap.size=134217728b -D jobmanager.memory.jvm-overhead.min=201326592b -D jobmanager.memory.jvm-metaspace.size=268435456b -D jobmanager.memory.heap.size=1073741824b -D jobmanager.memory.jvm-overhead.max=201326592b -- -host 'h h' 1> <LOG_DIR>/jobmanager.out 2> <LOG_DIR>/jobmanager.err",
    )
  })
})
