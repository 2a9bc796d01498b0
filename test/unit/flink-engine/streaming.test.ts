import { describe, expect, it } from 'vitest'
import { withContext } from '../../../flink-yarn/streaming/context.js'
import { translate } from '../../../flink-yarn/streaming/graph.js'
import { ParameterTool, StreamExecutionEnvironment, Types } from '../../../flink-yarn/streaming/index.js'
import { formatType, inferType } from '../../../flink-yarn/streaming/types.js'
import { formatRecord } from '../../../flink-yarn/taskmanager/operators.js'

const graphOf = (declare: (env: StreamExecutionEnvironment) => void) => {
  const env = StreamExecutionEnvironment.getExecutionEnvironment()
  declare(env)
  return translate(env.takeTransformations(), { chaining: env.isChainingEnabled(), maxParallelism: env.getMaxParallelism() })
}

describe('a program', () => {
  it('chains what has the same parallelism and no exchange between', () => {
    const { vertices } = graphOf((env) =>
      env
        .fromElements(1, 2)
        .map((n) => n)
        .filter(() => true)
        .print(),
    )
    expect(vertices.map((v) => v.name)).toEqual(['Source: Collection Source -> Map -> Filter -> Sink: Print to Std. Out'])
  })

  it('does not chain what asks not to be', () => {
    const names = (declare: (env: StreamExecutionEnvironment) => void) => graphOf(declare).vertices.map((v) => v.name)
    expect(
      names((env) =>
        env
          .fromElements(1)
          .map((n) => n)
          .startNewChain()
          .print(),
      ),
    ).toEqual(['Source: Collection Source', 'Map -> Sink: Print to Std. Out'])
    expect(
      names((env) =>
        env
          .fromElements(1)
          .map((n) => n)
          .disableChaining()
          .print(),
      ),
    ).toHaveLength(3)
    expect(
      names((env) =>
        env
          .disableOperatorChaining()
          .fromElements(1)
          .map((n) => n)
          .print(),
      ),
    ).toHaveLength(3)
    expect(
      names((env) =>
        env
          .fromElements(1)
          .rebalance()
          .map((n) => n)
          .print(),
      ),
    ).toEqual(['Source: Collection Source', 'Map -> Sink: Print to Std. Out'])
  })

  it('names several chained operators behind one in brackets', () => {
    const { vertices, edges } = graphOf((env) => {
      const numbers = env.fromElements(1)
      numbers.map((n) => n).name('a')
      numbers.print()
    })
    expect(vertices[0]!.name).toBe('Source: Collection Source -> (a, Sink: Print to Std. Out)')
    expect(edges).toHaveLength(2)
  })

  it('takes operator ids from uids, which must differ', () => {
    const { operators } = graphOf((env) => env.fromElements(1).uid('numbers').print().uid('out'))
    const again = graphOf((env) =>
      env
        .fromElements(1, 2, 3)
        .uid('numbers')
        .map((n) => n)
        .print()
        .uid('out'),
    )
    expect(again.operators[0]!.id).toBe(operators[0]!.id)
    expect(() => graphOf((env) => env.fromElements(1).uid('x').print().uid('x'))).toThrow('Hash collision on user-specified ID "x"')
  })

  it('is refused where Flink refuses it', async () => {
    const env = StreamExecutionEnvironment.getExecutionEnvironment()
    expect(() => env.setParallelism(0)).toThrow('Parallelism must be at least one')
    expect(() => env.fromElements()).toThrow('fromElements needs at least one element as argument')
    expect(() => env.fromElements(1, null)).toThrow('The collection contains a null element')
    expect(() => env.fromSequence(2, 1)).toThrow("'from' must be <= 'to'")
    expect(() => env.fromElements(1).setParallelism(2)).toThrow('The parallelism of non parallel operator must be 1.')
    expect(() => env.socketTextStream('localhost', 70_000)).toThrow('port is out of range: 70000')
    expect(() => env.fromElements(1).map(1 as never)).toThrow('map() takes a function, not number')
    expect(() => graphOf((e) => e.setMaxParallelism(2).fromSequence(1, 9).setParallelism(3).print())).toThrow('is higher than the max parallelism (2)')
    await expect(env.execute()).rejects.toThrow('This program must be run by Flink')
    const context = { defaultParallelism: 1, configuration: {}, execute: () => Promise.reject(new Error('not reached')) }
    const empty = withContext(context, () => StreamExecutionEnvironment.getExecutionEnvironment().execute())
    await expect(empty).rejects.toThrow('No operators defined in streaming topology. Cannot execute.')
  })
})

describe('ParameterTool', () => {
  it('takes one or two dashes, negative numbers and flags', () => {
    const p = ParameterTool.fromArgs(['-host', 'h', '--port', '7777', '--offset', '-5', '--verbose', '--last'])
    expect([p.get('host'), p.getInt('port'), p.getInt('offset'), p.has('verbose'), p.getBoolean('verbose'), p.has('nosuch')]).toEqual([
      'h',
      7777,
      -5,
      true,
      true,
      false,
    ])
    expect([p.get('nosuch', 'x'), p.getInt('nosuch', 3), p.getDouble('nosuch', 0.5), p.getBoolean('nosuch')]).toEqual(['x', 3, 0.5, false])
  })

  it('says what is wrong', () => {
    expect(() => ParameterTool.fromArgs(['host', 'h'])).toThrow(`Error parsing arguments '["host","h"]' on 'host'. Please prefix keys with -- or -.`)
    expect(() => ParameterTool.fromArgs(['--'])).toThrow('contains an empty argument')
    expect(() => ParameterTool.fromArgs([]).getRequired('port')).toThrow("No data for required key 'port'")
    expect(() => ParameterTool.fromArgs(['--port', 'x']).getInt('port')).toThrow('For input string: "x"')
  })
})

describe('records', () => {
  it("print as Java's would", () => {
    expect(formatRecord(['word', 1])).toBe('(word,1)')
    expect(formatRecord([['a', 1], true, null])).toBe('((a,1),true,null)')
    expect(formatRecord({ name: 'x', n: [1, 2] })).toBe('{name=x, n=(1,2)}')
    expect(formatRecord(new Map([['k', 1]]))).toBe('{k=1}')
    expect(formatRecord(1.5)).toBe('1.5')
  })

  it('have a type that follows from the elements', () => {
    expect(formatType(inferType(['a', 'b']))).toBe('STRING')
    expect(formatType(inferType([1, 2.5]))).toBe('DOUBLE')
    expect(formatType(inferType([1, 'a']))).toBe('GENERIC')
    expect(formatType(inferType([['a', 1]]))).toBe('TUPLE<STRING, LONG>')
    expect(formatType(Types.OBJECT({ a: Types.LIST(Types.INT), b: Types.BYTES }))).toBe('OBJECT<a: LIST<INT>, b: BYTES>')
  })
})
