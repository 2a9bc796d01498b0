/** Storage policies (BlockStoragePolicySuite): accepted, kept and charged to quotas; one kind of disk serves them all here. */
import { exception } from '../../../common/errors.js'

export interface StoragePolicy {
  readonly id: number
  readonly name: string
  readonly types: readonly string[]
  readonly creationFallback: readonly string[]
  readonly replicationFallback: readonly string[]
}

export const STORAGE_POLICIES: readonly StoragePolicy[] = [
  { id: 1, name: 'PROVIDED', types: ['PROVIDED', 'DISK'], creationFallback: ['PROVIDED', 'DISK'], replicationFallback: ['PROVIDED', 'DISK'] },
  { id: 2, name: 'COLD', types: ['ARCHIVE'], creationFallback: [], replicationFallback: [] },
  { id: 5, name: 'WARM', types: ['DISK', 'ARCHIVE'], creationFallback: ['DISK', 'ARCHIVE'], replicationFallback: ['DISK', 'ARCHIVE'] },
  { id: 7, name: 'HOT', types: ['DISK'], creationFallback: [], replicationFallback: ['ARCHIVE'] },
  { id: 10, name: 'ONE_SSD', types: ['SSD', 'DISK'], creationFallback: ['SSD', 'DISK'], replicationFallback: ['SSD', 'DISK'] },
  { id: 12, name: 'ALL_SSD', types: ['SSD'], creationFallback: ['DISK'], replicationFallback: ['DISK'] },
  { id: 15, name: 'LAZY_PERSIST', types: ['RAM_DISK', 'DISK'], creationFallback: ['DISK'], replicationFallback: ['DISK'] },
]

export const DEFAULT_POLICY = STORAGE_POLICIES.find((p) => p.name === 'HOT')!

export function storagePolicyNamed(name: string): StoragePolicy {
  const found = STORAGE_POLICIES.find((p) => p.name === name.toUpperCase())
  if (!found) throw exception('HadoopIllegalArgumentException', `Cannot find a block policy with the name ${name}`)
  return found
}

export function storagePolicyOf(id: number): StoragePolicy {
  return STORAGE_POLICIES.find((p) => p.id === id) ?? DEFAULT_POLICY
}
