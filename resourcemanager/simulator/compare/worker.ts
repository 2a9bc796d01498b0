/** A worker: runs what it is sent, one after the other. */
import { parentPort } from 'node:worker_threads'
import { type WorkerAnswer, type WorkerMessage, attempt } from './jobs.js'

parentPort!.on('message', ({ index, job }: WorkerMessage) => {
  let answer: WorkerAnswer
  try {
    answer = { index, result: attempt(job) }
  } catch (e) {
    answer = { index, error: (e as Error).message }
  }
  parentPort!.postMessage(answer)
})
