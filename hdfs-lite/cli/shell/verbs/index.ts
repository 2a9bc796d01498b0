/** All verbs by name. */
import type { Verb } from '../verb.js'
import { appendToFile, cp, get, getmerge, moveFromLocal, moveToLocal, mv, put } from './copy.js'
import { rm, rmr } from './delete.js'
import { mkdir, rmdir } from './directories.js'
import { cat, checksum, head, tail, text } from './display.js'
import { stat, test, touch, touchz } from './files.js'
import { ls } from './ls.js'
import { count, df, du } from './usage.js'

export const VERBS: Readonly<Record<string, Verb>> = {
  appendToFile,
  cat,
  checksum,
  copyFromLocal: put,
  copyToLocal: get,
  count,
  cp,
  df,
  du,
  get,
  getmerge,
  head,
  ls,
  mkdir,
  moveFromLocal,
  moveToLocal,
  mv,
  put,
  rm,
  rmdir,
  rmr,
  stat,
  tail,
  test,
  text,
  touch,
  touchz,
}
