/**
 * kill -9 of NameNode, DataNode and client at random moments, against a model that knows what was acknowledged: that must be
 * there, byte for byte; of what was begun it may be either.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { DfsClient } from '../../hdfs-lite/client/index.js'
import { type HdfsCluster, until } from './hdfs.js'
import { content } from './content.mjs'

export type Victim = 'namenode' | 'datanode-1' | 'client'

/** What a path must show: so many bytes (at least so many, while it is written) of the file that had the name `of` first. */
interface Known {
  readonly of: string
  readonly length: number
  readonly whole: boolean
}

export interface Crashes {
  readonly rounds: number
  readonly acknowledged: number
  readonly kills: Readonly<Record<Victim, number>>
}

/** What the writer's lines mean. */
class Model {
  readonly files = new Map<string, Known>()
  readonly gone = new Set<string>()
  acknowledged = 0

  heard(line: string): void {
    const [said, operation, name, extra] = line.split(' ') as [string, string, string, string?]
    if (said === 'DONE') this.acknowledged++
    if (said === 'BEGIN') {
      // From here on it may be either.
      this.files.delete(name)
      return
    }
    if (operation === 'write') this.files.set(name, { of: name, length: Number(extra), whole: true })
    else if (operation === 'flush') this.files.set(name, { of: name, length: Number(extra), whole: false })
    else if (operation === 'delete') this.gone.add(name)
    else if (operation === 'rename') {
      const length = this.lengths.get(name)
      this.files.set(extra!, { of: name, length: length!, whole: true })
      this.gone.add(name)
    }
    if (operation === 'write') this.lengths.set(name, Number(extra))
  }

  private readonly lengths = new Map<string, number>()
}

/** @throws Error naming the first path that is not as it was acknowledged */
async function check(client: DfsClient, model: Model): Promise<void> {
  for (const name of model.gone) if (await client.exists(name)) throw new Error(`${name} was deleted or moved, and is there`)
  for (const [name, known] of model.files) {
    if (!known.whole) {
      // Its writer is dead: the lease is taken from it, and the file closes with what was flushed.
      await until(`${name} is closed`, async () => (await client.namenode.recoverLease({ src: name, clientName: client.clientName })).result, 60_000)
    }
    const bytes = await client.readFile(name)
    const enough = known.whole ? bytes.length === known.length : bytes.length >= known.length
    if (!enough) throw new Error(`${name} has ${bytes.length} bytes, ${known.length} were acknowledged`)
    if (!bytes.equals(content(known.of, bytes.length))) throw new Error(`${name} holds other bytes than were written`)
  }
}

/** @param random 0 to 1, exclusive */
export async function crash(cluster: HdfsCluster, rounds: number, random: () => number, progress: (done: number) => void = () => {}): Promise<Crashes> {
  const kills: Record<Victim, number> = { namenode: 0, 'datanode-1': 0, client: 0 }
  let acknowledged = 0
  for (let round = 0; round < rounds; round++) {
    const model = new Model()
    const writer: ChildProcess = spawn(process.execPath, [path.resolve('test/harness/hdfs-writer.mjs'), path.join(cluster.dir, 'conf'), `/round-${round}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = createInterface({ input: writer.stdout! })
    lines.on('line', (line) => model.heard(line))
    const silent = new Promise<void>((resolve) => lines.once('close', resolve))
    try {
      const some = 2 + Math.floor(random() * 20)
      await until(`round ${round}: ${some} operations`, () => model.acknowledged >= some, 60_000)
      await new Promise((r) => setTimeout(r, random() * 30))
      const victims = (['namenode', 'datanode-1', 'client'] as const).filter(() => random() < 0.5)
      for (const victim of victims) {
        kills[victim]++
        if (victim === 'client') writer.kill('SIGKILL')
        else await cluster.kill(victim)
      }
      for (const victim of victims) if (victim !== 'client') await cluster.start(victim)
      if (!victims.includes('client')) {
        // Who survives goes on.
        const before = model.acknowledged
        await until(`round ${round}: the writer goes on after ${victims.join(' and ') || 'nothing'}`, () => model.acknowledged > before, 60_000)
      }
    } finally {
      writer.kill('SIGKILL')
      await silent
    }
    const client = new DfsClient(cluster.conf)
    try {
      await until('safe mode is over', async () => !(await client.namenode.setSafeMode({ action: 'SAFEMODE_GET' })).result, 60_000)
      await check(client, model).catch((e) => {
        throw new Error(`round ${round}: ${(e as Error).message}`, { cause: e })
      })
      await client.delete(`/round-${round}`, true)
    } finally {
      client.close()
    }
    acknowledged += model.acknowledged
    progress(round + 1)
  }
  return { rounds, acknowledged, kills }
}
