/** What the scheduler did with a node and for an application, asked for before it happens and read afterwards. */
import type { Rm } from '../../integration/resourcemanager/harness.js'
import { until } from '../cluster.js'
import { type Call, ask as askRm } from './calls.js'
import type { Ask, Blacklist, Lived } from './scenario.js'

const get = (path: string, accept?: string): Call => ({ method: 'GET', path: `/scheduler/${path}`, ...(accept && { accept }) })

type Put = (calls: readonly Call[]) => Promise<void>

/** @param put asks, and keeps what is answered */
export async function activities(rm: Rm, lived: Lived, put: Put): Promise<void> {
  const [node, other] = lived.nodes.map((n) => `localhost:${n.port}`) as [string, string]
  const app = `app-activities/${lived.apps.running}`
  const read = async (path: string) => JSON.parse((await askRm(rm.web, get(path))).text)

  const nothingYet = ['', '?groupBy=wrong', `?nodeId=${node}`, '?nodeId=nohost', '?nodeId=nohost:1']
  await put(nothingYet.map((query) => get(`activities${query}`)))
  const wrong = ['actions=wrong', 'groupBy=wrong', 'requestPriorities=x', 'allocationRequestIds=x', 'limit=x', 'limit=0', 'maxTime=x', 'summarize=x']
  await put(['', 'actions=refresh', 'actions=get', 'actions=get,refresh', 'actions=get&actions=refresh', ...wrong].map((query) => get(`${app}?${query}`)))
  await put([lived.apps.finished, lived.apps.accepted, 'application_1_0001', 'wrong'].map((id) => get(`app-activities/${id}`)))
  if ((await read('activities')).activities.diagnostic === 'Not Capacity Scheduler') return

  /** A node beats, and the real scheduler has come to it: it does so in its own time. */
  const offered = async (n: number, beat: () => Promise<void>) => {
    const path = `activities?nodeId=${[node, other][n]}`
    const before = (await read(path)).activities.timestamp
    // The next offer is at another millisecond.
    while (Date.now() <= (before ?? 0)) await new Promise((r) => setTimeout(r, 1))
    await beat()
    await until('the scheduler has come to the node', async () => (await read(path)).activities.timestamp !== before)
  }
  const look = async (more: readonly string[]) => {
    const ofNodes = ['', '?groupBy=diagnostic', `?nodeId=${node}`].map((query) => `activities${query}`)
    const queries = ['', 'groupBy=diagnostic', 'limit=1', 'requestPriorities=2', 'requestPriorities=9,2', 'requestPriorities=9', ...more]
    await put([...ofNodes, ...queries.map((query) => `${app}?actions=get&${query}`)].map((path) => get(path)))
    const xml = ['activities', 'activities?groupBy=diagnostic', `${app}?actions=get`, `${app}?actions=get&groupBy=diagnostic`]
    await put(xml.map((path) => get(path, 'application/xml')))
  }
  const step = async (asks: readonly Ask[], more: { n?: number; blacklist?: Blacklist; beat?: () => Promise<void> } = {}) => {
    const { n = 0, blacklist } = more
    await put([get(`${app}?actions=refresh`)])
    await lived.ask(asks, blacklist)
    await offered(n, more.beat ?? (() => lived.beat(n)))
    await put([get('activities'), get(`activities?nodeId=${[node, other][n]}&groupBy=diagnostic`), get(`${app}?actions=get&limit=1`)])
  }
  const anywhere = (priority: number, memory: number, count = 1): Ask => ({ resourceName: '*', priority, memory, count })

  await offered(0, () => lived.beat())
  // Once more than one node is told of, which comes last in a summary is chance.
  await look(['allocationRequestIds=-1', 'allocationRequestIds=5', 'summarize=true', 'summarize=true&groupBy=diagnostic'])
  await step([anywhere(3, 512)])
  // The node is kept for what does not fit, again, and at last has room.
  await step([anywhere(3, 6656)])
  await step([])
  await step([], { beat: () => lived.endNewest() })
  await step([anywhere(3, 8192)], { n: 1 })
  await look([])
  // More than is left of the cluster; then just that; then nothing is left.
  await step([anywhere(3, 512)])
  await step([anywhere(3, 256)])
  await step([])
  // One that could be anywhere is kept from the node, then wants to be on the other first.
  await lived.endNewest()
  await lived.endNewest()
  await step([anywhere(3, 512)], { blacklist: { additions: [node] } })
  await step([], { blacklist: { removals: [node] } })
  await step([{ ...anywhere(4, 512), resourceName: other }, { ...anywhere(4, 512), resourceName: '/default-rack' }, anywhere(4, 512)])
  await step([anywhere(4, 512, 0)])
  await look([])
}
