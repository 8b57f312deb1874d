/**
 * Where the code of the worker thread is, once built: beside the other CommonJS files of the package, which ES modules share. A bundler that takes
 * this into its own file leaves that one behind; that is said at once, because a thread that is blocked never learns it. Tests and examples
 * have the expression replaced (scripts/sync-worker.mjs).
 */
import { existsSync } from 'node:fs'
import { Worker, type WorkerOptions } from 'node:worker_threads'
import { UsageError } from '../base/errors.ts'

/** Starts the worker thread. Throws `UsageError` WORKER_MISSING. */
export function startThread(options: WorkerOptions): Worker {
  const file = typeof __dirname === 'string' ? `${__dirname}/sync-worker.cjs` : ''
  if (!existsSync(file)) {
    throw new UsageError(
      'WORKER_MISSING',
      'the code of the worker thread of pseud/sync is not there: tell the bundler that pseud is external',
    )
  }
  return new Worker(file, options)
}
