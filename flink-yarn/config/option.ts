/** How a Flink option is declared: once, with its type, its default and what it means. */
import { parseBoolean, parseDuration, parseFloat64, parseInteger, parseList, parseMemorySize } from './values.js'

export type OptionType = 'string' | 'int' | 'float' | 'boolean' | 'memory' | 'duration' | 'list'

export interface ConfigOption<T = unknown> {
  readonly key: string
  readonly type: OptionType
  /** As it would stand in flink-conf.yaml; undefined when there is none. */
  readonly default: string | undefined
  readonly meaning: string
  /** Older names that are read when `key` is not set. */
  readonly fallbackKeys: readonly string[]
  /** @throws Error saying what is wrong with the text */
  parse(text: string): T
}

type Declare<T> = (key: string, fallback: string | undefined, meaning: string, fallbackKeys?: readonly string[]) => ConfigOption<T>

const declare =
  <T>(type: OptionType, parse: (text: string) => T): Declare<T> =>
  (key, fallback, meaning, fallbackKeys = []) => ({ key, type, default: fallback, meaning, fallbackKeys, parse })

export const stringOption = declare<string>('string', (text) => text)
export const intOption = declare<number>('int', parseInteger)
export const floatOption = declare<number>('float', parseFloat64)
export const booleanOption = declare<boolean>('boolean', parseBoolean)
/** Bytes. A bare number is bytes; units b, k, m, g, t. */
export const memoryOption = declare<number>('memory', parseMemorySize)
/** Milliseconds. A bare number is milliseconds; units ns, µs, ms, s, min, h, d. */
export const durationOption = declare<number>('duration', parseDuration)
/** Elements between `;`, quoted with ' or " where they hold one. */
export const listOption = declare<readonly string[]>('list', parseList)
