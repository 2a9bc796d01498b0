/** Flink's configuration: the file, what the command line sets over it, and the declared options. */
export { FlinkError, type FlinkErrorName, flinkError } from './errors.js'
export { CONF_FILE, FlinkConfiguration, findFlinkConfDir, loadFlinkConfiguration, parseDynamicProperty, parseFlinkConf } from './configuration.js'
export type { ConfigOption, OptionType } from './option.js'
export * as options from './options.js'
export { formatMemorySize, parseDuration, parseMemorySize } from './values.js'
