/** Safe mode: nothing changes until enough blocks are known to be somewhere (BlockManagerSafeMode). */
import { exception } from '../../../common/errors.js'
import type { FsState } from './state.js'

/** @throws SafeModeException */
export function checkSafeMode(fs: FsState, doing: string): void {
  if (fs.safeMode.status === 'off') return
  const message = `${doing}. Name node is in safe mode.\n${safeModeTip(fs)} NamenodeHostName:${fs.config.hostName}`
  // After a failover it lasts only until the DataNodes have reported.
  if (fs.config.paired && fs.safeMode.status === 'startup')
    throw exception('RetriableException', `org.apache.hadoop.hdfs.server.namenode.SafeModeException: ${message}`)
  throw exception('SafeModeException', message)
}

export function inSafeMode(fs: FsState): boolean {
  return fs.safeMode.status !== 'off'
}

function liveNodes(fs: FsState): number {
  let n = 0
  for (const d of fs.datanodes.values()) if (d.alive) n++
  return n
}

export function blockThreshold(fs: FsState): number {
  return Math.floor(fs.completeBlocks * fs.config.safeModeThreshold)
}

export function safeModeTip(fs: FsState): string {
  const { safeBlocks, completeBlocks, config } = fs
  const needed = blockThreshold(fs)
  const threshold = config.safeModeThreshold.toFixed(4)
  const met = safeBlocks >= needed
  let tip = met
    ? `The reported blocks ${safeBlocks} has reached the threshold ${threshold} of total blocks ${completeBlocks}. `
    : `The reported blocks ${safeBlocks} needs additional ${needed - safeBlocks} blocks to reach the threshold ${threshold} of total blocks ${completeBlocks}.\n`
  const min = config.safeModeMinDatanodes
  if (min <= 0) tip += 'The minimum number of live datanodes is not required. '
  else if (!met) tip += "The number of live datanodes is not calculated since reported blocks hasn't reached the threshold. "
  else {
    const live = liveNodes(fs)
    tip +=
      live < min
        ? `The number of live datanodes ${live} needs an additional ${min - live} live datanodes to reach the minimum number ${min}.\n`
        : `The number of live datanodes ${live} has reached the minimum number ${min}. `
  }
  if (fs.safeMode.resourcesLow)
    return 'Resources are low on NN. Please add or free up more resources then turn off safe mode manually. NOTE:  If you turn off safe mode before adding resources, the NN will immediately return to safe mode. Use "hdfs dfsadmin -safemode leave" to turn safe mode off.'
  if (fs.safeMode.status === 'manual') return `It was turned on manually. Use "hdfs dfsadmin -safemode leave" to turn safe mode off.`
  if (met) return `${tip}In safe mode extension. Safe mode will be turned off automatically once the thresholds have been reached.`
  return `${tip}Safe mode will be turned off automatically once the thresholds have been reached.`
}

/** Ends the safe mode of a start once the thresholds have held for the extension. @returns true when it ended just now */
export function updateSafeMode(fs: FsState, now: number): boolean {
  const s = fs.safeMode
  if (s.status !== 'startup') return false
  const met = fs.safeBlocks >= blockThreshold(fs) && liveNodes(fs) >= fs.config.safeModeMinDatanodes
  if (!met) {
    s.reachedAt = undefined
    return false
  }
  s.reachedAt ??= now
  if (fs.completeBlocks > 0 && now - s.reachedAt < fs.config.safeModeExtension) return false
  s.status = 'off'
  s.reachedAt = undefined
  return true
}

export function setSafeMode(fs: FsState, on: boolean): void {
  fs.safeMode.status = on ? 'manual' : 'off'
  fs.safeMode.resourcesLow = false
  fs.safeMode.reachedAt = undefined
}

/** The journal's disk is nearly full: nothing may change until somebody has made room and said so. @returns true when that is new */
export function resourcesAreLow(fs: FsState): boolean {
  if (fs.safeMode.resourcesLow) return false
  setSafeMode(fs, true)
  fs.safeMode.resourcesLow = true
  return true
}
