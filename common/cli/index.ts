export * from './help.js'
export * from './import-module.js'
export * from './options.js'
