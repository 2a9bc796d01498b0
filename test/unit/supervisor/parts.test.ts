import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseNodes } from '../../../common/supervisor/cluster.js'
import { exportsText } from '../../../common/supervisor/env.js'
import { isOurs, requireLocal, resolveHost } from '../../../common/supervisor/hosts.js'
import { lastLines, layout, readRecord } from '../../../common/supervisor/layout.js'
import { commandOf, isAlive, memoryOf, signal, startTimeOf } from '../../../common/supervisor/processes.js'
import { type ClusterStatus, statusText } from '../../../common/supervisor/status.js'

describe('--nodes', () => {
  it('is a number or names', () => {
    expect(parseNodes('3')).toEqual(['localhost', 'localhost', 'localhost'])
    expect(parseNodes('a, b.example.com')).toEqual(['a', 'b.example.com'])
  })

  it('is nothing else', () => {
    expect(parseNodes('0')).toEqual([])
    for (const text of ['1001', 'a,,b', '-x', '']) expect(() => parseNodes(text)).toThrow(`--nodes ${text}`)
  })
})

describe('names of nodes', () => {
  it('are this machine, or refused with the lines for /etc/hosts', async () => {
    expect(await resolveHost('localhost')).toBe('127.0.0.1')
    await requireLocal(['localhost', os.hostname()].filter((n) => n === 'localhost'))
    await expect(requireLocal(['no-such-host.invalid', 'nor-this.invalid'])).rejects.toThrow(
      /these names do not resolve to this machine; add to \/etc\/hosts, then try again:\n\n127\.0\.0\.\d\tno-such-host\.invalid\n127\.0\.0\.\d\tnor-this\.invalid/,
    )
  })

  it('count as ours by the addresses of the interfaces', () => {
    expect(isOurs('127.0.0.9')).toBe(true)
    expect(isOurs('192.0.2.1')).toBe(false)
  })
})

describe('processes', () => {
  it('are told apart from later ones of the same pid', () => {
    const startTime = startTimeOf(process.pid)!
    expect(isAlive({ pid: process.pid, startTime })).toBe(true)
    expect(isAlive({ pid: process.pid, startTime: `${startTime}0` })).toBe(false)
    expect(signal({ pid: process.pid, startTime: 'another' }, 'SIGKILL')).toBe(false)
  })

  it('show their memory and command', () => {
    expect(memoryOf(process.pid)).toBeGreaterThan(2 ** 20)
    expect(commandOf(process.pid)).toContain('node')
  })

  it('are gone once they have ended', async () => {
    const child = spawn('true')
    await new Promise((r) => child.once('exit', r))
    expect(startTimeOf(child.pid!)).toBeUndefined()
  })
})

describe('bobbin env', () => {
  it('prints what a shell can evaluate, whatever the folder is called', () => {
    const dir = "/tmp/it's a $HOME `folder`"
    const shown = execFileSync('sh', ['-c', `${exportsText(layout(dir))}\nprintf '%s|%s|%s' "$BOBBIN_DIR" "$HADOOP_CONF_DIR" "$PATH"`], { encoding: 'utf8' })
    const [bobbinDir, confDir, searchPath] = shown.split('|')
    expect(bobbinDir).toBe(dir)
    expect(confDir).toBe(`${dir}/conf`)
    expect(searchPath).toMatch(/scripts:/)
  })
})

describe('what is known of a cluster', () => {
  it('is refused by name when the file is none of ours', () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'bobbin-layout-'))
    try {
      expect(readRecord(layout(dir))).toBeUndefined()
      writeFileSync(path.join(dir, 'cluster.json'), '{"version": 9}')
      expect(() => readRecord(layout(dir))).toThrow(`${dir}/cluster.json can't be read (version 9 is not known)`)
      writeFileSync(path.join(dir, 'cluster.json'), '{')
      expect(() => readRecord(layout(dir))).toThrow(`${dir}/cluster.json can't be read`)
    } finally {
      rmSync(dir, { recursive: true })
    }
  })

  it('shows log lines as a person reads them', () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'bobbin-layout-'))
    const l = layout(dir)
    mkdirSync(l.logs)
    writeFileSync(path.join(l.logs, 'namenode.out'), '')
    writeFileSync(path.join(l.logs, 'namenode.log'), '{"level":"fatal","time":"T","msg":"can not go on","err":{"message":"disk full"}}\nplain\n')
    expect(lastLines(l, 'namenode', 5)).toEqual(['T FATAL can not go on: disk full', 'plain'])
    expect(lastLines(l, 'datanode', 5)).toEqual([])
    rmSync(dir, { recursive: true })
  })
})

describe('bobbin status', () => {
  const status: ClusterStatus = {
    dir: '/data',
    running: true,
    supervisor: 1,
    nodes: { live: 1, of: 2 },
    applications: 0,
    daemons: [
      { name: 'resourcemanager', pid: 2, address: 'localhost:8032', web: 'http://localhost:8088', memory: 30 * 2 ** 20, state: 'running' },
      {
        name: 'nodemanager-2',
        pid: 3,
        address: 'localhost:1',
        web: 'http://localhost:2',
        memory: undefined,
        state: 'crashed',
        reason: 'was ended by SIGKILL',
        lastLines: ['one', 'two'],
      },
    ],
  }

  it('is a table, and the last words of what crashed', () => {
    expect(statusText(status).replace(/(PSS|RSS)/, 'PSS')).toBe(`DAEMON           PID  ADDRESS         WEB                    MEMORY (PSS)  STATE
resourcemanager  2    localhost:8032  http://localhost:8088  30 MB         running
nodemanager-2    3    localhost:1     http://localhost:2                   crashed

live nodes: 1 of 2, applications: 0, memory: 30 MB, folder: /data

nodemanager-2 was ended by SIGKILL (start it again: bobbin restart nodemanager-2); the last lines of its log:
  one
  two
`)
  })
})
