/** /jobs: submission, status, results, cancellation. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isJobId, parseJobGraph } from '../jobgraph/index.js'
import type { Cluster } from '../jobmanager/cluster.js'
import { JobSubmissionException } from '../jobmanager/dispatcher.js'
import type { JobMaster } from '../jobmanager/job-master.js'
import { send } from './answers.js'
import { RestError, badPathParameter, badQueryParameter, internalError, notFound, restHandlerException } from './errors.js'
import { configView, detailsView, exceptionsView, executionResultView, overviewView, planOf, vertexView } from './job-views.js'
import { MultipartError, type Part, boundaryOf, parseMultipart } from './multipart.js'

const DEFAULT_MAX_EXCEPTIONS = 20

export function jobRoutes(app: FastifyInstance, cluster: Cluster): void {
  const { dispatcher } = cluster

  const idOf = (request: FastifyRequest): string => {
    const { jobId } = request.params as { jobId: string }
    if (!isJobId(jobId)) throw badPathParameter('jobid', jobId)
    return jobId
  }
  const jobOf = (request: FastifyRequest): JobMaster => {
    const id = idOf(request)
    const job = dispatcher.job(id)
    if (!job) throw notFound(`Job ${id}`)
    return job
  }

  app.get('/jobs', (_request, reply) => send(reply, { jobs: dispatcher.jobs.map((j) => ({ id: j.graph.jobId, status: j.status })) }))
  app.get('/jobs/overview', (_request, reply) => send(reply, { jobs: dispatcher.jobs.map(overviewView) }))
  app.get('/jobs/:jobId', (request, reply) => send(reply, detailsView(jobOf(request))))
  app.get('/jobs/:jobId/status', (request, reply) => send(reply, { status: jobOf(request).status }))
  app.get('/jobs/:jobId/plan', (request, reply) => send(reply, { plan: planOf(jobOf(request).graph) }))
  app.get('/jobs/:jobId/config', (request, reply) => send(reply, configView(jobOf(request))))
  app.get('/jobs/:jobId/accumulators', (request, reply) => {
    jobOf(request)
    return send(reply, { 'job-accumulators': [], 'user-task-accumulators': [], 'serialized-user-task-accumulators': {} })
  })
  app.get('/jobs/:jobId/exceptions', (request, reply) => {
    const { maxExceptions } = request.query as { maxExceptions?: string }
    const max = maxExceptions === undefined ? DEFAULT_MAX_EXCEPTIONS : Number(maxExceptions)
    if (!Number.isInteger(max) || max < 1) throw badQueryParameter('maxExceptions', maxExceptions!)
    return send(reply, exceptionsView(jobOf(request), max))
  })
  app.get('/jobs/:jobId/execution-result', async (request, reply) => {
    const job = jobOf(request)
    const outcome = job.terminal ? await job.outcome : undefined
    if (outcome) reply.raw.once('finish', () => cluster.resultSent(job.graph.jobId))
    return send(reply, executionResultView(job, outcome))
  })
  app.get('/jobs/:jobId/vertices/:vertexId', (request, reply) => {
    const { vertexId } = request.params as { vertexId: string }
    if (!isJobId(vertexId)) throw badPathParameter('vertexid', vertexId)
    const vertex = jobOf(request).executionGraph.vertices.find((v) => v.vertex.id === vertexId)
    if (!vertex) throw notFound(`JobVertex ${vertexId}`)
    return send(reply, vertexView(vertex))
  })

  const cancel = (request: FastifyRequest, mode: string) => {
    const id = idOf(request)
    if (mode !== 'cancel' && mode !== 'stop') throw badQueryParameter('mode', mode)
    if (mode === 'stop')
      throw restHandlerException(410, 'The termination mode "stop" has been removed. For an ungraceful shutdown, please use "cancel" instead.')
    const job = dispatcher.job(id)
    if (!job) throw restHandlerException(404, 'Job could not be found.')
    if (job.terminal && job.status !== 'CANCELED') {
      throw restHandlerException(409, `Job cancellation failed because the job has already reached another terminal state (${job.status}).`)
    }
    job.cancel()
    return job
  }
  app.patch('/jobs/:jobId', async (request, reply) => {
    cancel(request, (request.query as { mode?: string }).mode ?? 'cancel')
    return send(reply, {}, 202)
  })
  for (const path of ['/jobs/:jobId/yarn-cancel', '/jobs/:jobId/yarn-stop']) {
    app.get(path, (request, reply) => {
      cancel(request, path.endsWith('stop') ? 'stop' : 'cancel')
      return send(reply, {}, 202)
    })
  }

  app.post('/jobs', async (request, reply) => {
    const submission = readSubmission(request)
    for (const jar of submission.jars) await dispatcher.storeJar(jar.filename!, jar.bytes)
    const graph = graphOf(submission.graph)
    try {
      dispatcher.submit(graph)
    } catch (e) {
      if (e instanceof JobSubmissionException) throw internalError(e.className, e.message)
      throw e
    }
    return send(reply, { jobUrl: `/jobs/${graph.jobId}` }, 202)
  })
}

function graphOf(part: Part) {
  try {
    return parseJobGraph(part.bytes.toString('utf8'))
  } catch (e) {
    throw restHandlerException(400, `Failed to deserialize JobGraph: ${(e as Error).message}`)
  }
}

/** The form's `request` names which of the files is the graph and which are jars. */
function readSubmission(request: FastifyRequest): { graph: Part; jars: Part[] } {
  const body = (request.body as Buffer | undefined) ?? Buffer.alloc(0)
  const boundary = boundaryOf(request.headers['content-type'])
  let parts: Part[]
  try {
    parts = boundary === undefined ? [{ name: 'request', filename: undefined, bytes: body }] : parseMultipart(body, boundary)
  } catch (e) {
    if (e instanceof MultipartError) throw restHandlerException(400, `The request body could not be read: ${e.message}.`)
    throw e
  }
  const json = parts.find((p) => p.name === 'request')?.bytes.toString('utf8') ?? '{}'
  let fields: { jobGraphFileName?: unknown; jobJarFileNames?: unknown }
  try {
    fields = JSON.parse(json === '' ? '{}' : json)
  } catch {
    throw new RestError(400, ['Request did not match expected format JobSubmitRequestBody.'])
  }
  const { jobGraphFileName, jobJarFileNames } = fields
  if (typeof jobGraphFileName !== 'string') throw restHandlerException(400, 'The jobGraphFileName field must not be omitted or be null.')
  const file = (kind: string, name: unknown) => {
    const found = parts.find((p) => p.filename === name)
    if (found) return found
    throw new RestError(400, [
      `org.apache.flink.runtime.rest.handler.job.JobSubmitHandler$MissingFileException: ${kind} file ${name} could not be found on the server.`,
    ])
  }
  const jars = Array.isArray(jobJarFileNames) ? jobJarFileNames.map((n) => file('Jar', n)) : []
  return { graph: file('JobGraph', jobGraphFileName), jars }
}
