/**
 * Errors with the Java class that Flink's commands name before the message. (Not `className`: what a program's main throws is
 * told with that, but what its client threw is not.)
 */

export const FLINK_ERRORS = {
  FlinkException: 'org.apache.flink.util.FlinkException',
  IllegalConfigurationException: 'org.apache.flink.configuration.IllegalConfigurationException',
  ClusterDeploymentException: 'org.apache.flink.client.deployment.ClusterDeploymentException',
  ClusterRetrieveException: 'org.apache.flink.client.deployment.ClusterRetrieveException',
  YarnDeploymentException: 'org.apache.flink.yarn.YarnClusterDescriptor$YarnDeploymentException',
  ProgramInvocationException: 'org.apache.flink.client.program.ProgramInvocationException',
  JobSubmissionException: 'org.apache.flink.runtime.client.JobSubmissionException',
  JobCancellationException: 'org.apache.flink.runtime.client.JobCancellationException',
  JobExecutionException: 'org.apache.flink.runtime.client.JobExecutionException',
  RestClientException: 'org.apache.flink.runtime.rest.util.RestClientException',
  ConnectException: 'java.net.ConnectException',
  IllegalStateException: 'java.lang.IllegalStateException',
  IllegalArgumentException: 'java.lang.IllegalArgumentException',
  RuntimeException: 'java.lang.RuntimeException',
  FileNotFoundException: 'java.io.FileNotFoundException',
  TimeoutException: 'java.util.concurrent.TimeoutException',
  UnsupportedOperationException: 'java.lang.UnsupportedOperationException',
} as const

export type FlinkErrorName = keyof typeof FLINK_ERRORS

export class FlinkError extends Error {
  override name = 'FlinkError'
  constructor(
    readonly javaClass: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }

  is(name: FlinkErrorName): boolean {
    return this.javaClass === FLINK_ERRORS[name]
  }
}

export function flinkError(name: FlinkErrorName, message: string, options?: ErrorOptions): FlinkError {
  return new FlinkError(FLINK_ERRORS[name], message, options)
}
