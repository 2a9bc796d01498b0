/** -find: expressions over paths. */
import { exception } from '../../../../common/errors.js'
import { FatalError, UsageError } from '../errors.js'
import { globExpression } from '../glob.js'
import { contentsOf, type PathData } from '../path-data.js'
import { notFound, type Verb, type VerbRun } from '../verb.js'

const NO_ELEMENT = 'java.util.NoSuchElementException'

type Expression = (item: PathData) => boolean

export const find: Verb = {
  async run(run, args) {
    if (args.length === 0) throw new UsageError('Not enough arguments: expected 1 but got 0')
    const start = args.findIndex((a) => a.startsWith('-'))
    const paths = start < 0 ? args : args.slice(0, start)
    const expression = parse(run, start < 0 ? [] : args.slice(start))
    const roots = await run.expand(paths.length > 0 ? paths : ['.'])
    for (const root of roots) {
      await run.attempt(async () => {
        if (!root.status) return notFound(root)
        await run.walk(root, async (item) => void expression(item), contentsOf)
      })
    }
  },
}

/** Words joined by -a, which may be left out; without an action the path is printed. */
function parse(run: VerbRun, words: readonly string[]): Expression {
  const terms: Expression[] = []
  let acts = false
  /** -a wants a term on either side. */
  let joined = false
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    if (word === '-a' || word === '-and') {
      if (joined || terms.length === 0) throw new FatalError(NO_ELEMENT)
      joined = true
      continue
    }
    joined = false
    if (word === '-print' || word === '-print0') {
      acts = true
      terms.push(printer(run, word === '-print' ? '\n' : '\0'))
    } else if (word === '-name' || word === '-iname') {
      const pattern = words[++i]
      if (pattern === undefined) throw new FatalError(NO_ELEMENT)
      terms.push(named(pattern, word === '-iname'))
    } else throw exception('IOException', `Unexpected argument: ${word}`)
  }
  if (joined) throw new FatalError(NO_ELEMENT)
  if (!acts) terms.push(printer(run, '\n'))
  return (item) => terms.every((term) => term(item))
}

function printer(run: VerbRun, end: string): Expression {
  return (item) => {
    run.console.print(item.text + end)
    return true
  }
}

function named(pattern: string, ignoreCase: boolean): Expression {
  const expression = globExpression(pattern, ignoreCase ? 'si' : 's')
  return (item) => expression.test(item.path.slice(item.path.lastIndexOf('/') + 1))
}
