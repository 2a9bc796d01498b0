/** Aggregated logs: written by NodeManagers, read by `yarn logs`. */
export {
  type AggregatedLogFile,
  type ContainerLogs,
  type LogFileSource,
  TMP_FILE_SUFFIX,
  nodeFileName,
  readAggregatedLogs,
  readOwner,
  remoteAppLogDir,
  remoteUserLogDir,
  writeAggregatedLogs,
} from './aggregated.js'
export { type Compression, type RandomAccess, TFileError } from './tfile.js'
