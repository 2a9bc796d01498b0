import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type JobGraph, executionPlan, parseJobGraph, requiredSlots } from '../../../flink-yarn/jobgraph/index.js'
import { type JobJar, buildJobGraph, loadJobJar, packJar, runMain } from '../../../flink-yarn/program/index.js'

const sources = path.resolve(import.meta.dirname, '../../../examples/jobs')
let folder: string
let jar: JobJar

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'flink-program-'))
  const out = path.join(folder, 'words.jar')
  await packJar(sources, out, { mainClass: 'com.example.wc.StreamWordCount' })
  jar = await loadJobJar(out)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a job jar', () => {
  it('names its classes and its main class', () => {
    expect(jar.kind).toBe('javascript')
    expect(jar.mainClass).toBe('com.example.wc.StreamWordCount')
    expect(jar.classes).toContain('com.example.wc.TwoJobs')
  })

  it('is the same for the same sources', async () => {
    const again = path.join(folder, 'again.jar')
    await packJar(sources, again, { mainClass: 'com.example.wc.StreamWordCount' })
    expect((await loadJobJar(again)).sha256).toBe(jar.sha256)
  })

  it('that is missing, or no zip, is refused by name', async () => {
    await expect(loadJobJar(path.join(folder, 'nosuch.jar'))).rejects.toThrow(/^JAR file does not exist: .*nosuch\.jar$/)
    const broken = path.join(folder, 'broken.jar')
    writeFileSync(broken, 'not a zip')
    await expect(loadJobJar(broken)).rejects.toThrow(/Error while opening jar file .*broken\.jar/)
  })

  it('folds long manifest lines and reads them back', async () => {
    const name = `${'deep/'.repeat(30)}Job`
    const from = path.join(folder, 'deep')
    mkdirSync(path.dirname(path.join(from, name)), { recursive: true })
    writeFileSync(path.join(from, `${name}.js`), 'export function main() {}')
    const out = path.join(folder, 'deep.jar')
    await packJar(from, out, { mainClass: name.replaceAll('/', '.') })
    expect((await loadJobJar(out)).mainClass).toBe(name.replaceAll('/', '.'))
  })

  it('is not packed without its main class', async () => {
    await expect(packJar(sources, path.join(folder, 'x.jar'), { mainClass: 'no.such.Main' })).rejects.toThrow('no module no/such/Main.js')
  })
})

describe('a job graph', () => {
  const args = ['-host', 'localhost', '--port', '7777']

  it("has the operator ids and chains of Flink's own graph of the same program", async () => {
    const graph = await buildJobGraph(jar, { args, parallelism: 2 })
    expect(graph.vertices.map((v) => [v.id, v.name, v.parallelism])).toEqual([
      ['bc764cd8ddf7a0cff126f51c16239658', 'Source: Socket Stream', 1],
      ['0a448493b4782967b150582570326227', 'Flat Map', 2],
      ['e70bbd798b564e0a50e10e343f1ac56b', 'Keyed Aggregation -> Sink: Print to Std. Out', 2],
    ])
    expect(graph.edges.map((e) => [e.partitioner, e.chained, e.recordType])).toEqual([
      ['REBALANCE', false, 'STRING'],
      ['HASH', false, 'TUPLE<STRING, LONG>'],
      ['FORWARD', true, 'TUPLE<STRING, LONG>'],
    ])
    expect(requiredSlots(graph)).toBe(2)
    expect(JSON.parse(executionPlan(graph)).nodes.map((n: { id: number }) => n.id)).toEqual([1, 2, 4, 5])
    expect(executionPlan(graph)).toContain('"predecessors" : [ {\n      "id" : 1,')
    expect(parseJobGraph(JSON.stringify(graph))).toEqual(graph)
  })

  it('has the same hash for each run of main, another for another graph', async () => {
    const hash = async (p: number) => (await buildJobGraph(jar, { args, parallelism: p })).hash
    expect(await hash(2)).toBe(await hash(2))
    expect(await hash(2)).not.toBe(await hash(1))
  })

  it('comes from main up to the wanted execute()', async () => {
    const earlier = [{ jobId: 'a'.repeat(32), detached: false, netRuntime: 5 }]
    expect((await buildJobGraph(jar, { entryClass: 'com.example.wc.TwoJobs', args: [], earlier })).name).toBe('job 2 of 2')
  })

  it('needs an entry class that is there, and a main that gets to execute()', async () => {
    await expect(buildJobGraph(jar, { entryClass: 'no.such.Main', args })).rejects.toThrow(
      /^The program's entry point class 'no.such.Main' was not found in the jar file.\nIt has: com.example.wc.BoundedWordCount, /,
    )
    await expect(buildJobGraph(jar, { entryClass: 'com.example.wc.Fails', args: ['--main', 'true'] })).rejects.toThrow(
      'The main method caused an error: main fails on purpose',
    )
    await expect(buildJobGraph(jar, { args: [] })).rejects.toThrow("No data for required key 'host'")
  })
})

describe('a main that goes on after a failed job', () => {
  it('is run again for its second job as it ran: its first execute() throws', async () => {
    const from = path.join(folder, 'retries')
    mkdirSync(from)
    writeFileSync(
      path.join(from, 'Retries.js'),
      `import { StreamExecutionEnvironment } from 'bobbin/streaming'
       export default async () => {
         const env = StreamExecutionEnvironment.getExecutionEnvironment()
         env.fromElements(1).print()
         try { await env.execute('first') } catch (e) { env.fromElements(1).map((n) => n).name(e.message).print() }
         await env.execute()
       }`,
    )
    await packJar(from, path.join(folder, 'retries.jar'), { mainClass: 'Retries' })
    const retries = await loadJobJar(path.join(folder, 'retries.jar'))
    const graphs: JobGraph[] = []
    const executor = {
      submit: async (graph: JobGraph) => {
        graphs.push(graph)
        const result = async () => {
          if (graph.name === 'first') throw new Error('it failed')
          return { jobId: graph.jobId, netRuntime: 1 }
        }
        return { jobId: graph.jobId, result }
      },
    }
    await runMain(retries, { args: [], executor, configuration: { 'pipeline.name': 'from the options' } })
    const [, second] = graphs
    expect(second).toMatchObject({ name: 'from the options', earlier: [{ detached: false, failure: 'it failed' }] })
    expect(second!.vertices[0]!.name).toContain('it failed')
    expect((await buildJobGraph(retries, { args: [], earlier: second!.earlier })).hash).toBe(second!.hash)
  })
})

describe('running main', () => {
  it('gives several jobs for several execute() calls, with what came before', async () => {
    const names: string[] = []
    const executor = {
      submit: async (graph: { jobId: string; name: string; earlier: readonly unknown[] }) => {
        names.push(`${graph.name} after ${graph.earlier.length}`)
        return { jobId: graph.jobId, result: async () => ({ jobId: graph.jobId, netRuntime: 1 }) }
      },
    }
    expect(await runMain(jar, { entryClass: 'com.example.wc.TwoJobs', args: [], executor })).toEqual({ jobs: 2 })
    expect(names).toEqual(['job 1 of 2 after 0', 'job 2 of 2 after 1'])
  })

  it("wraps what execute() throws in Flink's words", async () => {
    class ProgramInvocationException extends Error {
      readonly className = 'org.apache.flink.client.program.ProgramInvocationException'
    }
    const executor = {
      submit: async () => {
        throw new ProgramInvocationException('Job failed (JobID: x)')
      },
    }
    await expect(runMain(jar, { entryClass: 'com.example.wc.TwoJobs', args: [], executor })).rejects.toThrow(
      'The main method caused an error: org.apache.flink.client.program.ProgramInvocationException: Job failed (JobID: x)',
    )
  })
})
