/** A ResourceManager's process before a state store that can't be right: it doesn't start, says why and what to do, and leaves the file alone. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resourceProto } from '../../../common/protocols/records.js'
import { waitFor } from '../../harness/cluster.js'
import { Folder, TestRm, submit } from './harness.js'

const bundle = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../dist/resourcemanager.cjs')

let folder: Folder
let child: ChildProcess | undefined
const store = () => path.join(folder.dir, 'store')
const file = () => path.join(store(), 'rmstore.db')
const ready = () => path.join(folder.dir, 'run', 'rm.json')

/** A store with applications in it, as a ResourceManager left it. */
beforeEach(async () => {
  folder = new Folder()
  mkdirSync(path.join(folder.dir, 'run'))
  const rm = await TestRm.start(folder)
  for (let i = 0; i < 5; i++) await submit(rm, { amContainerSpec: { command: ['x'.repeat(5_000)] }, resource: resourceProto({ memory: 256, vcores: 1 }) })
  await rm.stop()
})
afterEach(async () => {
  if (child && child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((resolve) => child!.once('close', resolve))
    child.kill('SIGKILL')
    await ended
  }
  folder.remove()
})

/** Starts the daemon. @returns how it ended, or 'serves' */
async function start(): Promise<{ end: number | NodeJS.Signals | 'serves'; stderr: string; log: string }> {
  let stderr = ''
  let end: number | NodeJS.Signals | undefined
  child = spawn(process.execPath, [bundle], {
    env: {
      ...process.env,
      HADOOP_CONF_DIR: folder.dir,
      HADOOP_LOG_DIR: path.join(folder.dir, 'logs'),
      BOBBIN_RUN_DIR: path.join(folder.dir, 'run'),
      BOBBIN_DAEMON_NAME: 'rm',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  child.stderr!.setEncoding('utf8').on('data', (t: string) => {
    stderr += t
  })
  child.once('close', (code, signal) => {
    end = code ?? signal!
  })
  const how = await waitFor('the daemon to serve or to end', () => end ?? (existsSync(ready()) && 'serves'))
  return { end: how, stderr, log: readFileSync(path.join(folder.dir, 'logs', 'rm.log'), 'utf8') }
}

/** All of the file from there on is something else. */
function overwrite(from: number): void {
  const bytes = readFileSync(file())
  for (let i = from; i < bytes.length; i++) bytes[i] = (i * 167 + 13) % 256
  writeFileSync(file(), bytes)
}

/** Each file's hash; the log that SQLite leaves empty and its shared memory are its own. */
const contents = () =>
  readdirSync(store())
    .filter((name) => !name.endsWith('-shm') && statSync(path.join(store(), name)).size > 0)
    .map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(path.join(store(), name)))
        .digest('hex'),
    ])

function change(sql: string): void {
  const db = new Database(file())
  db.exec(sql)
  db.close()
}

const MOVE = 'Put back a copy of it, or move it away (all of rmstore.db*) to start without the applications that it remembers'
const UPGRADE = 'Start the version that wrote it, or move it away (all of rmstore.db*) to start without the applications that it remembers'
const DAMAGES: { what: string; damage: () => void; says: string; todo?: string }[] = [
  { what: 'garbage', damage: () => overwrite(0), says: 'file is not a database' },
  { what: 'garbage behind a good first page', damage: () => overwrite(4096), says: 'database disk image is malformed' },
  { what: 'half of it', damage: () => truncateSync(file(), Math.floor(statSync(file()).size / 2)), says: 'database disk image is malformed' },
  { what: 'half of its header', damage: () => truncateSync(file(), 50), says: 'database disk image is malformed' },
  { what: 'nothing', damage: () => truncateSync(file(), 0), says: 'it is empty' },
  { what: 'the database of something else', damage: () => change('DROP TABLE meta'), says: 'it is no state store of a ResourceManager' },
  { what: 'its log alone', damage: () => renameSync(file(), `${file()}-wal`), says: 'it is gone, but its log rmstore.db-wal is there' },
  {
    what: 'what a newer version wrote',
    damage: () => change("UPDATE meta SET value = 2 WHERE name = 'layout'; DROP TABLE attempt; CREATE TABLE attempt (number INTEGER)"),
    says: 'its layout is 2, this version knows 1',
    todo: UPGRADE,
  },
]

describe('a state store', () => {
  it.each(DAMAGES)('that holds $what is refused', async ({ damage, says, todo }) => {
    damage()
    const before = contents()
    const { end, stderr, log } = await start()
    expect([end, stderr]).toEqual([1, expect.stringContaining(`rm: the state store ${file()} can't be used: ${says}`)])
    expect(stderr).toContain(todo ?? MOVE)
    expect(log).toContain(`the state store ${file()} can't be used: `)
    expect(existsSync(ready())).toBe(false)
    expect(contents()).toEqual(before)
  })

  it('that was moved away is made anew, and nothing is left beside it', async () => {
    for (const name of readdirSync(store())) rmSync(path.join(store(), name))
    expect((await start()).end).toBe('serves')
    expect(readdirSync(store()).filter((n) => !/^rmstore\.db(-wal|-shm)?$/.test(n))).toEqual([])
  })
})
