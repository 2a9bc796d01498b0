import { describe, expect, it } from 'vitest'
import { digestAnswer, digestChallenge, digestResponse, parseDirectives, verifyDigest } from '../../../common/rpc/sasl.js'

const identifier = Buffer.from('who')
const password = Buffer.from('the password')

describe('DIGEST-MD5', () => {
  it('gives the response of the example in RFC 2831', () => {
    const input = {
      username: 'chris',
      password: 'secret',
      realm: 'elwood.innosoft.com',
      nonce: 'OA6MG9tEQGm2hh',
      cnonce: 'OA6MHXh6VqTrRk',
      nc: '00000001',
      qop: 'auth',
      digestUri: 'imap/elwood.innosoft.com',
    }
    expect(digestResponse(input, true)).toBe('d388dad90d4bbd760a152321f2143af7')
    expect(digestResponse(input, false)).toBe('ea40f60335c427b5527b84dbabcdfffd')
  })

  it('proves the token to the server and the server to the client', () => {
    const { answer, proof } = digestAnswer(digestChallenge('n0nce'), identifier, password, 'c', '', 'default')
    const verified = verifyDigest(answer, 'n0nce', (id) => {
      expect(Buffer.from(id).toString()).toBe('who')
      return password
    })
    expect(Buffer.from(verified.identifier).toString()).toBe('who')
    expect(verified.proof.toString()).toBe(proof)
  })

  it('refuses another password, another nonce and an answer cut short', () => {
    const { answer } = digestAnswer(digestChallenge('n0nce'), identifier, password, 'c', '', 'default')
    expect(() => verifyDigest(answer, 'n0nce', () => Buffer.from('other'))).toThrow(/Mismatched response/)
    expect(() => verifyDigest(answer, 'another', () => password)).toThrow(/nonce of another challenge/)
    expect(() => verifyDigest(answer.subarray(0, 40), 'n0nce', () => password)).toThrow()
  })

  it('reads quoted values with escapes, and refuses what is no list of directives', () => {
    expect([...parseDirectives(Buffer.from('a="x\\"y,z",b=1 , c=""'))]).toEqual([
      ['a', 'x"y,z'],
      ['b', '1'],
      ['c', ''],
    ])
    expect(() => parseDirectives(Buffer.from('no directives here'))).toThrow(/malformed/)
  })
})
