// Whether anybody listens on a socket file. Only a connection can tell: the file of a dead process looks like any other. Where the
// answer has to come within the call, a worker thread makes the connection while this thread stands still.
import { connect as netConnect } from 'node:net'
import { builtin } from '../../base/builtin.ts'

const threads = builtin('node:worker_threads')

/** Resolves to `false` only if the system says that nobody listens on `path`. */
export function somebodyAnswers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = netConnect({ path })
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== REFUSED))
  })
}

/** `somebodyAnswers` within the call. `true` when it cannot be found out: better a bind that fails than a stolen name. */
export function somebodyAnswersNow(path: string): boolean {
  const answer = new Int32Array(new SharedArrayBuffer(4))
  try {
    const worker = new (threads().Worker)(PROBE, {
      eval: true,
      execArgv: [],
      workerData: { path, answer, refused: REFUSED, yes: YES, no: NO },
    })
    worker.on('error', () => {})
    worker.unref()
    Atomics.wait(answer, 0, 0, PATIENCE_MS)
  } catch {
    return true // threads are not permitted here, or this one may not stand still
  }
  return Atomics.load(answer, 0) !== NO
}

const REFUSED = 'ECONNREFUSED'
const YES = 1
const NO = 2
// A thread starts in some 20 ms; a loaded machine may take its time.
const PATIENCE_MS = 5000

// A script and not a file: bundles would lose a file.
const PROBE = `
const { workerData: { path, answer, refused, yes, no } } = require('node:worker_threads')
const say = (value) => {
  Atomics.store(answer, 0, value)
  Atomics.notify(answer, 0)
}
const probe = require('node:net').connect({ path })
probe.once('connect', () => {
  probe.destroy()
  say(yes)
})
probe.once('error', (error) => say(error.code === refused ? no : yes))
`
