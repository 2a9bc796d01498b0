// The npm package webhdfs through what its users do. usage: node webhdfs.cjs PACKAGE HOST PORT
const assert = require('node:assert')
const { once } = require('node:events')
const { Readable } = require('node:stream')

const [packageFolder, host, port] = process.argv.slice(2)
const client = require(packageFolder).createClient({ user: process.env.HADOOP_USER_NAME, host, port, path: '/webhdfs/v1' })
const ask = (method, ...args) => new Promise((resolve, reject) => client[method](...args, (e, value) => (e ? reject(e) : resolve(value))))

async function main() {
  await ask('mkdir', '/npm')
  await ask('writeFile', '/npm/a', 'hello')
  await ask('appendFile', '/npm/a', ' more')
  assert.strictEqual(String(await ask('readFile', '/npm/a')), 'hello more')
  await ask('chmod', '/npm/a', '0600')
  await ask('rename', '/npm/a', '/npm/b')
  const { length, permission } = await ask('stat', '/npm/b')
  assert.deepStrictEqual({ length, permission }, { length: 10, permission: '600' })
  const bytes = Buffer.alloc(3_000_001, 'stream')
  const out = client.createWriteStream('/npm/stream')
  Readable.from([bytes.subarray(0, 1_000_000), bytes.subarray(1_000_000)]).pipe(out)
  await once(out, 'finish')
  assert.ok((await ask('readFile', '/npm/stream')).equals(bytes))
  assert.deepStrictEqual(
    (await ask('readdir', '/npm')).map((f) => f.pathSuffix),
    ['b', 'stream'],
  )
  await ask('rmdir', '/npm', true)
  await assert.rejects(ask('stat', '/npm'), /File does not exist: \/npm/)
}
main()
