/** yarn daemonlog: how much a daemon writes into its log, read or set while it runs. */
import { type Context, FAILED } from './command.js'
import { request } from './http.js'

const USAGE = `
Usage: General options are:
	[-getlevel <host:port> <classname> [-protocol (http|https)]
	[-setlevel <host:port> <classname> <level> [-protocol (http|https)]
`

export async function daemonlog(args: readonly string[], context: Context): Promise<number> {
  const [verb, address, name, level] = args
  const sets = verb === '-setlevel'
  if ((!sets && verb !== '-getlevel') || !address || !name || (sets && !level)) {
    context.err(USAGE.trim())
    return FAILED
  }
  const query = new URLSearchParams({ log: name, ...(sets && { level: level! }) })
  const url = `http://${address}/logLevel?${query}`
  context.out(`Connecting to ${url}`)
  const { status, body } = await request(url)
  if (status !== 200) throw new Error(`${url} answered ${status}`)
  // What is for this program is marked as such; the rest is for people.
  for (const line of body.toString('utf8').split('\n')) if (line.includes(MARKER)) context.out(line.replace(MARKER, '').replace(/<[^<>]*>/g, ''))
  return 0
}

const MARKER = '<!-- OUTPUT -->'
