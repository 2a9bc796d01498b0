import { describe, expect, it } from 'vitest'
import type { ApplicationAttemptId, ContainerId, NodeId } from '../../../common/records/ids.js'
import { decodeCredentials, encodeCredentials } from '../../../common/security/credentials.js'
import { ContainerTokenIdentifierProto } from '../../../common/proto/gen/yarn-security.js'
import { BUILT_IN_TYPES } from '../../../common/protocols/records.js'
import { Tokens, attemptOfAmRmToken, decodeKeys, encodeKeys } from '../../../resourcemanager/runtime/tokens.js'

// Bytes that a real ResourceManager and NodeManager exchanged, with the keys that it handed out.
const CONTAINER_KEY = { keyId: -1230084534, bytes: Buffer.from('7b0e24a68c3c78cc', 'hex') }
const NM_KEY = { keyId: 1966997361, bytes: Buffer.from('a75332488f51bbe3', 'hex') }
const AM_CONTAINER =
  '0a11120d0a0908011094a790e19f3410011801120f6c6f63616c686f73743a34383034311a04726f6f74222b08800110011a140a096d656d6f72792d6d621080011a024d6920001a0e0a0676636f72657310011a00200028d3d9b7e19f3430caccb9b5fbffffffff013894a790e19f3442020800488b8a93e19f345a0060016801700078ffffffffffffffffff01'
const TASK_CONTAINER =
  '0a11120d0a0908011094a790e19f3410011802120f6c6f63616c686f73743a34383034311a04726f6f74222b08800110011a140a096d656d6f72792d6d621080011a024d6920001a0e0a0676636f72657310011a00200028ae92b8e19f3430caccb9b5fbffffffff013894a790e19f344202080048b4c193e19f345a006002680170007800'
const NM_TOKEN = '0a0d0a0908011094a790e19f341001120f0a096c6f63616c686f737410a9f7021a04726f6f7420f1fef7a907'
const CREDENTIALS = '48445453000100150a0d0a0908011094a790e19f34100110bcdacc960514c7c5d4c786274d3cab57bdb9197d70eba59ad770105941524e5f414d5f524d5f544f4b454e0000'

const CLUSTER = 1795231585172
const attempt: ApplicationAttemptId = { applicationId: { clusterTimestamp: CLUSTER, id: 1 }, attemptId: 1 }
const node: NodeId = { host: 'localhost', port: 48041 }
const container = (id: number): ContainerId => ({ applicationAttemptId: attempt, id })

const tokens = () =>
  new Tokens({
    rmIdentifier: CLUSTER,
    resourceTypes: BUILT_IN_TYPES,
    serviceOf: (n) => `127.0.0.1:${n.port}`,
    keys: { container: { current: CONTAINER_KEY }, nm: { current: NM_KEY } },
  })

const hex = (b: Uint8Array) => Buffer.from(b).toString('hex')

describe('container tokens', () => {
  it.each([
    { bytes: AM_CONTAINER, id: 1, containerType: 'APPLICATION_MASTER', allocationRequestId: -1, password: 'f3aa8694ab0745af0335d2c2f18391bc0d6047fa' },
    { bytes: TASK_CONTAINER, id: 2, containerType: 'TASK', allocationRequestId: 0, password: '8f3cc7b775066851a0cf32b1c68c0b260e91c34a' },
  ] as const)('are those of a real ResourceManager, bit by bit ($containerType)', ({ bytes, id, containerType, allocationRequestId, password }) => {
    const seen = ContainerTokenIdentifierProto.decode(Buffer.from(bytes, 'hex'))
    const token = tokens().containerToken({
      containerId: container(id),
      nodeId: node,
      user: 'root',
      resource: { memory: 128, vcores: 1 },
      priority: 0,
      createdAt: seen.creationTime!,
      expiresAt: seen.expiryTimeStamp!,
      containerType,
      allocationRequestId,
    })
    expect(hex(token.identifier)).toBe(bytes)
    expect(hex(token.password)).toBe(password)
    expect(token).toMatchObject({ kind: 'ContainerToken', service: '127.0.0.1:48041' })
  })
})

describe('NMTokens', () => {
  it('are those of a real ResourceManager, bit by bit', () => {
    const token = tokens().nmToken(attempt, node, 'root')
    expect(hex(token.identifier)).toBe(NM_TOKEN)
    expect(hex(token.password)).toBe('c3eb86cc84f9b7574659369f8462481cb7a37d71')
    expect(token).toMatchObject({ kind: 'NMToken', service: '127.0.0.1:48041' })
  })

  it('go to an attempt once for each node', () => {
    const t = tokens()
    t.addAttempt(attempt)
    expect(t.nmTokenFor(attempt, node, 'root')).toBeDefined()
    expect(t.nmTokenFor(attempt, node, 'root')).toBeUndefined()
    expect(t.nmTokenFor(attempt, { host: 'localhost', port: 2 }, 'root')).toBeDefined()
  })

  it.each([
    ['the node registers anew', (t: Tokens) => t.forgetNmTokensFor(node)],
    ['the application master registers anew', (t: Tokens) => t.forgetNmTokensOf(attempt)],
    [
      'a new key takes over',
      (t: Tokens) => {
        t.roll('nm')
        t.activate('nm')
      },
    ],
  ])('go to it again when %s', (_when, happens) => {
    const t = tokens()
    t.addAttempt(attempt)
    t.nmTokenFor(attempt, node, 'root')
    happens(t)
    expect(t.nmTokenFor(attempt, node, 'root')).toBeDefined()
  })
})

describe('AMRMTokens', () => {
  it('stand in the credentials as a real one does, under an empty service', () => {
    const seen = decodeCredentials(Buffer.from(CREDENTIALS, 'hex'))
    const token = seen.tokens.get('')!
    expect(token.kind).toBe('YARN_AM_RM_TOKEN')
    expect(attemptOfAmRmToken(token.identifier)).toEqual(attempt)
    expect(hex(encodeCredentials(seen))).toBe(CREDENTIALS)
    const ours = tokens().amRmToken(attempt)
    expect(ours).toMatchObject({ kind: 'YARN_AM_RM_TOKEN', service: '' })
    expect(attemptOfAmRmToken(ours.identifier)).toEqual(attempt)
  })

  it('are proven only for attempts that are known', () => {
    const t = tokens()
    const token = t.amRmToken(attempt)
    expect(() => t.amRmPassword(token.identifier)).toThrow('appattempt_1795231585172_0001_000001 not found in AMRMTokenSecretManager.')
    t.addAttempt(attempt)
    expect(hex(t.amRmPassword(token.identifier))).toBe(hex(token.password))
    t.removeAttempt(attempt)
    expect(() => t.amRmPassword(token.identifier)).toThrow('not found in AMRMTokenSecretManager')
  })

  it('of another ResourceManager are refused', () => {
    const t = tokens()
    t.addAttempt(attempt)
    expect(() => t.amRmPassword(tokens().amRmToken(attempt).identifier)).toThrow('Invalid AMRMToken from appattempt_1795231585172_0001_000001')
  })

  it('that are no identifiers are refused', () => {
    expect(() => tokens().amRmPassword(Buffer.from('ffffff', 'hex'))).toThrow(/not one of an application master/)
  })

  it('are renewed when their key ends, and the old one is good until then and for one key more', () => {
    const t = tokens()
    t.addAttempt(attempt)
    const old = t.amRmToken(attempt)
    expect(t.renewedAmRmToken(attempt, old.identifier)).toBeUndefined()
    t.roll('amrm')
    const renewed = t.renewedAmRmToken(attempt, old.identifier)!
    expect(t.renewedAmRmToken(attempt, renewed.identifier)).toBeUndefined()
    t.activate('amrm')
    expect(hex(t.amRmPassword(renewed.identifier))).toBe(hex(renewed.password))
    expect(hex(t.amRmPassword(old.identifier))).toBe(hex(old.password))
    t.roll('amrm')
    t.activate('amrm')
    expect(() => t.amRmPassword(old.identifier)).toThrow('Invalid AMRMToken')
  })

  it('are known to a ResourceManager that was restarted with the same keys', () => {
    const before = tokens()
    const token = before.amRmToken(attempt)
    const keys = decodeKeys(JSON.parse(JSON.stringify(encodeKeys(before.keys('amrm')))))!
    const after = new Tokens({ rmIdentifier: CLUSTER + 1, resourceTypes: BUILT_IN_TYPES, serviceOf: () => '', keys: { amrm: keys } })
    after.addAttempt(attempt)
    expect(hex(after.amRmPassword(token.identifier))).toBe(hex(token.password))
  })
})
