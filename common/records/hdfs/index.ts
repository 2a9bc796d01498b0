/** HDFS's nouns. */
export * from './acl.js'
export * from './permission.js'
export * from './states.js'
export * from './xattr.js'
export * from './block-report.js'
