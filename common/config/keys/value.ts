/** Texts of properties as values: pure, so that the deciding parts read their configuration from plain properties. */
import type { Property, PropertyType, ValueOf } from './declare.js'

/** A file or value that can't be used; names the file and line, or the property, and what would be right. */
export class ConfigurationError extends Error {
  override name = 'ConfigurationError'
}

const TIME_UNITS: Record<string, number> = { ns: 1e-6, us: 1e-3, ms: 1, s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7 }
const SIZE_UNITS: Record<string, number> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40, p: 2 ** 50, e: 2 ** 60 }

/** Undefined when `text` is no value of the type. */
export function parseValue(type: PropertyType, text: string): unknown {
  const t = text.trim()
  switch (type) {
    case 'string':
    case 'address':
    case 'path':
      return t
    case 'strings':
      return t === ''
        ? []
        : t
            .split(',')
            .map((s) => s.trim())
            .filter((s) => s !== '')
    case 'int':
      return /^[+-]?\d+$/.test(t) ? Number(t) : /^[+-]?0x[0-9a-f]+$/i.test(t) ? Number(t) : undefined
    case 'float':
      return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?f?$/i.test(t) ? Number.parseFloat(t) : undefined
    case 'boolean':
      return /^true$/i.test(t) ? true : /^false$/i.test(t) ? false : undefined
    case 'milliseconds':
      return parseDuration(t, 1)
    case 'seconds': {
      const ms = parseDuration(t, 1000)
      return ms === undefined ? undefined : ms / 1000
    }
    case 'bytes': {
      const m = /^(-?\d+(?:\.\d+)?)\s*([kmgtpe]?)b?$/i.exec(t)
      return m ? Number(m[1]) * SIZE_UNITS[m[2]!.toLowerCase()]! : undefined
    }
  }
}

function parseDuration(text: string, bareUnit: number): number | undefined {
  const m = /^(-?\d+(?:\.\d+)?)\s*(ns|us|ms|s|m|h|d)?$/i.exec(text)
  return m ? Number(m[1]) * (m[2] ? TIME_UNITS[m[2].toLowerCase()]! : bareUnit) : undefined
}

/**
 * The value of a property among expanded texts by name, or its declared default (which must hold no ${}).
 * @throws ConfigurationError naming the property when the value is not of its type
 */
export function readValue<T extends PropertyType>(texts: Readonly<Record<string, string>>, property: Property<T>): ValueOf<Property<T>> {
  const text = texts[property.name] ?? property.default
  if (text === undefined) throw new ConfigurationError(`${property.name} is not set (${property.meaning})`)
  const value = parseValue(property.type, text)
  if (value === undefined) throw new ConfigurationError(`${property.name} is "${text}", which is no ${property.type}`)
  return value as ValueOf<Property<T>>
}
