import Fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { accessRoutes } from '../../../resourcemanager/rest/access-routes.js'
import { activityRoutes } from '../../../resourcemanager/rest/activity-routes.js'
import { CALLS, openApi } from '../../../resourcemanager/rest/api.js'
import { appRoutes } from '../../../resourcemanager/rest/app-routes.js'
import { clusterRoutes } from '../../../resourcemanager/rest/cluster-routes.js'
import type { RmWebOptions } from '../../../resourcemanager/rest/context.js'
import { labelRoutes } from '../../../resourcemanager/rest/label-routes.js'
import { schedulerConfRoutes } from '../../../resourcemanager/rest/scheduler-conf-routes.js'

const none = (): never => {
  throw new Error('no ResourceManager is asked here')
}

describe('the description of REST', () => {
  it('names every call that is served, and no other', () => {
    const served: string[] = []
    const web = Fastify({ exposeHeadRoutes: false })
    web.addHook('onRoute', (route) => {
      const path = route.url.replace('/ws/v1/cluster', '').replace(/:(\w+)/g, '{$1}')
      served.push(`${route.method} ${path}`)
    })
    const options = {} as RmWebOptions
    for (const routes of [clusterRoutes, appRoutes, schedulerConfRoutes, labelRoutes, accessRoutes]) routes(web, options, none)
    activityRoutes(web, none)
    expect(served.sort()).toEqual(Object.keys(CALLS).sort())
  })

  it('is OpenAPI with the parameters of each path', () => {
    const { paths } = openApi()
    expect(paths['/ws/v1/cluster/apps/{app}/state']).toMatchObject({
      get: { parameters: [{ name: 'app', in: 'path', required: true }] },
      put: { summary: expect.stringContaining('KILLED') },
    })
  })
})
