/** Hadoop's own `yarn` and ours, asked the same of the same ResourceManager of ours: what they print is the same. */
import os from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CommandResult, runScript } from '../../harness/cluster.js'
import { freePorts } from '../../harness/hdfs.js'
import { Folder, TestRm } from '../../integration/resourcemanager/harness.js'
import { resourceManagerDriver, whyNot } from '../peers/layout.js'
import { type Lived, live, QUEUES } from '../rest/scenario.js'
import { JAVA_SOURCE, JavaCommands, type Said } from './commands.js'

const CLI = 'org.apache.hadoop.yarn.client.cli'
const CLASSES: Readonly<Record<string, readonly string[]>> = {
  application: [`${CLI}.ApplicationCLI`, 'application'],
  applicationattempt: [`${CLI}.ApplicationCLI`, 'applicationattempt'],
  container: [`${CLI}.ApplicationCLI`, 'container'],
  node: [`${CLI}.NodeCLI`],
  queue: [`${CLI}.QueueCLI`],
  cluster: [`${CLI}.ClusterCLI`],
  rmadmin: [`${CLI}.RMAdminCLI`],
}

function commands({ apps, attempt, container, nodes }: Lived): string[] {
  const node = `localhost:${nodes[0]!.port}`
  return [
    'application -list',
    'application -list -appStates ALL',
    'application -list -appStates FINISHED,KILLED',
    'application -list -appStates wrong',
    'application -list -appTypes MAPREDUCE -appStates ALL',
    'application -list -appTags one -appStates ALL',
    ...Object.values(apps).map((id) => `application -status ${id}`),
    'application -status application_1_0001',
    `application -kill ${apps.killed}`,
    'application -kill application_1_0001',
    `application -updatePriority 3 -appId ${apps.running}`,
    `application -updateLifetime 5000 -appId ${apps.running}`,
    `application -movetoqueue ${apps.running} -queue nosuch`,
    `application -movetoqueue ${apps.finished} -queue hive`,
    `application -appId ${apps.finished} -changeQueue hive`,
    'application -nosuch',
    `applicationattempt -list ${apps.running}`,
    `applicationattempt -list ${apps.refused}`,
    `applicationattempt -status ${attempt}`,
    'applicationattempt -status appattempt_1_0001_000001',
    `container -list ${attempt}`,
    `container -status ${container}`,
    'node -list',
    'node -list -all',
    'node -list -showDetails',
    'node -list -states RUNNING,LOST',
    'node -list -states LOST',
    `node -status ${node}`,
    'node -status nohost:1',
    'queue -status main',
    'queue -status nosuch',
    'cluster -list-node-labels',
    'cluster -list-node-attributes',
    'rmadmin -refreshQueues',
    'rmadmin -refreshNodes',
    'rmadmin -refreshUserToGroupsMappings',
    'rmadmin -refreshSuperUserGroupsConfiguration',
    'rmadmin -refreshAdminAcls',
    'rmadmin -refreshServiceAcl',
    'rmadmin -getGroups ann',
    'rmadmin -getServiceState rm1',
    'rmadmin -addToClusterNodeLabels x',
    'rmadmin -replaceLabelsOnNode',
    `rmadmin -updateNodeResource ${node} 8192 8`,
    'rmadmin -nosuch',
  ]
}

/** All in one JVM. */
async function theirs(confDir: string, lines: readonly string[]): Promise<Said[]> {
  const java = new JavaCommands(resourceManagerDriver(JAVA_SOURCE), confDir)
  const answers: Said[] = []
  for (const line of lines) {
    const [program = '', ...args] = line.split(' ')
    answers.push(await java.run({ words: [...CLASSES[program]!, ...args] }))
  }
  await java.end()
  return answers
}

/** Times go on between the two, and log lines are the JVM's. */
function told({ code, stdout, stderr }: CommandResult): string {
  const log = /^(\d{4}-\d\d-\d\d |log4j:|SLF4J|WARNING:|\tat |\t\.\.\. |Caused by: )/
  const plain = (t: string) =>
    t
      .split('\n')
      .filter((l) => !log.test(l))
      .join('\n')
      .replace(/^Exception in thread "main" /gm, '')
      .replace(/\n*Generic options supported are[\s\S]*/, '')
      .replace(/^Usage: yarn rmadmin\n[\s\S]*/m, '')
      .replace(/(New expiry time is )\S+/g, '$1T')
      .replace(/\d+ (MB-seconds|vcore-seconds)/g, 'N $1')
      .replace(/(RemainingTime : |ExpiryTime : )\S+/g, '$1T')
      .replace(/(Last-Health-Update : ).*/g, '$1T')
      .replace(/\w{3} \w{3} \d\d [\d:]{8} [+\w]+ \d{4}/g, 'DATE')
      .replace(/(Update Application Priority|expire)[^\n]*\d{13}[^\n]*/g, '$1')
      .trimEnd()
  return `${code === 255 ? -1 : code}\n${plain(stdout)}\n---\n${plain(stderr)}`
}

describe.skipIf(whyNot() !== undefined)('yarn prints what Hadoop’s own prints', () => {
  let folder: Folder
  let rm: TestRm
  let lived: Lived
  beforeAll(async () => {
    const names = ['address', 'scheduler.address', 'resource-tracker.address', 'admin.address', 'webapp.address']
    const ports = await freePorts(names.length)
    folder = new Folder(
      {
        ...Object.fromEntries(names.map((n, i) => [`yarn.resourcemanager.${n}`, `localhost:${ports[i]}`])),
        'yarn.resourcemanager.recovery.enabled': 'false',
        'yarn.scheduler.capacity.schedule-asynchronously.enable': 'false',
        'yarn.resourcemanager.am.max-attempts': '1',
        'yarn.admin.acl': `${os.userInfo().username},ann`,
      },
      QUEUES,
    )
    rm = await TestRm.start(folder)
    lived = await live(rm)
  })
  afterAll(async () => {
    await lived?.stop()
    await rm?.stop()
    folder?.remove()
  })

  it('for lists, states, refusals and help of every command', async () => {
    const lines = commands(lived)
    const real = await theirs(folder.dir, lines)
    const differing: { command: string; real: string; ours: string }[] = []
    for (const [i, line] of lines.entries()) {
      const ours = told(await runScript('yarn', line.split(' '), { env: { HADOOP_CONF_DIR: folder.dir } }))
      if (ours !== told(real[i]!)) differing.push({ command: line, real: told(real[i]!), ours })
    }
    expect(differing).toEqual([])
  })

  it('with no option that Hadoop’s does not have', async () => {
    const programs = ['application', 'applicationattempt', 'container', 'node', 'queue', 'cluster']
    const options = (said: CommandResult) => [...said.stdout.matchAll(/^ +(-[\w-]+)/gm)].map((m) => m[1]!)
    const real = await theirs(
      folder.dir,
      programs.map((p) => `${p} -help`),
    )
    for (const [i, program] of programs.entries()) {
      const own = options(await runScript('yarn', [program, '-help'], { env: { HADOOP_CONF_DIR: folder.dir } }))
      expect(own.length).toBeGreaterThan(1)
      expect([program, own.filter((o) => !options(real[i]!).includes(o))]).toEqual([program, []])
    }
  })
})
