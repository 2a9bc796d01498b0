/** How long the answer to a call that must not be carried out twice is kept (dfs.namenode.retrycache.expirytime.millis). */
export const RETRY_KEPT_MILLIS = 600_000

/**
 * So many answers are kept, the latest, however young they are. (The real one's number hangs on its heap, by
 * dfs.namenode.retrycache.heap.percent: 32,768 with 1 GB, 262,144 with 8 GB.)
 */
export const RETRY_KEPT_ENTRIES = 100_000

/** java.lang.Long.MAX_VALUE as it reads here: "no limit". */
export const LONG_MAX = 2 ** 63
