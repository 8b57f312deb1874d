/**
 * Where the code of the worker thread is, once built: beside the ES modules of the package, for CommonJS too. Spelled as bundlers look for
 * it that bring such files along; one that does not leaves the URL pointing at nothing, and that is said at once, because a thread that is
 * blocked never learns it. Tests and examples have the URL replaced (scripts/source-aliases.mjs).
 */
import { existsSync } from 'node:fs'
import { Worker, type WorkerOptions } from 'node:worker_threads'
import { UsageError } from '../base/errors.ts'

/** Starts the worker thread. Throws `UsageError` WORKER_MISSING. */
export function startThread(options: WorkerOptions): Worker {
  if (!existsSync(new URL('../esm/sync-worker.js', import.meta.url))) {
    throw new UsageError(
      'WORKER_MISSING',
      'the code of the worker thread of pseud/sync is not there: tell the bundler that pseud is external',
    )
  }
  return new Worker(new URL('../esm/sync-worker.js', import.meta.url), options)
}
