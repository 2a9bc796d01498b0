import { humanSize, minuteTime, symbolicMode } from '../format.js'
import { contentsOf, isDirectory, type PathData } from '../path-data.js'
import type { Verb } from '../verb.js'

type Order = (a: PathData, b: PathData) => number

/** A column that is empty in every row, as of a .snapshot folder, takes no room at all (Ls). */
const column = (text: string, width: number): string => (width === 0 ? '' : `${text.padEnd(width)} `)

export const ls: Verb = {
  async run(run, args) {
    const o = run.options(args, { min: 0, flags: ['C', 'd', 'h', 'q', 'R', 't', 'S', 'r', 'u', 'e'] })
    const pathsOnly = o.has('C')
    const recursive = o.has('R') && !o.has('d')
    const order = orderOf(o.has('t') ? 'time' : o.has('S') ? 'size' : 'name', o.has('u'), o.has('r'))
    // Columns grow with what is listed, over all the directories of one command.
    const widths = { replication: 3, length: 10, owner: 0, group: 0, policy: 0 }
    const policyOf = (item: PathData) => (isDirectory(item) ? '' : item.status!.erasureCoded ? 'EC' : 'Replicated')
    const sizeOf = (item: PathData) => (o.has('h') ? humanSize(item.status!.length) : String(item.status!.length))
    const replicationOf = (item: PathData) => (item.status!.type === 'FILE' ? String(item.status!.replication) : '-')

    const show = (item: PathData) => {
      const text = o.has('q') ? printable(item.text) : item.text
      if (pathsOnly) return run.console.line(text)
      const s = item.status!
      const time = minuteTime(o.has('u') ? s.accessTime : s.modificationTime)
      const policy = o.has('e') ? `${policyOf(item).padEnd(widths.policy)} ` : ''
      run.console.line(
        `${isDirectory(item) ? 'd' : '-'}${symbolicMode(s.permission)}${s.hasAcl ? '+' : ' '}${replicationOf(item).padStart(widths.replication)} ${column(s.owner, widths.owner)}${column(s.group, widths.group)}${policy}${sizeOf(item).padStart(widths.length)} ${time} ${text}`,
      )
    }
    const widen = (items: PathData[]) => {
      for (const item of items) {
        widths.replication = Math.max(widths.replication, replicationOf(item).length)
        widths.length = Math.max(widths.length, sizeOf(item).length)
        widths.owner = Math.max(widths.owner, item.status!.owner.length)
        widths.group = Math.max(widths.group, item.status!.group.length)
        widths.policy = Math.max(widths.policy, policyOf(item).length)
      }
    }
    const list = async (directory: PathData): Promise<void> => {
      const items = (await contentsOf(directory)).sort(order)
      if (!recursive && !pathsOnly && items.length > 0) run.console.line(`Found ${items.length} items`)
      widen(items)
      for (const item of items) {
        show(item)
        if (recursive && isDirectory(item)) await run.attempt(() => list(item))
      }
      await run.console.drained()
    }
    await run.forEach(args.length > 0 ? args : ['.'], async (item) => {
      if (!o.has('d') && isDirectory(item)) return list(item)
      widen([item])
      show(item)
    })
  },
}

/** Entries come in the order of their names, which is kept among equals. */
function orderOf(by: 'time' | 'size' | 'name', accessTime: boolean, reverse: boolean): Order {
  const orders: Record<typeof by, Order> = {
    name: (a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0),
    time: (a, b) => (accessTime ? b.status!.accessTime - a.status!.accessTime : b.status!.modificationTime - a.status!.modificationTime),
    size: (a, b) => b.status!.length - a.status!.length,
  }
  const order = orders[by]
  return reverse ? (a, b) => order(b, a) : order
}

function printable(text: string): string {
  return text.replace(/\p{C}/gu, '?')
}
