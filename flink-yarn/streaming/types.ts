/**
 * Types of records. A stream's type is declared (`returns(Types.TUPLE(Types.STRING, Types.LONG))`) or follows from the
 * source; where nothing is known it is GENERIC: each value then carries a tag of its own on the wire.
 */

export type TypeInformation<T = unknown> =
  | { readonly kind: 'GENERIC' | 'STRING' | 'BOOLEAN' | 'INT' | 'LONG' | 'DOUBLE' | 'BYTES'; readonly _type?: T }
  | { readonly kind: 'TUPLE'; readonly fields: readonly TypeInformation[]; readonly _type?: T }
  | { readonly kind: 'OBJECT'; readonly fields: Readonly<Record<string, TypeInformation>>; readonly _type?: T }
  | { readonly kind: 'LIST'; readonly element: TypeInformation; readonly _type?: T }

type TypesOf<F extends readonly TypeInformation[]> = { -readonly [K in keyof F]: F[K] extends TypeInformation<infer T> ? T : never }

export const Types = {
  STRING: { kind: 'STRING' } as TypeInformation<string>,
  BOOLEAN: { kind: 'BOOLEAN' } as TypeInformation<boolean>,
  /** A whole number of 32 bits. */
  INT: { kind: 'INT' } as TypeInformation<number>,
  /** A whole number; exact up to 2^53 - 1. */
  LONG: { kind: 'LONG' } as TypeInformation<number>,
  DOUBLE: { kind: 'DOUBLE' } as TypeInformation<number>,
  BYTES: { kind: 'BYTES' } as TypeInformation<Uint8Array>,
  /** Anything made of null, booleans, numbers, bigints, strings, bytes, dates, arrays, maps, sets and plain objects. */
  GENERIC: { kind: 'GENERIC' } as TypeInformation<any>,
  TUPLE<const F extends readonly TypeInformation<any>[]>(...fields: F): TypeInformation<TypesOf<F>> {
    return { kind: 'TUPLE', fields }
  },
  OBJECT<F extends Record<string, TypeInformation<any>>>(fields: F): TypeInformation<{ [K in keyof F]: F[K] extends TypeInformation<infer T> ? T : never }> {
    return { kind: 'OBJECT', fields }
  },
  LIST<T>(element: TypeInformation<T>): TypeInformation<T[]> {
    return { kind: 'LIST', element }
  },
} as const

/** `TUPLE<STRING, LONG>`: stands in job graphs, where two runs of the same main must agree on it. */
export function formatType(type: TypeInformation): string {
  switch (type.kind) {
    case 'TUPLE':
      return `TUPLE<${type.fields.map(formatType).join(', ')}>`
    case 'OBJECT':
      return `OBJECT<${Object.entries(type.fields)
        .map(([n, t]) => `${n}: ${formatType(t)}`)
        .join(', ')}>`
    case 'LIST':
      return `LIST<${formatType(type.element)}>`
    default:
      return type.kind
  }
}

/** The narrowest type that all of `values` have; GENERIC when there is none. */
export function inferType(values: readonly unknown[]): TypeInformation {
  let type: TypeInformation | undefined
  for (const v of values) {
    const t = typeOf(v)
    if (type === undefined) type = t
    else if (type.kind === 'LONG' && t.kind === 'DOUBLE') type = t
    else if (!(type.kind === 'DOUBLE' && t.kind === 'LONG') && formatType(type) !== formatType(t)) return Types.GENERIC
  }
  return type ?? Types.GENERIC
}

function typeOf(value: unknown): TypeInformation {
  switch (typeof value) {
    case 'string':
      return Types.STRING
    case 'boolean':
      return Types.BOOLEAN
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? Types.LONG : Types.DOUBLE
    default:
      return Array.isArray(value) ? { kind: 'TUPLE', fields: value.map(typeOf) } : Types.GENERIC
  }
}
