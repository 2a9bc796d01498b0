/** `hdfs fsck`: asks the NameNode's web address, which checks and reports. */
import http from 'node:http'
import { clientProtocol } from '../../../common/protocols/client-namenode.js'
import { defaultUser, normalize, resolveNameService } from '../../client/index.js'
import { GENERIC_OPTIONS_HELP, readGenericOptions } from '../generic-options.js'
import { parsePath } from '../shell/file-system.js'
import { Terminal } from './terminal.js'

/** Options and what they are in the query. */
const FLAGS: Record<string, string> = {
  '-move': 'move',
  '-delete': 'delete',
  '-files': 'files',
  '-openforwrite': 'openforwrite',
  '-blocks': 'blocks',
  '-locations': 'locations',
  '-racks': 'racks',
  '-replicaDetails': 'replicadetails',
  '-upgradedomains': 'upgradedomains',
  '-storagepolicies': 'storagepolicies',
  '-showprogress': 'showprogress',
  '-list-corruptfileblocks': 'listcorruptfileblocks',
  '-includeSnapshots': 'includeSnapshots',
  '-maintenance': 'maintenance',
}

const USAGE = [
  'Usage: hdfs fsck <path> [-list-corruptfileblocks | [-move | -delete | -openforwrite] [-files [-blocks [-locations | -racks | -replicaDetails | -upgradedomains]]]] [-includeSnapshots] [-showprogress] [-storagepolicies] [-maintenance] [-blockId <blk_Id>] [-replicate]',
  '\t<path>\tstart checking from this path',
  '\t-move\tmove corrupted files to /lost+found',
  '\t-delete\tdelete corrupted files',
  '\t-files\tprint out files being checked',
  '\t-openforwrite\tprint out files opened for write',
  '\t-includeSnapshots\tinclude snapshot data if the given path indicates a snapshottable directory or there are snapshottable directories under it',
  '\t-list-corruptfileblocks\tprint out list of missing blocks and files they belong to',
  '\t-files -blocks\tprint out block report',
  '\t-files -blocks -locations\tprint out locations for every block',
  '\t-files -blocks -racks\tprint out network topology for data-node locations',
  '\t-files -blocks -replicaDetails\tprint out each replica details ',
  '\t-files -blocks -upgradedomains\tprint out upgrade domains for every block',
  '\t-storagepolicies\tprint out storage policy summary for the blocks',
  '\t-maintenance\tprint out maintenance state node details',
  '\t-showprogress\tDeprecated. Progress is now shown by default',
  '\t-blockId\tprint out which file this blockId belongs to, locations (nodes, racks) of this block, and other diagnostics info (under replicated, corrupted or not, etc)',
  '\t-replicate initiate replication work to make mis-replicated\n blocks satisfy block placement policy',
  '',
  'Please Note:',
  '',
  '\t1. By default fsck ignores files opened for write, use -openforwrite to report such files. They are usually  tagged CORRUPT or HEALTHY depending on their block allocation status',
  '\t2. Option -includeSnapshots should not be used for comparing stats, should be used only for HEALTH check, as this may contain duplicates if the same file present in both original fs tree and inside snapshots.',
  '',
  GENERIC_OPTIONS_HELP,
].join('\n')

export async function fsck(args: readonly string[]): Promise<number> {
  const { conf, rest } = readGenericOptions(args)
  const t = new Terminal(conf)
  const query = new URLSearchParams({ ugi: defaultUser() })
  let path: string | undefined
  let given = ''
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i]!
    const name = FLAGS[word]
    if (name) query.set(name, '1')
    else if (word === '-blockId') {
      let ids = ''
      while (rest[i + 1] !== undefined && !rest[i + 1]!.startsWith('-')) ids += `${rest[++i]} `
      query.set('blockId', ids)
    } else if (word === '-replicate') query.set('replicate', '1')
    else if (!word.startsWith('-') && path === undefined) {
      given = word
      path = parsePath(word).path
    } else {
      t.error(`fsck: ${word.startsWith('-') ? 'Illegal option' : 'can only operate on one path at a time'} '${word}'\n${USAGE}`)
      return 255
    }
  }
  if (path === undefined) {
    if (rest.length === 0) {
      t.error(USAGE)
      return 255
    }
    path = '/'
  }
  const src = normalize(path.startsWith('/') ? path : `/user/${defaultUser()}/${path}`)
  query.set('path', src)
  return t.finish('fsck', async () => {
    const { fs } = await t.proxy(clientProtocol, ...t.namenodes.map((n) => n.rpc)).getFileInfo({ src })
    if (fs) return ask(t, query)
    t.error(
      `FileSystem is inaccessible due to:\njava.io.FileNotFoundException: File does not exist: ${given.startsWith('/') ? '' : `hdfs://${resolveNameService(conf).authority}`}${src}\nDFSck exiting.`,
    )
    return 0
  })
}

async function ask(t: Terminal, query: URLSearchParams): Promise<number> {
  let failure: Error | undefined
  for (const node of t.namenodes) {
    if (!node.http) continue
    // An address to listen on is not one to ask.
    const host = node.http.host === '0.0.0.0' ? node.rpc.host : node.http.host
    const url = `http://${host}:${node.http.port}/fsck?${query}`
    try {
      const answer = await get(url)
      t.error(`Connecting to namenode via ${url}`)
      if (answer.statusCode !== 200) {
        answer.resume()
        t.error(`java.io.IOException: Server returned HTTP response code: ${answer.statusCode} for URL: ${url}`)
        return 1
      }
      return await (query.has('listcorruptfileblocks') ? showCorrupt(t, answer, url) : show(t, answer))
    } catch (e) {
      failure = e as Error
    }
  }
  t.error(`FileSystem is inaccessible due to:\n${failure?.message ?? 'no web address of a NameNode is configured (dfs.namenode.http-address)'}\nDFSck exiting.`)
  return 255
}

function get(url: string): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    http.get(url, resolve).on('error', (e) => reject(new Error(`${new URL(url).host}: ${e.message}`)))
  })
}

const ENDINGS: readonly [string, number][] = [
  ['is HEALTHY', 0],
  ['is CORRUPT', 1],
  ['does not exist', 0],
  ['has no CORRUPT files', 0],
  ['Incorrect blockId format', 0],
  ['EXCESS', 0],
  ['is DECOMMISSIONED', 2],
  ['is DECOMMISSIONING', 3],
  ['is IN MAINTENANCE', 4],
  ['is ENTERING MAINTENANCE', 5],
  ['is STALE', 6],
]

/** @returns the exit code that the report's last line stands for */
async function show(t: Terminal, answer: http.IncomingMessage): Promise<number> {
  let last = ''
  answer.setEncoding('utf8')
  for await (const text of answer) {
    t.print(text as string)
    last = (last + text).slice(-4096)
  }
  const line = last.trimEnd().split('\n').at(-1) ?? ''
  return ENDINGS.find(([words]) => line.includes(words))?.[1] ?? 255
}

/** The NameNode's list of corrupt files, page by page, with the count that makes a sentence of it. */
async function showCorrupt(t: Terminal, first: http.IncomingMessage, url: string): Promise<number> {
  const path = new URL(url).searchParams.get('path')
  let count = 0
  for (let answer = first; ; ) {
    let text = ''
    answer.setEncoding('utf8')
    for await (const part of answer) text += part
    const blocks = text.split('\n').filter((line) => /^blk_/.test(line))
    if (count === 0 && blocks.length > 0) t.line(`The list of corrupt files under path '${path}' are:`)
    for (const line of blocks) t.line(line)
    count += blocks.length
    const cookie = /^Cookie:\t(\d+)$/m.exec(text)?.[1]
    if (blocks.length === 0 || !cookie) break
    answer = await get(`${url}&startblockafter=${cookie}`)
  }
  t.line(`The filesystem under path '${path}' has ${count} CORRUPT files`)
  return count === 0 ? 0 : 255
}
