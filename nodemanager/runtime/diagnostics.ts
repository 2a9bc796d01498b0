/** What is said about how a container ended, in Hadoop's words. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { PRELAUNCH_ERR } from '../launcher/script.js'

/** `2001-02-03 03:32:46.369` in local time: in front of each diagnostic. */
export function timestamp(at: number): string {
  const d = new Date(at)
  const two = (n: number) => String(n).padStart(2, '0')
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}.${String(d.getMilliseconds()).padStart(3, '0')}`
}

export function launchException(containerId: string, exitCode: number): string {
  return `Exception from container-launch.\nContainer id: ${containerId}\nExit code: ${exitCode}\n`
}

/** Exit code, and the ends of what it wrote as errors. */
export function exitDiagnostics(exitCode: number, logDir: string, tailBytes: number, stderrPattern: string): string {
  let text = `Container exited with a non-zero exit code ${exitCode}. `
  const tail = (file: string) => `Last ${tailBytes} bytes of ${path.basename(file)} :\n${readTail(file, tailBytes)}`
  const prelaunch = path.join(logDir, PRELAUNCH_ERR)
  if (fileSize(prelaunch) !== undefined) text += `Error file: ${PRELAUNCH_ERR}.\n${tail(prelaunch)}`
  const errorFiles = matching(logDir, stderrPattern)
  if (errorFiles.length > 1) text += `Error files: ${errorFiles.map((f) => path.basename(f)).join(', ')}.\n`
  const newest = errorFiles.reduce<string | undefined>((a, b) => (a !== undefined && statSync(a).mtimeMs >= statSync(b).mtimeMs ? a : b), undefined)
  if (newest !== undefined) text += `${tail(newest)}\n`
  return text
}

function fileSize(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.size
}

function readTail(file: string, bytes: number): string {
  const content = readFileSync(file)
  return content.subarray(Math.max(0, content.length - bytes)).toString('utf8')
}

/** Files of a folder by a Hadoop glob of names: `*`, `?` and `{a,b}`. */
function matching(dir: string, glob: string): string[] {
  const pattern = glob
    .replace(/[.+^$()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.')
    .replace(/\{/g, '(?:')
    .replace(/\}/g, ')')
    .replace(/,/g, '|')
  const whole = new RegExp(`^(?:${pattern})$`)
  if (fileSize(dir) === undefined) return []
  return readdirSync(dir)
    .filter((f) => whole.test(f))
    .sort()
    .map((f) => path.join(dir, f))
    .filter((f) => statSync(f).isFile())
}
