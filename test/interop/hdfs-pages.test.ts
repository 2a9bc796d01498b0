/** The page at the NameNode's address, in a real browser: as a person uses it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DfsClient } from '../../hdfs-lite/client/index.js'
import { Browser, type Page, whyNoBrowser } from '../harness/browser.js'
import { type HdfsCluster, hdfsCluster } from '../harness/hdfs.js'

/** Where screenshots go, for whoever wants to look. */
const shots = process.env.BOBBIN_SCREENSHOTS

describe.skipIf(whyNoBrowser())('the NameNode’s page', () => {
  let cluster: HdfsCluster
  let client: DfsClient
  let browser: Browser
  let page: Page

  const shot = async (name: string, of = page) => {
    if (shots) {
      mkdirSync(shots, { recursive: true })
      await of.screenshot(path.join(shots, `hdfs-${name}.png`))
    }
  }

  beforeAll(async () => {
    cluster = await hdfsCluster(2, { 'hadoop.http.staticuser.user': process.env['USER'] ?? 'root' })
    await cluster.start('namenode')
    await Promise.all([cluster.start('datanode-1'), cluster.start('datanode-2')])
    client = new DfsClient(cluster.conf)
    await client.mkdirs('/data/<b>bold & "quoted"')
    await client.mkdirs('/data/ein Ordner/日本語')
    await client.writeFile('/data/words.txt', `the first line\n${'middle\n'.repeat(20_000)}the last line\n`, { blockSize: 65_536 })
    for (let i = 0; i < 12; i++) await client.writeFile(`/data/part-0000${i}`, `${i}`)
    browser = await Browser.launch()
    page = await browser.open(`${cluster.namenodeHttp}/`)
  })

  afterAll(async () => {
    await browser?.close()
    client?.close()
    await cluster?.close()
  })

  it('browses directories, with whatever names they have', async () => {
    await page.waitForText('data/')
    await page.click('td a', 'data/')
    await page.waitForText('words.txt')
    await page.waitForText('<b>bold & "quoted"/')
    await shot('files')
    await page.click('td a', 'ein Ordner/')
    await page.click('td a', '日本語/')
    await page.waitForText('Nothing here yet')
    await page.click('.crumbs a', 'data')
    await page.waitForText('words.txt')
    await page.fill('input[type=search]', 'WORDS')
    await page.waitFor(
      'only what fits',
      'getComputedStyle([...document.querySelectorAll("tbody tr")].find((r) => /part-00001/.test(r.textContent))).display === "none"',
    )
  })

  it('shows head and tail of a file, and where its blocks are', async () => {
    await page.click('td button.link', 'words.txt')
    await page.waitForText('Blocks', 'dialog')
    await page.click('dialog button', 'Head of the file')
    await page.waitForText('the first line', '#text')
    await shot('file')
    await page.click('dialog button', 'Tail of the file')
    await page.waitForText('the last line', '#text')
    const { blocks } = (await client.namenode.getBlockLocations({ src: '/data/words.txt', offset: 0, length: 1e9 })).locations!
    expect(blocks.length).toBeGreaterThan(1)
    const text = await page.text('dialog')
    for (const b of blocks) {
      expect(text).toContain(`${b.b.blockId}_${b.b.generationStamp}`)
      for (const node of b.locs) expect(text).toContain(`${node.id.hostName}:${node.id.xferPort}`)
    }
    const href = await page.evaluate<string>('[...document.querySelectorAll("dialog a")].find((a) => a.innerText === "Download").href')
    expect(await (await fetch(href)).text()).toContain('the last line')
    await page.click('dialog .close')
  })

  it('uploads files', async () => {
    await page.goto(`${cluster.namenodeHttp}/explorer.html#/data`)
    await page.waitForText('words.txt')
    const local = path.join(cluster.dir, 'uploaded ü.bin')
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31) & 255))
    writeFileSync(local, bytes)
    const { result } = await page.send('Runtime.evaluate', { expression: 'document.querySelector("#upload")' })
    await page.send('DOM.setFileInputFiles', { files: [local], objectId: result.objectId })
    await page.waitForText('uploaded ü.bin is stored', '#message')
    await page.waitForText('uploaded ü.bin', 'table')
    expect((await client.readFile('/data/uploaded ü.bin')).equals(bytes)).toBe(true)
  })

  it('makes directories, moves and deletes', async () => {
    await page.click('button', 'New directory')
    await page.fill('dialog input', 'made here')
    await page.press('Enter')
    await page.waitForText('made here/', 'table')
    await page.click('button[aria-label="Change made here"]')
    await page.click('dialog button', 'Rename')
    await page.fill('dialog input', '/data/moved')
    await page.press('Enter')
    await page.waitForText('moved/', 'table')
    expect(await client.exists('/data/moved')).toBe(true)
    await page.click('button[aria-label="Change moved"]')
    await page.click('dialog button', 'Delete')
    await shot('delete')
    await page.click('dialog .danger', 'Delete')
    await page.waitFor('the row is gone', '!document.querySelector("table").innerText.includes("moved/")')
    expect(await client.exists('/data/moved')).toBe(false)
  })

  it('takes snapshots, and shows them', async () => {
    await page.click('nav a', 'Files')
    await page.click('button[aria-label="Change data"]')
    await page.click('dialog button', 'Allow snapshots')
    await page.waitFor('the dialog is closed', '!document.querySelector("dialog").open')
    await page.click('button[aria-label="Change data"]')
    await page.click('dialog button', 'Take a snapshot')
    await page.fill('dialog input', 'before')
    await page.press('Enter')
    await page.waitFor('the dialog is closed', '!document.querySelector("dialog").open')
    await client.delete('/data/part-00003', false)
    await page.click('nav a', 'Snapshots')
    await page.click('td a', 'before')
    await page.waitForText('part-00003', 'table')
    await shot('snapshot')
  })

  it('shows space and DataNodes', async () => {
    await page.goto(`${cluster.namenodeHttp}/dfshealth.html`)
    await page.waitForText(/2\s*live DataNodes/)
    await shot('overview')
    await page.click('nav a', 'DataNodes')
    await page.waitForText('In Service', 'table')
    expect((await page.text('table')).match(/localhost:\d+/g)?.length).toBe(2)
    await shot('datanodes')
  })

  it('says why something is refused', async () => {
    await page.goto(`${cluster.namenodeHttp}/explorer.html#/`)
    await page.waitForText('data/')
    await page.fill('#user', 'stranger')
    await page.press('Enter')
    await page.click('button', 'New directory')
    await page.fill('dialog input', 'forbidden')
    await page.press('Enter')
    await page.waitForText(/Permission denied: user=stranger, access=WRITE/, '#message')
    await page.evaluate('location.hash = "#/nowhere"')
    await page.waitForText('File does not exist: /nowhere')
    await page.evaluate('localStorage.clear()')
  })

  it('is of use on a phone, and to those who listen to it', async () => {
    const phone = await browser.open(`${cluster.namenodeHttp}/explorer.html#/data`, { width: 390, height: 844, phone: true, dark: true })
    await phone.waitForText('words.txt')
    expect(await phone.scrollsSideways()).toBe(false)
    expect(await phone.nameless()).toEqual([])
    const tallest = 'Math.max(...[...document.querySelectorAll("tbody tr")].map((r) => r.offsetHeight))'
    expect(await phone.evaluate<number>(tallest)).toBeLessThan(120)
    await shot('phone', phone)
    await phone.click('td button.link', 'words.txt')
    await phone.waitForText('Blocks', 'dialog')
    await shot('phone-file', phone)
    await phone.goto(`${cluster.namenodeHttp}/dfshealth.html#tab-datanode`)
    await phone.waitForText('In Service')
    expect(await phone.scrollsSideways()).toBe(false)
    await shot('phone-datanodes', phone)
    // Two of the requests above were refused on purpose; nothing else went wrong, and nothing came from anywhere else.
    expect([...page.errors, ...phone.errors].filter((e) => !/40[34] \(/.test(e))).toEqual([])
    expect([...page.requests, ...phone.requests].filter((u) => !/^(http:\/\/(127\.0\.0\.1|localhost):\d+\/|data:,$)/.test(u))).toEqual([])
  })
})
