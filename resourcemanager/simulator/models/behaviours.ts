/** The behaviour of an application's master, as its model says. */
import type { Behaviour } from '../engine/master.js'
import type { Random } from '../engine/random.js'
import type { ApplicationSpec } from '../workload.js'
import { FlinkBehaviour } from './flink.js'
import type { MasterModel } from './models.js'
import { StagesBehaviour } from './stages.js'

export function behaviourOf(spec: ApplicationSpec, model: MasterModel, random: Random, rackOf: (host: string) => string): Behaviour {
  if (model.behaviour === 'flink') {
    if (!spec.flink) throw new Error(`${spec.id} is of model ${spec.model} and says nothing of Flink`)
    return new FlinkBehaviour(spec.flink, random)
  }
  return new StagesBehaviour(spec.stages ?? model.stages ?? [], random, model.recovers, rackOf, spec.lasts)
}
