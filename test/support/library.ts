/**
 * `pseud/zmtp` as one CommonJS file, for programs in processes and worker threads of their own, and such programs: each has `zmq` and `arg`
 * in scope. They may also run with the native package, to be compared.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { build } from 'esbuild'

/** Where the native package is. */
export const NATIVE: string = path.resolve('node_modules/zeromq')

export interface Outcome {
  /** By itself: it was not killed. */
  readonly exited: boolean
  readonly code: number | null
  readonly ms: number
  readonly output: string
  readonly errors: string
}

/** Builds the library once for a test file, or one of its entries; its folder goes when the process ends. */
export async function buildLibrary(entry = 'src/zmtp/index.ts'): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'pseud-library-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const outfile = path.join(folder, 'zmtp.cjs')
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'es2022',
    logLevel: 'warning',
  })
  return outfile
}

/** `script` as a whole program that uses the library at `file`. It may await. */
export function programOf(file: string, script: string, arg = ''): string {
  return `const zmq = require(${JSON.stringify(file)}), arg = ${JSON.stringify(arg)};\n(async () => {${script}\n})()`
}

/** Runs `program` in a process of its own; after `ms` it is killed. */
export function runProgram(program: string, ms: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const start = performance.now()
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let errors = ''
    let killed = false
    child.stdout.on('data', (data) => {
      output += data
    })
    child.stderr.on('data', (data) => {
      errors += data
    })
    const timer = setTimeout(() => {
      killed = true
      child.kill('SIGKILL')
    }, ms)
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ exited: !killed, code, ms: performance.now() - start, output, errors })
    })
  })
}
