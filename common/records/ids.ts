/**
 * YARN's identifiers and their text forms (org.apache.hadoop.yarn.api.records.{ApplicationId,ApplicationAttemptId,
 * ContainerId,NodeId}).
 *
 *   application_1700000000000_0001            cluster timestamp, sequence of at least four digits
 *   appattempt_1700000000000_0001_000001      … attempt of at least six
 *   container_1700000000000_0001_01_000002    … attempt of at least two, container of at least six
 *   container_e17_1700000000000_0001_01_000002   after the ResourceManager's 17th recovery
 *   host:port                                 a NodeManager
 */

import { exception } from '../errors.js'

export interface ApplicationId {
  readonly clusterTimestamp: number
  readonly id: number
}

export interface ApplicationAttemptId {
  readonly applicationId: ApplicationId
  readonly attemptId: number
}

export interface ContainerId {
  readonly applicationAttemptId: ApplicationAttemptId
  /** Epoch (upper 24 bits) and sequence (lower 40 bits) as one number, as on the wire. */
  readonly id: number
}

export interface NodeId {
  readonly host: string
  readonly port: number
}

const SEQUENCE = 2 ** 40
const pad = (n: number, width: number) => String(n).padStart(width, '0')

export function containerIdOf(applicationAttemptId: ApplicationAttemptId, sequence: number, epoch = 0): ContainerId {
  return { applicationAttemptId, id: epoch * SEQUENCE + sequence }
}

export function containerEpoch(id: ContainerId): number {
  return Math.floor(id.id / SEQUENCE)
}

export function containerSequence(id: ContainerId): number {
  return id.id % SEQUENCE
}

export function formatApplicationId(id: ApplicationId): string {
  return `application_${id.clusterTimestamp}_${pad(id.id, 4)}`
}

export function formatAttemptId(id: ApplicationAttemptId): string {
  const { clusterTimestamp, id: app } = id.applicationId
  return `appattempt_${clusterTimestamp}_${pad(app, 4)}_${pad(id.attemptId, 6)}`
}

export function formatContainerId(id: ContainerId): string {
  const { applicationId, attemptId } = id.applicationAttemptId
  const epoch = containerEpoch(id)
  return `container_${epoch > 0 ? `e${pad(epoch, 2)}_` : ''}${applicationId.clusterTimestamp}_${pad(applicationId.id, 4)}_${pad(attemptId, 2)}_${pad(containerSequence(id), 6)}`
}

export function formatNodeId(id: NodeId): string {
  return `${id.host}:${id.port}`
}

/** Hadoop's words, which differ by whether the text begins as such an id does. */
function invalid(what: string, prefix: string, text: string): Error {
  if (text.startsWith(`${prefix}_`)) return exception('IllegalArgumentException', `Invalid ${what}: ${text}`)
  const remedy = what === 'ApplicationId' ? '. The valid ApplicationId should start with prefix application' : ''
  return exception('IllegalArgumentException', `Invalid ${what} prefix: ${text}${remedy}`)
}

/** @throws IllegalArgumentException in Hadoop's words when `text` is no such id */
export function parseApplicationId(text: string): ApplicationId {
  const m = /^application_(\d+)_(\d{4,})$/.exec(text)
  if (!m) throw invalid('ApplicationId', 'application', text)
  return { clusterTimestamp: Number(m[1]), id: Number(m[2]) }
}

/** @throws IllegalArgumentException in Hadoop's words when `text` is no such id */
export function parseAttemptId(text: string): ApplicationAttemptId {
  const m = /^appattempt_(\d+)_(\d{4,})_(\d{6,})$/.exec(text)
  if (!m) throw invalid('AppAttemptId', 'appattempt', text)
  return { applicationId: { clusterTimestamp: Number(m[1]), id: Number(m[2]) }, attemptId: Number(m[3]) }
}

/** @throws IllegalArgumentException in Hadoop's words when `text` is no such id */
export function parseContainerId(text: string): ContainerId {
  const m = /^container_(?:e(\d+)_)?(\d+)_(\d{4,})_(\d{2,})_(\d{6,})$/.exec(text)
  if (!m) throw invalid('ContainerId', 'container', text)
  const applicationAttemptId = { applicationId: { clusterTimestamp: Number(m[2]), id: Number(m[3]) }, attemptId: Number(m[4]) }
  return containerIdOf(applicationAttemptId, Number(m[5]), m[1] === undefined ? 0 : Number(m[1]))
}

/** @throws Error when `text` is not HOST:PORT */
export function parseNodeId(text: string): NodeId {
  const m = /^(.+):(\d+)$/.exec(text)
  if (!m) throw new Error(`Invalid NodeId [${text}]. Expected host:port`)
  return { host: m[1]!, port: Number(m[2]) }
}

export function compareApplicationIds(a: ApplicationId, b: ApplicationId): number {
  return a.clusterTimestamp - b.clusterTimestamp || a.id - b.id
}

export function sameApplication(a: ApplicationId, b: ApplicationId): boolean {
  return a.id === b.id && a.clusterTimestamp === b.clusterTimestamp
}
