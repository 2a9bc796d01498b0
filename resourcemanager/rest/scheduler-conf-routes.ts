/** /ws/v1/cluster/scheduler-conf: the capacity scheduler's configuration, read, checked and changed while it runs. */
import type { FastifyInstance } from 'fastify'
import { HadoopException } from '../../common/errors.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import type { QueueChange, SchedulerConfChange } from '../runtime/scheduler-conf.js'
import { type Entries, asList, mapOf } from './body.js'
import { requireAdmin } from './cluster-routes.js'
import type { RmWebOptions } from './context.js'
import { answer, answerText } from './render.js'
import { schedulerName } from './context.js'

interface QueueInfo {
  readonly 'queue-name'?: string
  readonly params?: Entries<string>
}

interface UpdateInfo {
  readonly 'add-queue'?: QueueInfo | readonly QueueInfo[]
  readonly 'remove-queue'?: string | readonly string[]
  readonly 'update-queue'?: QueueInfo | readonly QueueInfo[]
  readonly 'global-updates'?: Entries<string> | readonly Entries<string>[]
}

export function schedulerConfRoutes(web: FastifyInstance, options: RmWebOptions, requireActive: () => ResourceManager): void {
  const base = '/ws/v1/cluster/scheduler-conf'
  web.get(base, (request, reply) => {
    const rm = requireActive()
    if (!rm.schedulerConfIsMutable)
      return answerText(
        request,
        reply,
        400,
        `This API only supports to retrieve scheduler configuration from a mutable-conf scheduler, underneath scheduler ${schedulerName(rm)} is not an instance of MutableConfScheduler`,
      )
    requireAdmin(request, options)
    const property = Object.entries(rm.schedulerConf).map(([name, value]) => ({ name, value }))
    return answer(request, reply, 'configuration', { property }, { bare: true })
  })

  web.get(`${base}/version`, (request, reply) => {
    const rm = requireActive()
    if (!rm.schedulerConfIsMutable) return answerText(request, reply, 400, 'Configuration Version only supported by MutableConfScheduler.')
    requireAdmin(request, options)
    return answer(request, reply, 'configversion', { versionID: String(rm.schedulerConfVersion) }, { bare: true })
  })

  web.put<{ Body: UpdateInfo }>(base, async (request, reply) => {
    const rm = requireActive()
    requireAdmin(request, options)
    if (!rm.schedulerConfIsMutable) return answerText(request, reply, 400, 'Configuration change only supported by MutableConfScheduler.')
    try {
      await rm.changeSchedulerConf(changeOf(request.body))
    } catch (e) {
      if (e instanceof HadoopException) return answerText(request, reply, 400, e.message)
      throw e
    }
    return answerText(request, reply, 200, 'Configuration change successfully applied.')
  })

  web.post<{ Body: UpdateInfo }>(`${base}/validate`, (request, reply) => {
    const rm = requireActive()
    requireAdmin(request, options)
    if (!rm.schedulerConfIsMutable)
      return answerText(
        request,
        reply,
        400,
        `Configuration change validation only supported by MutableConfScheduler, underneath scheduler ${schedulerName(rm)} is not an instance of MutableConfScheduler`,
      )
    try {
      const property = Object.entries(rm.validateSchedulerConf(changeOf(request.body))).map(([name, value]) => ({ name, value }))
      return answer(request, reply, 'configuration', { property }, { bare: true })
    } catch (e) {
      if (e instanceof Error)
        return answerText(request, reply, 400, `CapacityScheduler configuration validation failed:java.io.IOException: Failed to re-init queues : ${e.message}`)
      throw e
    }
  })

  web.get(`${base}/format`, async (request, reply) => {
    const rm = requireActive()
    requireAdmin(request, options)
    if (!rm.schedulerConfIsMutable) return answerText(request, reply, 400, 'Scheduler Configuration format only supported by MutableConfScheduler.')
    await rm.formatSchedulerConf()
    return answerText(request, reply, 200, 'Configuration under store successfully formatted.')
  })
}

function changeOf(body: UpdateInfo | undefined): SchedulerConfChange {
  const queues = (infos: QueueInfo | readonly QueueInfo[] | undefined): QueueChange[] =>
    asList(infos).map((i) => ({ queue: i['queue-name'] ?? '', params: mapOf(i.params) }))
  return {
    removeQueues: asList(body?.['remove-queue']),
    addQueues: queues(body?.['add-queue']),
    updateQueues: queues(body?.['update-queue']),
    global: mapOf(body?.['global-updates']),
  }
}
