/**
 * A map whose keys are integers given out in order, in pages: a third of a Map's memory where most ids are in use.
 * Iterates page by page; what is added or removed meanwhile may be seen or not.
 */
const PAGE = 256

interface Page<T> {
  readonly values: (T | undefined)[]
  count: number
}

export class IdMap<T extends object> {
  readonly #pages = new Map<number, Page<T>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  get(id: number): T | undefined {
    const page = Math.floor(id / PAGE)
    return this.#pages.get(page)?.values[id - page * PAGE]
  }

  has(id: number): boolean {
    return this.get(id) !== undefined
  }

  set(id: number, value: T): this {
    const number = Math.floor(id / PAGE)
    let page = this.#pages.get(number)
    if (!page) {
      page = { values: new Array<T | undefined>(PAGE).fill(undefined), count: 0 }
      this.#pages.set(number, page)
    }
    const at = id - number * PAGE
    if (page.values[at] === undefined) {
      page.count++
      this.#size++
    }
    page.values[at] = value
    return this
  }

  delete(id: number): boolean {
    const number = Math.floor(id / PAGE)
    const page = this.#pages.get(number)
    const at = id - number * PAGE
    if (page?.values[at] === undefined) return false
    page.values[at] = undefined
    this.#size--
    if (--page.count === 0) this.#pages.delete(number)
    return true
  }

  clear(): void {
    this.#pages.clear()
    this.#size = 0
  }

  *entries(): IterableIterator<[number, T]> {
    for (const [number, { values }] of this.#pages) {
      for (let i = 0; i < PAGE; i++) {
        const value = values[i]
        if (value !== undefined) yield [number * PAGE + i, value]
      }
    }
  }

  *keys(): IterableIterator<number> {
    for (const [id] of this.entries()) yield id
  }

  *values(): IterableIterator<T> {
    for (const { values } of this.#pages.values()) for (const value of values) if (value !== undefined) yield value
  }
}
