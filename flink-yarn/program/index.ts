/** Job jars: loading, running their main, and the job graphs that come out of it. */
export { ProgramInvocationException, ProgramParametrizationException } from './errors.js'
export { type JobJar, loadJobJar } from './jar.js'
export { type PackOptions, packJar } from './pack.js'
export {
  type GraphOptions,
  type JobResult,
  type PipelineExecutor,
  type ProgramOptions,
  type RunOptions,
  type SubmittedJob,
  buildJobGraph,
  checkProgram,
  runMain,
} from './run.js'
