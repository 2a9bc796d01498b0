/** dfs.hosts and dfs.hosts.exclude: who may be a DataNode, and who is to leave. */
import { readFileSync } from 'node:fs'
import { type Configuration, ConfigurationError } from '../../common/config/configuration.js'
import { hdfs } from '../../common/config/keys/hdfs.js'
import { updateAdminState } from './core/datanodes.js'
import type { FsState } from './core/state.js'
import { localDirectory } from '../local-directory.js'

function readHosts(property: string, file: string): Set<string> {
  if (file === '') return new Set()
  try {
    return new Set(
      readFileSync(localDirectory(file), 'utf8')
        .split('\n')
        .flatMap((l) => l.replace(/#.*/, '').trim().split(/\s+/))
        .filter((h) => h !== ''),
    )
  } catch (e) {
    throw new ConfigurationError(`${property} names ${file}, which can't be read: ${(e as Error).message}`)
  }
}

export function applyHosts(fs: FsState, conf: Configuration): void {
  fs.includedHosts = readHosts(hdfs.hosts.name, conf.get(hdfs.hosts))
  fs.excludedHosts = readHosts(hdfs.hostsExclude.name, conf.get(hdfs.hostsExclude))
  for (const node of fs.datanodes.values()) updateAdminState(fs, node)
}
