/** Help texts in Flink's layout. */
import { optionsText } from '../../common/cli/help.js'
import type { OptionTable } from '../../common/cli/options.js'
import { ACTIONS, type Action, YARN_SESSION } from './tables.js'

const table = (options: OptionTable) => optionsText(options, { width: 80, leftPad: 5, descPad: 3 })

export function actionHelp(action: Action): string {
  const lines = ['', `Action "${action.name}" ${action.title}`, '', `  Syntax: ${action.syntax}`]
  if (action.options.length > 0) lines.push(`  "${action.name}" action options:`, table(action.options))
  for (const { title, options } of action.targets) lines.push(`  ${title}`, table(options), '')
  return lines.join('\n')
}

export function fullHelp(): string {
  return [
    './flink <ACTION> [OPTIONS] [ARGUMENTS]',
    '',
    'The following actions are available:',
    ...Object.values(ACTIONS).map((a) => `${actionHelp(a)}\n`),
  ].join('\n')
}

export function yarnSessionHelp(): string {
  return ['Usage:', '   Optional', optionsText(YARN_SESSION, { width: 200, leftPad: 5, descPad: 3 })].join('\n')
}
