/** Units of amounts in configuration files (UnitsConversionUtil). */
import { exception } from '../../common/errors.js'

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 }

/** An amount of a resource type with its unit, in the unit that the type is counted in: memory in Mi. @throws IllegalArgumentException saying `where` */
export function inUnitOf(type: 'memory' | 'other', value: number, unit: string, where: string): number {
  const factor = UNITS[unit]
  if (factor === undefined) throw exception('IllegalArgumentException', `Unknown unit '${unit}'. Known units are ${Object.keys(UNITS).join(', ')}: ${where}`)
  if (type === 'other') return value * factor
  return unit === '' ? value : Math.floor((value * factor) / 2 ** 20)
}
