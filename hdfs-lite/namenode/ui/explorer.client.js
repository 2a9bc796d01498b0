// The page at the NameNode's address. Files go through WebHDFS, figures come from /jmx; the address's hash says what is shown:
// #/path (a directory), #tab-overview, #tab-datanode, #tab-snapshot.

const $ = (id) => document.getElementById(id)

/** An element; children that are empty, false or undefined are left out. */
function h(tag, attributes, ...children) {
  const e = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === false) continue
    if (name.startsWith('on')) e.addEventListener(name.slice(2), value)
    else e.setAttribute(name, value === true ? '' : value)
  }
  e.append(...children.flat().filter((c) => c !== undefined && c !== false && c !== ''))
  return e
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB']
function size(bytes) {
  let n = bytes
  let unit = 0
  while (n >= 1024 && unit < UNITS.length - 1) {
    n /= 1024
    unit++
  }
  return `${unit === 0 ? n : n.toFixed(n < 10 ? 2 : 1)} ${UNITS[unit]}`
}
const count = (n) => Number(n).toLocaleString('en')
const time = (ms) => (ms > 0 ? new Date(ms).toLocaleString() : '–')

/** As `ls -l` shows it. */
function mode(status) {
  const bits = Number.parseInt(status.permission, 8)
  let text = status.type === 'DIRECTORY' ? 'd' : status.type === 'SYMLINK' ? 'l' : '-'
  for (let i = 8; i >= 0; i--) text += bits & (1 << i) ? 'rwx'[(8 - i) % 3] : '-'
  if (bits & 0o1000) text = text.slice(0, -1) + (bits & 1 ? 't' : 'T')
  return status.aclBit ? `${text}+` : text
}

const join = (dir, name) => (dir === '/' ? `/${name}` : `${dir}/${name}`)
const parentOf = (path) => path.replace(/\/[^/]*$/, '') || '/'
const encoded = (path) => path.split('/').map(encodeURIComponent).join('/')
const link = (path) => `#${encoded(path)}`

// ---- WebHDFS ------------------------------------------------------------------------------------------------------

const user = () => $('user').value.trim()

function url(path, op, parameters = {}) {
  const query = new URLSearchParams({ op, ...(user() && { 'user.name': user() }), ...parameters })
  return `/webhdfs/v1${encoded(path)}?${query}`
}

async function failureOf(response) {
  const text = await response.text()
  try {
    // A DataNode's message carries a stack trace: its first line says what happened.
    return new Error(JSON.parse(text).RemoteException.message.split('\n')[0])
  } catch {
    return new Error(`${response.status} ${response.statusText}`)
  }
}

async function webhdfs(path, op, { method = 'GET', ...parameters } = {}) {
  const response = await fetch(url(path, op, parameters), { method })
  if (!response.ok) throw await failureOf(response)
  const text = await response.text()
  return text ? JSON.parse(text) : undefined
}

async function jmx(query) {
  const response = await fetch(`/jmx?qry=${encodeURIComponent(query)}`)
  if (!response.ok) throw await failureOf(response)
  return (await response.json()).beans[0]
}

// ---- Messages and dialogs -----------------------------------------------------------------------------------------

let hiding
function say(text, fine = false) {
  const m = $('message')
  m.textContent = text
  m.className = fine ? 'fine' : ''
  m.hidden = false
  clearTimeout(hiding)
  hiding = setTimeout(() => (m.hidden = true), fine ? 4000 : 12000)
}

/** Runs what a click asks for; what goes wrong is said. */
const act = (run) => async (event) => {
  event?.preventDefault()
  try {
    await run(event)
  } catch (e) {
    say(e.message)
  }
}

function open(title, ...content) {
  const d = $('dialog')
  d.replaceChildren(h('button', { class: 'close', 'aria-label': 'Close', onclick: () => d.close() }, '✕'), h('h1', {}, title), ...content)
  if (!d.open) d.showModal()
}

/** Asks for one line. */
function ask(title, label, value, button, run) {
  const input = h('input', { value, size: 44, 'aria-label': label, autocomplete: 'off' })
  const submit = act(async () => {
    await run(input.value)
    $('dialog').close()
  })
  open(title, h('form', { onsubmit: submit }, h('p', {}, h('label', {}, `${label} `, input)), h('button', { type: 'submit' }, button)))
  input.focus()
  input.select()
}

function confirmed(question, button, run) {
  const go = act(async () => {
    await run()
    $('dialog').close()
  })
  open(
    question,
    h('p', { class: 'bar-of-tools' }, h('button', { class: 'danger', onclick: go }, button), h('button', { onclick: () => $('dialog').close() }, 'Keep')),
  )
}

function table(heads, rows, empty, kind = '') {
  if (rows.length === 0) return h('p', { class: 'faint' }, empty)
  const body = rows.map((row) =>
    h(
      'tr',
      {},
      row.map((cell, i) => h('td', { 'data-head': heads[i].text, class: heads[i].kind }, cell)),
    ),
  )
  return h(
    'table',
    { class: kind },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        heads.map((c) => h('th', { class: c.kind }, c.text)),
      ),
    ),
    h('tbody', {}, body),
  )
}

const heads = (...names) => names.map((n) => (n.startsWith('#') ? { text: n.slice(1), kind: 'number' } : { text: n, kind: n === 'Name' ? 'name' : undefined }))

// ---- Files --------------------------------------------------------------------------------------------------------

function crumbs(path) {
  const parts = path.split('/').filter((p) => p !== '')
  const links = parts.map((name, i) => [' / ', h('a', { href: link(`/${parts.slice(0, i + 1).join('/')}`) }, name)])
  return h('div', { class: 'crumbs' }, h('a', { href: '#/' }, 'Files'), ...links.flat())
}

async function showFiles(path) {
  const { FileStatus: status } = await webhdfs(path, 'GETFILESTATUS')
  if (status.type !== 'DIRECTORY') {
    history.replaceState(null, '', link(parentOf(path)))
    await showFile(path)
    return showFiles(parentOf(path))
  }
  const rows = h('div', {})
  const upload = h('input', { type: 'file', multiple: true, hidden: true, id: 'upload', onchange: () => send(path, upload.files) })
  const tools = [
    crumbs(path),
    h('input', { type: 'search', placeholder: 'Filter', 'aria-label': 'Filter names', oninput: (e) => filter(rows, e.target.value) }),
    h('button', { onclick: () => upload.click() }, 'Upload'),
    upload,
    h(
      'button',
      {
        onclick: () =>
          ask('New directory', 'Name', '', 'Create', async (name) => {
            await webhdfs(join(path, name), 'MKDIRS', { method: 'PUT' })
            await show()
          }),
      },
      'New directory',
    ),
    status.snapshotEnabled && h('a', { class: 'button', href: link(join(path, '.snapshot')) }, 'Snapshots'),
  ]
  const page = h('div', { ondragover: dragged, ondragleave: dragged, ondrop: act((e) => dropped(e, path)) }, h('div', { class: 'bar-of-tools' }, tools), rows)
  const entries = []
  let after = ''
  const more = async () => {
    const { DirectoryListing: l } = await webhdfs(path, 'LISTSTATUS_BATCH', { startAfter: after })
    entries.push(...l.partialListing.FileStatuses.FileStatus)
    after = entries.at(-1)?.pathSuffix ?? ''
    rows.replaceChildren(listing(path, entries), ...(l.remainingEntries > 0 ? [h('button', { onclick: act(more) }, `${count(l.remainingEntries)} more`)] : []))
  }
  await more()
  return page
}

function filter(rows, text) {
  const wanted = text.toLowerCase()
  for (const tr of rows.querySelectorAll('tbody tr')) tr.hidden = !tr.cells[0].textContent.toLowerCase().includes(wanted)
}

function dragged(e) {
  e.preventDefault()
  e.currentTarget.classList.toggle('dropping', e.type === 'dragover')
}

async function dropped(e, path) {
  e.currentTarget.classList.remove('dropping')
  await send(path, e.dataTransfer.files)
}

function listing(path, entries) {
  const rows = entries.map((s) => {
    const at = join(path, s.pathSuffix)
    const name =
      s.type === 'DIRECTORY' ? h('a', { href: link(at) }, `${s.pathSuffix}/`) : h('button', { class: 'link', onclick: act(() => showFile(at)) }, s.pathSuffix)
    return [
      name,
      s.type === 'FILE' ? size(s.length) : '',
      time(s.modificationTime),
      s.owner,
      s.group,
      h('span', { class: 'mono' }, mode(s)),
      s.type === 'FILE' ? String(s.replication) : '',
      h('button', { class: 'link', 'aria-label': `Change ${s.pathSuffix}`, onclick: act(() => showChanges(at, s)) }, 'Change'),
    ]
  })
  return table(
    heads('Name', '#Size', 'Modified', 'Owner', 'Group', 'Permission', '#Replicas', ''),
    rows,
    'Nothing here yet. Drop files to upload them.',
    'files',
  )
}

/** A file: its head or tail, where its blocks are, download. */
async function showFile(path) {
  const [{ FileStatus: status }, { LocatedBlocks: located }] = await Promise.all([webhdfs(path, 'GETFILESTATUS'), webhdfs(path, 'GET_BLOCK_LOCATIONS')])
  const text = h('pre', { id: 'text', hidden: true })
  const part = (offset) =>
    act(async () => {
      const response = await fetch(url(path, 'OPEN', { offset: String(offset), length: String(PART) }))
      if (!response.ok) throw await failureOf(response)
      text.textContent = await response.text()
      text.hidden = false
    })
  const blocks = (located.locatedBlocks ?? []).map((b, i) => [
    String(i),
    h('span', { class: 'mono' }, `${b.block.blockId}_${b.block.generationStamp}`),
    size(b.block.numBytes),
    b.isCorrupt ? 'corrupt' : b.locations.map((n) => `${n.hostName}:${n.xferPort}`).join(', ') || 'missing',
  ])
  open(
    path.slice(path.lastIndexOf('/') + 1),
    h(
      'p',
      { class: 'bar-of-tools' },
      h('a', { class: 'button', href: url(path, 'OPEN'), download: true }, 'Download'),
      h('button', { onclick: part(0) }, 'Head of the file'),
      h('button', { onclick: part(Math.max(0, status.length - PART)) }, 'Tail of the file'),
    ),
    text,
    h(
      'dl',
      {},
      definitions({
        Path: path,
        Size: `${size(status.length)} (${count(status.length)} bytes)${located.isUnderConstruction ? ', being written' : ''}`,
        Modified: time(status.modificationTime),
        Owner: `${status.owner}, ${status.group}`,
        Permission: mode(status),
        Replicas: String(status.replication),
        'Block size': size(status.blockSize),
      }),
    ),
    h('h2', {}, 'Blocks'),
    table(heads('#', 'Id', '#Size', 'DataNodes'), blocks, 'An empty file has none.'),
  )
}

/** Bytes of a head or tail, as Hadoop's page shows. */
const PART = 32 * 1024

const definitions = (values) => Object.entries(values).flatMap(([k, v]) => [h('dt', {}, k), h('dd', {}, v)])

/** Rename, permission, owner, replication, snapshots, delete. */
function showChanges(path, status) {
  const change = (title, label, value, run) => () =>
    ask(title, label, value, 'Change', async (text) => {
      await run(text)
      await show()
    })
  const put = (op, parameters) => webhdfs(path, op, { method: 'PUT', ...parameters })
  const sure = async (what, answer) => {
    if (answer?.boolean === false) throw new Error(`${what} was refused: does the destination exist?`)
  }
  const remove = () =>
    confirmed(`Delete ${path}${status.type === 'DIRECTORY' ? ' and all in it' : ''}?`, 'Delete', async () => {
      await webhdfs(path, 'DELETE', { method: 'DELETE', recursive: 'true' })
      await show()
    })
  const numeric = Number.parseInt(status.permission, 8).toString(8)
  open(
    path,
    h(
      'p',
      { class: 'bar-of-tools' },
      h('button', { onclick: change('Move or rename', 'To', path, async (to) => sure('The move', await put('RENAME', { destination: to }))) }, 'Rename'),
      h('button', { onclick: change('Permission', 'Octal', numeric, (permission) => put('SETPERMISSION', { permission })) }, 'Permission'),
      h(
        'button',
        {
          onclick: change('Owner and group', 'owner:group', `${status.owner}:${status.group}`, (text) => {
            const [owner, group] = text.split(':')
            return put('SETOWNER', { ...(owner && { owner }), ...(group && { group }) })
          }),
        },
        'Owner',
      ),
      status.type === 'FILE' &&
        h('button', { onclick: change('Replicas', 'Number', String(status.replication), (replication) => put('SETREPLICATION', { replication })) }, 'Replicas'),
      status.type === 'DIRECTORY' &&
        (status.snapshotEnabled
          ? h(
              'button',
              { onclick: change('Take a snapshot', 'Name', `s${Date.now()}`, (snapshotname) => put('CREATESNAPSHOT', { snapshotname })) },
              'Take a snapshot',
            )
          : h(
              'button',
              {
                onclick: act(() =>
                  put('ALLOWSNAPSHOT', {})
                    .then(show)
                    .then(() => $('dialog').close()),
                ),
              },
              'Allow snapshots',
            )),
      h('button', { class: 'danger', onclick: remove }, 'Delete'),
    ),
  )
}

/** One file after the other to the DataNode that the NameNode names. */
async function send(path, files) {
  for (const file of files) {
    const progress = (done) => say(`${file.name}: ${size(done)} of ${size(file.size)}`, true)
    try {
      progress(0)
      const { Location } = await webhdfs(join(path, file.name), 'CREATE', { method: 'PUT', noredirect: 'true', overwrite: 'false' })
      await put(Location, file, progress)
      say(`${file.name} is stored.`, true)
    } catch (e) {
      say(`${file.name}: ${e.message}`)
    }
  }
  await show()
}

function put(target, file, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('PUT', target)
    request.setRequestHeader('Content-Type', 'application/octet-stream')
    request.upload.onprogress = (e) => progress(e.loaded)
    request.onerror = () => reject(new Error(`the DataNode at ${new URL(target).host} could not be reached, or refused: does the file exist already?`))
    request.onload = async () => {
      if (request.status < 300) resolve()
      else reject(await failureOf(new Response(request.responseText, { status: request.status })))
    }
    request.send(file)
  })
}

// ---- Overview, DataNodes, snapshots -------------------------------------------------------------------------------

const share = (part, whole) => `${whole > 0 ? (100 * part) / whole : 0}%`

function space(used, other, capacity) {
  const title = `${size(used)} used, ${size(other)} by others, of ${size(capacity)}`
  return h('div', { class: 'space', title }, h('i', { style: `width:${share(used, capacity)}` }), h('u', { style: `width:${share(other, capacity)}` }))
}

const tile = (name, value) => h('div', {}, h('b', {}, value), h('span', { class: 'faint' }, name))

async function showOverview() {
  const status = await jmx('Hadoop:service=NameNode,name=NameNodeStatus')
  const title = h('h1', {}, `NameNode ${status.HostAndPort} (${status.State})`)
  const [info, state] = await Promise.all([jmx('Hadoop:service=NameNode,name=NameNodeInfo'), jmx('Hadoop:service=NameNode,name=FSNamesystemState')])
  if (!info) return h('div', {}, title, h('p', {}, 'It stands by. The other NameNode of the pair serves the files.'))
  const journal = JSON.parse(info.JournalTransactionInfo)
  return h(
    'div',
    {},
    title,
    info.Safemode !== '' && h('p', { class: 'warning' }, info.Safemode),
    info.NumberOfMissingBlocks > 0 && h('p', { class: 'warning' }, `${count(info.NumberOfMissingBlocks)} blocks are missing.`),
    h(
      'div',
      { class: 'tiles' },
      tile('files and directories', count(state.FilesTotal)),
      tile('blocks', count(info.TotalBlocks)),
      tile('live DataNodes', count(state.NumLiveDataNodes)),
      tile('dead DataNodes', count(state.NumDeadDataNodes)),
      tile('blocks with too few replicas', count(state.UnderReplicatedBlocks)),
    ),
    h('h2', {}, 'Space'),
    space(info.Used, info.NonDfsUsedSpace, info.Total),
    h(
      'dl',
      {},
      definitions({
        Capacity: size(info.Total),
        Used: `${size(info.Used)} (${info.PercentUsed.toFixed(2)} %)`,
        'Used by others': size(info.NonDfsUsedSpace),
        Free: size(info.Free),
      }),
    ),
    h('h2', {}, 'File system'),
    h(
      'dl',
      {},
      definitions({
        Started: time(info.NNStartedTimeInMillis),
        Version: info.SoftwareVersion,
        Cluster: info.ClusterId,
        'Block pool': info.BlockPoolId,
        'Last transaction': journal.LastAppliedOrWrittenTxId,
        'In the checkpoint': journal.MostRecentCheckpointTxId,
        'Decommissioning DataNodes': count(state.NumDecommissioningDataNodes),
      }),
    ),
  )
}

async function showDatanodes() {
  const info = await jmx('Hadoop:service=NameNode,name=NameNodeInfo')
  if (!info) return showOverview()
  const nodes = [
    ...Object.entries(JSON.parse(info.LiveNodes)).map(([name, n]) => ({ name, state: n.adminState, ...n })),
    ...Object.entries(JSON.parse(info.DeadNodes)).map(([name, n]) => ({ name, ...n, state: 'Dead' })),
  ]
  const rows = nodes.map((n) => [
    n.state === 'Dead' ? n.name : h('a', { href: `http://${n.infoAddr}/jmx` }, n.name),
    n.state,
    n.location ?? '',
    `${n.lastContact} s ago`,
    n.capacity === undefined ? '' : space(n.used, n.nonDfsUsedSpace, n.capacity),
    n.capacity === undefined ? '' : size(n.used),
    n.capacity === undefined ? '' : size(n.remaining),
    count(n.numBlocks ?? 0),
    count(n.volfails ?? 0),
  ])
  return h(
    'div',
    {},
    h('h1', {}, 'DataNodes'),
    table(heads('Name', 'State', 'Rack', 'Heartbeat', 'Space', '#Used', '#Free', '#Blocks', '#Failed volumes'), rows, 'No DataNode has registered.'),
  )
}

async function showSnapshots() {
  const list = (await webhdfs('/', 'GETSNAPSHOTTABLEDIRECTORYLIST')).SnapshottableDirectoryList ?? []
  const parts = await Promise.all(
    list.map(async (d) => {
      const path = join(d.parentFullPath || '/', d.dirStatus.pathSuffix)
      const { SnapshotList: snapshots } = await webhdfs(path, 'GETSNAPSHOTLIST')
      const remove = (name) => () =>
        confirmed(`Delete the snapshot ${name} of ${path}?`, 'Delete', async () => {
          await webhdfs(path, 'DELETESNAPSHOT', { method: 'DELETE', snapshotname: name })
          await show()
        })
      const rows = snapshots.map(({ dirStatus: s }) => [
        h('a', { href: link(`${join(path, '.snapshot')}/${s.pathSuffix}`) }, s.pathSuffix),
        time(s.modificationTime),
        h('button', { class: 'link', onclick: remove(s.pathSuffix) }, 'Delete'),
      ])
      return [h('h2', {}, h('a', { href: link(path) }, path)), table(heads('Name', 'Taken', ''), rows, 'No snapshot was taken yet.')]
    }),
  )
  return h(
    'div',
    {},
    h('h1', {}, 'Snapshots'),
    list.length === 0 && h('p', { class: 'faint' }, 'No directory allows snapshots to you. In Files, “Change” a directory to allow them.'),
    ...parts.flat(),
  )
}

// ---- What is shown ------------------------------------------------------------------------------------------------

const TABS = { '#tab-overview': ['overview', showOverview], '#tab-datanode': ['datanode', showDatanodes], '#tab-snapshot': ['snapshot', showSnapshots] }

let turn = 0
async function show() {
  const mine = ++turn
  const hash = location.hash || (/dfshealth/.test(location.pathname) ? '#tab-overview' : '#/')
  const [tab, make] = TABS[hash] ?? ['files', () => showFiles(decodeURIComponent(hash.slice(1)).replace(/(.)\/+$/, '$1') || '/')]
  for (const a of document.querySelectorAll('nav a')) {
    if (a.dataset.tab === tab) a.setAttribute('aria-current', 'page')
    else a.removeAttribute('aria-current')
  }
  let content
  try {
    content = await make()
  } catch (e) {
    content = h(
      'div',
      {},
      tab === 'files' && h('div', { class: 'bar-of-tools' }, crumbs(decodeURIComponent(hash.slice(1)))),
      h('p', { class: 'warning' }, e.message),
    )
  }
  // Somebody went on while this was fetched.
  if (mine === turn && content) $('main').replaceChildren(content)
}

addEventListener('hashchange', () => {
  $('dialog').close()
  void show()
})
$('user').value = localStorage.getItem('user') ?? document.documentElement.dataset.user ?? ''
$('user').addEventListener('change', () => {
  localStorage.setItem('user', user())
  void show()
})
// Figures are brought anew while somebody looks at them.
setInterval(() => {
  if (!document.hidden && ['#tab-overview', '#tab-datanode'].includes(location.hash)) void show()
}, 3000)
void show()
