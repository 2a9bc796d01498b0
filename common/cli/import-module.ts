declare global {
  var bobbinImport: ((specifier: string) => Promise<any>) | undefined
}

/** import() of a module whose place is known only at run time (a file: URL); also in bundles that scripts/launch.cjs started. */
export function importModule(url: string): Promise<any> {
  return globalThis.bobbinImport ? globalThis.bobbinImport(url) : import(url)
}
