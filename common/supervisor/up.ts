/** `bobbin up`: in the foreground the supervisor itself; with -d it starts one and waits for its word. */
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import path from 'node:path'
import { Cluster, describeEnd, parseNodes } from './cluster.js'
import { type ClusterRecord, type Layout, clusterDir, layout, readRecord, root } from './layout.js'
import { isAlive } from './processes.js'
import { RESTART_SIGNAL, restartRequested } from './restart.js'
import { clusterStatus, statusText } from './status.js'

export interface UpArguments {
  readonly nodes: string
  readonly conf?: string
  readonly dir?: string
  readonly freePorts: boolean
  readonly detach: boolean
}

type Say = (text: string) => void

/** What a detached supervisor tells the command that started it. */
type Word = { readonly up: true } | { readonly failed: string }

export async function up(args: UpArguments, say: Say): Promise<number> {
  const l = layout(clusterDir(args.dir))
  const nodes = parseNodes(args.nodes)
  const running = alreadyRunning(l)
  if (running) {
    const same = running.nodes === nodes.length
    say(
      `already up since ${new Date(running.startedAt).toLocaleString()}${same ? '' : `, with ${running.nodes} NodeManager${running.nodes === 1 ? '' : 's'}`}:\n\n`,
    )
    say(statusText(await clusterStatus(l, running)))
    return same ? 0 : 1
  }
  if (args.detach) return detach(l, args, say)
  return supervise(l, nodes, args, say)
}

function alreadyRunning(l: Layout): ClusterRecord | undefined {
  const record = readRecord(l)
  if (!record) return undefined
  if (isAlive(record.supervisor)) return record
  const left = record.daemons.filter(isAlive)
  if (left.length > 0)
    throw new Error(
      `the supervisor of ${l.dir} is gone, but ${left.map((d) => `${d.name} (pid ${d.pid})`).join(', ')} still run; stop them with: bobbin down --dir ${l.dir}`,
    )
  return undefined
}

async function supervise(l: Layout, nodes: string[], args: UpArguments, say: Say): Promise<number> {
  const tell = (word: Word) => process.send?.(word)
  const stop = new AbortController()
  // Before anything is started: whatever moment it comes at, all is stopped.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort(new Error(`stopped by ${name}`)))
  // The command that started it is gone before it got its word.
  const orphaned = () => stop.abort(new Error('whoever started it is gone'))
  process.once('disconnect', orphaned)
  let cluster: Cluster
  try {
    cluster = await Cluster.start({
      dir: l.dir,
      nodes,
      freePorts: args.freePorts,
      signal: stop.signal,
      ...(args.conf !== undefined && { overlay: path.resolve(args.conf) }),
    })
  } catch (e) {
    if (!process.send) throw e
    tell({ failed: (e as Error).message })
    return 1
  }
  process.on(RESTART_SIGNAL, () => {
    restartRequested(cluster).catch((e) => process.stderr.write(`${(e as Error).message}\n`))
  })
  cluster.onEnded((d) =>
    process.stderr.write(`${d.name} ${describeEnd(d)}; see: bobbin status --dir ${l.dir}; start it again: bobbin restart ${d.name} --dir ${l.dir}\n`),
  )
  if (process.send) {
    process.off('disconnect', orphaned)
    tell({ up: true })
    process.disconnect()
  } else {
    say(await upText(l, cluster.record))
    say('\nCtrl-C stops it.\n')
  }
  await aborted(stop.signal)
  say('stopping …\n')
  await cluster.stop((line) => say(`${line}\n`))
  say('stopped\n')
  return 0
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })))
}

async function upText(l: Layout, record: ClusterRecord): Promise<string> {
  const own = l.dir === clusterDir() ? '' : ` --dir ${l.dir}`
  return [
    statusText(await clusterStatus(l, record)),
    `up after ${((record.usableAfter ?? 0) / 1000).toFixed(2)} s; to use it in a shell:`,
    '',
    `    eval "$(${path.relative(process.cwd(), path.join(root, 'scripts/bobbin')).replace(/^(?![./])/, './')} env${own})"`,
    '',
  ].join('\n')
}

function detach(l: Layout, args: UpArguments, say: Say): Promise<number> {
  mkdirSync(l.logs, { recursive: true })
  const log = openSync(path.join(l.logs, 'supervisor.log'), 'w')
  const own = [
    'up',
    '--nodes',
    args.nodes,
    '--dir',
    l.dir,
    ...(args.conf === undefined ? [] : ['--conf', args.conf]),
    ...(args.freePorts ? ['--free-ports'] : []),
  ]
  const child = spawn(process.execPath, [path.join(root, 'scripts/bobbin'), ...own], { detached: true, stdio: ['ignore', log, log, 'ipc'] })
  closeSync(log)
  return new Promise<number>((resolve, reject) => {
    // Ctrl-C while it comes up.
    const interrupt = () => child.kill('SIGTERM')
    process.once('SIGINT', interrupt)
    child.once('error', reject)
    child.once('exit', (code, signal) =>
      reject(new Error(`the supervisor ended (${signal ?? `exit code ${code}`}); see ${path.join(l.logs, 'supervisor.log')}`)),
    )
    child.once('message', (word: Word) => {
      process.off('SIGINT', interrupt)
      child.removeAllListeners('exit')
      child.unref()
      child.channel?.unref()
      if ('failed' in word) return reject(new Error(word.failed))
      upText(l, readRecord(l)!).then((text) => {
        say(text)
        resolve(0)
      }, reject)
    })
  })
}
