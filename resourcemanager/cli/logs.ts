/** `yarn logs`. Output and exit codes: org.apache.hadoop.yarn.client.cli.LogsCLI. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import path from 'node:path'
import { type CommandLine, type OptionTable, helpText } from '../../common/cli/index.js'
import { firstLine, isException } from '../../common/errors.js'
import type { ApplicationReportProto, ContainerReportProto } from '../../common/proto/gen/application-client.js'
import { attemptIdOf, containerIdOfProto, nodeIdOf } from '../../common/protocols/records.js'
import {
  type ApplicationId,
  formatApplicationId,
  formatContainerId,
  formatNodeId,
  parseApplicationId,
  parseContainerId,
  sameApplication,
} from '../../common/records/ids.js'
import { currentUser } from '../../common/security/user.js'
import { remoteAppLogDir } from '../../common/logs/index.js'
import { DfsClient } from '../../hdfs-lite/client/index.js'
import { type Command, type Context, FAILED, list, parse } from './command.js'
import { columns } from './format.js'
import { type ContainerLogs, type LogFile, type NodeLogFile, aggregatedLogs, aggregatedNodes, endedLogs, runningLogs } from './log-sources.js'

const OPTIONS: OptionTable = [
  {
    short: 'am',
    args: 'unlimited',
    separator: ',',
    argName: 'AM Containers',
    description: "Logs of the application master's containers: 1 is the first attempt's, -1 the last one's, 1,2 both, ALL all of them.",
  },
  { short: 'appOwner', args: 1, argName: 'Application Owner', description: 'Whose application it is; the user who asks unless given.' },
  { short: 'applicationId', args: 1, argName: 'Application ID', description: 'The application; may be left out when -containerId is given.', hidden: true },
  { short: 'client_max_retries', args: 1, argName: 'Max Retries', description: 'How often a NodeManager that does not answer is asked again.', hidden: true },
  { short: 'client_retry_interval_ms', args: 1, argName: 'Retry Interval', description: 'Milliseconds between these tries.', hidden: true },
  { short: 'clusterId', args: 1, argName: 'Cluster ID', description: "The cluster's id; the ResourceManager's own is taken." },
  { short: 'containerId', args: 1, argName: 'Container ID', description: 'Logs of this container only.' },
  { short: 'help', description: 'Shows this help.' },
  { short: 'list_nodes', description: 'Lists the nodes that brought logs to the store. For applications that have ended.' },
  {
    short: 'log_files',
    args: 'unlimited',
    separator: ',',
    argName: 'Log File Name',
    description: 'Log files of these names only, separated by commas; ALL or * is all.',
  },
  {
    short: 'log_files_pattern',
    args: 'unlimited',
    separator: ',',
    argName: 'Log File Pattern',
    description: 'Log files whose names match one of these regular expressions.',
  },
  { short: 'nodeAddress', args: 1, argName: 'Node Address', description: 'Containers on this node (HOST:PORT) only.' },
  {
    short: 'out',
    args: 1,
    argName: 'Local Directory',
    description: "Writes each container's logs to a file below this folder, by node, instead of printing them.",
  },
  { short: 'show_application_log_info', description: 'Lists the containers that have logs.' },
  { short: 'show_container_log_info', description: 'Lists the log files of each container with their sizes.' },
  { short: 'size', args: 1, argName: 'size', description: 'Only so many bytes from the beginning of each file; from its end when negative.' },
]

const FINAL: ReadonlySet<string | undefined> = new Set(['FINISHED', 'FAILED', 'KILLED'])
const NOT_STARTED: ReadonlySet<string | undefined> = new Set(['NEW', 'NEW_SAVING', 'SUBMITTED'])

interface Wanted {
  /** As given; ALL when nothing was. */
  readonly names: readonly string[]
  readonly matches: (file: string) => boolean
  /** Undefined: whole files. */
  readonly size: number | undefined
  readonly out: string | undefined
}

export const logs: Command = async (args, context) => {
  const usage = () => {
    context.out('Retrieve logs for YARN applications.')
    context.write(helpText('yarn logs -applicationId <application ID> [OPTIONS]', OPTIONS, { header: '\ngeneral options are:' }))
    return FAILED
  }
  const parsed = parse('yarn logs -applicationId <application ID> [OPTIONS]', OPTIONS, args, context)
  if (typeof parsed === 'number') return parsed
  const { line } = parsed
  if (line.has('help')) {
    usage()
    return 0
  }
  const container = line.value('containerId')
  const text = line.value('applicationId')
  if (text === undefined && container === undefined) {
    context.err('Both applicationId and containerId are missing, one of them must be specified.')
    return usage()
  }
  const id = applicationOf(text, container, context)
  if (typeof id === 'number') return id
  const wanted = wantedFiles(line, context)
  if (typeof wanted === 'number') return wanted
  return new LogsRequest(id, container, line, wanted, context).run()
}

function applicationOf(text: string | undefined, container: string | undefined, context: Context): ApplicationId | number {
  let id: ApplicationId | undefined
  try {
    if (text !== undefined) id = parseApplicationId(text)
  } catch {
    context.err('Invalid ApplicationId specified')
    return FAILED
  }
  if (container === undefined) return id!
  try {
    const of = parseContainerId(container).applicationAttemptId.applicationId
    if (id && !sameApplication(id, of)) {
      context.err(`The Application:${text} does not have the container:${container}`)
      return FAILED
    }
    return of
  } catch {
    context.err('Invalid ContainerId specified')
    return FAILED
  }
}

function wantedFiles(line: CommandLine, context: Context): Wanted | number {
  const names = list(line.values('log_files'))
  const patterns = list(line.values('log_files_pattern'))
  const sizeText = line.value('size')
  if (sizeText !== undefined && !/^-?\d+$/.test(sizeText)) {
    context.err(`-size ${sizeText}: give a number of bytes`)
    return FAILED
  }
  let regexps: RegExp[]
  try {
    regexps = patterns.map((p) => new RegExp(`^(?:${p})$`))
  } catch (e) {
    context.err(`-log_files_pattern: ${(e as Error).message}`)
    return FAILED
  }
  const every = (names.length === 0 && patterns.length === 0) || names.some((n) => n.toUpperCase() === 'ALL' || n === '*')
  return {
    names: names.length + patterns.length === 0 ? ['ALL'] : [...names, ...patterns],
    matches: (file) => every || names.includes(file) || regexps.some((r) => r.test(file)),
    size: sizeText === undefined ? undefined : Number(sizeText),
    out: line.value('out'),
  }
}

/** One call of the command on one application. */
class LogsRequest {
  readonly #name: string
  readonly #dfs: DfsClient
  /** Whether the ResourceManager knows the application. */
  #known = true

  constructor(
    readonly id: ApplicationId,
    readonly container: string | undefined,
    readonly line: CommandLine,
    readonly wanted: Wanted,
    readonly context: Context,
  ) {
    this.#name = formatApplicationId(id)
    this.#dfs = new DfsClient(context.conf)
  }

  async run(): Promise<number> {
    const { context, line } = this
    let report: ApplicationReportProto | undefined
    try {
      report = await context.yarn.getApplicationReport(this.id)
    } catch (e) {
      if (!isException(e, 'ApplicationNotFoundException')) throw e
      this.#known = false
      context.err('Unable to get ApplicationState. Attempting to fetch logs directly from the filesystem.')
    }
    if (NOT_STARTED.has(report?.yarnApplicationState)) {
      context.out('Logs are not available right now.')
      return FAILED
    }
    const owner = line.value('appOwner') ?? report?.user ?? currentUser()
    const ended = report === undefined || FINAL.has(report.yarnApplicationState)
    if (line.has('list_nodes')) return this.#listNodes(owner)
    if (line.has('show_application_log_info')) return this.#listContainers(owner, ended)
    if (line.has('show_container_log_info')) return this.#listFiles(owner, ended)
    const only = line.has('am') ? await this.#amContainers() : this.container === undefined ? undefined : [this.container]
    if (typeof only === 'number') return only
    const code = await this.#print(owner, ended, only)
    if (code === 0 && list(line.values('am')).some(isAll)) this.context.out('\nSpecified ALL for -am option. Printed logs for all am containers.')
    return code
  }

  /** The logs there are: the node's own while the application runs (of ended containers too, until they are aggregated). */
  async *#sources(owner: string, ended: boolean): AsyncGenerator<ContainerLogs> {
    const node = this.line.value('nodeAddress')
    const onNode = (logs: ContainerLogs) => node === undefined || logs.node === node || logs.node === node.replace(':', '_')
    const seen = new Set<string>()
    if (!ended) {
      for await (const logs of runningLogs(await this.#runningContainers())) {
        if (!onNode(logs)) continue
        seen.add(logs.containerId)
        yield logs
      }
      if (this.container !== undefined && !seen.has(this.container)) {
        const nodes = (await this.context.yarn.getClusterNodes(['NS_RUNNING'])).filter((n) => node === undefined || formatNodeId(nodeIdOf(n.nodeId)) === node)
        const logs = await endedLogs(this.container, nodes)
        if (logs) {
          seen.add(this.container)
          yield logs
        }
      }
    }
    for await (const logs of aggregatedLogs(this.#dfs, (await this.#aggregated(owner, ended && this.#known)) ?? []))
      if (onNode(logs) && !seen.has(logs.containerId)) yield logs
  }

  async #runningContainers(): Promise<ContainerReportProto[]> {
    const attempts = await this.context.yarn.getApplicationAttempts(this.id)
    const lists = await Promise.all(attempts.map((a) => this.context.yarn.getContainers(attemptIdOf(a.applicationAttemptId))))
    return lists.flat().filter((c) => c.containerState !== 'C_COMPLETE')
  }

  async #aggregated(owner: string, loud: boolean): Promise<NodeLogFile[] | undefined> {
    const nodes = await aggregatedNodes(this.#dfs, this.context, this.id, owner)
    if (!nodes && loud) this.context.err(`File ${remoteAppLogDir(this.context.conf, this.id, owner)} does not exist.\n`)
    return nodes
  }

  async #amContainers(): Promise<string[] | number> {
    const asked = list(this.line.values('am'))
    const attempts = await this.context.yarn.getApplicationAttempts(this.id)
    const containers = attempts
      .sort((a, b) => (a.applicationAttemptId?.attemptId ?? 0) - (b.applicationAttemptId?.attemptId ?? 0))
      .flatMap((a) => (a.amContainerId ? [formatContainerId(containerIdOfProto(a.amContainerId))] : []))
    if (asked.some(isAll)) return containers
    const chosen: string[] = []
    for (const text of asked) {
      const n = Number(text)
      if (!Number.isInteger(n) || n === 0) {
        this.context.err(`ERROR: -am takes numbers that count the attempts from 1, -1 for the last one, or ALL; not "${text}"`)
        return FAILED
      }
      const found = n < 0 ? containers.at(n) : containers[n - 1]
      if (!found) {
        this.context.err(`ERROR: Specified AM containerId (${text}) exceeds the number of AM containers (${containers.length}).`)
        return FAILED
      }
      chosen.push(found)
    }
    return chosen
  }

  async #print(owner: string, ended: boolean, only: readonly string[] | undefined): Promise<number> {
    const { context, wanted } = this
    let containers = 0
    let files = 0
    let unreadable = 0
    for await (const logs of this.#sources(owner, ended)) {
      if (only && !only.includes(logs.containerId)) continue
      containers++
      const sink = this.#sink(logs)
      try {
        for await (const file of logs.files()) {
          if (!wanted.matches(file.name)) continue
          files++
          await printFile(logs, file, wanted.size, sink)
        }
      } catch (e) {
        unreadable++
        context.err(`The logs of ${logs.containerId} on ${logs.node} can't be read: ${firstLine(e)}`)
      } finally {
        await sink.end()
      }
    }
    if (unreadable > 0) return FAILED
    if (files > 0) return 0
    if (containers === 0 && !this.#known) {
      context.err(`Can not find the appOwner. Please specify the correct appOwner\nCould not locate application logs for ${this.#name}`)
      return FAILED
    }
    const pattern = `Can not find any log file matching the pattern: [${wanted.names.join(', ')}]`
    if (only) for (const c of only) context.err(`${pattern} for the container: ${c} within the application: ${this.#name}`)
    else context.err(`${pattern} for the application: ${this.#name}\nCan not find the logs for the application: ${this.#name} with the appOwner: ${owner}`)
    return this.line.has('am') ? 0 : FAILED
  }

  /** Standard output, or the container's file below -out. */
  #sink(logs: ContainerLogs): Sink {
    if (this.wanted.out === undefined) {
      const write = async (bytes: string | Uint8Array) => {
        this.context.write(bytes)
        await this.context.drained()
      }
      return { write, end: async () => {} }
    }
    const folder = path.join(this.wanted.out, logs.node.replace(':', '_'))
    mkdirSync(folder, { recursive: true })
    const file = openSync(path.join(folder, logs.containerId), 'w')
    return { write: async (bytes) => void writeSync(file, Buffer.from(bytes)), end: async () => closeSync(file) }
  }

  async #listNodes(owner: string): Promise<number> {
    for (const { node } of (await this.#aggregated(owner, true)) ?? []) this.context.out(node)
    this.context.out('')
    return 0
  }

  async #listContainers(owner: string, ended: boolean): Promise<number> {
    this.context.out(`Application State: ${ended ? 'Completed' : 'Running'}.`)
    const lines: string[] = []
    for await (const logs of this.#sources(owner, ended)) lines.push(`Container: ${logs.containerId} on ${logs.node}`)
    if (lines.length === 0) this.context.err(`Can not find any container information for the application: ${this.#name}`)
    for (const text of lines) this.context.out(text)
    return 0
  }

  async #listFiles(owner: string, ended: boolean): Promise<number> {
    let found = false
    for await (const logs of this.#sources(owner, ended)) {
      if (this.container !== undefined && logs.containerId !== this.container) continue
      found = true
      const title = `Container: ${logs.containerId} on ${logs.node}`
      const headings = columns(INFO_WIDTHS, ['LogFile', 'LogLength', 'LastModificationTime', 'LogAggregationType'])
      this.context.out(`${title}\n${'='.repeat(title.length)}\n${headings}\n${'='.repeat(INFO_LINE)}`)
      for await (const f of logs.files()) this.context.out(columns(INFO_WIDTHS, [f.name, String(f.length), f.modified, logs.kind]))
    }
    return found ? 0 : FAILED
  }
}

const isAll = (text: string) => text.toUpperCase() === 'ALL'

const INFO_WIDTHS = [30, 30, 30, 30]
const INFO_LINE = 136

interface Sink {
  /** Resolves when more can be taken. */
  write(bytes: string | Uint8Array): Promise<void>
  end(): Promise<void>
}

const LINE_END = 0x0a

async function printFile(logs: ContainerLogs, file: LogFile, size: number | undefined, sink: Sink): Promise<void> {
  const title = `Container: ${logs.containerId} on ${logs.node}`
  const name = `LogType:${file.name}`
  const head = [
    title,
    `LogAggregationType: ${logs.kind}`,
    '='.repeat(title.length),
    name,
    `LogLastModifiedTime:${file.modified}`,
    `LogLength:${file.length}`,
    'LogContents:',
    '',
  ]
  await sink.write(head.join('\n'))
  let last = LINE_END
  for await (const part of file.content(size)) {
    await sink.write(part)
    last = part[part.length - 1] ?? last
  }
  if (last !== LINE_END || logs.kind === 'AGGREGATED') await sink.write('\n')
  const running = logs.kind === 'LOCAL' ? `.This log file belongs to a running container (${logs.containerId}) and so may not be complete.` : ''
  await sink.write(`End of ${name}${running}\n${'*'.repeat(`End of ${name}`.length + 50)}\n${logs.kind === 'LOCAL' ? '\n\n' : '\n'}`)
}
