/** The order in which Java's HashMap hands out strings: some of Hadoop's decisions follow from it. */

/** String.hashCode(). */
export function stringHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0
  return hash
}

/** A hash as HashMap spreads it over its buckets. */
export const spread = (hash: number): number => hash ^ (hash >>> 16)

/** Buckets of a HashMap that has grown to so many entries. */
export function bucketsFor(size: number): number {
  let buckets = 16
  while (size > buckets * 0.75) buckets *= 2
  return buckets
}

/** Strings as a HashSet of them iterates. */
export function inHashOrder(texts: Iterable<string>): string[] {
  const all = [...texts]
  const mask = bucketsFor(all.length) - 1
  return all
    .map((text) => ({ text, bucket: spread(stringHash(text)) & mask }))
    .sort((a, b) => a.bucket - b.bucket)
    .map(({ text }) => text)
}
