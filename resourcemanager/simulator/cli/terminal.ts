/** What the simulator's commands say, and how they end. */

/** Exit codes: 1 when it could not be done, 2 for arguments, traces or a configuration that can't be used. */
export const FAILED = 1
export const MISUSED = 2

export interface Terminal {
  /** What the process ends with. */
  code: number
  out(text: string): void
  err(text: string): void
  /** Whether progress may be drawn over itself. */
  readonly isTerminal: boolean
  readonly columns: number
}

/** A line of progress on the error stream, drawn over itself; nothing where that is a file. */
export function progressLine(terminal: Terminal): { show(text: string): void; clear(): void } {
  let shown = false
  return {
    show(text) {
      if (!terminal.isTerminal) return
      shown = true
      terminal.err(`\r\x1b[2K${text.slice(0, terminal.columns - 1)}`)
    },
    clear() {
      if (shown) terminal.err('\r\x1b[2K')
      shown = false
    },
  }
}
