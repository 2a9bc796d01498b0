/** Verbs about a file's blocks: setrep, truncate, concat. */
import { exception } from '../../../../common/errors.js'
import { PathError, UsageError } from '../errors.js'
import { clientOf } from '../hdfs-only.js'
import { contentsOf, isDirectory, type PathData, qualified, refreshed } from '../path-data.js'
import type { Verb, VerbRun } from '../verb.js'

const SHORT_MAX = 32_767
const INT_MAX = 2_147_483_647
const LONG_MAX = 9_223_372_036_854_775_807n
const CONCAT_USAGE = '<target path> <src path> <src path> ...'

const pause = (ms: number) => new Promise<void>((r) => setTimeout(r, ms))

export const setrep: Verb = {
  async run(run, args) {
    const wait = run.options(args, { min: 2, flags: ['R', 'w'] }).has('w')
    const text = args.shift()!
    const replication = Number(text)
    if (!/^[+-]?\d+$/.test(text) || Math.abs(replication) > SHORT_MAX) {
      run.warn('Illegal replication, a positive integer expected')
      const isInt = /^[+-]?\d+$/.test(text) && Math.abs(replication) <= INT_MAX
      throw new UsageError(isInt ? `Value out of range. Value:"${text}" Radix:10` : `For input string: "${text}"`)
    }
    if (replication < 1) throw new UsageError('replication must be >= 1')
    const waiting: PathData[] = []
    const visit = async (item: PathData) => {
      if (isDirectory(item)) return
      if (!(await clientOf(item, 'replication').setReplication(item.path, replication)))
        throw exception('IOException', `Could not set replication for: ${item.text}`)
      run.console.line(`Replication ${replication} set: ${item.text}`)
      if (wait) waiting.push(item)
    }
    await run.forEach(args, (item) => run.walk(item, visit, contentsOf))
    for (const item of waiting) await run.attempt(() => waitForReplicas(run, item, replication))
  },
}

async function waitForReplicas(run: VerbRun, item: PathData, replication: number): Promise<void> {
  run.console.print(`Waiting for ${item.text} ...`)
  let warned = false
  for (;;) {
    const { blocks } = await clientOf(item, 'replication').blockLocations(item.path)
    const other = blocks.find((b) => b.locs.length !== replication)
    if (!other) break
    if (!warned && other.locs.length > replication) {
      run.console.line('\nWARNING: the waiting time may be long for DECREASING the number of replications.')
      warned = true
    }
    run.console.print('.')
    run.console.flush()
    await pause(1_000)
  }
  run.console.line(' done')
}

export const truncate: Verb = {
  async run(run, args) {
    const wait = run.options(args, { min: 2, flags: ['w'] }).has('w')
    const text = args.shift()!
    if (!/^[+-]?\d+$/.test(text) || BigInt(text.replace('+', '')) > LONG_MAX) {
      run.warn('Illegal length, a non-negative integer expected')
      throw new UsageError(`For input string: "${text}"`)
    }
    const length = Number(text)
    if (length < 0) throw new UsageError('length must be >= 0')
    const waiting: PathData[] = []
    await run.forEach(args, async (item) => {
      if (isDirectory(item)) throw new PathError('isDirectory', item.text)
      const before = item.status!.length
      if (length > before) throw new UsageError(`Cannot truncate to a larger file size. Current size: ${before}, truncate size: ${length}.`)
      const client = clientOf(item, 'truncate')
      const { result } = await client.namenode.truncate({ src: item.path, newLength: length, clientName: client.clientName })
      if (result) run.console.line(`Truncated ${item.text} to length: ${length}`)
      else if (wait) waiting.push(item)
      else run.console.line(`Truncating ${item.text} to length: ${length}. Wait for block recovery to complete before further updating this file.`)
    })
    for (const item of waiting) await run.attempt(() => waitForLength(run, item, length))
  },
}

async function waitForLength(run: VerbRun, item: PathData, length: number): Promise<void> {
  run.console.line(`Waiting for ${item.text} ...`)
  run.console.flush()
  const client = clientOf(item, 'truncate')
  for (let wait = 5; ; wait = Math.min(wait * 2, 1_000)) {
    const now = await refreshed(item)
    if (now.status?.length === length && (await client.namenode.isFileClosed({ src: item.path })).result) break
    await pause(wait)
  }
  run.console.line(`Truncated ${item.text} to length: ${length}`)
}

export const concat: Verb = {
  async run(run, args) {
    if (args.length === 0) throw exception('IOException', `Target path not specified. ${CONCAT_USAGE}`)
    const [target, ...sources] = await run.expand(args)
    if (sources.length < 2) throw exception('IOException', `The number of source paths is less than 2. ${CONCAT_USAGE}`)
    const file = (item: PathData) => item.status !== undefined && !isDirectory(item)
    if (!file(target!)) throw exception('FileNotFoundException', `Target path ${qualified(target!)} does not exist or is not file.`)
    for (const item of sources) if (!file(item)) throw exception('FileNotFoundException', `${qualified(item)} does not exist or is not file.`)
    await clientOf(target!, 'concat').namenode.concat({ trg: target!.path, srcs: sources.map((s) => s.path) })
  },
}
