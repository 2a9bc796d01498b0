/**
 * Whether a disk is quick enough for this thread to write itself. To hand a write to another thread and to hear of its end takes
 * as long as a quick disk takes for a small write, or the system's cache for a larger one; a slow one would hold up all else.
 */
export interface DiskTrust {
  readonly trusted: boolean
  /** Takes note of how long a write took, on this thread or another. */
  note(millis: number): void
}

/** So many writes in a row must have been quick; many more after one that was slow. */
const TRUSTED_AFTER = 16
const TRUSTED_AGAIN_AFTER = 200

/** @param limits milliseconds up to which a write counts as quick, and from which as slow */
export function diskTrust(limits: { readonly quick: number; readonly slow: number }): DiskTrust {
  let left = TRUSTED_AFTER
  return {
    get trusted() {
      return left === 0
    },
    note(millis) {
      if (millis >= limits.slow) left = TRUSTED_AGAIN_AFTER
      else if (millis > limits.quick) left = Math.max(left, TRUSTED_AFTER)
      else if (left > 0) left--
    },
  }
}
