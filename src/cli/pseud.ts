/**
 * The entry of the `pseud` command: the process around `main`. Signals become an AbortSignal; the second one ends the process at once. A reader
 * that goes away (`| head`) ends it, too.
 */
import { readFileSync } from 'node:fs'
import { Stopped } from './failure.ts'
import { main } from './main.ts'

const stopping = new AbortController()

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    const stopped = new Stopped(signal)
    if (stopping.signal.aborted) process.exit(stopped.exitCode)
    stopping.abort(stopped)
  })
}
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') stopping.abort(new Stopped('SIGPIPE'))
  })
}

// CommonJS, which the package's code is, has no top-level await.
void main({
  words: process.argv.slice(2),
  env: process.env,
  input: process.stdin,
  out: process.stdout,
  err: process.stderr,
  stop: stopping.signal,
  version: versionOf(),
}).then((exitCode) => {
  // A module that is served may have left something open.
  process.exit(exitCode)
})

/** That of the package: its package.json lies above this file, wherever that was built to. */
function versionOf(): string {
  let last: string | undefined
  for (let folder = new URL('.', import.meta.url); folder.href !== last; folder = new URL('..', folder)) {
    last = folder.href
    try {
      const { name, version } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'))
      if (name === 'pseud') return version
    } catch {
      // Further up.
    }
  }
  return 'unknown'
}
