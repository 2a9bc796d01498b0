/** How far a large copy is: for a person at a terminal only. */
const LARGE = 64 * 1024 * 1024
const INTERVAL = 200

export interface Progress {
  readonly update: (bytes: number) => void
  readonly end: () => void
}

export function progressLine(name: string, length: number | undefined): Progress {
  if (!process.stderr.isTTY || (length !== undefined && length < LARGE)) return { update: () => {}, end: () => {} }
  const began = Date.now()
  let shown = began
  let anything = false
  return {
    update(bytes) {
      const now = Date.now()
      if (now - shown < INTERVAL) return
      shown = now
      anything = true
      const speed = `${(bytes / 1048576 / ((now - began) / 1000)).toFixed(0)} MB/s`
      const part = length ? `${Math.floor((bytes / length) * 100)}%` : ''
      process.stderr.write(`\r\x1b[K${name}  ${(bytes / 1048576).toFixed(0)} MB  ${part}  ${speed}`)
    },
    end() {
      if (anything) process.stderr.write('\r\x1b[K')
    },
  }
}
