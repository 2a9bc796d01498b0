import type { CoreConfig } from './config.js'
import type { Core } from './index.js'

export function createCore(config: CoreConfig): Core {
  throw new Error(`not built yet: ${config.schedulerClass}`)
}
