/** `yarn queue` and `yarn cluster`. */
import type { OptionTable } from '../../common/cli/index.js'
import { type Command, FAILED, bare, parse } from './command.js'
import { fixedPercent } from './format.js'

const QUEUE_OPTIONS: OptionTable = [
  { short: 'help', description: 'Shows this help.' },
  { short: 'status', args: 1, argName: 'Queue Name', description: 'Shows what is known of a queue.' },
]

export const queue: Command = async (args, context) => {
  const parsed = parse('queue', QUEUE_OPTIONS, args, context)
  if (typeof parsed === 'number') return parsed
  const { line, words, usage } = parsed
  if (line.has('help')) {
    usage()
    return 0
  }
  if (!line.has('status')) {
    context.err('Invalid Command Usage : ')
    return usage()
  }
  if (words !== 2) return usage()
  const name = line.value('status')!
  const q = await context.yarn.getQueueInfo(name)
  if (!q) {
    context.out(`Cannot get queue from RM by queueName = ${name}, please check.`)
    return FAILED
  }
  const onOff = (disabled: boolean) => (disabled ? 'disabled' : 'enabled')
  context.out('Queue Information : ')
  context.out(`Queue Name : ${q.queueName ?? ''}`)
  context.out(`\tState : ${bare(q.state, 'Q_')}`)
  context.out(`\tCapacity : ${fixedPercent(q.capacity ?? 0)}`)
  context.out(`\tCurrent Capacity : ${fixedPercent(q.currentCapacity ?? 0)}`)
  context.out(`\tMaximum Capacity : ${fixedPercent(q.maximumCapacity ?? 0)}`)
  context.out(`\tDefault Node Label expression : ${q.defaultNodeLabelExpression || '<DEFAULT_PARTITION>'}`)
  context.out(`\tAccessible Node Labels : ${[...q.accessibleNodeLabels].sort().join(',')}`)
  if (q.preemptionDisabled !== undefined) context.out(`\tPreemption : ${onOff(q.preemptionDisabled)}`)
  if (q.intraQueuePreemptionDisabled !== undefined) context.out(`\tIntra-queue Preemption : ${onOff(q.intraQueuePreemptionDisabled)}`)
  return 0
}

const CLUSTER_OPTIONS: OptionTable = [
  {
    short: 'dnl',
    long: 'directly-access-node-label-store',
    description: 'Refused: labels are asked of the ResourceManager, which owns their store.',
  },
  { short: 'h', long: 'help', description: 'Shows this help.' },
  { short: 'lna', long: 'list-node-attributes', description: "Lists the cluster's node attributes." },
  { short: 'lnl', long: 'list-node-labels', description: "Lists the cluster's node labels." },
]

export const cluster: Command = async (args, context) => {
  const parsed = parse('yarn cluster', CLUSTER_OPTIONS, args, context)
  if (typeof parsed === 'number') return parsed
  const { line, usage } = parsed
  if (line.has('help')) usage()
  else if (line.has('dnl')) {
    context.err("-dnl: the ResourceManager owns the store of node labels; it can't be read past it. Leave the option out")
    return FAILED
  } else if (line.has('lnl')) {
    const labels = await context.yarn.getClusterNodeLabels()
    const texts = labels.map((l) => `<${l.name ?? ''}:exclusivity=${l.isExclusive}>`).sort()
    context.out(`Node Labels: ${texts.join(',')}`)
  } else if (line.has('lna')) {
    for (const a of await context.yarn.getClusterNodeAttributes())
      context.out(`${a.attributeKey.attributePrefix}/${a.attributeKey.attributeName}(${a.attributeType})`)
  } else {
    context.err('Invalid Command Usage : ')
    usage()
  }
  return 0
}
