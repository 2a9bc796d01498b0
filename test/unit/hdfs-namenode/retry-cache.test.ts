/** Calls that must not be carried out twice, asked again: of the same NameNode, and of one that was restarted. */
import pino from 'pino'
import { expect, it } from 'vitest'
import { Configuration } from '../../../common/config/configuration.js'
import type { CallContext } from '../../../common/rpc/protocol.js'
import { RETRY_KEPT_ENTRIES } from '../../../hdfs-lite/namenode/core/limits.js'
import { mkdirs } from '../../../hdfs-lite/namenode/core/mkdirs.js'
import { setSafeMode } from '../../../hdfs-lite/namenode/core/safe-mode.js'
import { memoryStore, openMemoryJournal } from '../../../hdfs-lite/namenode/journal/memory.js'
import { type Namesystem, openNamesystem } from '../../../hdfs-lite/namenode/namesystem.js'
import { clientExtendedHandlers } from '../../../hdfs-lite/namenode/rpc/client-extended.js'
import { clientWriteHandlers } from '../../../hdfs-lite/namenode/rpc/client-write.js'
import { createRetryCache } from '../../../hdfs-lite/namenode/rpc/retry-cache.js'
import { MODE, ROOT } from '../../builders/namesystem.js'

const store = () => memoryStore({ namespaceId: 1, clusterId: 'CID-1', blockPoolId: 'BP-1', creationTime: 1 })

async function open(of: ReturnType<typeof store>) {
  const ns: Namesystem = await openNamesystem({
    conf: new Configuration(),
    journal: openMemoryJournal(of),
    groups: { of: () => [], refresh: () => {} },
    hostName: 'localhost',
    paired: true,
    freeSpace: () => Number.POSITIVE_INFINITY,
    log: pino({ level: 'silent' }),
    onJournalFailure: (e) => {
      throw e
    },
  })
  setSafeMode(ns.fs, false)
  const retries = createRetryCache(ns)
  return { ns, client: { ...clientWriteHandlers(ns, retries), ...clientExtendedHandlers(ns, retries) } }
}

let lastCallId = 0
const newCall = (): CallContext => ({
  user: ROOT.user,
  realUser: undefined,
  tokenIdentifier: undefined,
  remoteAddress: '127.0.0.1',
  remotePort: 1,
  clientId: Uint8Array.from({ length: 16 }, (_, i) => i),
  callId: ++lastCallId,
  retryCount: 0,
})

it.each([false, true])('gives the first answer again after a restart (with a checkpoint before: %s)', async (checkpoint) => {
  const kept = store()
  const first = await open(kept)
  const root = { ...ROOT, user: first.ns.fs.config.superUser }
  await first.ns.write((fs) => mkdirs(fs, root, '/d/sub', MODE, true, 1))
  const [deletion, creation, renaming, snapshot] = [newCall(), newCall(), newCall(), newCall()].map((c) => ({ ...c, user: root.user }))
  const createRequest = {
    src: '/file',
    masked: { perm: 0o644 },
    unmasked: undefined,
    clientName: 'c',
    createFlag: 1,
    createParent: true,
    replication: 1,
    blockSize: 1048576,
  } as Parameters<NonNullable<typeof first.client.create>>[0]
  const ask = async ({ client }: typeof first) => [
    await client.delete!({ src: '/d/sub', recursive: true }, deletion!),
    await client.create!(createRequest, creation!),
    await client.rename!({ src: '/d', dst: '/moved' }, renaming!),
    await client.createSnapshot!({ snapshotRoot: '/moved', snapshotName: 's' }, snapshot!),
  ]
  await first.ns.write((fs) => mkdirs(fs, root, '/d', MODE, true, 1))
  await first.client.allowSnapshot!({ snapshotRoot: '/d' }, { ...newCall(), user: root.user })
  const answers = await ask(first)
  expect(answers[0]).toEqual({ result: true })
  expect(answers[3]).toEqual({ snapshotPath: '/moved/.snapshot/s' })
  expect(await ask(first)).toEqual(answers)
  if (checkpoint) await first.ns.journal.checkpoint()
  const second = await open(kept)
  expect(await ask(second)).toEqual(answers)
  // Asked in earnest it is another matter.
  expect(await second.client.delete!({ src: '/d/sub', recursive: true }, { ...newCall(), user: root.user })).toEqual({ result: false })
  await expect(second.client.create!(createRequest, { ...newCall(), user: root.user })).rejects.toThrow()
})

it('starts with more remembered answers than are kept, and gives the latest', async () => {
  const kept = store()
  const first = await open(kept)
  const deletion = newCall()
  const answer = { result: true }
  const client = Buffer.from(deletion.clientId).toString('hex')
  const now = Date.now()
  for (let i = 0; i < 2 * RETRY_KEPT_ENTRIES; i++) kept.retries.push(['another', i, now, { answer }])
  kept.retries.push([client, deletion.callId, now, { answer }])
  await first.ns.journal.checkpoint()
  const second = await open(kept)
  const as = { user: second.ns.fs.config.superUser }
  expect(await second.client.delete!({ src: '/never', recursive: true }, { ...deletion, ...as })).toEqual(answer)
  expect(await second.client.delete!({ src: '/never', recursive: true }, { ...newCall(), ...as })).toEqual({ result: false })
})
