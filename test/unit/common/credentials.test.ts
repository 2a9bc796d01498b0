import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeCredentials, encodeCredentials } from '../../../common/security/credentials.js'
import { WritableReader, WritableWriter } from '../../../common/security/writable.js'

const bytes = (s: string) => new Uint8Array(Buffer.from(s))

describe('credentials', () => {
  const credentials = {
    tokens: new Map([['', { identifier: bytes('id'), password: bytes('pw'), kind: 'YARN_AM_RM_TOKEN', service: '127.0.0.1:8030' }]]),
    secrets: new Map([['key', bytes('secret')]]),
  }

  it('have the layout of TokenStorage version 0', () => {
    expect(encodeCredentials(credentials).toString('latin1')).toBe('HDTS\x00\x01\x00\x02id\x02pw\x10YARN_AM_RM_TOKEN\x0e127.0.0.1:8030\x01\x03key\x06secret')
  })

  it('come back whole', () => {
    const back = decodeCredentials(encodeCredentials(credentials))
    expect(Buffer.from(back.tokens.get('')!.identifier).toString()).toBe('id')
    expect(back.tokens.get('')!.service).toBe('127.0.0.1:8030')
    expect(Buffer.from(back.secrets.get('key')!).toString()).toBe('secret')
  })

  it('that are cut short or of another kind are refused', () => {
    const whole = encodeCredentials(credentials)
    for (let n = 5; n < whole.length; n++) expect(() => decodeCredentials(whole.subarray(0, n))).toThrow()
    expect(() => decodeCredentials(Buffer.from('HDTX\x00\x00'))).toThrow('Bad header found in token storage.')
    expect(() => decodeCredentials(Buffer.from('HDTS\x07\x00'))).toThrow('Unknown version 7')
  })
})

describe('variable-length integers', () => {
  it("have WritableUtils' form", () => {
    const hex = (n: number) => new WritableWriter().vlong(n).finish().toString('hex')
    expect([0, 127, 128, -112, -113, 255, 256, 65_536].map(hex)).toEqual(['00', '7f', '8f80', '90', '8770', '8fff', '8e0100', '8d010000'])
  })
  it('come back whole', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (n) => {
        expect(new WritableReader(new WritableWriter().vlong(n).finish()).vlong()).toBe(n)
      }),
    )
  })
})
