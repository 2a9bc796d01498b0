/** Standard output and error of one command, in order, in few system calls. */
export class Console {
  #pending: string[] = []
  #size = 0

  print(text: string): void {
    this.#pending.push(text)
    this.#size += text.length
    if (this.#size > 64 * 1024) this.flush()
  }

  line(text: string): void {
    this.print(`${text}\n`)
  }

  /** A line on standard error. */
  error(text: string): void {
    this.flush()
    process.stderr.write(`${text}\n`)
  }

  flush(): void {
    if (this.#pending.length === 0) return
    process.stdout.write(this.#pending.join(''))
    this.#pending = []
    this.#size = 0
  }

  /** Resolves when standard output has taken what was written: for long runs of it. */
  async drained(): Promise<void> {
    this.flush()
    if (process.stdout.writableNeedDrain) await new Promise((r) => process.stdout.once('drain', r))
  }
}
