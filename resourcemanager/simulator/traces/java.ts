/**
 * What Hadoop's generator of SYNTH jobs draws with, bit for bit: java.util.Random, commons-math3's Well19937c with its normal and lognormal
 * samples, and the order in which a java.util.PriorityQueue gives those that are equal.
 */

const MASK = (1n << 48n) - 1n
const MULTIPLIER = 0x5deece66dn

/** java.util.Random (commons-math3's JDKRandomGenerator is one). */
export class JavaRandom {
  #state = 0n

  constructor(seed: bigint) {
    this.setSeed(seed)
  }

  setSeed(seed: bigint): void {
    this.#state = (seed ^ MULTIPLIER) & MASK
  }

  /** @returns so many bits, as a signed int where there are 32 */
  #next(bits: number): number {
    this.#state = (this.#state * MULTIPLIER + 0xbn) & MASK
    return Number(BigInt.asIntN(32, this.#state >> BigInt(48 - bits)))
  }

  /** In [0, bound). */
  nextInt(bound: number): number {
    let bits = this.#next(31)
    if ((bound & (bound - 1)) === 0) return Number((BigInt(bound) * BigInt(bits)) >> 31n)
    // What would make small numbers likelier is drawn again.
    while (bits - (bits % bound) + (bound - 1) > 0x7fffffff) bits = this.#next(31)
    return bits % bound
  }

  nextLong(): bigint {
    const high = BigInt(this.#next(32))
    return BigInt.asIntN(64, (high << 32n) + BigInt(this.#next(32)))
  }

  /** In [0, 1). */
  nextDouble(): number {
    const high = this.#next(26)
    return (high * 2 ** 27 + this.#next(27)) / 2 ** 53
  }
}

const LENGTH = 624
const [M1, M2, M3] = [70, 179, 449]

/** WELL 19937c, commons-math3's default generator of a distribution's samples. */
export class Well19937c {
  readonly #v = new Int32Array(LENGTH)
  #index = 0
  /** The other one of a pair. */
  #gaussian: number | undefined

  constructor(seed: bigint) {
    const v = this.#v
    v[0] = Number(BigInt.asIntN(32, seed >> 32n))
    v[1] = Number(BigInt.asIntN(32, seed))
    for (let i = 2; i < LENGTH; i++) {
      // As AbstractWell.setSeed: of a long that holds the sign of the int.
      const before = BigInt(v[i - 2]!)
      v[i] = Number(BigInt.asIntN(32, 1812433253n * (before ^ (before >> 30n)) + BigInt(i)))
    }
  }

  #next(bits: number): number {
    const v = this.#v
    const i = this.#index
    const back1 = (i + LENGTH - 1) % LENGTH
    const back2 = (i + LENGTH - 2) % LENGTH
    const v0 = v[i]!
    const vM1 = v[(i + M1) % LENGTH]!
    const vM2 = v[(i + M2) % LENGTH]!
    const vM3 = v[(i + M3) % LENGTH]!
    const z0 = (0x80000000 & v[back1]!) ^ (0x7fffffff & v[back2]!)
    const z1 = v0 ^ (v0 << 25) ^ (vM1 ^ (vM1 >>> 27))
    const z2 = (vM2 >>> 9) ^ (vM3 ^ (vM3 >>> 1))
    const z3 = z1 ^ z2
    let z4 = z0 ^ (z1 ^ (z1 << 9)) ^ (z2 ^ (z2 << 21)) ^ (z3 ^ (z3 >>> 21))
    v[i] = z3
    v[back1] = z4
    v[back2] = v[back2]! & 0x80000000
    this.#index = back1
    z4 ^= (z4 << 7) & 0xe46e1700
    z4 ^= (z4 << 15) & 0x9b868000
    return z4 >>> (32 - bits)
  }

  #nextDouble(): number {
    const high = this.#next(26)
    return (high * 2 ** 26 + this.#next(26)) / 2 ** 52
  }

  /** Standard normal. */
  nextGaussian(): number {
    if (this.#gaussian !== undefined) {
      const gaussian = this.#gaussian
      this.#gaussian = undefined
      return gaussian
    }
    const alpha = 2 * Math.PI * this.#nextDouble()
    const r = Math.sqrt(-2 * Math.log(this.#nextDouble()))
    this.#gaussian = r * Math.sin(alpha)
    return r * Math.cos(alpha)
  }
}

/** In the order in which a java.util.PriorityQueue gives them that they were added to one after another. */
export function priorityQueueOrder<T>(items: readonly T[], compare: (a: T, b: T) => number): T[] {
  const heap: T[] = []
  for (const item of items) {
    let at = heap.length
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (compare(item, heap[parent]!) >= 0) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = item
  }
  const order: T[] = []
  while (heap.length > 0) {
    order.push(heap[0]!)
    const last = heap.pop()!
    if (heap.length === 0) break
    let at = 0
    while (at < heap.length >>> 1) {
      let child = 2 * at + 1
      if (child + 1 < heap.length && compare(heap[child]!, heap[child + 1]!) > 0) child++
      if (compare(last, heap[child]!) <= 0) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
  }
  return order
}
