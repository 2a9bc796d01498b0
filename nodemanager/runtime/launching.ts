/** From a container and its localised resources to its process. */
import path from 'node:path'
import { type Credentials, decodeCredentials, encodeCredentials } from '../../common/security/credentials.js'
import { type LaunchPlace, adminVariables, expand, nodeManagerVariables } from '../launcher/environment.js'
import { ContainerProcess, makeDir } from '../launcher/launch.js'
import { type Link, TOKENS_FILE, launchScript } from '../launcher/script.js'
import type { LocalDirs } from '../monitor/disks.js'
import { type NodeContainer, countersText } from './container.js'
import { APPLICATION_DIR_MODE, applicationDir, privateDir, userDir } from './layout.js'
import type { Settings } from './settings.js'

export interface LaunchEnvironment {
  readonly settings: Settings
  readonly dirs: LocalDirs
  readonly nmHost: string
  readonly nmPort: number
  readonly nmHttpPort: number
  /** Where a localised resource is. */
  readonly pathOf: (resource: string) => string | undefined
}

/** Its folders: the work folder on one disk, the private one beside it. */
export function placeContainer(c: NodeContainer, dirs: LocalDirs): { workDir: string; logDir: string } {
  return {
    workDir: path.join(applicationDir(dirs.pick('local'), c.user, c.applicationId), c.containerId),
    logDir: path.join(dirs.pick('log'), c.applicationId, c.containerId),
  }
}

/** The NodeManager's own folder for a container: beside its work folder, so that a later run finds it. */
export function privateDirOf(c: NodeContainer): string {
  const local = c.workDir!.slice(0, c.workDir!.indexOf(`${path.sep}usercache${path.sep}`))
  return privateDir(local, c.applicationId, c.containerId)
}

/** Writes scripts and credentials, and starts. `c.workDir` and `c.logDir` are set. @throws when a file can't be written */
export function launchContainer(c: NodeContainer, env: LaunchEnvironment, onExit: (exitCode: number) => void): ContainerProcess {
  const { settings, dirs } = env
  const workDir = c.workDir!
  const logDir = c.logDir!
  const localDirs = dirs.good('local')
  const logDirs = dirs.good('log').map((d) => path.join(d, c.applicationId, c.containerId))
  for (const dir of localDirs) makeDir(path.join(applicationDir(dir, c.user, c.applicationId), c.containerId), APPLICATION_DIR_MODE)
  for (const dir of logDirs) makeDir(dir, APPLICATION_DIR_MODE)
  const place: LaunchPlace = {
    containerId: c.containerId,
    user: c.user,
    nmHost: env.nmHost,
    nmPort: env.nmPort,
    nmHttpPort: env.nmHttpPort,
    workDir,
    logDir,
    applicationDirs: localDirs.map((d) => applicationDir(d, c.user, c.applicationId)),
    userDirs: localDirs.map((d) => `${userDir(d, c.user)}/`),
    containerLogDirs: logDirs,
    tokensFile: path.join(workDir, TOKENS_FILE),
    home: settings.launch.home,
    localizationCounters: countersText(c.counters),
  }
  const script = launchScript({
    logDir,
    ...environmentOf(c, place, settings),
    links: linksOf(c, env.pathOf),
    command: c.launchContext.command.map((part) => expand(part, logDir)),
    debugInfo: settings.launch.debugInfo,
  })
  const files = { workDir, privateDir: privateDirOf(c), containerId: c.containerId, launchScript: script, tokens: credentialsOf(c) }
  return ContainerProcess.start(files, settings.launch.times, onExit)
}

function environmentOf(c: NodeContainer, place: LaunchPlace, settings: Settings) {
  const container = new Map<string, string>()
  for (const { key, value } of c.launchContext.environment) if (key !== undefined) container.set(key, value ?? '')
  for (const [name, value] of adminVariables(settings.launch.adminEnv, container, process.env)) container.set(name, value)
  for (const [name, value] of container) container.set(name, expand(value, place.logDir))
  const inherited = new Map<string, string>()
  for (const name of settings.launch.envWhitelist) {
    const value = process.env[name]
    if (value !== undefined && !container.has(name)) inherited.set(name, value)
  }
  return { inherited, nodeManager: nodeManagerVariables(place), container }
}

export function linksOf(c: NodeContainer, pathOf: (resource: string) => string | undefined): Link[] {
  const links: Link[] = []
  for (const [id, wanted] of c.resources) {
    const target = pathOf(id)
    if (target === undefined) continue
    for (const name of wanted.links) links.push({ target, name })
  }
  return links
}

/** What its launch context brought, re-encoded: what can't be read is refused before anything starts. */
export function credentialsOf(c: NodeContainer): Buffer {
  const { tokens } = c.launchContext
  const credentials: Credentials = tokens && tokens.length > 0 ? decodeCredentials(tokens) : { tokens: new Map(), secrets: new Map() }
  return encodeCredentials(credentials)
}
