/** Small HTTP requests to the daemons' web servers. */
import http from 'node:http'

export interface Answer {
  readonly status: number
  readonly body: Buffer
}

/** As `request`, with the body as it comes. */
export function open(url: string): Promise<{ readonly status: number; readonly body: AsyncIterable<Buffer> }> {
  return new Promise((resolve, reject) => {
    http.get(url, { agent: false }, (answer) => resolve({ status: answer.statusCode ?? 0, body: answer })).on('error', (e) => reject(unreachable(url, e)))
  })
}

function unreachable(url: string, e: NodeJS.ErrnoException): Error {
  return new Error(`${url} can't be reached: ${e.code === 'ECONNREFUSED' ? 'Connection refused' : e.message}`)
}

export function request(
  url: string,
  options: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body } = options
    const sent = http.request(url, { method, headers, agent: false }, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(parts) }))
      answer.on('error', reject)
    })
    sent.on('error', (e) => reject(unreachable(url, e)))
    sent.end(body)
  })
}

/** @throws Error naming the address when the answer is none of success */
export async function getJson<T>(url: string): Promise<T> {
  const { status, body } = await request(url, { headers: { accept: 'application/json' } })
  if (status !== 200) throw new Error(`${url} answered ${status}: ${body.toString('utf8').slice(0, 200)}`)
  return JSON.parse(body.toString('utf8')) as T
}
