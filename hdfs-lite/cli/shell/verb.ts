/**
 * How a verb runs (org.apache.hadoop.fs.shell.Command): its arguments are expanded, each path is processed by itself,
 * and an error with one is shown and counted without ending the others.
 */
import type { Configuration } from '../../../common/config/configuration.js'
import type { Console } from './console.js'
import { describeError, isUnknownHost, PathError, UsageError } from './errors.js'
import { expandGlob, type FileSystems, isDirectory, type PathData } from './path-data.js'

export interface Verb {
  /** Runs with what follows the verb's name. @returns an exit code, when it isn't for errors alone to say */
  readonly run: (run: VerbRun, args: string[]) => Promise<number | undefined> | Promise<void>
  /** The verb that replaces it. */
  readonly replacedBy?: string
}

export interface Options {
  has(name: string): boolean
  value(name: string): string | undefined
}

export class VerbRun {
  errors = 0
  /** What a verb answers by its exit code. */
  exitCode = 0

  constructor(
    readonly name: string,
    readonly console: Console,
    readonly systems: FileSystems,
  ) {}

  get conf(): Configuration {
    return this.systems.conf
  }

  /** A line on standard error that is no error. */
  warn(text: string): void {
    this.console.error(`${this.name}: ${text}`)
  }

  /** Shows and counts an error. @throws what was not foreseen */
  fail(e: unknown): void {
    const text = describeError(e)
    if (isUnknownHost(e)) throw new UsageError(text)
    if (text === undefined) throw e
    this.errors++
    this.warn(text)
  }

  /** Does it, or shows and counts what went wrong. */
  async attempt(action: () => Promise<void>): Promise<void> {
    try {
      await action()
    } catch (e) {
      this.fail(e)
    }
  }

  /**
   * Takes options off the front of `args` (org.apache.hadoop.fs.shell.CommandFormat); one with a value leaves as many words as there must be.
   * `lenient`: options that aren't known stay where they are.
   * @throws UsageError
   */
  options(args: string[], spec: { min: number; max?: number; flags?: readonly string[]; valued?: readonly string[]; lenient?: boolean }): Options {
    const found = new Map<string, string>()
    for (let at = 0; args[at]?.startsWith('-') && args[at] !== '-'; ) {
      const name = args[at]!.slice(1)
      if (name === '-' || spec.flags?.includes(name)) {
        args.splice(at, 1)
        if (name === '-') break
        found.set(name, '')
      } else if (spec.valued?.includes(name)) {
        args.splice(at, 1)
        const given = args[at] !== undefined && args.length > spec.min && !args[at]!.startsWith('-')
        found.set(name, given ? args.splice(at, 1)[0]! : '')
      } else if (spec.lenient) at++
      else throw new UsageError(`Illegal option -${name}`)
    }
    if (args.length < spec.min) throw new UsageError(`Not enough arguments: expected ${spec.min} but got ${args.length}`)
    if (spec.max !== undefined && args.length > spec.max) throw new UsageError(`Too many arguments: expected ${spec.max} but got ${args.length}`)
    return { has: (name) => found.has(name), value: (name) => found.get(name) }
  }

  /** The paths that arguments stand for; those that stand for none are errors. */
  async expand(args: readonly string[]): Promise<PathData[]> {
    const items: PathData[] = []
    for (const arg of args) {
      await this.attempt(async () => {
        for (const item of await this.expandOne(arg)) items.push(item)
      })
    }
    return items
  }

  /** @throws PathError when a pattern matches nothing */
  async expandOne(arg: string): Promise<PathData[]> {
    const items = await expandGlob(this.systems, arg)
    if (items.length === 0) throw new PathError('notFound', arg)
    return items
  }

  /** Expands and processes each: what is there with `existing`, what isn't with `missing`. */
  async forEach(args: readonly string[], existing: (item: PathData) => Promise<void>, missing: (item: PathData) => Promise<void> = notFound): Promise<void> {
    for (const item of await this.expand(args)) await this.attempt(() => (item.status ? existing(item) : missing(item)))
  }

  /** Processes a path and, below a directory, all that is in it: parents first. */
  async walk(item: PathData, visit: (item: PathData) => Promise<void>, contents: (item: PathData) => Promise<PathData[]>): Promise<void> {
    await visit(item)
    if (!isDirectory(item)) return
    for (const child of await contents(item)) await this.attempt(() => this.walk(child, visit, contents))
  }
}

export async function notFound(item: PathData): Promise<never> {
  throw new PathError('notFound', item.text)
}
