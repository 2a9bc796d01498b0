/** What only HDFS can do: verbs ask for the client of a path. */
import type { DfsClient } from '../../client/index.js'
import { exception } from '../../../common/errors.js'
import type { FileSystem } from './file-system.js'
import type { PathData } from './path-data.js'

/** @throws HadoopException UnsupportedOperationException for other file systems, naming what was wanted */
export function clientOf(item: PathData, wanted: string): DfsClient {
  const fs: FileSystem & { readonly client?: DfsClient } = item.fs
  if (!fs.client) throw exception('UnsupportedOperationException', `${fs.uri} file system does not support ${wanted}`)
  return fs.client
}
