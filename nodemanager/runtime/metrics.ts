/** Counts of a NodeManager's life, for /jmx and /prom. */
import type { Resource } from '../../common/records/resource.js'

export class NodeMetrics {
  launched = 0
  completed = 0
  failed = 0
  killed = 0
  launchDurations = 0
  launchMillis = 0
  localizations = 0
  localizationMillis = 0
  allocatedContainers = 0
  allocatedMb = 0
  allocatedVcores = 0

  allocate(r: Resource): void {
    this.allocatedContainers++
    this.allocatedMb += r.memory
    this.allocatedVcores += r.vcores
  }

  release(r: Resource): void {
    this.allocatedContainers--
    this.allocatedMb -= r.memory
    this.allocatedVcores -= r.vcores
  }

  resize(from: Resource, to: Resource): void {
    this.allocatedMb += to.memory - from.memory
    this.allocatedVcores += to.vcores - from.vcores
  }
}
