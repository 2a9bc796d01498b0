/**
 * mapreduce_shuffle, the one auxiliary service there is: gives reducers the parts of map outputs that are theirs (Hadoop's
 * ShuffleHandler, a plug-in of the real NodeManager). Maps leave them below the application's folder; who asks proves that it
 * knows the job's token, and is given the proof back.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import http from 'node:http'
import type net from 'node:net'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Logger } from '../../common/daemon/daemon.js'
import { WritableReader, WritableWriter } from '../../common/security/writable.js'
import type { LocalDirs } from '../monitor/disks.js'
import { applicationDir, privateDir } from '../runtime/layout.js'

export const MAPREDUCE_SHUFFLE = 'mapreduce_shuffle'

/** Of each partition in an index file: where it starts, its bytes raw and as they are stored (SpillRecord). */
const INDEX_RECORD = 24

export interface ShuffleParts {
  readonly dirs: LocalDirs
  /** Whose application it is; undefined: not on this node. */
  readonly userOf: (application: string) => string | undefined
  readonly log: Logger
}

/** What is wrong with a request, and the status that says so. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}

export class ShuffleService {
  readonly #server: http.Server

  constructor(private readonly parts: ShuffleParts) {
    this.#server = http.createServer((request, response) => {
      this.#answer(request, response).catch((e) => {
        const status = e instanceof Refusal ? e.status : 500
        parts.log.warn(`shuffle: ${request.url} from ${request.socket.remoteAddress}: ${(e as Error).message}`)
        if (response.headersSent) response.destroy()
        else response.writeHead(status, { ...VERSION, 'content-type': 'text/plain; charset=UTF-8' }).end((e as Error).message)
      })
    })
  }

  async listen({ host, port }: { host: string; port: number }): Promise<{ readonly port: number }> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => resolve())
    })
    return { port: this.#port }
  }

  get #port(): number {
    return (this.#server.address() as net.AddressInfo).port
  }

  /** What a container's launch tells its application master of the service: where it listens. */
  get metaData(): Buffer {
    return new WritableWriter().int(this.#port).finish()
  }

  /**
   * A container of the job brought the job's token. It is kept with what else is private to the application, and goes with it: so
   * it is there after a restart as well.
   */
  initialize(application: string, token: Uint8Array): void {
    const file = this.#tokenFile(application)
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(file, token, { mode: 0o600 })
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await closed
  }

  #tokenFile(application: string): string {
    return path.join(privateDir(this.parts.dirs.localDirs[0]!, application), MAPREDUCE_SHUFFLE)
  }

  /** The password of the job's token, which is what requests are signed with. */
  #secret(application: string): Buffer {
    let token: Buffer
    try {
      token = readFileSync(this.#tokenFile(application))
    } catch {
      throw new Refusal(401, `no token of ${application} is known here`)
    }
    const reader = new WritableReader(token)
    reader.vbytes()
    return reader.vbytes()
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    if (request.method !== 'GET') throw new Refusal(405, 'only GET is served')
    if (request.headers.name !== VERSION.name || request.headers.version !== VERSION.version) throw new Refusal(400, 'Incompatible shuffle request version')
    const url = request.url ?? ''
    const query = new URL(url, 'http://localhost').searchParams
    const maps = query.getAll('map').flatMap((m) => m.split(','))
    const job = /^job_(\d+_\d+)$/.exec(query.get('job') ?? '')
    const reduce = Number(query.get('reduce') ?? Number.NaN)
    if (!job || !Number.isInteger(reduce) || reduce < 0 || maps.length === 0) throw new Refusal(400, 'Required param job, map and reduce')
    if (!maps.every((m) => /^attempt_\w+$/.test(m))) throw new Refusal(400, `Bad map parameter: ${maps.join(',')}`)
    const application = `application_${job[1]}`
    const secret = this.#secret(application)
    const sign = (text: string) => createHmac('sha1', secret).update(text).digest()
    const given = String(request.headers.urlhash ?? '')
    const hash = Buffer.from(given, 'base64')
    const right = sign(`${this.#port}${url}`)
    if (hash.length !== right.length || !timingSafeEqual(hash, right)) throw new Refusal(401, 'the request is not signed with the token of its job')
    const user = this.parts.userOf(application)
    if (user === undefined) throw new Refusal(404, `${application} is not on this node`)
    const outputs: MapOutput[] = []
    try {
      for (const map of maps) outputs.push(await this.#find(user, application, map, reduce))
      response.writeHead(200, {
        ...VERSION,
        ReplyHash: sign(given).toString('base64'),
        'content-length': outputs.reduce((n, o) => n + o.header.length + o.length, 0),
        ...(query.get('keepAlive') !== 'true' && { connection: 'close' }),
      })
      for (const o of outputs) {
        response.write(o.header)
        if (o.length === 0) continue
        await pipeline(o.file.createReadStream({ start: o.start, end: o.start + o.length - 1, autoClose: false }), response, { end: false })
      }
      response.end()
    } finally {
      await Promise.all(outputs.map((o) => o.file.close()))
    }
  }

  /** @throws Refusal where the map left nothing on any disk */
  async #find(user: string, application: string, map: string, reduce: number): Promise<MapOutput> {
    for (const local of this.parts.dirs.localDirs) {
      const output = path.join(applicationDir(local, user, application), 'output', map, 'file.out')
      const record = await readIndex(`${output}.index`, reduce)
      if (!record) continue
      const header = new WritableWriter().text(map).vlong(record.length).vlong(record.raw).vlong(reduce).finish()
      return { ...record, header, file: await open(output, 'r') }
    }
    throw new Refusal(404, `${map} left no output for reduce ${reduce} here`)
  }
}

const VERSION = { name: 'mapreduce', version: '1.0.0' }

interface MapOutput {
  /** A ShuffleHeader. */
  readonly header: Buffer
  readonly file: FileHandle
  readonly start: number
  readonly length: number
}

async function readIndex(file: string, reduce: number): Promise<{ start: number; raw: number; length: number } | undefined> {
  let index: FileHandle
  try {
    index = await open(file, 'r')
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw e
  }
  try {
    const bytes = Buffer.alloc(INDEX_RECORD)
    const { bytesRead } = await index.read(bytes, 0, INDEX_RECORD, reduce * INDEX_RECORD)
    if (bytesRead !== INDEX_RECORD) throw new Refusal(404, `${file} has no part ${reduce}`)
    const reader = new WritableReader(bytes)
    return { start: reader.long(), raw: reader.long(), length: reader.long() }
  } finally {
    await index.close()
  }
}
