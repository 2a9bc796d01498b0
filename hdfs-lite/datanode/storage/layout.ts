/**
 * A DataNode's folders and files, as Hadoop lays them out:
 *
 *   DIR/current/VERSION
 *   DIR/current/BP-…/current/VERSION
 *   DIR/current/BP-…/current/finalized/subdirN/subdirM/blk_ID, blk_ID_STAMP.meta
 *   DIR/current/BP-…/current/rbw/…      being written by a client
 *   DIR/current/BP-…/tmp/…              being copied from another DataNode
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { BLOCK_POOL_LAYOUT } from '../../../common/records/hdfs/index.js'

export function blockFile(id: number): string {
  return `blk_${id}`
}

export function metaFile(id: number, generationStamp: number): string {
  return `blk_${id}_${generationStamp}.meta`
}

export function subdirOf(id: number): string {
  return path.join(`subdir${Math.floor(id / 65536) & 0x1f}`, `subdir${Math.floor(id / 256) & 0x1f}`)
}

export function parseProperties(text: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const line of text.split('\n')) {
    const m = /^([^#=]+)=(.*)$/.exec(line.trim())
    if (m) found.set(m[1]!, m[2]!.replace(/\\:/g, ':'))
  }
  return found
}

export function readVersion(dir: string): Map<string, string> | undefined {
  const file = path.join(dir, 'VERSION')
  return existsSync(file) ? parseProperties(readFileSync(file, 'utf8')) : undefined
}

export function writeVersion(dir: string, properties: Readonly<Record<string, string | number>>): void {
  mkdirSync(dir, { recursive: true })
  const file = path.join(dir, 'VERSION')
  writeFileSync(
    `${file}.tmp`,
    `${Object.entries({ ...properties, layoutVersion: BLOCK_POOL_LAYOUT })
      .map(([k, v]) => `${k}=${v}`)
      .join('\n')}\n`,
  )
  renameSync(`${file}.tmp`, file)
}
