/**
 * Reads all replicas of a volume again and again, slowly, and holds them against their checksums (VolumeScanner): a bit that
 * rots in a file that nobody reads is found while there are other replicas.
 */
import { type FileHandle, open, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { BlockStore } from './block-store.js'
import { META_HEADER, chunkCount, verify } from './checksum.js'
import type { Replica } from './replica.js'
import type { Volume } from './volume.js'

export interface ScannerOptions {
  readonly store: BlockStore
  readonly volume: Volume
  /** Between the beginnings of two passes. */
  readonly periodMillis: number
  readonly bytesPerSecond: number
  readonly corrupt: (replica: Replica) => void
  readonly log: { warn(text: string): void; info(text: string): void }
}

export interface VolumeScanner {
  stop(): Promise<void>
}

/** Where a pass stands, so that a restarted DataNode goes on with it. */
interface Cursor {
  readonly passStart: number
  /** All blocks up to this id are scanned in this pass. */
  readonly lastBlockId: number
}

const CURSOR_FILE = 'scanner.cursor'
const SAVE_MILLIS = 60_000
const STEP = 128 * 1024
/** A volume without work is looked at again. */
const LONGEST_SLEEP = 3_600_000

export function startVolumeScanner(o: ScannerOptions): VolumeScanner {
  const { store, volume, log } = o
  const file = path.join(volume.dir, 'current', store.poolId, CURSOR_FILE)
  let stopped = false
  let wake: (() => void) | undefined

  const sleep = (millis: number) =>
    new Promise<void>((resolve) => {
      if (stopped) return resolve()
      const timer = setTimeout(resolve, Math.min(millis, LONGEST_SLEEP))
      timer.unref()
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  const save = async (c: Cursor) => {
    await writeFile(`${file}.tmp`, JSON.stringify(c))
    await rename(`${file}.tmp`, file)
  }

  const load = async (): Promise<Cursor> => {
    try {
      return JSON.parse(await readFile(file, 'utf8')) as Cursor
    } catch {
      // None yet, or torn: the worst is a pass that begins anew.
      return { passStart: 0, lastBlockId: Number.NEGATIVE_INFINITY }
    }
  }

  /** @returns whether the replica is as its checksums say; undefined when it changed meanwhile */
  const isSound = async (r: Replica): Promise<boolean | undefined> => {
    const { generationStamp, length } = r
    const changed = () => stopped || store.replicas.get(r.id) !== r || r.state !== 'FINALIZED' || r.generationStamp !== generationStamp || r.length !== length
    const handles: FileHandle[] = []
    try {
      const c = store.checksumOf(r)
      const data = await open(store.dataPath(r))
      handles.push(data)
      const meta = await open(store.metaPath(r))
      handles.push(meta)
      const step = Math.max(c.bytesPerChunk, STEP - (STEP % c.bytesPerChunk))
      const bytes = Buffer.allocUnsafe(Math.min(step, Math.max(1, length)))
      for (let at = 0; at < length && !changed(); at += step) {
        const size = Math.min(step, length - at)
        const sums = Buffer.allocUnsafe(chunkCount(size, c) * c.size)
        const [d, m] = await Promise.all([data.read(bytes, 0, size, at), meta.read(sums, 0, sums.length, META_HEADER + (at / c.bytesPerChunk) * c.size)])
        const sound = d.bytesRead === size && m.bytesRead === sums.length && verify(c, bytes.subarray(0, size), sums) < 0
        if (!sound) return changed() ? undefined : false
        await sleep((1000 * size) / o.bytesPerSecond)
      }
      return changed() ? undefined : true
    } catch (e) {
      if (changed()) return undefined
      log.warn(`blk_${r.id}_${generationStamp} on ${volume.dir} can't be read: ${(e as Error).message}`)
      return false
    } finally {
      for (const h of handles) await h.close()
    }
  }

  const run = async () => {
    let cursor = await load()
    let saved = Date.now()
    while (!stopped) {
      const rest = [...store.replicas.values()].filter((r) => r.volume === volume && r.state === 'FINALIZED' && r.id > cursor.lastBlockId)
      for (const r of rest.sort((a, b) => a.id - b.id)) {
        if (stopped) break
        if ((await isSound(r)) === false) {
          log.warn(`blk_${r.id}_${r.generationStamp} on ${volume.dir} is corrupt`)
          o.corrupt(r)
        }
        cursor = { ...cursor, lastBlockId: r.id }
        if (Date.now() - saved < SAVE_MILLIS) continue
        await save(cursor)
        saved = Date.now()
      }
      if (stopped) break
      const next = cursor.passStart + o.periodMillis
      if (Date.now() < next) await sleep(next - Date.now())
      // New blocks are scanned with the pass that is under way; the next one begins when it is due.
      if (Date.now() >= next) cursor = { passStart: Date.now(), lastBlockId: Number.NEGATIVE_INFINITY }
    }
    await save(cursor)
  }
  const running = run().catch((e) => log.warn(`scanning ${volume.dir} ended: ${(e as Error).message}`))
  return {
    async stop() {
      stopped = true
      wake?.()
      await running
    },
  }
}
