/** launch_container.sh and the two scripts around it, as Hadoop's DefaultContainerExecutor makes them. Text only. */
import path from 'node:path'
import { exception } from '../../common/errors.js'
import { inOrderOfUse } from './environment.js'

export const LAUNCH_SCRIPT = 'launch_container.sh'
export const WRAPPER_SCRIPT = 'default_container_executor.sh'
export const SESSION_SCRIPT = 'default_container_executor_session.sh'
export const TOKENS_FILE = 'container_tokens'
export const PRELAUNCH_OUT = 'prelaunch.out'
export const PRELAUNCH_ERR = 'prelaunch.err'
export const DIRECTORY_INFO = 'directory.info'

export interface Link {
  readonly target: string
  /** Relative to the work folder. */
  readonly name: string
}

export interface LaunchScript {
  readonly logDir: string
  /** Passed on from the node unless already set. */
  readonly inherited: ReadonlyMap<string, string>
  readonly nodeManager: ReadonlyMap<string, string>
  readonly container: ReadonlyMap<string, string>
  readonly links: readonly Link[]
  readonly command: readonly string[]
  /** Whether launch script and folder listing go to the log folder (yarn.nodemanager.log-container-debug-info.enabled). */
  readonly debugInfo: boolean
}

export function launchScript(s: LaunchScript): string {
  const log = (name: string) => `${s.logDir}/${name}`
  const lines = [
    '#!/bin/bash',
    '',
    'set -o pipefail -e',
    `export PRELAUNCH_OUT="${log(PRELAUNCH_OUT)}"`,
    'exec >"${PRELAUNCH_OUT}"',
    `export PRELAUNCH_ERR="${log(PRELAUNCH_ERR)}"`,
    'exec 2>"${PRELAUNCH_ERR}"',
    'echo "Setting up env variables"',
  ]
  for (const [name, value] of s.inherited) lines.push(`export ${name}=\${${name}:-"${value}"}`)
  for (const [name, value] of s.nodeManager) lines.push(`export ${name}="${value}"`)
  for (const [name, value] of inOrderOfUse(s.container)) if (!s.nodeManager.has(name)) lines.push(`export ${name}="${value}"`)
  lines.push('echo "Setting up job resources"')
  for (const link of s.links) lines.push(...linkLines(link))
  if (s.debugInfo) {
    const info = log(DIRECTORY_INFO)
    lines.push(
      'echo "Copying debugging information"',
      '# Creating copy of launch script',
      `cp "${LAUNCH_SCRIPT}" "${log(LAUNCH_SCRIPT)}"`,
      `chmod 640 "${log(LAUNCH_SCRIPT)}"`,
      '# Determining directory contents',
      `echo "ls -l:" 1>"${info}"`,
      `ls -l 1>>"${info}"`,
      `echo "find -L . -maxdepth 5 -ls:" 1>>"${info}"`,
      `find -L . -maxdepth 5 -ls 1>>"${info}"`,
      `echo "broken symlinks(find -L . -maxdepth 5 -type l -ls):" 1>>"${info}"`,
      `find -L . -maxdepth 5 -type l -ls 1>>"${info}"`,
    )
  }
  lines.push('echo "Launching container"', `exec /bin/bash -c "${s.command.join(' ')}"`, '')
  return lines.join('\n')
}

/** @throws IOException for a name that leaves the work folder */
function linkLines({ target, name }: Link): string[] {
  if (path.isAbsolute(name)) throw exception('IOException', 'Destination must be relative')
  if (path.normalize(name).startsWith('..')) throw exception('IOException', `Destination must stay in the container's work folder: ${name}`)
  const dir = path.posix.dirname(name)
  return [...(dir === '.' ? [] : [`mkdir -p ${dir}`]), `ln -sf -- "${target}" "${name}"`]
}

/**
 * Runs the session and leaves its exit code where a later NodeManager finds it. Readers wait for the line's end, so
 * nothing needs to be moved into place: a process less between a container's end and its being told.
 */
export function wrapperScript(sessionScript: string, exitCodeFile: string): string {
  return ['#!/bin/bash', `/bin/bash "${sessionScript}"`, 'rc=$?', `echo $rc > "${exitCodeFile}"`, 'exit $rc', ''].join('\n')
}

/**
 * Becomes the container, in a session of its own. The start time beside the pid tells this process from a later one
 * with the same pid.
 */
export function sessionScript(launchScriptPath: string, pidFile: string, hasSetsid: boolean): string {
  return [
    '#!/bin/bash',
    '',
    'if [ -r /proc/$$/stat ]; then',
    '  read -r -a stat < /proc/$$/stat',
    `  echo "\${stat[21]}" > "${pidFile}.start"`,
    'fi',
    `echo $$ > "${pidFile}"`,
    `${hasSetsid ? 'exec setsid' : 'exec'} /bin/bash "${launchScriptPath}"`,
    '',
  ].join('\n')
}
