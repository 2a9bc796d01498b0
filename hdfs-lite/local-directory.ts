/** Folders in configuration come as paths or as file: URIs. */
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export function localDirectory(text: string): string {
  const t = text.trim().replace(/^\[[A-Z_]+\]/, '')
  return t.startsWith('file:') ? fileURLToPath(t.replace(/^file:\/*/, 'file:///')) : path.resolve(t)
}
