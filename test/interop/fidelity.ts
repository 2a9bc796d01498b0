/** Sections of docs/fidelity.md, each written by the test whose numbers it holds: with BOBBIN_WRITE_FIDELITY=1. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const file = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../docs/fidelity.md')

export const writesFidelity = process.env.BOBBIN_WRITE_FIDELITY === '1'

/** Puts a section in place of its last version, or at the end. */
export function writeSection(title: string, body: readonly string[]): void {
  const start = `<!-- ${title} -->`
  const end = `<!-- end of ${title} -->`
  const section = [start, `## ${title}`, '', ...body, end].join('\n')
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '# How near to the real systems\n\nWritten by `npm run test:matrix`.\n'
  const from = text.indexOf(start)
  writeFileSync(file, from < 0 ? `${text.trimEnd()}\n\n${section}\n` : text.slice(0, from) + section + text.slice(text.indexOf(end) + end.length))
}
