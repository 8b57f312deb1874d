// A peer in Python: the server calls a function of a Python process, which calls it back meanwhile, and errors come across.
// Run `node scripts/run-example.mjs python`; needs a Python with zmq and msgpack: `python3`, or what PSEUD_PYTHON says.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Server } from 'pseud'

/** What worker.py registers. */
interface Worker {
  describe(numbers: number[]): { count: number; median: number; mean: number }
  end(): void
}

const server = new Server<Worker>('remote')
server.registerRpc('limit', () => 5)
const endpoint = await server.bind('tcp://127.0.0.1:0')

const script = fileURLToPath(new URL('./worker.py', import.meta.url))
const worker = spawn(process.env.PSEUD_PYTHON ?? 'python3', [script, endpoint], { stdio: 'inherit' })
const ended = once(worker, 'exit')
const tooEarly = ended.then(() => assert.fail('the Python process has ended'))

const python = server.sendTo('python', { waitForPeerMs: 20_000 }) // it has yet to come
const answer = await Promise.race([python.describe([5, 3, 10, 8, 4, 1000, 2000]), tooEarly])
console.log('Python says:', answer)
assert.deepEqual(answer, { count: 5, median: 5, mean: 6 })

const failure = await python.describe([]).catch((error) => error)
console.log(`Python fails: ${failure.code}, ${failure.message}`)
assert.equal(failure.code, 'INTERNAL')

tooEarly.catch(() => {}) // now it may
await python.end()
assert.deepEqual(await ended, [0, null])
await server.close()
