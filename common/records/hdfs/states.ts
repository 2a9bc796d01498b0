/** HDFS's state names (HdfsServerConstants, DatanodeInfo.AdminStates). */

export type BlockState = 'UNDER_CONSTRUCTION' | 'UNDER_RECOVERY' | 'COMMITTED' | 'COMPLETE'
export type ReplicaState = 'FINALIZED' | 'RBW' | 'RWR' | 'RUR' | 'TEMPORARY'
export type AdminState = 'NORMAL' | 'DECOMMISSION_INPROGRESS' | 'DECOMMISSIONED' | 'ENTERING_MAINTENANCE' | 'IN_MAINTENANCE'

/** By their numbers in block reports. */
export const REPLICA_STATES: readonly ReplicaState[] = ['FINALIZED', 'RBW', 'RWR', 'RUR', 'TEMPORARY']

export const FIRST_BLOCK_ID = 1073741825
export const FIRST_GENERATION_STAMP = 1001
