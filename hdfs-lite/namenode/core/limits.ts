/** java.lang.Long.MAX_VALUE as it reads here: "no limit". */
export const LONG_MAX = 2 ** 63
