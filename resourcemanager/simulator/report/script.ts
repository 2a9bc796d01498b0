/** What the page does in the browser: values under the pointer, and the reader's choice between light and dark. */
export const SCRIPT = `
(() => {
  'use strict'
  const two = (n) => String(n).padStart(2, '0')
  const trim = (n, d) => n.toFixed(d).replace(/\\.0+$/, '')
  const time = (ms) => {
    const s = Math.round(ms / 1000)
    if (ms < 1000) return trim(ms, 0) + ' ms'
    if (ms < 60000) return trim(ms / 1000, 1) + ' s'
    if (s < 3600) return Math.floor(s / 60) + ' min ' + two(s % 60) + ' s'
    if (s < 86400) return Math.floor(s / 3600) + ' h ' + two(Math.floor((s % 3600) / 60)) + ' min'
    return Math.floor(s / 86400) + ' d ' + Math.floor((s % 86400) / 3600) + ' h'
  }
  const memory = (m) => (m < 1024 ? trim(m, 0) + ' MiB' : m < 1048576 ? trim(m / 1024, 1) + ' GiB' : trim(m / 1048576, 2) + ' TiB')
  const format = { time, memory, part: (v) => trim(v * 100, 1) + ' %', count: (v) => trim(v, v < 10 ? 1 : 0), ratio: (v) => trim(v, 2) }
  for (const svg of document.querySelectorAll('svg[data-hover]')) {
    const data = JSON.parse(svg.dataset.hover)
    const panel = svg.closest('.panel')
    let tip, cursor
    const hide = () => {
      if (tip) tip.remove()
      if (cursor) cursor.remove()
      tip = cursor = undefined
    }
    const show = (event) => {
      const box = svg.getBoundingClientRect()
      const scale = svg.viewBox.baseVal.width / box.width
      const x = (event.clientX - box.left) * scale
      const y = (event.clientY - box.top) * scale
      if (x < data.x[0] || x > data.x[1] || y < data.y[0] || y > data.y[1]) return hide()
      const i = Math.min(data.n - 1, Math.floor(((x - data.x[0]) / (data.x[1] - data.x[0])) * data.n))
      if (!tip) {
        tip = panel.appendChild(document.createElement('div'))
        tip.className = 'tip'
        cursor = svg.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'line'))
        cursor.setAttribute('class', 'cursor')
        cursor.setAttribute('y1', data.y[0])
        cursor.setAttribute('y2', data.y[1])
      }
      cursor.setAttribute('x1', x)
      cursor.setAttribute('x2', x)
      tip.textContent = 'at ' + time((i + 0.5) * data.step)
      const say = (name, colour, value) => {
        const row = tip.appendChild(document.createElement('div'))
        if (colour !== undefined) row.appendChild(document.createElement('i')).style.background = colour === 'k' ? 'var(--soft)' : 'var(--c' + colour + ')'
        row.appendChild(document.createTextNode(name + '  ' + format[data.unit](value)))
      }
      if (data.lines) for (const l of data.lines) if (i < l.v.length) say(l.name, l.c, l.v[i])
      if (data.rows && data.rows.length) {
        const row = data.rows[Math.min(data.rows.length - 1, Math.floor(((y - data.y[0]) / (data.y[1] - data.y[0])) * data.rows.length))]
        if (i < row.v.length) say(row.name, undefined, row.v[i])
      }
      const home = panel.getBoundingClientRect()
      const left = event.clientX - home.left
      const wide = tip.offsetWidth
      tip.style.left = Math.max(6, left + wide + 18 > home.width ? left - wide - 12 : left + 14) + 'px'
      tip.style.top = Math.max(0, event.clientY - home.top - tip.offsetHeight / 2) + 'px'
    }
    svg.addEventListener('pointermove', show)
    svg.addEventListener('pointerdown', show)
    svg.addEventListener('pointerleave', hide)
  }
  const root = document.documentElement
  document.getElementById('theme').addEventListener('click', () => {
    const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches
    root.dataset.theme = dark ? 'light' : 'dark'
  })
})()
`.trim()
