/** `bobbin sim TRACE… --live`: the same models against a ResourceManager that runs. */
import { loadConfiguration, ConfigurationError } from '../../../common/config/configuration.js'
import { type LiveOptions, runLive } from '../live/run.js'
import { duration } from '../report/format.js'
import { summarize, writeReport } from '../report/index.js'
import { type Terminal, progressLine } from './terminal.js'

export async function live(
  options: Omit<LiveOptions, 'conf' | 'configurationName' | 'onProgress'> & { readonly confDir: string | undefined; readonly out: string | undefined },
  terminal: Terminal,
): Promise<void> {
  const confDir = options.confDir ?? process.env.HADOOP_CONF_DIR
  if (!confDir) throw new ConfigurationError("--live needs to know the ResourceManager's addresses: give --conf FOLDER, or set HADOOP_CONF_DIR")
  const conf = loadConfiguration(confDir)
  const progress = progressLine(terminal)
  try {
    const result = await runLive({
      ...options,
      conf,
      configurationName: 'live',
      onProgress: (elapsed, done, of) => progress.show(`${duration(elapsed)}: ${done} of ${of} applications have ended`),
    })
    progress.clear()
    terminal.out(summarize(result))
    if (options.out !== undefined) terminal.out(`report: ${writeReport(result, options.out)}\n`)
  } finally {
    progress.clear()
  }
}
