/** Names of options and the layout of help are Flink 1.17.2's; what the help says of them is ours. */
import { describe, expect, it } from 'vitest'
import { actionHelp, fullHelp, yarnSessionHelp } from '../../../flink-yarn/cli/help.js'
import { ACTIONS, type ActionName } from '../../../flink-yarn/cli/tables.js'

/** The left column of every option, as help shows it, under its titles. */
const columns = (text: string) =>
  text
    .split('\n')
    .filter((l) => /^ {5}-|^ {2}\S|^Action/.test(l))
    .map((l) => l.replace(/^( {5}-.*?(?: <[^>]+>)?) {2,}.*$/, '$1'))

const GENERIC = ['  Options for Generic CLI mode:', '     -D <property=value>', '     -e,--executor <arg>', '     -t,--target <arg>']
const DEFAULT = ['  Options for default mode:', '     -D <property=value>', '     -m,--jobmanager <arg>', '     -z,--zookeeperNamespace <arg>']
const ATTACH = ['  Options for yarn-cluster mode:', '     -m,--jobmanager <arg>', '     -yid,--yarnapplicationId <arg>', '     -z,--zookeeperNamespace <arg>']

const EXPECTED: Record<ActionName, readonly string[]> = {
  run: [
    'Action "run" compiles and runs a program.',
    '  Syntax: run [OPTIONS] <jar-file> <arguments>',
    '  "run" action options:',
    '     -c,--class <classname>',
    '     -C,--classpath <url>',
    '     -d,--detached',
    '     -n,--allowNonRestoredState',
    '     -p,--parallelism <parallelism>',
    '     -py,--python <pythonFile>',
    '     -pyarch,--pyArchives <arg>',
    '     -pyclientexec,--pyClientExecutable <arg>',
    '     -pyexec,--pyExecutable <arg>',
    '     -pyfs,--pyFiles <pythonFiles>',
    '     -pym,--pyModule <pythonModule>',
    '     -pyreq,--pyRequirements <arg>',
    '     -rm,--restoreMode <arg>',
    '     -s,--fromSavepoint <savepointPath>',
    '     -sae,--shutdownOnAttachedExit',
    ...GENERIC,
    '  Options for yarn-cluster mode:',
    '     -d,--detached',
    '     -m,--jobmanager <arg>',
    '     -yat,--yarnapplicationType <arg>',
    '     -yD <property=value>',
    '     -yd,--yarndetached',
    '     -yh,--yarnhelp',
    '     -yid,--yarnapplicationId <arg>',
    '     -yj,--yarnjar <arg>',
    '     -yjm,--yarnjobManagerMemory <arg>',
    '     -ynl,--yarnnodeLabel <arg>',
    '     -ynm,--yarnname <arg>',
    '     -yq,--yarnquery',
    '     -yqu,--yarnqueue <arg>',
    '     -ys,--yarnslots <arg>',
    '     -yt,--yarnship <arg>',
    '     -ytm,--yarntaskManagerMemory <arg>',
    '     -yz,--yarnzookeeperNamespace <arg>',
    '     -z,--zookeeperNamespace <arg>',
    ...DEFAULT,
  ],
  'run-application': [
    'Action "run-application" runs an application in Application Mode.',
    '  Syntax: run-application [OPTIONS] <jar-file> <arguments>',
    ...GENERIC,
  ],
  info: [
    'Action "info" shows the optimized execution plan of the program (JSON).',
    '  Syntax: info [OPTIONS] <jar-file> <arguments>',
    '  "info" action options:',
    '     -c,--class <classname>',
    '     -p,--parallelism <parallelism>',
  ],
  list: [
    'Action "list" lists running and scheduled programs.',
    '  Syntax: list [OPTIONS]',
    '  "list" action options:',
    '     -a,--all',
    '     -r,--running',
    '     -s,--scheduled',
    ...GENERIC,
    ...ATTACH,
    ...DEFAULT,
  ],
  stop: [
    'Action "stop" stops a running program with a savepoint (streaming jobs only).',
    '  Syntax: stop [OPTIONS] <Job ID>',
    '  "stop" action options:',
    '     -d,--drain',
    '     -p,--savepointPath <savepointPath>',
    '     -type,--type <arg>',
    ...GENERIC,
    ...ATTACH,
    ...DEFAULT,
  ],
  cancel: [
    'Action "cancel" cancels a running program.',
    '  Syntax: cancel [OPTIONS] <Job ID>',
    '  "cancel" action options:',
    '     -s,--withSavepoint <targetDirectory>',
    ...GENERIC,
    ...ATTACH,
    ...DEFAULT,
  ],
  savepoint: [
    'Action "savepoint" triggers savepoints for a running job or disposes existing ones.',
    '  Syntax: savepoint [OPTIONS] <Job ID> [<target directory>]',
    '  "savepoint" action options:',
    '     -d,--dispose <arg>',
    '     -j,--jarfile <jarfile>',
    '     -type,--type <arg>',
    ...GENERIC,
    ...ATTACH,
    ...DEFAULT,
  ],
}

describe('help', () => {
  it.each(Object.entries(EXPECTED))('of %s', (name, expected) => expect(columns(actionHelp(ACTIONS[name as ActionName]))).toEqual(expected))

  it('of all actions, in order', () => {
    expect(fullHelp().split('\n').slice(0, 5)).toEqual([
      './flink <ACTION> [OPTIONS] [ARGUMENTS]',
      '',
      'The following actions are available:',
      '',
      'Action "run" compiles and runs a program.',
    ])
    expect(columns(fullHelp()).filter((l) => l.startsWith('Action'))).toHaveLength(7)
  })

  it('of yarn-session.sh', () => {
    expect(yarnSessionHelp().split('\n').slice(0, 2)).toEqual(['Usage:', '   Optional'])
    expect(columns(yarnSessionHelp())).toEqual([
      '     -at,--applicationType <arg>',
      '     -D <property=value>',
      '     -d,--detached',
      '     -h,--help',
      '     -id,--applicationId <arg>',
      '     -j,--jar <arg>',
      '     -jm,--jobManagerMemory <arg>',
      '     -m,--jobmanager <arg>',
      '     -nl,--nodeLabel <arg>',
      '     -nm,--name <arg>',
      '     -q,--query',
      '     -qu,--queue <arg>',
      '     -s,--slots <arg>',
      '     -t,--ship <arg>',
      '     -tm,--taskManagerMemory <arg>',
      '     -yd,--yarndetached',
      '     -z,--zookeeperNamespace <arg>',
    ])
  })
})
