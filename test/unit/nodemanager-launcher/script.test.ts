import { describe, expect, it } from 'vitest'
import { adminVariables, expand, inOrderOfUse, nodeManagerVariables, referencedVariables } from '../../../nodemanager/launcher/environment.js'
import { launchScript, sessionScript, wrapperScript } from '../../../nodemanager/launcher/script.js'

const LOCAL = '/hadoop/data/nm1/local/usercache/root'
const APP = 'application_1795231004556_0006'
const CONTAINER = 'container_1795231004556_0006_01_000002'
const LOG = `/hadoop/data/nm1/logs/${APP}/${CONTAINER}`

/** As Hadoop 3.3.6 wrote it for a container of DistributedShell, with two links of another one's added. */
const HADOOP = `#!/bin/bash

set -o pipefail -e
export PRELAUNCH_OUT="${LOG}/prelaunch.out"
exec >"\${PRELAUNCH_OUT}"
export PRELAUNCH_ERR="${LOG}/prelaunch.err"
exec 2>"\${PRELAUNCH_ERR}"
echo "Setting up env variables"
export JAVA_HOME=\${JAVA_HOME:-"/usr/lib/jvm/java-17-openjdk-amd64"}
export HADOOP_CONF_DIR=\${HADOOP_CONF_DIR:-"/hadoop/conf-nm1"}
export HADOOP_TOKEN_FILE_LOCATION="${LOCAL}/appcache/${APP}/${CONTAINER}/container_tokens"
export CONTAINER_ID="${CONTAINER}"
export NM_PORT="38041"
export NM_HOST="localhost"
export NM_HTTP_PORT="38053"
export LOCAL_DIRS="${LOCAL}/appcache/${APP}"
export LOCAL_USER_DIRS="${LOCAL}/"
export LOG_DIRS="${LOG}"
export USER="root"
export LOGNAME="root"
export HOME="/home/"
export PWD="${LOCAL}/appcache/${APP}/${CONTAINER}"
export LOCALIZATION_COUNTERS="0,0,0,0,-1898268"
export JVM_PID="$$"
export YARN_SHELL_ID="1"
export MALLOC_ARENA_MAX=""
echo "Setting up job resources"
ln -sf -- "${LOCAL}/appcache/${APP}/filecache/11/shellCommands" "shellCommands"
mkdir -p lib
ln -sf -- "${LOCAL}/appcache/${APP}/filecache/10/a.jar" "lib/a.jar"
echo "Copying debugging information"
# Creating copy of launch script
cp "launch_container.sh" "${LOG}/launch_container.sh"
chmod 640 "${LOG}/launch_container.sh"
# Determining directory contents
echo "ls -l:" 1>"${LOG}/directory.info"
ls -l 1>>"${LOG}/directory.info"
echo "find -L . -maxdepth 5 -ls:" 1>>"${LOG}/directory.info"
find -L . -maxdepth 5 -ls 1>>"${LOG}/directory.info"
echo "broken symlinks(find -L . -maxdepth 5 -type l -ls):" 1>>"${LOG}/directory.info"
find -L . -maxdepth 5 -type l -ls 1>>"${LOG}/directory.info"
echo "Launching container"
exec /bin/bash -c "echo hello; sleep 60  1>${LOG}/stdout 2>${LOG}/stderr "
`

const nodeManager = nodeManagerVariables({
  containerId: CONTAINER,
  user: 'root',
  nmHost: 'localhost',
  nmPort: 38041,
  nmHttpPort: 38053,
  workDir: `${LOCAL}/appcache/${APP}/${CONTAINER}`,
  logDir: LOG,
  applicationDirs: [`${LOCAL}/appcache/${APP}`],
  userDirs: [`${LOCAL}/`],
  containerLogDirs: [LOG],
  tokensFile: `${LOCAL}/appcache/${APP}/${CONTAINER}/container_tokens`,
  home: '/home/',
  localizationCounters: '0,0,0,0,-1898268',
})

describe('launch_container.sh', () => {
  it('is, line for line, what Hadoop makes', () => {
    const script = launchScript({
      logDir: LOG,
      inherited: new Map([
        ['JAVA_HOME', '/usr/lib/jvm/java-17-openjdk-amd64'],
        ['HADOOP_CONF_DIR', '/hadoop/conf-nm1'],
      ]),
      nodeManager,
      container: new Map([
        ['YARN_SHELL_ID', '1'],
        ['MALLOC_ARENA_MAX', ''],
        ['USER', 'somebody else'],
      ]),
      links: [
        { target: `${LOCAL}/appcache/${APP}/filecache/11/shellCommands`, name: 'shellCommands' },
        { target: `${LOCAL}/appcache/${APP}/filecache/10/a.jar`, name: 'lib/a.jar' },
      ],
      command: [expand('echo hello; sleep 60  1><LOG_DIR>/stdout 2><LOG_DIR>/stderr ', LOG)],
      debugInfo: true,
    })
    expect(script).toBe(HADOOP)
  })

  it.each(['/etc/passwd', '../outside', 'a/../../b'])('does not link to %s', (name) => {
    expect(() =>
      launchScript({ logDir: LOG, inherited: new Map(), nodeManager, container: new Map(), links: [{ target: '/x', name }], command: [], debugInfo: false }),
    ).toThrow(/Destination must/)
  })

  it('leaves pid, start time and exit code for a later NodeManager', () => {
    expect(sessionScript('/w/launch_container.sh', '/p/c.pid', true)).toContain('echo $$ > "/p/c.pid"\nexec setsid /bin/bash "/w/launch_container.sh"\n')
    expect(sessionScript('/w/launch_container.sh', '/p/c.pid', false)).toContain('\nexec /bin/bash "/w/launch_container.sh"\n')
    expect(wrapperScript('/w/session.sh', '/p/c.pid.exitcode')).toBe(
      '#!/bin/bash\n/bin/bash "/w/session.sh"\nrc=$?\necho $rc > "/p/c.pid.exitcode"\nexit $rc\n',
    )
  })
})

describe("a container's environment", () => {
  it('expands what clients on other systems write', () => {
    expect(expand('{{CLASSPATH}}<CPS>./*<CPS>{{HADOOP_CONF_DIR}} 1><LOG_DIR>/out', '/logs/c')).toBe('$CLASSPATH:./*:$HADOOP_CONF_DIR 1>/logs/c/out')
    expect(expand('{{JAVA_HOME}}/bin/java <ADD_OPENS> Main', '/logs/c')).toMatch(
      /^\$JAVA_HOME\/bin\/java -XX:\S+ --add-opens=java\.base\/java\.lang=ALL-UNNAMED .* Main$/,
    )
  })

  it('sets a variable after those it refers to, and survives a cycle', () => {
    const order = (entries: [string, string][]) => inOrderOfUse(new Map(entries)).map(([name]) => name)
    expect(
      order([
        ['A', '$B/x'],
        ['B', '${C}'],
        ['C', '1'],
      ]),
    ).toEqual(['C', 'B', 'A'])
    expect(
      order([
        ['A', '$B'],
        ['B', '$A'],
      ]),
    ).toEqual(['B', 'A'])
    expect(
      order([
        ['A', '$HOME'],
        ['B', '$$'],
      ]),
    ).toEqual(['A', 'B'])
  })

  it.each([
    ['$A:${B}:${C:-x}', ['A', 'B', 'C']],
    ['\\$A', []],
    ['a"\'$A\'"b$B', ['B']],
    ['${#D}', ['D']],
    ['$', []],
    ['100$', []],
  ])('%s refers to %j', (value, names) => {
    expect([...referencedVariables(value)]).toEqual(names)
  })

  it("looks the administrator's variables up in the container's environment, then the node's", () => {
    const found = adminVariables(['A=$X', 'B=${Y}', 'C=$NONE', 'not a setting'], new Map([['X', 'own']]), { X: 'node', Y: 'node' })
    expect([...found]).toEqual([
      ['A', 'own'],
      ['B', 'node'],
      ['C', ''],
    ])
  })
})
