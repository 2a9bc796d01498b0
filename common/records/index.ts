/** Hadoop's nouns. */
export * from './ids.js'
export * from './states.js'
export * from './resource.js'
