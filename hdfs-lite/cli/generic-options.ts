/** The options that every Hadoop command takes before its own (org.apache.hadoop.util.GenericOptionsParser). */
import { existsSync } from 'node:fs'
import { Configuration, ConfigurationError, loadConfiguration, type SITE_FILES } from '../../common/config/configuration.js'
import { core } from '../../common/config/keys/core.js'

export const GENERIC_OPTIONS_HELP = `Generic options supported are:
-conf <configuration file>        specify an application configuration file
-D <property=value>               define a value for a given property
-fs <file:///|hdfs://namenode:port> specify default filesystem URL to use, overrides 'fs.defaultFS' property from configurations.
-jt <local|resourcemanager:port>  specify a ResourceManager
-files <file1,...>                specify a comma-separated list of files to be copied to the map reduce cluster
-libjars <jar1,...>               specify a comma-separated list of jar files to be included in the classpath
-archives <archive1,...>          specify a comma-separated list of archives to be unarchived on the compute machines

The general command line syntax is:
command [genericOptions] [commandOptions]
`

/** Options of MapReduce jobs: taken, and of no use here. */
const IGNORED = ['-jt', '-files', '-libjars', '-archives', '-tokenCacheFile']

/**
 * The configuration of HADOOP_CONF_DIR with what `args` begin with on top of it, and the rest of `args`.
 * @throws ConfigurationError
 */
export function readGenericOptions(args: readonly string[], kind: keyof typeof SITE_FILES = 'hdfs'): { conf: Configuration; rest: string[] } {
  const conf = baseConfiguration(kind)
  const rest = [...args]
  for (;;) {
    const [option, value] = rest
    const inWord = /^-D(.+)$/.exec(option ?? '')
    if (inWord) {
      define(conf, inWord[1]!)
      rest.splice(0, 1)
      continue
    }
    if (!option || !['-D', '-conf', '-fs', ...IGNORED].includes(option)) return { conf, rest }
    if (value === undefined) throw new ConfigurationError(`Missing argument for option: ${option.slice(1)}`)
    if (option === '-D') define(conf, value)
    if (option === '-fs') conf.set(core.defaultFs.name, /^[a-z]+:/.test(value) ? value : `hdfs://${value}`, '-fs')
    if (option === '-conf') {
      if (!existsSync(value)) throw new ConfigurationError(`-conf ${value}: there is no such file`)
      conf.addFile(value)
    }
    rest.splice(0, 2)
  }
}

function baseConfiguration(kind: keyof typeof SITE_FILES): Configuration {
  const home = process.env['HADOOP_HOME']
  const dir = process.env['HADOOP_CONF_DIR'] ?? (home && existsSync(`${home}/etc/hadoop`) ? `${home}/etc/hadoop` : undefined)
  if (dir !== undefined) return loadConfiguration(dir, kind)
  process.stderr.write('HADOOP_CONF_DIR is not set: paths are those of this machine (eval "$(bobbin env)" sets it)\n')
  return new Configuration()
}

function define(conf: Configuration, text: string): void {
  const at = text.indexOf('=')
  if (at < 0) throw new ConfigurationError(`-D ${text}: a property is given as name=value`)
  conf.set(text.slice(0, at), text.slice(at + 1), 'command line')
}
