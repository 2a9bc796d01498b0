/** A container's environment: what the NodeManager sets, what it passes on, in which order (ContainerLaunch.sanitizeEnv). */

/** Where a container finds things; all paths absolute. */
export interface LaunchPlace {
  readonly containerId: string
  readonly user: string
  readonly nmHost: string
  readonly nmPort: number
  readonly nmHttpPort: number
  readonly workDir: string
  readonly logDir: string
  readonly applicationDirs: readonly string[]
  readonly userDirs: readonly string[]
  readonly containerLogDirs: readonly string[]
  readonly tokensFile: string
  /** yarn.nodemanager.user-home-dir */
  readonly home: string
  readonly localizationCounters: string
}

/**
 * Hadoop's from 3.4 on where its own JVM is 17 or newer. Which one a container will find is not known here: an older one passes over
 * options that it does not know.
 */
const ADD_OPENS = [
  '-XX:+IgnoreUnrecognizedVMOptions',
  '--add-opens=java.base/java.lang=ALL-UNNAMED',
  '--add-exports=java.base/sun.net.dns=ALL-UNNAMED',
  '--add-exports=java.base/sun.net.util=ALL-UNNAMED',
].join(' ')

/** `<LOG_DIR>`, `<CPS>`, `<ADD_OPENS>` and `{{VAR}}` as a command or a variable may hold them. */
export function expand(text: string, logDir: string): string {
  return text.replaceAll('<LOG_DIR>', logDir).replaceAll('<CPS>', ':').replaceAll('<ADD_OPENS>', ADD_OPENS).replaceAll('{{', '$').replaceAll('}}', '')
}

/** Set by the NodeManager whatever the container asks for. */
export function nodeManagerVariables(p: LaunchPlace): ReadonlyMap<string, string> {
  return new Map([
    ['HADOOP_TOKEN_FILE_LOCATION', p.tokensFile],
    ['CONTAINER_ID', p.containerId],
    ['NM_PORT', String(p.nmPort)],
    ['NM_HOST', p.nmHost],
    ['NM_HTTP_PORT', String(p.nmHttpPort)],
    ['LOCAL_DIRS', p.applicationDirs.join(',')],
    ['LOCAL_USER_DIRS', p.userDirs.join(',')],
    ['LOG_DIRS', p.containerLogDirs.join(',')],
    ['USER', p.user],
    ['LOGNAME', p.user],
    ['HOME', p.home],
    ['PWD', p.workDir],
    ['LOCALIZATION_COUNTERS', p.localizationCounters],
    ['JVM_PID', '$$'],
  ])
}

/** `NAME=value,NAME=value` of yarn.nodemanager.admin-env; $VAR is looked up in the container's, then the node's environment. */
export function adminVariables(
  settings: readonly string[],
  container: ReadonlyMap<string, string>,
  node: Readonly<Record<string, string | undefined>>,
): Map<string, string> {
  const found = new Map<string, string>()
  for (const setting of settings) {
    const m = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(setting)
    if (m)
      found.set(
        m[1]!,
        m[2]!.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_all, braced, bare) => container.get(braced ?? bare) ?? node[braced ?? bare] ?? ''),
      )
  }
  return found
}

/** Names of variables that a value inside double quotes refers to; text in single quotes within it is literal. */
export function referencedVariables(value: string): Set<string> {
  const found = new Set<string>()
  let doubleQuoted = true
  for (let i = 0; i < value.length; i++) {
    const c = value[i]
    if (c === '"') doubleQuoted = !doubleQuoted
    else if (c === '\\') i++
    else if (c === "'" && !doubleQuoted) {
      const end = value.indexOf("'", i + 1)
      if (end < 0) break
      i = end
    } else if (c === '$') {
      const m = /^\{?#?([A-Za-z_][A-Za-z0-9_]*)/.exec(value.slice(i + 1))
      if (m) {
        found.add(m[1]!)
        i += m[0].length
      }
    }
  }
  return found
}

/** A variable comes after those that its value refers to. Cycles keep the order in which they were given. */
export function inOrderOfUse(variables: ReadonlyMap<string, string>): [string, string][] {
  const ordered: [string, string][] = []
  const visited = new Set<string>()
  const visit = (name: string) => {
    if (visited.has(name)) return
    visited.add(name)
    for (const used of referencedVariables(variables.get(name)!)) if (variables.has(used)) visit(used)
    ordered.push([name, variables.get(name)!])
  }
  for (const name of variables.keys()) visit(name)
  return ordered
}
