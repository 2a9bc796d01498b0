/** A path and the nodes along it (INodesInPath). */
import type { INode } from './inode.js'

export interface ResolvedPath {
  /** Normal form, `/` first and none last. */
  readonly path: string
  /** The first is '' for the root. */
  readonly components: readonly string[]
  /** As long as `components`; undefined where nothing is. */
  readonly inodes: readonly (INode | undefined)[]
  /** Undefined: the present state. */
  readonly snapshotId: number | undefined
  /** The path ends in `.snapshot` itself. */
  readonly dotSnapshot: boolean
}

export function joinPath(components: readonly string[]): string {
  return components.length <= 1 ? '/' : components.join('/')
}
