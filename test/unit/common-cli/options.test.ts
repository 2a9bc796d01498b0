import { describe, expect, it } from 'vitest'
import { helpText, type OptionTable, optionsText, type ParseError, parseOptions } from '../../../common/cli/index.js'

const table: OptionTable = [
  { short: 'appStates', args: 'unlimited', separator: ',', argName: 'States', description: 'filter by state' },
  { short: 'list', description: 'list applications', group: 'command' },
  { short: 'kill', args: 1, argName: 'Application ID', description: 'kills it', group: 'command' },
  { short: 'D', args: 2, separator: '=', argName: 'property=value', description: 'a property' },
  { short: 'p', long: 'parallelism', args: 1, argName: 'parallelism', description: 'how many' },
  { short: 'd', long: 'detached', description: 'detached' },
  { long: 'python', args: 1 },
  { long: 'pyFiles', args: 1 },
]

const kindOf = (f: () => unknown) => {
  try {
    f()
  } catch (e) {
    return (e as ParseError).kind + ': ' + (e as ParseError).message
  }
  return undefined
}

describe.each(['gnu', 'default'] as const)('options in %s style', (style) => {
  const parse = (...argv: string[]) => parseOptions(table, argv, { style })

  it('takes long names after one dash, with their value in the next word', () => {
    const line = parse('-list', '-appStates', 'RUNNING,FINISHED', 'word')
    expect(line.has('list')).toBe(true)
    expect(line.values('appStates').slice(0, 2)).toEqual(['RUNNING', 'FINISHED'])
  })

  it('takes -Dk=v and -D k=v, several times', () => {
    const line = parse('-Da=1', '-D', 'b=2=3', '-d')
    expect([...line.properties('D')]).toEqual([
      ['a', '1'],
      ['b', '2=3'],
    ])
    expect(line.has('detached')).toBe(true)
  })

  it('takes --name=value, -name value and words', () => {
    const line = parse('--parallelism=3', 'job.jar')
    expect(line.value('p')).toBe('3')
    expect(line.args).toEqual(['job.jar'])
    expect(parse('-p', '4').value('parallelism')).toBe('4')
    expect(parse('-p5').value('p')).toBe('5')
  })

  it('ends options at --', () => {
    expect(parse('-d', '--', '-p', '3').args).toEqual(['-p', '3'])
  })

  it('names what is wrong in the words of commons-cli', () => {
    expect(kindOf(() => parse('--nosuch'))).toBe('unrecognized: Unrecognized option: --nosuch')
    expect(kindOf(() => parse('-p'))).toBe('missing-argument: Missing argument for option: p')
    expect(kindOf(() => parse('-p', '-d'))).toBe('missing-argument: Missing argument for option: p')
    expect(kindOf(() => parse('-list', '-kill', 'x'))).toBe(
      "already-selected: The option 'kill' was specified but an option from this group has already been selected: 'list'",
    )
    const required: OptionTable = [
      { short: 'a', required: true },
      { long: 'bb', required: true },
    ]
    expect(kindOf(() => parseOptions(required, [], { style }))).toBe('missing-option: Missing required options: a, bb')
  })

  it('leaves what follows the first word alone when told to', () => {
    const line = parseOptions(table, ['-d', 'job.jar', '-p', '3', '--host', 'h'], { style, stopAtNonOption: true })
    expect(line.args).toEqual(['job.jar', '-p', '3', '--host', 'h'])
    expect(line.has('p')).toBe(false)
  })
})

describe('options in default style', () => {
  it('takes abbreviated long options, and says between which one it cannot choose', () => {
    expect(parseOptions(table, ['--para', '2']).value('p')).toBe('2')
    expect(kindOf(() => parseOptions(table, ['--py', 'x']))).toBe("ambiguous: Ambiguous option: '--py'  (could be: 'python', 'pyFiles')")
  })

  it('takes a negative number for a value', () => {
    expect(parseOptions(table, ['-p', '-3']).value('p')).toBe('-3')
  })
})

describe('help', () => {
  it('wraps usage and descriptions, and breaks words longer than the column', () => {
    const text = helpText('application', [
      {
        short: 'appStates',
        args: 1,
        argName: 'States',
        description: 'Works with -list to filter states. One of the following: ALL,NEW,NEW_SAVING,SUBMITTED,ACCEPTED,RUNNING,FINISHED,FAILED,KILLED',
      },
      { short: 'appId', args: 1, argName: 'Application ID', description: 'Specify it' },
      { short: 'z', long: 'zoo', description: '' },
    ])
    expect(text).toBe(
      [
        'usage: application',
        ' -appId <Application ID>   Specify it',
        ' -appStates <States>       Works with -list to filter states. One of the',
        '                           following:',
        '                           ALL,NEW,NEW_SAVING,SUBMITTED,ACCEPTED,RUNNING,F',
        '                           INISHED,FAILED,KILLED',
        ' -z,--zoo',
        '',
      ].join('\n'),
    )
  })

  it('sets options without a short name under the others', () => {
    expect(optionsText(table.slice(-3), { leftPad: 5, width: 80 })).toBe(
      ['     -d,--detached        detached', '        --pyFiles <arg>', '        --python <arg>'].join('\n'),
    )
  })

  it('builds the usage from the table', () => {
    expect(
      helpText(
        'tool',
        [
          { short: 'a', args: 1, argName: 'x' },
          { long: 'b', required: true },
        ],
        { autoUsage: true },
      ),
    ).toContain('usage: tool [-a <x>] --b\n')
  })
})
