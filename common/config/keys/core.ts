/** core-site.xml */
import { property } from './declare.js'

export const core = {
  defaultFs: property('fs.defaultFS', 'string', 'file:///', 'the file system that paths without a scheme are on'),
  tmpDir: property('hadoop.tmp.dir', 'path', '/tmp/hadoop-${user.name}', 'base of other folders'),
  staticUser: property('hadoop.http.staticuser.user', 'string', 'dr.who', 'the user that a browser without user.name acts as'),
  trashInterval: property('fs.trash.interval', 'float', '0', 'minutes that a trash checkpoint is kept; 0: no trash'),
  trashCheckpointInterval: property('fs.trash.checkpoint.interval', 'float', '0', 'minutes between trash checkpoints; 0: as fs.trash.interval'),
  umask: property('fs.permissions.umask-mode', 'string', '022', 'mode bits that new files and directories do not get, in octal or as u=rwx,g=rx,o=rx'),
  ioFileBufferSize: property('io.file.buffer.size', 'int', '4096', 'bytes of a read or write buffer'),
  topologyScript: property('net.topology.script.file.name', 'path', undefined, 'program that is given a host and prints its rack'),
  crossOriginOrigins: property('hadoop.http.cross-origin.allowed-origins', 'strings', '*', 'whose pages may read what web services say, where that is enabled'),
  crossOriginMethods: property('hadoop.http.cross-origin.allowed-methods', 'strings', 'GET,POST,HEAD', 'methods that such pages may use'),
  crossOriginHeaders: property(
    'hadoop.http.cross-origin.allowed-headers',
    'strings',
    'X-Requested-With,Content-Type,Accept,Origin',
    'headers that such pages may send',
  ),
  crossOriginMaxAge: property('hadoop.http.cross-origin.max-age', 'int', '1800', 'seconds that a browser may remember so'),
  topologyTable: property('net.topology.table.file.name', 'path', undefined, 'file with lines of HOST RACK'),
} as const
