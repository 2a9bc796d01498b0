/**
 * The submission contexts of live applications as their clients sent them: launch context, credentials, log aggregation. The core never
 * reads them; they go when the application ends.
 */
import { ApplicationSubmissionContextProto } from '../../common/proto/gen/application-client.js'
import { type ApplicationId, formatApplicationId } from '../../common/records/ids.js'

export class Contexts {
  /** Kept encoded: small, and decoded a few times in an application's life. */
  readonly #bytes = new Map<string, Uint8Array>()
  readonly #logAggregation = new Map<string, ApplicationSubmissionContextProto['logAggregationContext']>()

  put(id: ApplicationId, bytes: Uint8Array): void {
    const key = formatApplicationId(id)
    this.#bytes.set(key, bytes)
    const { logAggregationContext } = ApplicationSubmissionContextProto.decode(bytes)
    if (logAggregationContext) this.#logAggregation.set(key, logAggregationContext)
  }

  get(id: ApplicationId): ApplicationSubmissionContextProto | undefined {
    const bytes = this.#bytes.get(formatApplicationId(id))
    return bytes && ApplicationSubmissionContextProto.decode(bytes)
  }

  /** Goes into every container token of the application. */
  logAggregation(id: ApplicationId): ApplicationSubmissionContextProto['logAggregationContext'] {
    return this.#logAggregation.size === 0 ? undefined : this.#logAggregation.get(formatApplicationId(id))
  }

  remove(id: ApplicationId): void {
    const key = formatApplicationId(id)
    this.#bytes.delete(key)
    this.#logAggregation.delete(key)
  }
}
