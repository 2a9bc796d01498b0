/** The ResourceManager's pages in a real browser, while a Flink job runs on a cluster as `bobbin up` starts it. */
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../../common/supervisor/layout.js'
import { Browser, type Page, whyNoBrowser } from '../../harness/browser.js'
import { TestCluster, waitFor } from '../../harness/cluster.js'
import { lineServer } from '../cluster.js'

const PHONE = { width: 360, height: 780, phone: true }
const PAGES = ['/cluster', '/cluster/nodes', '/cluster/scheduler', '/cluster/cluster', '/docs', '/logs']

describe.skipIf(whyNoBrowser() !== undefined)('the ResourceManager’s pages during a Flink job', () => {
  let cluster: TestCluster
  let lines: Awaited<ReturnType<typeof lineServer>>
  let browser: Browser
  let web: string
  let id: string
  const pages: Page[] = []
  const open = async (at: string, options = {}) => {
    const page = await browser.open(`${web}${at}`, options)
    pages.push(page)
    return page
  }

  beforeAll(async () => {
    cluster = await TestCluster.start({ nodes: 2 })
    web = `http://${cluster.daemon('resourcemanager').web}`
    lines = await lineServer(['to be or', 'not to be'])
    const jar = path.join(root, 'examples/stream-word-count.jar')
    const run = await cluster.run('flink', [
      'run',
      '-t',
      'yarn-per-job',
      '-d',
      '-Dyarn.application.name=word count',
      '-c',
      'com.example.wc.StreamWordCount',
      jar,
      '-host',
      '127.0.0.1',
      '-port',
      String(lines.port),
    ])
    id = /application_\d+_\d+/.exec(run.stdout + run.stderr)?.[0] ?? ''
    expect(run).toMatchObject({ code: 0 })
    browser = await Browser.launch()
  })
  afterAll(async () => {
    await browser?.close()
    lines?.close()
    await cluster?.stop()
  })

  it('lead from / through the application, its containers’ logs and Flink’s page behind the proxy', async () => {
    const page = await open('/')
    expect(await page.url()).toBe(`${web}/cluster`)
    await page.waitForText(id, 'tbody')
    await page.waitForText(/running/, 'tbody .badge')
    await page.follow('tbody a', 'word count')
    expect(await page.url()).toBe(`${web}/cluster/app/${id}`)
    await page.waitForText(/Apache Flink/, 'dl')
    await page.waitForText(/appattempt_\d+_\d+_000001/)
    // The TaskManager comes while one looks.
    await page.waitFor('two containers', "document.querySelectorAll('tbody tr[id^=container_]').length >= 2")
    await page.follow('tbody tr[id^=container_] a', 'logs')
    await page.waitForText(/jobmanager|taskmanager/)
    await page.goto(`${web}/cluster/app/${id}`)
    await page.follow('dl a', 'Flink')
    expect(await page.url()).toContain(`/proxy/${id}/`)
    await page.waitForText(/1 jobs running/)
    await page.click('details summary')
    await page.waitForText(/parallel/, 'details')
    await page.waitForText('output', '.tm')
    await page.goto(`${web}/cluster`)
    await page.follow('nav a', 'Nodes')
    await page.waitFor('two nodes', "document.querySelectorAll('tbody tr').length === 2")
    await page.follow('nav a', 'Queues')
    await page.click('.queue summary')
    await page.waitFor('the limits are shown', "document.querySelector('.queue details').open")
    await page.follow('.queue h2 a', 'default')
    await page.waitForText(id, 'tbody')
    await page.follow('nav a', 'About')
    await page.waitForText('CapacityScheduler')
    await page.follow('nav a', 'REST')
    await page.waitForText('/ws/v1/cluster/apps')
  })

  it('show what changes without being loaded again, and keep what the reader does', async () => {
    const page = await open(`/cluster`)
    await page.waitForText(id, 'tbody')
    await page.evaluate("window.here = true; document.querySelector('input[type=search]').focus()")
    const before = await page.evaluate<number>("performance.getEntriesByType('navigation').length")
    const queues = await open('/cluster/scheduler')
    await queues.click('#queue-root\\.default summary')
    await page.fill('input[type=search]', 'word')
    await page.waitFor('the address tells the search', "location.search === '?q=word'")
    const second = await cluster.run('flink', [
      'run',
      '-t',
      'yarn-per-job',
      '-d',
      '-Dyarn.application.name=second',
      '-c',
      'com.example.wc.StreamWordCount',
      path.join(root, 'examples/stream-word-count.jar'),
      '-host',
      '127.0.0.1',
      '-port',
      String(lines.port),
    ])
    expect(second.code).toBe(0)
    await page.waitFor('the search leaves one', "document.querySelectorAll('tbody tr').length === 1")
    await page.fill('input[type=search]', '')
    await page.waitForText('second', 'tbody')
    expect(await page.evaluate("window.here && document.activeElement.type === 'search'")).toBe(true)
    expect(await page.evaluate("performance.getEntriesByType('navigation').length")).toBe(before)
    const other = /application_\d+_\d+/.exec(second.stdout + second.stderr)![0]
    expect((await cluster.run('yarn', ['application', '-kill', other])).code).toBe(0)
    await page.waitForText('killed', `#${other}`)
    // Opened by the reader, and open after what the server sent since.
    await queues.waitForText(/1 active/, '#queue-root\\.default')
    expect(await queues.evaluate("document.querySelector('#queue-root\\\\.default details').open")).toBe(true)
    await page.follow('th a', 'Application')
    expect(await page.evaluate("document.querySelector('th[aria-sort=descending]').innerText")).toMatch(/Application/)
    await page.follow('.chips a', 'Killed 1')
    await page.waitFor('one', "document.querySelectorAll('tbody tr').length === 1")
  })

  it('fit a phone, have names for who listens, and ask nobody else for anything', async () => {
    for (const at of [...PAGES, `/cluster/app/${id}`]) {
      const page = await open(at, PHONE)
      await page.waitFor(`${at} is there`, "document.querySelector('h1')")
      expect([at, await page.scrollsSideways()]).toEqual([at, false])
      expect([at, await page.nameless()]).toEqual([at, []])
      await page.colours('dark')
      expect([at, await page.evaluate('getComputedStyle(document.documentElement).colorScheme')]).toEqual([at, 'light dark'])
    }
    for (const page of pages) {
      const elsewhere = page.requests.filter((url) => !/^(data:|http:\/\/(localhost|127\.0\.0\.1):)/.test(url))
      expect(elsewhere).toEqual([])
    }
  })

  it('say when the ResourceManager does not answer, and go on when it is back', async () => {
    const page = await open('/cluster')
    await page.waitForText('live', '#live')
    await cluster.kill('resourcemanager')
    await page.waitForText('no answer', '#live')
    await cluster.cluster.restart('resourcemanager')
    await waitFor(
      'it is back',
      () =>
        fetch(`${web}/isActive`).then(
          (r) => r.ok,
          () => false,
        ),
      30_000,
    )
    await page.waitForText('live', '#live')
    await page.waitForText(id, 'tbody')
  })

  it('complained of nothing', () => {
    const own = pages.flatMap((p) => p.errors).filter((e) => !/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/.test(e))
    expect(own).toEqual([])
  })
})
