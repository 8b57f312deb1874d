// child.ts as one file to run, built once for a process; the runner of long runs builds it once for all (PSEUD_CHAOS_CHILD).
import { rmSync } from 'node:fs'
import path from 'node:path'
import { buildSync } from 'esbuild'

let built: string | undefined

export function childFile(): string {
  built ??= process.env.PSEUD_CHAOS_CHILD ?? build()
  return built
}

function build(): string {
  const folder = path.resolve(process.env.PSEUD_TEST_DIR ?? 'build/test', `chaos-${process.pid}`)
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const outfile = path.join(folder, 'child.mjs')
  buildSync({
    entryPoints: ['test/chaos/child.ts'],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    packages: 'external',
    outfile,
  })
  return outfile
}
