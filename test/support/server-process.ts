// A server in a process of its own, for tests that kill one: src/rpc bundled with the functions of rpc-child.ts.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { buildSync } from 'esbuild'
import { within } from './within.ts'

/** Bundles source text that may import from the sources; returns the file to run. */
export function bundle(folder: string, name: string, text: string): string {
  const outfile = path.join(folder, `${name}.mjs`)
  buildSync({
    stdin: { contents: text, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    packages: 'external',
    outfile,
  })
  return outfile
}

/** The file of the server that tests kill. */
export function bundleServer(folder: string): string {
  return bundle(
    folder,
    'server',
    readFileSync('test/support/rpc-child.ts', 'utf8').replaceAll('../../', './'),
  )
}

export async function serve(
  file: string,
  endpoint: string,
): Promise<{ readonly child: ChildProcess; readonly endpoint: string }> {
  const child = spawn(process.execPath, [file, endpoint], { stdio: ['ignore', 'pipe', 'inherit'] })
  const bound = await within(
    30_000,
    new Promise<string>((resolve) => child.stdout!.once('data', (text) => resolve(String(text).trim()))),
    'a server process',
  )
  return { child, endpoint: bound }
}
