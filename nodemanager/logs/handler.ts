/** What becomes of a container's logs when it and its application are over. */
import { EXIT } from '../../common/records/states.js'
import type { LogAggregationReportProtoInit } from '../../common/proto/gen/resource-tracker.js'
import type { NodeContainer } from '../runtime/container.js'
import type { NodeApplication } from '../runtime/container-manager.js'

export interface LogHandler {
  applicationStarted(app: NodeApplication): void
  containerFinished(container: NodeContainer): void
  /** Resolves when the logs are where they belong. @throws when they could not be brought there */
  applicationFinished(app: NodeApplication): Promise<void>
  /** What the ResourceManager was not told yet. */
  takeReports(): LogAggregationReportProtoInit[]
  /** Those reports did not arrive. */
  giveBack(reports: readonly LogAggregationReportProtoInit[]): void
  stop(): Promise<void>
}

/** Whose logs are aggregated, by the simple name of Hadoop's policy class. */
type Policy = (c: NodeContainer) => boolean

const isAm: Policy = (c) => c.token.containerType === 'APPLICATION_MASTER'
const wasKilled: Policy = (c) => c.life.exitCode === EXIT.FORCE_KILLED || c.life.exitCode === EXIT.TERMINATED
const failed: Policy = (c) => c.life.exitCode !== 0 && !wasKilled(c)

export const POLICIES: Readonly<Record<string, Policy>> = {
  AllContainerLogAggregationPolicy: () => true,
  NoneContainerLogAggregationPolicy: () => false,
  AMOnlyLogAggregationPolicy: isAm,
  FailedContainerLogAggregationPolicy: failed,
  FailedOrKilledContainerLogAggregationPolicy: (c) => c.life.exitCode !== 0,
  AMOrFailedContainerLogAggregationPolicy: (c) => isAm(c) || c.life.exitCode !== 0,
}

/** @returns the policy of that class name; undefined for one that is not known */
export function policyNamed(className: string | undefined): Policy | undefined {
  return className === undefined || className === '' ? undefined : POLICIES[className.replace(/^.*[.$]/, '')]
}
