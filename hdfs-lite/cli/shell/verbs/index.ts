/** All verbs by name. */
import type { Verb } from '../verb.js'
import { getfacl, setfacl } from './acl.js'
import { getfattr, setfattr } from './attributes.js'
import { concat, setrep, truncate } from './blocks.js'
import { appendToFile, cp, get, getmerge, moveFromLocal, moveToLocal, mv, put } from './copy.js'
import { rm, rmr } from './delete.js'
import { mkdir, rmdir } from './directories.js'
import { cat, checksum, head, tail, text } from './display.js'
import { stat, test, touch, touchz } from './files.js'
import { find } from './find.js'
import { ls } from './ls.js'
import { chgrp, chmod, chown } from './permissions.js'
import { createSnapshot, deleteSnapshot, expunge, renameSnapshot } from './snapshots.js'
import { count, df, du } from './usage.js'

/** An old name for a verb with an option. */
const instead = (verb: Verb, option: string, replacedBy: string): Verb => ({ replacedBy, run: (run, args) => verb.run(run, [option, ...args]) })

export const VERBS: Readonly<Record<string, Verb>> = {
  appendToFile,
  cat,
  checksum,
  chgrp,
  chmod,
  chown,
  concat,
  copyFromLocal: put,
  copyToLocal: get,
  count,
  cp,
  createSnapshot,
  deleteSnapshot,
  df,
  du,
  dus: instead(du, '-s', 'du -s'),
  expunge,
  find,
  get,
  getfacl,
  getfattr,
  getmerge,
  head,
  ls,
  lsr: instead(ls, '-R', 'ls -R'),
  mkdir,
  moveFromLocal,
  moveToLocal,
  mv,
  put,
  renameSnapshot,
  rm,
  rmdir,
  rmr,
  setfacl,
  setfattr,
  setrep,
  stat,
  tail,
  test,
  text,
  touch,
  touchz,
  truncate,
}
