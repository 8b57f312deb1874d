// The line to a worker thread that is not what it should be: it hangs, it ends, it answers late.
import { Worker } from 'node:worker_threads'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { RpcError } from '../../src/rpc/index.ts'
import { Line } from '../../src/sync/line.ts'
import { until } from '../support/within.ts'

const test = suite('the line to a worker thread')
const workers = new Set<Worker>()
test.after(async () => {
  for (const worker of workers) await worker.terminate()
})

// Shorter than in earnest; a thread may still be held up on a busy machine.
const PROBE_MS = 400
const READY = { do: 'ready', timeoutMs: 1 } as const
const ANSWER = `const answer = (id) => { port.postMessage({ id }); Atomics.add(signals, 0, 1); Atomics.notify(signals, 0) }`

/** A line to a thread that runs `body`, with `port`, `signals` and `answer(id)` in scope. */
function lineTo(body: string): Line {
  const source = `import { workerData } from 'node:worker_threads'
    const { port, signals } = workerData; ${ANSWER}
    Atomics.add(signals, 1, 1); ${body}`
  return new Line(
    (options) => {
      const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), options)
      workers.add(worker)
      return worker
    },
    { name: '', options: {}, extensionCodes: [], security: undefined },
    PROBE_MS,
  )
}

function failure(call: () => unknown): RpcError {
  try {
    call()
  } catch (error) {
    return error as RpcError
  }
  throw new Error('should have thrown')
}

test('hands out the answer to its question', () => {
  const line = lineTo(`port.on('message', ({ id }) => answer(id))`)
  assert.equal(
    [1, 2, 3].map(() => line.ask(READY, 30_000)?.id),
    [1, 2, 3],
  )
  line.end(true)
})

test('a thread that hangs is waited for no longer than allowed', () => {
  const line = lineTo(`port.on('message', () => { for (;;); })`)
  assert.is(line.ask(READY, 300), undefined)
  assert.is(line.ask(READY, 50), undefined)
  line.end(true)
})

test('an answer that comes too late is not taken for the next', () => {
  const line = lineTo(`port.on('message', ({ id }) => setTimeout(answer, id === 1 ? 400 : 800, id))`)
  assert.is(line.ask(READY, 100), undefined)
  assert.is(line.ask(READY, 30_000)?.id, 2)
  line.end(true)
})

test('a thread that hangs for good is given up, even when the call may take for ever', () => {
  const line = lineTo(`port.on('message', () => { for (;;); })`)
  const error = failure(() => line.ask(READY, Number.POSITIVE_INFINITY))
  assert.equal([error.code, error.executed], ['UNAVAILABLE', 'maybe'])
  line.end(true)
})

test('a thread that works, but only gives signs of life, is waited for', () => {
  const line = lineTo(`port.on('message', ({ id }) => {
    Atomics.add(signals, 1, 1)
    if (id !== 0) setTimeout(answer, ${10 * PROBE_MS}, id)
  })`)
  assert.is(line.ask(READY, Number.POSITIVE_INFINITY)?.id, 1)
  line.end(true)
})

test('the end of the thread is noticed: at once when it says so, and its error is the cause later', async () => {
  const saying = lineTo(`port.on('message', () => {
    Atomics.store(signals, 2, 1); Atomics.add(signals, 0, 1); Atomics.notify(signals, 0)
  })`)
  assert.is(failure(() => saying.ask(READY, Number.POSITIVE_INFINITY)).executed, 'maybe')
  saying.end(true)

  const throwing = lineTo(`throw new Error('no start')`)
  let cause: unknown
  await until(() => {
    try {
      throwing.ask(READY, 1)
    } catch (error) {
      cause = (error as Error).cause
    }
    return cause !== undefined
  }, 20_000)
  assert.is((cause as Error).message, 'no start')
  assert.is(failure(() => throwing.ask(READY, 1)).executed, 'no')
})

test.run()
