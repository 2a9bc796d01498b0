/** The lines that Flink's commands write on standard output through log4j: scripts look for some of them. */

export type LogLevel = 'INFO' | 'WARN' | 'ERROR'

/** Who says it: the Java class in the line. */
export const LOGGERS = {
  descriptor: 'org.apache.flink.yarn.YarnClusterDescriptor',
  sessionCli: 'org.apache.flink.yarn.cli.FlinkYarnSessionCli',
  yarnClient: 'org.apache.hadoop.yarn.client.api.impl.YarnClientImpl',
} as const

export type Log = (level: LogLevel, logger: keyof typeof LOGGERS, message: string) => void

const two = (n: number) => String(n).padStart(2, '0')

/** `2024-01-31 10:00:00,123 INFO  org.apache…   [] - message` */
export function formatLogLine(level: LogLevel, logger: keyof typeof LOGGERS, message: string, at: Date): string {
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())},${String(at.getMilliseconds()).padStart(3, '0')}`
  return `${date} ${time} ${level.padEnd(5)} ${LOGGERS[logger].padEnd(60)} [] - ${message}\n`
}

/** How to stop a cluster that nobody waits for. */
export function detachedHint(applicationId: string): string {
  return `The Flink YARN session cluster has been started in detached mode. In order to stop Flink gracefully, use the following command:
$ echo "stop" | ./bin/yarn-session.sh -id ${applicationId}
If this should not be possible, then you can also kill Flink via YARN's web interface or via:
$ yarn application -kill ${applicationId}
Note that killing Flink might not clean up all job artifacts and temporary files.`
}
