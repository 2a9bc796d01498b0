/** The store without a disk: for tests, and for a ResourceManager whose recovery is turned off. */
import { compareApplicationIds, formatApplicationId, formatAttemptId } from '../../common/records/ids.js'
import type { ApplicationRecord, AttemptRecord } from '../core/index.js'
import { FencedError, type SettingName, type StateStore, type StoreOperation, type StoredState } from './state-store.js'

/** What several openings of one memory store share, as the file does for SQLite. */
export class MemoryDisk {
  epoch = 0
  readonly applications = new Map<string, ApplicationRecord>()
  readonly attempts = new Map<string, AttemptRecord>()
  readonly contexts = new Map<string, Uint8Array>()
  readonly settings = new Map<SettingName, string>()
}

export function openMemoryStore(disk = new MemoryDisk()): StateStore {
  const epoch = disk.epoch++
  return {
    epoch,
    load: () => load(disk),
    commit(operations) {
      if (disk.epoch !== epoch + 1) throw new FencedError(`the state store was taken over (epoch ${disk.epoch - 1}, this one has ${epoch})`)
      for (const o of operations) apply(disk, o)
    },
    close() {},
  }
}

function load(disk: MemoryDisk): StoredState {
  const attempts = [...disk.attempts.values()].sort((a, b) => a.attemptId.attemptId - b.attemptId.attemptId)
  const applications = [...disk.applications.values()]
    .sort((a, b) => compareApplicationIds(a.applicationId, b.applicationId))
    .map((a) => ({
      ...a,
      attempts: attempts.filter((t) => formatApplicationId(t.attemptId.applicationId) === formatApplicationId(a.applicationId)),
    }))
  const settings = new Map([...disk.settings].map(([name, text]) => [name, JSON.parse(text) as unknown]))
  return structuredClone({ applications, contexts: disk.contexts, settings })
}

function apply(disk: MemoryDisk, o: StoreOperation): void {
  switch (o.op) {
    case 'putApplication':
      // Through JSON, so that what a disk would lose is lost here as well.
      disk.applications.set(formatApplicationId(o.record.applicationId), JSON.parse(JSON.stringify({ ...o.record, attempts: undefined })))
      return
    case 'putAttempt':
      disk.attempts.set(formatAttemptId(o.record.attemptId), JSON.parse(JSON.stringify(o.record)))
      return
    case 'removeApplication': {
      const id = formatApplicationId(o.applicationId)
      disk.applications.delete(id)
      disk.contexts.delete(id)
      for (const [key, t] of disk.attempts) if (formatApplicationId(t.attemptId.applicationId) === id) disk.attempts.delete(key)
      return
    }
    case 'removeAttempt':
      disk.attempts.delete(formatAttemptId(o.attemptId))
      return
    case 'putContext':
      disk.contexts.set(formatApplicationId(o.applicationId), Uint8Array.from(o.context))
      return
    case 'removeContext':
      disk.contexts.delete(formatApplicationId(o.applicationId))
      return
    case 'putSetting':
      disk.settings.set(o.name, JSON.stringify(o.value))
      return
    case 'removeSetting':
      disk.settings.delete(o.name)
  }
}
