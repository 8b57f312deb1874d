// Which copy of the library serves a module: the one that the module imports itself. Functions that `method` has marked and what `registerRpc`
// has registered are known to that copy alone, and there may be several: a global installation and a local one, two versions in a workspace.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import * as path from 'node:path'
import { pathToFileURL } from 'node:url'
import { createLocalRegistry, curve, globalRegistry, plain, Server } from '../../rpc/index.ts'

export interface Library {
  readonly Server: typeof Server
  readonly createLocalRegistry: typeof createLocalRegistry
  readonly globalRegistry: typeof globalRegistry
  readonly curve: typeof curve
  readonly plain: typeof plain
}

const own: Library = { Server, createLocalRegistry, globalRegistry, curve, plain }

/** The library that `file` gets when it imports `pseud`; this one where it has none. */
export async function libraryOf(file: string, isCommonJs: boolean): Promise<Library> {
  const require = createRequire(file)
  let manifest: string
  try {
    manifest = require.resolve('pseud/package.json')
  } catch {
    return own
  }
  if (isCommonJs) return require('pseud')
  const entry = JSON.parse(readFileSync(manifest, 'utf8')).exports['.'].import.default
  return await import(pathToFileURL(path.join(path.dirname(manifest), entry)).href)
}
