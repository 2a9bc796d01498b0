/** `yarn` on a cluster of ours: an application from submission to its aggregated logs. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attemptIdOf, containerIdOfProto } from '../../../common/protocols/records.js'
import { type ApplicationId, formatApplicationId, formatContainerId } from '../../../common/records/ids.js'
import { TestCluster, waitFor } from '../../harness/cluster.js'

describe('yarn application and yarn logs', () => {
  let cluster: TestCluster
  let id: ApplicationId
  let name: string
  let container: string
  const yarn = (...args: string[]) => cluster.run('yarn', args)

  beforeAll(async () => {
    cluster = await TestCluster.start()
    id = (await cluster.yarn.getNewApplication()).applicationId
    name = formatApplicationId(id)
    await cluster.yarn.submitApplication({
      applicationId: id,
      applicationName: 'talks',
      queue: 'hive',
      maxAppAttempts: 1,
      resource: { memory: 128, virtualCores: 1 },
      amContainerSpec: { command: ['(echo hello; echo wrong 1>&2; exec sleep 600) 1><LOG_DIR>/stdout 2><LOG_DIR>/stderr'] },
    })
    const attempt = await waitFor('the master is launched', async () =>
      (await cluster.yarn.getApplicationAttempts(id)).find((a) => a.yarnApplicationAttemptState === 'APP_ATTEMPT_LAUNCHED'),
    )
    container = formatContainerId(containerIdOfProto((await cluster.yarn.getContainers(attemptIdOf(attempt.applicationAttemptId)))[0]!.containerId))
    await waitFor('it has spoken', async () => (await yarn('logs', '-applicationId', name, '-log_files', 'stdout')).stdout.includes('hello'))
  })
  afterAll(() => cluster?.stop())

  it('lists it', async () => {
    const { stdout } = await yarn('application', '-list')
    expect(stdout).toMatch(/^Total number of applications .*:1\n/)
    expect(stdout).toMatch(new RegExp(`${name}\t +talks\t +YARN\t +\\S+\t +hive\t +ACCEPTED\t`))
  })

  it('shows the logs of a running container, whole or in part', async () => {
    const all = await yarn('logs', '-applicationId', name)
    expect(all.code).toBe(0)
    expect(all.stdout).toMatch(
      new RegExp(
        `Container: ${container} on localhost:\\d+\nLogAggregationType: LOCAL\n=+\nLogType:stderr\nLogLastModifiedTime:.*\nLogLength:6\nLogContents:\nwrong\n`,
      ),
    )
    expect(all.stdout).toContain('LogType:launch_container.sh')
    const end = await yarn('logs', '-containerId', container, '-log_files', 'stdout', '-size', '-3')
    expect(end.stdout).toContain('LogContents:\nlo\nEnd of LogType:stdout.This log file belongs to a running container')
  })

  it('names what it does not find', async () => {
    const missing = await yarn('logs', '-applicationId', name, '-log_files', 'nosuch')
    expect(missing.code).toBe(255)
    expect(missing.stderr).toContain(`Can not find any log file matching the pattern: [nosuch] for the application: ${name}`)
    expect((await yarn('logs', '-applicationId', 'x')).stderr).toBe('Invalid ApplicationId specified\n')
    const unknown = await yarn('logs', '-applicationId', 'application_1_0001')
    expect(unknown.stderr).toContain('Could not locate application logs for application_1_0001')
    expect((await yarn('application', '-status', 'wrong')).stderr).toContain(
      'Invalid ApplicationId prefix: wrong. The valid ApplicationId should start with prefix application',
    )
    expect((await yarn('nosuch')).stderr).toContain('there is no command "nosuch"')
  })

  it('shows aggregated logs once it was killed', async () => {
    const killed = await yarn('application', '-kill', name)
    expect([killed.code, killed.stdout]).toEqual([0, `Killing application ${name}\n`])
    expect((await yarn('application', '-kill', name)).stdout).toBe(`Application ${name} has already finished \n`)
    const { stdout } = await waitFor('logs are aggregated', async () => {
      const answer = await yarn('logs', '-applicationId', name, '-log_files_pattern', 'std.*')
      return answer.code === 0 && answer.stdout.includes('AGGREGATED') && answer
    })
    expect(stdout).toMatch(/LogType:stderr\n.*\nLogLength:6\nLogContents:\nwrong\n\nEnd of LogType:stderr\n/)
    const info = await yarn('logs', '-applicationId', name, '-show_container_log_info')
    expect(info.stdout).toMatch(/stdout\t +6\t.*\t +AGGREGATED\n/)
    expect((await yarn('logs', '-applicationId', name, '-show_application_log_info')).stdout).toMatch(/^Application State: Completed\.\nContainer: /)
  })

  it('tells when no daemon answers', async () => {
    const env = { HADOOP_CONF_DIR: cluster.cluster.layout.conf }
    const refused = await cluster.run('yarn', ['application', '-D', 'yarn.resourcemanager.address=127.0.0.1:1', '-list'], { env })
    expect(refused.code).toBe(255)
    expect(refused.stderr).toContain('no daemon answers at 127.0.0.1:1; is the cluster up?')
  })
})
