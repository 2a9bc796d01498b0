/** The simulator's report in a real browser: values under the pointer, the reader's choice of colours, a phone. */
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compareRuns } from '../../../resourcemanager/simulator/compare/comparison.js'
import { writeReport } from '../../../resourcemanager/simulator/report/index.js'
import { simulatedRun } from '../../builders/simulated-run.js'
import { Browser, type Page, whyNoBrowser } from '../../harness/browser.js'

const at = (plot: number, x: number, y: number) =>
  `(() => { const svg = document.querySelectorAll('svg[data-hover]')[${plot}]; svg.scrollIntoView(); const b = svg.getBoundingClientRect();
    svg.dispatchEvent(new PointerEvent('pointermove', { clientX: b.left + b.width * ${x}, clientY: b.top + b.height * ${y}, bubbles: true }));
    const text = document.querySelector('.tip')?.textContent ?? ''; svg.dispatchEvent(new PointerEvent('pointerleave')); return text })()`

describe.skipIf(whyNoBrowser() !== undefined)('the simulator’s report', () => {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'report-page-'))
  let browser: Browser
  const open = (which: string, options = {}): Promise<Page> => browser.open(pathToFileURL(path.join(dir, which, 'report.html')).href, options)

  beforeAll(async () => {
    writeReport(simulatedRun(), path.join(dir, 'run'))
    const runs = (name: string, crowded: number) => ({ name, runs: [1, 2].map((seed) => simulatedRun({ seed, configuration: name, crowded })) })
    writeReport(compareRuns([runs('today', 1), runs('better', 0.5)]), path.join(dir, 'comparison'))
    browser = await Browser.launch()
  })
  afterAll(async () => {
    await browser?.close()
    rmSync(dir, { recursive: true, force: true })
  })

  it('says what is under the pointer', async () => {
    const page = await open('run')
    expect(await page.evaluate<string>(at(0, 0.5, 0.5))).toMatch(/^at \d+ min \d\d s.*in use {2}[\d.]+ (MiB|GiB|TiB)guarantee/)
    const heat = await page.evaluate<number>(`[...document.querySelectorAll('svg[data-hover]')].findIndex((s) => JSON.parse(s.dataset.hover).rows)`)
    expect(await page.evaluate<string>(at(heat, 0.5, 0.3))).toMatch(/^at .*node-\d+ {2}[\d.]+ %$/)
    expect(await page.evaluate<string>(at(0, 0.01, 0.5))).toBe('')
    await page.close()
  })

  it('is light or dark as its reader wants', async () => {
    const page = await open('run', { dark: true })
    const paper = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
    const dark = await paper()
    await page.click('#theme')
    expect(await paper()).not.toBe(dark)
    await page.click('#theme')
    expect(await paper()).toBe(dark)
    await page.close()
  })

  it.each(['run', 'comparison'])('fits a phone: the page of a %s does not scroll sideways', async (which) => {
    const page = await open(which, { width: 360, height: 780, phone: true })
    expect(await page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0)
    await page.close()
  })
})
