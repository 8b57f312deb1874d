// Calls that block: no promise, no `await`, errors are thrown. The server must be elsewhere, here in a thread of its own.
// Run `node scripts/run-example.mjs sync`.
import assert from 'node:assert/strict'
import { isMainThread, MessageChannel, receiveMessageOnPort, Worker, workerData } from 'node:worker_threads'
import { Server } from 'pseud'
import { SyncClient } from 'pseud/sync'

if (isMainThread) script(startServer())
else await serve()

/** What one would write into a script, or type at the prompt. */
function script(endpoint: string): void {
  const client = new SyncClient('remote').connect(endpoint)
  const sum: number = [1, 2, 3].reduce((total, n) => client.math.add(total, n), 0)
  assert.equal(sum, 6)
  assert.throws(() => client.age(-1), RangeError)
  assert.throws(() => client.with({ timeoutMs: 100 }).never(), { code: 'DEADLINE_EXCEEDED' })
  console.log(`${client.lower('ABC')}, 1 + 2 + 3 = ${sum}`)
  client.close()
}

async function serve(): Promise<void> {
  const server = new Server('remote')
  server.registerRpc({
    lower: (text: string) => text.toLowerCase(),
    math: { add: (a: number, b: number) => a + b },
    age: (n: number) => {
      if (n < 0) throw new RangeError('an age is not negative')
    },
    never: () => new Promise(() => {}),
  })
  workerData.port.postMessage(await server.bind('tcp://127.0.0.1:0'))
  Atomics.store(workerData.ready, 0, 1)
  Atomics.notify(workerData.ready, 0)
}

/** Runs this file once more, as a thread that serves; returns where. The thread ends with the process. */
function startServer(): string {
  const { port1, port2 } = new MessageChannel()
  const ready = new Int32Array(new SharedArrayBuffer(4))
  new Worker(new URL(import.meta.url), { workerData: { port: port2, ready }, transferList: [port2] }).unref()
  assert.notEqual(Atomics.wait(ready, 0, 0, 20_000), 'timed-out')
  return receiveMessageOnPort(port1)!.message
}
