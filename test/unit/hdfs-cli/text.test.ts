import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { absolutePath, normalize } from '../../../hdfs-lite/client/index.js'
import { parseUmask } from '../../../hdfs-lite/client/paths.js'
import { byteSize, humanSize, percent, symbolicMode, utcTime } from '../../../hdfs-lite/cli/shell/format.js'
import { globExpression, hasWildcard } from '../../../hdfs-lite/cli/shell/glob.js'
import { parseMode } from '../../../hdfs-lite/cli/shell/modes.js'

describe('sizes', () => {
  it('read as Hadoop writes them', () => {
    expect([0, 1023, 1024, 1536, 1048575, 1048576, 1181116006].map((n) => humanSize(n))).toEqual(['0', '1023', '1 K', '1.5 K', '1.0 M', '1 M', '1.1 G'])
    expect([0, 63923, 270553174016].map(byteSize)).toEqual(['0 B', '62.42 KB', '251.97 GB'])
    expect(percent(1, 3)).toBe('33.33%')
    expect(percent(1, 0)).toBe('0.00%')
    expect(utcTime(981173106789)).toBe('2001-02-03 04:05:06')
  })
})

describe('modes', () => {
  it.each([
    ['640', 0o755, false, 0o640],
    ['1777', 0o700, true, 0o1777],
    ['755', 0o1700, false, 0o755],
    ['u+x,g=rw,o-r', 0o644, false, 0o760],
    ['a+X', 0o644, false, 0o644],
    ['a+X', 0o644, true, 0o755],
    ['+t', 0o755, true, 0o1755],
    ['go-w', 0o666, false, 0o644],
  ])('%s turns %o into the right one', (text, before, directory, after) => {
    expect(parseMode(text)!(before, directory).toString(8)).toBe(after.toString(8))
  })

  it('that are none are told apart', () => {
    for (const text of ['9', 'zzz', '12345', '', 'u+', 'rwx']) expect(parseMode(text)).toBeUndefined()
  })

  it('show the sticky bit', () => {
    expect(symbolicMode(0o1777)).toBe('rwxrwxrwt')
    expect(symbolicMode(0o1776)).toBe('rwxrwxrwT')
  })

  it('come from a umask in either notation', () => {
    expect(parseUmask('077')).toBe(0o077)
    expect(parseUmask('u=rwx,g=rx,o=')).toBe(0o027)
    expect(() => parseUmask('89')).toThrow(/umask-mode is "89"/)
  })
})

describe('globs', () => {
  it.each([
    ['*.txt', 'a.txt', 'atxt'],
    ['?b', 'ab', 'aab'],
    ['[a-c]x', 'bx', 'dx'],
    ['[^a-c]x', 'dx', 'bx'],
    ['{ab,c}d', 'abd', 'bd'],
    ['a\\*', 'a*', 'ab'],
    ['a(b', 'a(b', 'ab'],
  ])('%s takes %s but not %s', (glob, yes, no) => {
    expect(globExpression(glob).test(yes)).toBe(true)
    expect(globExpression(glob).test(no)).toBe(false)
  })

  it('that do not close are errors', () => {
    for (const glob of ['[a', '{a', 'a\\']) expect(() => globExpression(glob)).toThrow(/Illegal file pattern/)
  })

  it('are told from plain names', () => {
    expect(['a*', '{a}', 'a?', '[a]'].every(hasWildcard)).toBe(true)
    expect(['a', 'a\\*b', '/x/y'].some(hasWildcard)).toBe(false)
  })
})

describe('paths', () => {
  it('are absolute and clean', () => {
    expect(absolutePath('hdfs://mycluster/a//b/')).toBe('/a/b')
    expect(absolutePath('hdfs://mycluster')).toBe('/')
    expect(normalize('/a/./b/../c')).toBe('/a/c')
    expect(() => absolutePath('a/b')).toThrow(/not absolute/)
  })
})

describe('the command’s bundle', () => {
  it('holds none of what makes a start slow', async () => {
    const { metafile } = await build({
      entryPoints: ['hdfs-lite/cli/main.ts'],
      bundle: true,
      platform: 'node',
      format: 'cjs',
      write: false,
      metafile: true,
      logLevel: 'silent',
      external: ['@node-rs/crc32'],
      define: { 'import.meta.url': '"file:///"' },
    })
    const packages = new Set(Object.keys(metafile.inputs).flatMap((f) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(f)?.[1] ?? []))
    for (const heavy of ['fastify', 'better-sqlite3', 'pino', 'commander']) expect(packages).not.toContain(heavy)
    expect([...packages].sort()).toEqual(['long', 'protobufjs', 'saxes', 'xmlchars'])
  })
})
