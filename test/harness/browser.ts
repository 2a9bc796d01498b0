/**
 * A real browser for tests of pages: the system's Chromium without a window, spoken to over its DevTools protocol on a pipe.
 * Clicks and keys are the browser's own input events, at places where a person could click.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Readable, Writable } from 'node:stream'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const required = process.env.CI === 'true' || process.env.BOBBIN_INTEROP === 'required'

function program(): string | undefined {
  if (process.env.BOBBIN_BROWSER === 'none') return undefined
  if (process.env.BOBBIN_BROWSER) return process.env.BOBBIN_BROWSER
  return NAMES.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0)
}

/** Why tests that need a browser can't run here; undefined when they can. @throws Error instead where they are mandatory */
export function whyNoBrowser(): string | undefined {
  if (program()) return undefined
  const reason = `tests of pages need a browser: install chromium, or name one with BOBBIN_BROWSER (looked for ${NAMES.join(', ')})`
  if (required && process.env.BOBBIN_BROWSER !== 'none') throw new Error(reason)
  process.stderr.write(`test:interop: skipped, ${reason}\n`)
  return reason
}

export interface PageOptions {
  /** CSS pixels (1280 x 800). */
  readonly width?: number
  readonly height?: number
  readonly dark?: boolean
  /** Touch, a phone's scale, the viewport that the page asks for. */
  readonly phone?: boolean
}

type Params = Readonly<Record<string, unknown>>
interface Message {
  readonly id?: number
  readonly sessionId?: string
  readonly method?: string
  // Answers and events of a protocol with hundreds of shapes.
  readonly params?: any
  readonly result?: any
  readonly error?: { readonly message: string }
}

/** Longest that a page may take for one thing; a loaded machine is slow, a broken page never answers. */
const LIMIT = 30_000

export class Browser {
  readonly #waiting = new Map<number, { resolve: (result: Message['result']) => void; reject: (error: Error) => void }>()
  readonly #listeners = new Map<string, (message: Message) => void>()
  readonly #input: Writable
  readonly #gone: Promise<void>
  #lastId = 0

  private constructor(
    private readonly child: ChildProcess,
    private readonly profile: string,
  ) {
    this.#input = child.stdio[3] as Writable
    // Writing to a browser that is gone fails here; whoever waits hears of it by its end.
    this.#input.on('error', () => {})
    let rest = ''
    ;(child.stdio[4] as Readable).setEncoding('utf8').on('data', (text: string) => {
      const messages = (rest + text).split('\0')
      rest = messages.pop()!
      for (const m of messages) this.#received(JSON.parse(m))
    })
    this.#gone = new Promise((resolve) => {
      const ended = () => {
        for (const { reject } of this.#waiting.values()) reject(new Error('the browser has ended'))
        this.#waiting.clear()
        resolve()
      }
      child.once('error', ended)
      child.once('close', ended)
    })
  }

  static async launch(): Promise<Browser> {
    const profile = mkdtempSync(path.join(os.tmpdir(), 'bobbin-browser-'))
    const args = [
      '--headless=new',
      '--remote-debugging-pipe',
      `--user-data-dir=${profile}`,
      '--no-first-run',
      '--no-default-browser-check',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-dev-shm-usage',
      '--disable-extensions',
      '--disable-gpu',
      '--disable-sync',
      '--hide-scrollbars',
      '--mute-audio',
      '--no-proxy-server',
      // A container has no user namespaces for the sandbox, and root may not use it.
      '--no-sandbox',
    ]
    const browser = new Browser(spawn(program() ?? NAMES[0]!, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] }), profile)
    await browser.send('Browser.getVersion')
    return browser
  }

  #received(message: Message): void {
    if (message.id === undefined) {
      if (message.sessionId) this.#listeners.get(message.sessionId)?.(message)
      return
    }
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (message.error) waiting?.reject(new Error(message.error.message))
    else waiting?.resolve(message.result)
  }

  /** One command of the DevTools protocol. */
  send(method: string, params: Params = {}, sessionId?: string): Promise<Message['result']> {
    const id = ++this.#lastId
    const answered = new Promise<Message['result']>((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    const late = setTimeout(() => this.#waiting.get(id)?.reject(new Error(`${method}: no answer within ${LIMIT} ms`)), LIMIT)
    this.#input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    return answered.finally(() => clearTimeout(late))
  }

  /** A new tab, with the URL loaded if one is given. */
  async open(url?: string, options: PageOptions = {}): Promise<Page> {
    const { browserContextId } = await this.send('Target.createBrowserContext')
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank', browserContextId })
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true })
    const page = new Page((method, params) => this.send(method, params, sessionId))
    this.#listeners.set(sessionId, (m) => page.heard(m.method!, m.params))
    await page.prepare(options)
    if (url !== undefined) await page.goto(url)
    return page
  }

  async close(): Promise<void> {
    this.send('Browser.close').catch(() => {})
    const stuck = setTimeout(() => this.child.kill('SIGKILL'), 5000)
    await this.#gone
    clearTimeout(stuck)
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

export class Page {
  /** What went wrong in the page: exceptions, errors on the console, resources that could not be loaded. */
  readonly errors: string[] = []
  /** Every URL that the page asked for. */
  readonly requests: string[] = []
  #loaded: (() => void) | undefined

  constructor(readonly send: (method: string, params?: Params) => Promise<Message['result']>) {}

  /** @internal events of the page */
  heard(method: string, params: Message['params']): void {
    if (method === 'Page.loadEventFired') this.#loaded?.()
    else if (method === 'Network.requestWillBeSent') this.requests.push(params.request.url)
    else if (method === 'Runtime.exceptionThrown') this.errors.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text)
    else if (method === 'Runtime.consoleAPICalled' && ['error', 'assert'].includes(params.type))
      this.errors.push(params.args.map((a: { value?: unknown; description?: string }) => a.value ?? a.description).join(' '))
    else if (method === 'Log.entryAdded' && params.entry.level === 'error') this.errors.push(`${params.entry.text} ${params.entry.url ?? ''}`.trim())
  }

  /** @internal */
  async prepare(options: PageOptions): Promise<void> {
    await Promise.all(['Page', 'Runtime', 'Log', 'Network', 'Accessibility'].map((domain) => this.send(`${domain}.enable`)))
    await this.resize(options)
    await this.colours(options.dark ? 'dark' : 'light')
  }

  async resize({ width = 1280, height = 800, phone = false }: PageOptions): Promise<void> {
    await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: phone ? 2 : 1, mobile: phone })
    await this.send('Emulation.setTouchEmulationEnabled', { enabled: phone })
  }

  async colours(scheme: 'light' | 'dark'): Promise<void> {
    await this.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] })
  }

  /** @throws Error when nothing answers there */
  async goto(url: string): Promise<void> {
    const loaded = this.#nextLoad()
    const { errorText } = await this.send('Page.navigate', { url })
    if (errorText) throw new Error(`${url}: ${errorText}`)
    await within(`${url} is loaded`, loaded)
  }

  #nextLoad(): Promise<void> {
    return new Promise((resolve) => {
      this.#loaded = resolve
    })
  }

  /** The value of a JavaScript expression in the page, as JSON carries it; promises are waited for. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
    if (exceptionDetails) throw new Error(`${exceptionDetails.exception?.description ?? exceptionDetails.text}\nin ${expression}`)
    return result.value
  }

  /** Asks the page again until the expression is truthy. @throws Error naming what was waited for, with what the page shows */
  async waitFor<T>(what: string, expression: string): Promise<T> {
    const late = performance.now() + LIMIT
    for (;;) {
      // While a page gives way to the next there is none to ask.
      const found = await this.evaluate<T>(expression).catch((e: Error) => {
        if (/context|navigat/i.test(e.message)) return undefined
        throw e
      })
      if (found) return found
      if (performance.now() > late) throw new Error(`${what}: not within ${LIMIT} ms; the page shows:\n${await this.text()}`)
      await new Promise((r) => setTimeout(r, 50))
    }
  }

  /** What a person reads in the element, or on the whole page; empty when there is no such element. */
  text(selector = 'body'): Promise<string> {
    return this.evaluate(textIn(selector))
  }

  url(): Promise<string> {
    return this.evaluate('location.href')
  }

  /** Waits until the page, or the element, holds the text. */
  async waitForText(text: string | RegExp, selector = 'body'): Promise<void> {
    const holds = typeof text === 'string' ? `(${textIn(selector)}).includes(${JSON.stringify(text)})` : `${text}.test(${textIn(selector)})`
    await this.waitFor(`${text} in ${selector}`, holds)
  }

  /**
   * Clicks as a person does: waits for the element (by selector, and its text if given), scrolls to it, and clicks in its middle, once nothing
   * lies over it.
   */
  async click(selector: string, text?: string): Promise<void> {
    const { x, y } = await this.waitFor<{ x: number; y: number }>(
      `something to click: ${selector}${text === undefined ? '' : ` "${text}"`}`,
      `(${PLACE_OF})(${JSON.stringify(selector)}, ${JSON.stringify(text ?? null)})`,
    )
    for (const type of ['mouseMoved', 'mousePressed', 'mouseReleased'])
      await this.send('Input.dispatchMouseEvent', { type, x, y, button: type === 'mouseMoved' ? 'none' : 'left', clickCount: 1 })
  }

  /** Follows a link or button to another page, and waits until that is loaded. */
  async follow(selector: string, text?: string): Promise<void> {
    const loaded = this.#nextLoad()
    await this.click(selector, text)
    await within(`a page behind ${selector} ${text ?? ''}`, loaded)
  }

  /** Types into a field instead of what it holds. */
  async fill(selector: string, text: string): Promise<void> {
    await this.click(selector)
    await this.evaluate(`document.querySelector(${JSON.stringify(selector)}).select()`)
    if (text === '') await this.press('Backspace')
    else await this.send('Input.insertText', { text })
  }

  /** One key by its DOM name: Tab, Enter, ArrowDown, Escape, Backspace … */
  async press(key: string): Promise<void> {
    const codes: Readonly<Record<string, number>> = { Tab: 9, Enter: 13, Escape: 27, Backspace: 8, ArrowDown: 40, ArrowUp: 38, End: 35, Home: 36, PageDown: 34 }
    const common = { key, code: key, windowsVirtualKeyCode: codes[key] ?? key.toUpperCase().charCodeAt(0) }
    await this.send('Input.dispatchKeyEvent', { type: key === 'Enter' ? 'keyDown' : 'rawKeyDown', ...common, ...(key === 'Enter' && { text: '\r' }) })
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', ...common })
  }

  /** Whether the page is wider than its window: a person would have to scroll sideways. */
  scrollsSideways(): Promise<boolean> {
    return this.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth')
  }

  /** Links, buttons, fields, images and progress bars without a name for those who listen to the page. */
  async nameless(): Promise<string[]> {
    const roles = ['link', 'button', 'textbox', 'searchbox', 'combobox', 'checkbox', 'img', 'image', 'progressbar', 'meter', 'columnheader']
    const { nodes } = await this.send('Accessibility.getFullAXTree')
    return (nodes as { ignored: boolean; role?: { value: string }; name?: { value: string }; backendDOMNodeId?: number }[])
      .filter((n) => !n.ignored && roles.includes(n.role?.value ?? '') && !n.name?.value)
      .map((n) => `${n.role!.value} (node ${n.backendDOMNodeId})`)
  }

  /** A PNG of what is seen, or of the whole page. */
  async screenshot(file: string, options: { readonly whole?: boolean } = {}): Promise<void> {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: options.whole ?? false })
    writeFileSync(file, Buffer.from(data, 'base64'))
  }

  async close(): Promise<void> {
    await this.send('Page.close')
  }
}

const textIn = (selector: string) => `(document.querySelector(${JSON.stringify(selector)})?.innerText ?? '')`

/** Runs in the page: the middle of the first such element that a click would reach. */
const PLACE_OF = `(selector, text) => {
  for (const element of document.querySelectorAll(selector)) {
    if (text !== null && element.innerText.trim() !== text) continue
    element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' })
    const box = element.getClientRects()[0]
    if (!box) continue
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
    const hit = document.elementFromPoint(x, y)
    if (hit && (element.contains(hit) || hit.contains(element))) return { x, y }
  }
}`

async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${LIMIT} ms`)), LIMIT)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
