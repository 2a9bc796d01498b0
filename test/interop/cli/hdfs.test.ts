/** Hadoop's own `hdfs` and ours, told the same, each of an equal store of ours: what they print, and their exit codes, are the same. */
import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Commands, layFixture, type Outcome, parseLine, parseTranscript } from '../../golden/hdfs-cli/transcript.js'
import { type HdfsCluster, hdfsCluster, until } from '../../harness/hdfs.js'
import { hadoopDriver, whyNot } from '../peers/layout.js'
import { JAVA_SOURCE, JavaCommands } from './commands.js'

const here = path.dirname(fileURLToPath(import.meta.url))
const TOOLS = 'org.apache.hadoop.hdfs.tools'
const CLASSES: Readonly<Record<string, string>> = {
  dfs: 'org.apache.hadoop.fs.FsShell',
  dfsadmin: `${TOOLS}.DFSAdmin`,
  haadmin: `${TOOLS}.DFSHAAdmin`,
  fsck: `${TOOLS}.DFSck`,
  getconf: `${TOOLS}.GetConf`,
  groups: `${TOOLS}.GetGroups`,
  debug: `${TOOLS}.DebugAdmin`,
  storagepolicies: `${TOOLS}.StoragePolicyAdmin`,
  lsSnapshottableDir: `${TOOLS}.snapshot.LsSnapshottableDir`,
  snapshotDiff: `${TOOLS}.snapshot.SnapshotDiff`,
}

const PROPERTIES = {
  'dfs.client.failover.proxy.provider.mycluster': 'org.apache.hadoop.hdfs.server.namenode.ha.ConfiguredFailoverProxyProvider',
  'dfs.ha.fencing.methods': 'shell(true)',
  'dfs.replication': '1',
  // So few that differences come in several parts.
  'dfs.namenode.snapshotdiff.listing.limit': '2',
}

interface Line {
  readonly command: string
  /** It is said again until it prints this. */
  readonly until?: string
}

/** Commands of the transcript, without what they print, and those of hdfs-session.txt. */
function session(): Line[] {
  const golden = parseTranscript(readFileSync(path.join(here, '../../golden/hdfs-cli/shell.txt'), 'utf8'))
  const more = readFileSync(path.join(here, 'hdfs-session.txt'), 'utf8').split('\n')
  return [
    ...golden.map((s) => (s === 'reset' ? { command: s } : { command: s.command, ...(s.awaited && { until: s.stdout }) })),
    ...more.filter((l) => !/^(#|$)/.test(l)).map(said),
  ]
}

function said(line: string): Line {
  const awaited = /^=(\S+) (.+)$/.exec(line)
  return awaited ? { command: awaited[2]!, until: `${awaited[1]}\n` } : { command: line }
}

/** A store and a folder with the same files, for one of the two. */
class Side {
  private constructor(
    readonly cluster: HdfsCluster,
    readonly folder: string,
    private readonly datanode: string,
  ) {}

  static async start(): Promise<Side> {
    const cluster = await hdfsCluster(2, PROPERTIES, 2)
    const folder = path.join(cluster.dir, 'local')
    mkdirSync(folder)
    await cluster.start('namenode')
    await cluster.start('namenode-2')
    const [first] = await Promise.all([cluster.start('datanode-1'), cluster.start('datanode-2')])
    return new Side(cluster, folder, Object.values(first.addresses).at(-1)!)
  }

  get confDir(): string {
    return path.join(this.cluster.dir, 'conf')
  }

  async play(lines: readonly Line[], run: (line: string) => Promise<Outcome>): Promise<Outcome[]> {
    const told: Outcome[] = []
    for (const { command, until: wanted } of lines) {
      const line = command.replaceAll('$DATANODE', this.datanode)
      if (wanted !== undefined) await until(line, async () => (await run(line)).stdout === wanted)
      if (line === 'reset') {
        layFixture(this.folder)
        await run('-rm -r -f -skipTrash /x /user/root/rel')
        await run('-mkdir -p /x /user/root/rel')
        told.push({ stdout: '', stderr: '', code: 0 })
      } else told.push(await run(line))
    }
    return told
  }
}

describe.skipIf(whyNot() !== undefined)('hdfs prints what Hadoop’s own prints', () => {
  let real: Side
  let own: Side
  beforeAll(async () => {
    real = await Side.start()
    own = await Side.start()
  })
  afterAll(async () => {
    await real?.cluster.close()
    await own?.cluster.close()
  })

  it('for every verb and tool, with mistakes of every kind', async () => {
    const lines = session()
    const java = new JavaCommands(hadoopDriver(JAVA_SOURCE), real.confDir, real.folder)
    const theirs = await real.play(lines, (line) => {
      const { user, input, tool, args } = parseLine(line)
      return java.run({ user, input, words: [CLASSES[tool]!, ...args.map((a) => a.replaceAll('$LOCAL', real.folder))] })
    })
    await java.end()
    const commands = new Commands(own.folder, { ...process.env, HADOOP_CONF_DIR: own.confDir })
    const ours = await own.play(lines, (line) => commands.run(line))
    commands.end()
    const differing = lines.flatMap(({ command }, i) => {
      const [a, b] = [told(theirs[i]!, real), told(ours[i]!, own)]
      return a === b ? [] : [`$ ${command}\n--- Hadoop's\n${a}\n--- ours\n${b}\n`]
    })
    expect(differing).toEqual([])
  })
})

/** Times go on between the two, ports and ids are those of one store. */
function told({ code, stdout, stderr }: Outcome, side: Side): string {
  const plain = (t: string) =>
    t
      .split('\n')
      // What the log says, and traces.
      .filter((l) => !/^(TrashPolicyDefault#|\t\.\.\. |Caused by: )/.test(l))
      .join('\n')
      .replace(/(\n\tat .*)+\n?/g, '')
      // The trace's own line, after the one for the user.
      .replace(/^(\w+: (.*)\n)[\w.]+Exception: \2$/m, '$1')
      .replace(/Usage: hadoop fs \[generic options\]\n(\t\[.*\n)+\nGeneric options[\s\S]*?command \[genericOptions\] \[commandOptions\]\n/g, '<usage>\n')
      .replaceAll(side.folder, '$LOCAL')
      .replaceAll(side.cluster.dir, '$CLUSTER')
      .replace(/\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?/g, 'DATE')
      .replace(/\w{3} \w{3} \d\d [\d:]{8} \w+ \d{4}/g, 'DATE')
      .replace(/17\d{11}\b/g, 'MS')
      .replace(/\bs\d{8}-\d{6}\.\d{3}\b/g, 'NOW')
      .replace(/(\.Trash\/)\d{12}/g, '$1STAMP')
      .replace(/(trash at: \S*?)\d{13}$/gm, '$1MS')
      .replace(/(localhost|127\.0\.0\.1|::1)([/:]\S*?)?:\d{4,5}\b/g, '$1$2:PORT')
      .replace(/DFSClient_NONMAPREDUCE_-?\d+_\d+/g, 'CLIENT')
      .replace(/\bBP-[\d.-]+/g, 'POOL')
      .replace(/\bDS-[\da-f-]{36}/g, 'STORAGE')
      .replace(/in \d+ milliseconds/g, 'in N milliseconds')
      .replace(/(blk_)\d+(_\d+)?/g, '$1N')
      .replace(/(Uptime: |Pending deletion blocks: |Num of Blocks: |^Blocks: |txid )\d+/gm, '$1N')
      .replace(/\.{4,}/g, '...')
      // Columns are as wide as the space that is in use just then.
      .replace(/^Filesystem .*/gm, (line) => line.replace(/ +/g, ' '))
      .replace(/^((Configured|Present) Capacity|(Non )?DFS (Used|Remaining)%?|Xceivers|Capacity (Used|Left)): .*/gm, '$1: N')
      .replace(/^(hdfs:\/\/mycluster|file:\/\/\/) .*/gm, '$1 SIZES')
  return `${code === 255 ? -1 : code}\n${plain(stdout)}\n--\n${plain(stderr).trimEnd()}`
}
