/** `bobbin sim import`: what a cluster's ResourceManager tells anybody, as a trace and a configuration. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import { ConfigurationError, siteFileText } from '../../../common/config/configuration.js'
import { type Dump, askResourceManager, readAnswer } from '../import/answers.js'
import { configurationOf } from '../import/configuration.js'
import { workloadOf } from '../import/workload.js'
import { parseResource } from './arguments.js'
import type { Terminal } from './terminal.js'

interface ImportArguments {
  readonly rm?: string
  readonly out: string
  readonly name?: string
  readonly am: string
}

export function addImport(sim: Command, terminal: Terminal): void {
  sim
    .command('import')
    .description("make a trace of what a running ResourceManager's REST API tells, or of its saved answers")
    .argument('[answers...]', 'saved answers of /ws/v1/cluster/apps, /nodes and /scheduler (JSON), in any order')
    .option('--rm <address>', "the ResourceManager's web address, such as http://rm:8088")
    .option('--out <folder>', 'writes trace.json and conf/ there', 'imported')
    .option('--name <name>', 'what reports call the workload')
    .option('--am <memory,vcores>', "size of the application masters, which finished applications don't tell", '1024,1')
    .action((answers: string[], options: ImportArguments) => importTrace(answers, options, terminal))
}

/** Answers saved with their headers (curl -i) begin where their body does. */
function bodyOf(text: string): string {
  return /^(?:GET |HTTP\/)/.test(text) ? text.slice(Math.max(0, text.search(/^\s*[{<]/m))) : text
}

function readSaved(files: readonly string[]): Dump {
  let dump: Dump = { applications: [], nodes: [] }
  for (const file of files) {
    let text: string
    try {
      text = readFileSync(file, 'utf8')
    } catch (e) {
      throw new ConfigurationError(`${file} can't be read: ${(e as Error).message}`)
    }
    const part = readAnswer(bodyOf(text), file)
    dump = { ...dump, ...part, applications: [...dump.applications, ...(part.applications ?? [])] }
  }
  return dump
}

async function importTrace(files: readonly string[], options: ImportArguments, terminal: Terminal): Promise<void> {
  if ((options.rm === undefined) === (files.length === 0))
    throw new ConfigurationError('give either --rm with the address of a ResourceManager, or files with its saved answers')
  const dump = options.rm === undefined ? readSaved(files) : await askResourceManager(options.rm)
  const am = parseResource(options.am, '--am')
  const { workload, notes } = workloadOf(dump, {
    name: options.name ?? (options.rm === undefined ? 'imported' : new URL(/^https?:/.test(options.rm) ? options.rm : `http://${options.rm}`).hostname),
    am,
  })
  if (workload.applications.length === 0)
    throw new ConfigurationError(
      'no application in these answers ever ran: a ResourceManager forgets all but the last yarn.resourcemanager.max-completed-applications',
    )
  const configuration = dump.scheduler
    ? configurationOf(dump.scheduler)
    : { properties: {}, notes: ['no answer of the scheduler: no configuration is written'] }
  const all = [...notes, ...configuration.notes]
  mkdirSync(options.out, { recursive: true })
  const trace = path.join(options.out, 'trace.json')
  writeFileSync(
    trace,
    `${JSON.stringify({ name: workload.name, description: all.join('; '), nodes: workload.nodes, applications: workload.applications }, null, 1)}\n`,
  )
  const queues = Object.entries(configuration.properties)
  const conf = path.join(options.out, 'conf')
  if (queues.length > 0) {
    mkdirSync(conf, { recursive: true })
    writeFileSync(path.join(conf, 'capacity-scheduler.xml'), siteFileText(queues))
    writeFileSync(path.join(conf, 'yarn-site.xml'), siteFileText([]))
  }
  terminal.out(`${workload.applications.length} applications and ${workload.nodes.length} nodes: ${trace}\n`)
  for (const n of all) terminal.out(`note: ${n}\n`)
  terminal.out(`to run it: bobbin sim ${trace}${queues.length > 0 ? ` --conf ${conf}` : ''}${workload.nodes.length === 0 ? ' --nodes NxSPEC' : ''}\n`)
}
