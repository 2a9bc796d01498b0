/** What a client needs to talk to YARN: Hadoop's configuration, a YarnClient, and who asks. */
import { type Configuration, loadConfiguration } from '../../common/config/configuration.js'
import { currentUser } from '../../common/security/user.js'
import { YarnClient } from '../../common/yarn-client/yarn-client.js'
import { flinkError } from '../config/errors.js'

export interface YarnEnvironment {
  readonly hadoop: Configuration
  readonly yarn: YarnClient
  readonly user: string
}

/** @throws FlinkError when no Hadoop configuration is named */
export function yarnEnvironment(env: NodeJS.ProcessEnv = process.env): YarnEnvironment {
  const dir = env.HADOOP_CONF_DIR || env.YARN_CONF_DIR
  if (!dir) {
    throw flinkError(
      'IllegalStateException',
      'HADOOP_CONF_DIR is not set, so there is no YARN to talk to. It names the folder with core-site.xml and yarn-site.xml; eval "$(bobbin env)" sets it for a cluster that `bobbin up` started.',
    )
  }
  const hadoop = loadConfiguration(dir)
  const authentication = hadoop.raw('hadoop.security.authentication') ?? 'simple'
  if (authentication !== 'simple') {
    throw flinkError('IllegalConfigurationException', `hadoop.security.authentication is ${authentication} in ${dir}; only simple authentication is supported.`)
  }
  const user = currentUser()
  return { hadoop, yarn: new YarnClient(hadoop, { user }), user }
}
