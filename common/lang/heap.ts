/** A 4-ary min-heap: shallower than a binary one, and its four children share cache lines. */
export class Heap<T> {
  readonly #items: T[] = []

  /** @param compare negative when `a` comes first; must be total (end in an id or sequence) for a stable order */
  constructor(private readonly compare: (a: T, b: T) => number) {}

  get size(): number {
    return this.#items.length
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    const items = this.#items
    let i = items.length
    items.push(item)
    while (i > 0) {
      const parent = (i - 1) >> 2
      const p = items[parent]!
      if (this.compare(item, p) >= 0) break
      items[i] = p
      i = parent
    }
    items[i] = item
  }

  pop(): T | undefined {
    const items = this.#items
    const top = items[0]
    const last = items.pop()
    if (items.length === 0 || last === undefined) return top
    let i = 0
    for (;;) {
      const first = 4 * i + 1
      if (first >= items.length) break
      let best = first
      const end = Math.min(first + 4, items.length)
      for (let c = first + 1; c < end; c++) if (this.compare(items[c]!, items[best]!) < 0) best = c
      if (this.compare(last, items[best]!) <= 0) break
      items[i] = items[best]!
      i = best
    }
    items[i] = last
    return top
  }
}
