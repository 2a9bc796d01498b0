/** The options of every action, as tables. Names are Flink's; what they say in help is ours. */
import type { OptionSpec, OptionTable } from '../../common/cli/options.js'

const help: OptionSpec = { short: 'h', long: 'help', description: 'Show the help message for the CLI Frontend or the action.', hidden: true }
const verbose: OptionSpec = { short: 'v', long: 'verbose', hidden: true }

export const GENERIC: OptionTable = [
  {
    short: 'D',
    args: 2,
    separator: '=',
    argName: 'property=value',
    description: 'Sets one option of the Flink configuration; may be given again and again.',
  },
  { short: 'e', long: 'executor', args: 1, description: 'Older name of -t.' },
  {
    short: 't',
    long: 'target',
    args: 1,
    description:
      'Where the program runs ("execution.target"). "run" knows "remote", "yarn-session" and "yarn-per-job"; "run-application" knows "yarn-application".',
  },
]

const ZOOKEEPER: OptionSpec = { short: 'z', long: 'zookeeperNamespace', args: 1, description: 'Refused: there is no ZooKeeper here.' }
const DETACHED: OptionSpec = { short: 'd', long: 'detached', description: 'Returns as soon as the job has been submitted.' }

/** -m yarn-cluster and all that begins with -y: a cluster for the job, or a session by its id. */
export const YARN_ATTACH: OptionTable = [
  { short: 'm', long: 'jobmanager', args: 1, description: '"yarn-cluster" runs the job on YARN.' },
  { short: 'yid', long: 'yarnapplicationId', args: 1, description: 'The session to use, by its application id.' },
  ZOOKEEPER,
]

/** The options of a new cluster, by what they set; long names and descriptions are shared with yarn-session.sh. */
const CLUSTER: readonly (Omit<OptionSpec, 'short' | 'long'> & { name: string; word: string })[] = [
  { name: 'at', word: 'applicationType', args: 1, description: 'Type of the application on YARN.' },
  { name: 'D', word: '', args: 2, separator: '=', argName: 'property=value', description: 'Sets one option of the Flink configuration.' },
  { name: 'h', word: 'help', description: 'Shows this help.' },
  { name: 'j', word: 'jar', args: 1, description: "The engine's own file, instead of the one that comes along." },
  { name: 'jm', word: 'jobManagerMemory', args: 1, description: "Memory of the JobManager's container, in MB unless a unit follows." },
  { name: 'nl', word: 'nodeLabel', args: 1, description: 'YARN node label of the application.' },
  { name: 'nm', word: 'name', args: 1, description: 'Name of the application on YARN.' },
  { name: 'q', word: 'query', description: 'Shows what YARN has to give (memory, cores, queues).' },
  { name: 'qu', word: 'queue', args: 1, description: 'Queue that the application goes to.' },
  { name: 's', word: 'slots', args: 1, description: 'Slots of a TaskManager.' },
  { name: 't', word: 'ship', args: 1, description: 'Files or folders that every container gets.' },
  { name: 'tm', word: 'taskManagerMemory', args: 1, description: "Memory of a TaskManager's container, in MB unless a unit follows." },
  { name: 'z', word: 'zookeeperNamespace', args: 1, description: 'Refused: there is no ZooKeeper here.' },
]

/** The same options with `-y` and `--yarn` in front, as `flink run` has them, or bare, as yarn-session.sh has them. */
const clusterOptions = (short: string, long: string): OptionTable =>
  CLUSTER.map(({ name, word, ...rest }) => ({ ...rest, short: short + name, ...(word !== '' && { long: long + word }) }))

const YARN_DETACHED: OptionSpec = { short: 'yd', long: 'yarndetached', description: 'Older name of -d.' }

export const YARN_RUN: OptionTable = [DETACHED, ...YARN_ATTACH, ...clusterOptions('y', 'yarn'), YARN_DETACHED]

export const DEFAULT_MODE: OptionTable = [
  GENERIC[0]!,
  { short: 'm', long: 'jobmanager', args: 1, description: 'The JobManager to use, as HOST:PORT of its REST endpoint.' },
  ZOOKEEPER,
]

const PYTHON: OptionTable = (
  [
    ['py', 'python', 'pythonFile'],
    ['pyarch', 'pyArchives', 'arg'],
    ['pyclientexec', 'pyClientExecutable', 'arg'],
    ['pyexec', 'pyExecutable', 'arg'],
    ['pyfs', 'pyFiles', 'pythonFiles'],
    ['pym', 'pyModule', 'pythonModule'],
    ['pyreq', 'pyRequirements', 'arg'],
  ] as const
).map(([short, long, argName]) => ({ short, long, args: 1, argName, description: 'Refused: Python jobs are not supported.' }))

const CLASS: OptionSpec = {
  short: 'c',
  long: 'class',
  args: 1,
  argName: 'classname',
  description: 'The class with main(): com.example.wc.StreamWordCount is the module com/example/wc/StreamWordCount.js. Needed when the manifest names none.',
}
const PARALLELISM: OptionSpec = {
  short: 'p',
  long: 'parallelism',
  args: 1,
  argName: 'parallelism',
  description: 'Parallelism of the program, instead of the configured default.',
}

const RUN: OptionTable = [
  CLASS,
  { short: 'C', long: 'classpath', args: 1, argName: 'url', description: 'Refused: for class paths of a JVM.' },
  DETACHED,
  { short: 'n', long: 'allowNonRestoredState', description: 'Savepoint state of operators that are gone may be left out.' },
  PARALLELISM,
  ...PYTHON,
  { short: 'rm', long: 'restoreMode', args: 1, description: 'Who owns the restored savepoint: claim, no_claim or legacy.' },
  { short: 's', long: 'fromSavepoint', args: 1, argName: 'savepointPath', description: 'Savepoint that the job begins from.' },
  { short: 'sae', long: 'shutdownOnAttachedExit', description: 'Cancels the job when the attached client is interrupted.' },
]

const SAVEPOINT_TYPE: OptionSpec = { short: 'type', long: 'type', args: 1, description: 'Format of the savepoint: canonical or native.' }

export interface Action {
  readonly name: string
  readonly title: string
  readonly syntax: string
  readonly options: OptionTable
  /** Understood as well, but not shown. */
  readonly unshown?: OptionTable
  /** Options of all targets, shown after the action's own. */
  readonly targets: readonly { readonly title: string; readonly options: OptionTable }[]
}

const TARGETS = (yarn: OptionTable) => [
  { title: 'Options for Generic CLI mode:', options: GENERIC },
  { title: 'Options for yarn-cluster mode:', options: yarn },
  { title: 'Options for default mode:', options: DEFAULT_MODE },
]

export const ACTIONS = {
  run: {
    name: 'run',
    title: 'compiles and runs a program.',
    syntax: 'run [OPTIONS] <jar-file> <arguments>',
    options: RUN,
    targets: TARGETS(YARN_RUN),
  },
  'run-application': {
    name: 'run-application',
    title: 'runs an application in Application Mode.',
    syntax: 'run-application [OPTIONS] <jar-file> <arguments>',
    options: [],
    unshown: RUN,
    targets: [{ title: 'Options for Generic CLI mode:', options: GENERIC }],
  },
  info: {
    name: 'info',
    title: 'shows the optimized execution plan of the program (JSON).',
    syntax: 'info [OPTIONS] <jar-file> <arguments>',
    options: [CLASS, PARALLELISM],
    targets: [],
  },
  list: {
    name: 'list',
    title: 'lists running and scheduled programs.',
    syntax: 'list [OPTIONS]',
    options: [
      { short: 'a', long: 'all', description: 'All jobs, those that have ended too.' },
      { short: 'r', long: 'running', description: 'Only jobs that run or restart.' },
      { short: 's', long: 'scheduled', description: 'Only jobs that wait for their start.' },
    ],
    targets: TARGETS(YARN_ATTACH),
  },
  stop: {
    name: 'stop',
    title: 'stops a running program with a savepoint (streaming jobs only).',
    syntax: 'stop [OPTIONS] <Job ID>',
    options: [
      { short: 'd', long: 'drain', description: 'Lets all windows and timers fire before the savepoint.' },
      { short: 'p', long: 'savepointPath', args: 1, optionalArg: true, argName: 'savepointPath', description: 'Where the savepoint is written.' },
      SAVEPOINT_TYPE,
    ],
    targets: TARGETS(YARN_ATTACH),
  },
  cancel: {
    name: 'cancel',
    title: 'cancels a running program.',
    syntax: 'cancel [OPTIONS] <Job ID>',
    options: [
      {
        short: 's',
        long: 'withSavepoint',
        args: 1,
        optionalArg: true,
        argName: 'targetDirectory',
        description: 'Takes a savepoint first; older form of the action "stop".',
      },
    ],
    targets: TARGETS(YARN_ATTACH),
  },
  savepoint: {
    name: 'savepoint',
    title: 'triggers savepoints for a running job or disposes existing ones.',
    syntax: 'savepoint [OPTIONS] <Job ID> [<target directory>]',
    options: [
      { short: 'd', long: 'dispose', args: 1, description: 'Savepoint to remove.' },
      { short: 'j', long: 'jarfile', args: 1, argName: 'jarfile', description: 'Jar of the program whose savepoint is removed.' },
      SAVEPOINT_TYPE,
    ],
    targets: TARGETS(YARN_ATTACH),
  },
} as const satisfies Record<string, Action>

export type ActionName = keyof typeof ACTIONS

/** All that an action understands; where tables share a name, the first stands. */
export function tableOf(action: Action): OptionTable {
  // Options of a new cluster are understood beside every action, as real Flink merges its tables.
  const all = [
    help,
    verbose,
    ...action.options,
    ...(action.unshown ?? []),
    ...action.targets.flatMap((t) => t.options),
    ...GENERIC,
    ...YARN_RUN.filter((o) => o.short !== 'd'),
  ]
  const seen = new Set<string>()
  return all.filter((o) => {
    const names = [o.short, o.long].filter((n) => n !== undefined)
    if (names.some((n) => seen.has(n))) return false
    for (const n of names) seen.add(n)
    return true
  })
}

export const YARN_SESSION: OptionTable = [
  ...clusterOptions('', ''),
  { short: 'd', long: 'detached', description: 'Returns when the session is up.' },
  { short: 'id', long: 'applicationId', args: 1, description: 'Attaches to a session that is up.' },
  { short: 'm', long: 'jobmanager', args: 1, description: '"yarn-cluster", as ever.' },
  YARN_DETACHED,
]
