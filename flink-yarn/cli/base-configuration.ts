import { FlinkConfiguration, findFlinkConfDir, loadFlinkConfiguration, options } from '../config/index.js'

/** flink-conf.yaml of FLINK_CONF_DIR or FLINK_HOME; without either the values of the shipped file. */
export function baseConfiguration(): FlinkConfiguration {
  const dir = findFlinkConfDir()
  if (dir !== undefined) return loadFlinkConfiguration(dir)
  return FlinkConfiguration.of(
    [
      [options.jobManagerMemory.totalProcess.key, '1600m'],
      [options.taskManagerMemory.totalProcess.key, '1728m'],
    ],
    'default',
  )
}
