/** Sizes that SLS traces leave to sls-runner.xml. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { ConfigurationError, readSiteFile } from '../../../common/config/configuration.js'
import type { Resource } from '../../../common/records/index.js'

export interface SlsSettings {
  readonly node: Resource
  readonly container: Resource
  readonly master: Resource
}

/** @throws ConfigurationError naming file and line, or the property that can't be used */
export function readSlsSettings(confDir: string | undefined): SlsSettings {
  const file = confDir === undefined ? undefined : path.join(confDir, 'sls-runner.xml')
  const properties = new Map(file !== undefined && existsSync(file) ? readSiteFile(file).map((p) => [p.name, p.value.trim()]) : [])
  const amount = (name: string, otherwise: number): number => {
    const text = properties.get(name)
    if (text === undefined) return otherwise
    if (!/^\d+$/.test(text)) throw new ConfigurationError(`${name} is "${text}" in ${file}, which is no whole number`)
    return Number(text)
  }
  const resource = (memory: string, vcores: string, otherwise: Resource): Resource => ({
    memory: amount(memory, otherwise.memory),
    vcores: amount(vcores, otherwise.vcores),
  })
  return {
    node: resource('yarn.sls.nm.memory.mb', 'yarn.sls.nm.vcores', { memory: 10_240, vcores: 10 }),
    container: resource('yarn.sls.container.memory.mb', 'yarn.sls.container.vcores', { memory: 1024, vcores: 1 }),
    master: resource('yarn.sls.am.container.memory', 'yarn.sls.am.container.vcores', { memory: 1024, vcores: 1 }),
  }
}
