/** `bobbin`: a whole cluster on one machine, as one command. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { ConfigurationError } from '../config/configuration.js'
import { down } from './down.js'
import { examine, findingsText } from './doctor.js'
import { exportsText } from './env.js'
import { type JarArguments, jar } from './jar.js'
import { clusterDir, daemonNamed, layout, readRecord } from './layout.js'
import { isAlive } from './processes.js'
import { restart } from './restart.js'
import { simulator } from './simulator.js'
import { clusterStatus, statusText } from './status.js'
import { type UpArguments, up } from './up.js'

/** Exit codes: 1 when it could not be done, 2 for arguments or configuration that can't be used. */
const FAILED = 1
const MISUSED = 2

const dirOption = () => new Option('--dir <folder>', "the cluster's folder (default: $BOBBIN_DIR, else bobbin in the user's data home)")

/** Commands of the simulator's own bundle. */
const SIMULATOR: Readonly<Record<string, string>> = {
  sim: "run traces through the ResourceManager in virtual time; compare, sweep, import: see 'bobbin sim --help'",
  replay: "a recorded event log through the ResourceManager's core again, or under another configuration",
}

function say(text: string): void {
  process.stdout.write(text)
}

/** The cluster that is to be there. @throws Error saying how to start one */
function requireRunning(dir: string | undefined) {
  const l = layout(clusterDir(dir))
  const record = readRecord(l)
  if (!record?.daemons.some(isAlive)) throw new Error(`no cluster runs in ${l.dir}; start one with: bobbin up -d${dir === undefined ? '' : ` --dir ${dir}`}`)
  return { l, record }
}

export async function main(program: string, argv: string[]): Promise<number> {
  if (argv[0] !== undefined && Object.hasOwn(SIMULATOR, argv[0])) return simulator(program, argv)
  let code = 0
  const bobbin = new Command(program)
    .description('A YARN cluster with an HDFS-like store and Flink on this machine, without a JVM.')
    .exitOverride()
    .showHelpAfterError(`(see: ${program} --help)`)
  bobbin
    .command('up')
    .description('start a cluster; stays until Ctrl-C unless -d')
    .option('--nodes <n|names>', 'how many NodeManagers, or their host names separated by commas', '1')
    .option('--conf <folder>', 'a folder with *-site.xml, capacity-scheduler.xml, flink-conf.yaml … of your own, laid over the generated ones')
    .addOption(dirOption())
    .option('--free-ports', 'take any free port where the usual one is taken', false)
    .option('-d, --detach', 'return once the cluster can be used', false)
    .action(async (options: UpArguments) => {
      code = await up(options, say)
    })
  bobbin
    .command('down')
    .description('stop the cluster, its applications too, and wait until nothing of it runs')
    .addOption(dirOption())
    .action(async (options: { dir?: string }) => {
      code = await down(layout(clusterDir(options.dir)), say)
    })
  bobbin
    .command('restart')
    .description('start single daemons anew: such as crashed, or to see what their restart does')
    .argument('<daemon...>', 'their names, as in status')
    .addOption(dirOption())
    .action(async (names: string[], options: { dir?: string }) => {
      for (const name of names) daemonNamed(requireRunning(options.dir).record, name)
      for (const name of names) {
        const { l, record } = requireRunning(options.dir)
        code ||= await restart(l, record, name, say)
      }
    })
  bobbin
    .command('status')
    .description('what runs where')
    .addOption(dirOption())
    .option('--json', 'for scripts', false)
    .action(async (options: { dir?: string; json: boolean }) => {
      const l = layout(clusterDir(options.dir))
      const record = readRecord(l)
      const status = record && (await clusterStatus(l, record))
      if (options.json) say(`${JSON.stringify(status ?? { dir: l.dir, running: false, daemons: [] }, null, 2)}\n`)
      else say(status ? statusText(status) : `no cluster was started in ${l.dir}\n`)
      code = status?.daemons.every((d) => d.state === 'running') ? 0 : FAILED
    })
  bobbin
    .command('env')
    .description('print what a shell needs: eval "$(bobbin env)"')
    .addOption(dirOption())
    .action((options: { dir?: string }) => say(exportsText(requireRunning(options.dir).l)))
  bobbin
    .command('doctor')
    .description('look for what stands in the way of a cluster, or is wrong with the one that runs')
    .addOption(dirOption())
    .option('--conf <folder>', 'check this folder too, as it would be given to up')
    .option('--json', 'for scripts', false)
    .action(async (options: { dir?: string; conf?: string; json: boolean }) => {
      const findings = await examine(layout(clusterDir(options.dir)), options.conf)
      say(options.json ? `${JSON.stringify(findings, null, 2)}\n` : findingsText(findings))
      code = findings.some((f) => f.verdict === 'problem') ? FAILED : 0
    })
  bobbin
    .command('jar')
    .description('pack a folder of JavaScript or TypeScript modules into a job jar')
    .argument('<folder>', 'its files become the entries of the jar: com/example/Job.js is the class com.example.Job')
    .option('-o, --out <file>', "the jar's name (default: the folder's with .jar)")
    .option('-m, --main <class>', 'the class that runs when none is named')
    .action(async (folder: string, options: JarArguments) => {
      code = await jar(folder, options, say)
    })
  for (const [name, meaning] of Object.entries(SIMULATOR)) bobbin.command(name).description(meaning)
  try {
    await bobbin.parseAsync(argv, { from: 'user' })
    return code
  } catch (e) {
    if (e instanceof CommanderError) return e.exitCode === 0 ? 0 : MISUSED
    process.stderr.write(`${program}: ${e instanceof Error ? e.message : String(e)}\n`)
    return e instanceof ConfigurationError || e instanceof InvalidArgumentError ? MISUSED : FAILED
  }
}
