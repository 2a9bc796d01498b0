/** How long the answer to a call that must not be carried out twice is kept (dfs.namenode.retrycache.expirytime.millis). */
export const RETRY_KEPT_MILLIS = 600_000

/** java.lang.Long.MAX_VALUE as it reads here: "no limit". */
export const LONG_MAX = 2 ** 63
