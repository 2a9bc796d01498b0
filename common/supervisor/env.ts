/** What a shell needs to use a cluster: printed for `eval "$(bobbin env)"`. */
import path from 'node:path'
import { type Layout, root } from './layout.js'

export function environment(l: Layout): Record<string, string> {
  return { BOBBIN_DIR: l.dir, HADOOP_CONF_DIR: l.conf, FLINK_CONF_DIR: l.flinkConf }
}

const quoted = (text: string) => `'${text.replace(/'/g, `'\\''`)}'`

export function exportsText(l: Layout): string {
  const lines = Object.entries(environment(l)).map(([name, value]) => `export ${name}=${quoted(value)}`)
  const scripts = path.join(root, 'scripts')
  if (process.env.PATH?.split(path.delimiter)[0] !== scripts) lines.push(`export PATH=${quoted(scripts)}:"$PATH"`)
  return `${lines.join('\n')}\n`
}
