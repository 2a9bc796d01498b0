/** Where Flink's clusters run: found when they are up, deployed on YARN when they are not. */
export { type YarnEnvironment, yarnEnvironment } from './environment.js'
export { formatLogLine, type Log, type LogLevel } from './log.js'
export { deleteYarnProperties, readYarnProperties, writeYarnProperties, type YarnProperties } from './properties-file.js'
export { type JobDetails, type JobExecutionResult, RestClient } from './rest-client.js'
export { type Cluster, finalStatus, isYarnTarget, retrieveCluster, unknownTarget } from './retrieve.js'
