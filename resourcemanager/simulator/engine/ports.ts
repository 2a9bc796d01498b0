/** What the behaviour of an application master sees of its master, application and nodes: in virtual time, and on a live cluster. */
import type { ContainerId, FinalApplicationStatus } from '../../../common/records/index.js'
import type { AllocatedContainer, ResourceRequest } from '../../core/index.js'
import type { Launch } from './nodes.js'

/** A container that runs, or is about to. */
export interface StartedContainer {
  readonly key: string
}

export interface MasterPort {
  readonly now: number
  ask(request: ResourceRequest): void
  release(id: ContainerId): void
  finish(status: FinalApplicationStatus): void
  /** At that time, if it lives. */
  at(time: number, what: () => void): void
}

export interface ApplicationPort {
  readonly submittedAt: number
  readonly containers: { asked: number; allocated: number; completed: number }
  /** A container for something asked at `askedAt`. */
  containerAllocated(at: number, askedAt: number): void
  allocationTime(c: AllocatedContainer): number
  keyOf(id: ContainerId): string
  /** Undefined: its node is gone. */
  start(c: AllocatedContainer, duration: number | undefined, exitStatus: number, onRunning?: (at: number) => void): StartedContainer | undefined
  countEnd(exitStatus: number): void
  stop(c: StartedContainer): void
}

/** What runs containers: nodes by the workload's names. */
export interface ContainerHost {
  start(host: string, launch: Launch): StartedContainer | undefined
  finish(c: StartedContainer, exitStatus: number): void
}
