/** How long the answer to a call that must not be carried out twice is kept (dfs.namenode.retrycache.expirytime.millis). */
export const RETRY_KEPT_MILLIS = 600_000

/**
 * So many answers are kept, the latest, however young they are: as many as the real one keeps with a heap of 1 GB
 * (dfs.namenode.retrycache.heap.percent).
 */
export const RETRY_KEPT_ENTRIES = 32_768

/** java.lang.Long.MAX_VALUE as it reads here: "no limit". */
export const LONG_MAX = 2 ** 63
