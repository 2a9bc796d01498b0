/** Where the engine's processes listen: hosts and ports as Flink's options name them. */

/** `localhost` may also be ::1, where a client that takes 127.0.0.1 finds nobody. */
export function listenHost(host: string): string {
  return host === 'localhost' ? '127.0.0.1' : host
}

/** Ports of a list of ports and ranges, in order. @throws Error naming the text */
export function parsePorts(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const m = /^\s*(\d+)\s*(?:-\s*(\d+)\s*)?$/.exec(part)
    const from = Number(m?.[1])
    const to = Number(m?.[2] ?? m?.[1])
    if (!m || from > to || to > 65535) throw new Error(`"${text}" is no port, range (8081-8090) or list (8081,8083) of ports`)
    return Array.from({ length: to - from + 1 }, (_, i) => from + i)
  })
}

/** The first of them that is free. @throws Error in Flink's words when none is */
export async function listenOnFirst(ports: string, what: string, listen: (port: number) => Promise<number>): Promise<number> {
  for (const port of parsePorts(ports)) {
    try {
      return await listen(port)
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw e
    }
  }
  throw new Error(`Could not start ${what} on any port in port range ${ports}`)
}
