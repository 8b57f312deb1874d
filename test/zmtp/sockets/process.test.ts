// What keeps a process alive, and what it still sends at its end: each case is a process of its own.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { build } from 'esbuild'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Dealer } from '../../../src/zmtp/index.ts'
import { strings } from '../../support/sockets.ts'
import { within } from '../../support/within.ts'

const test = suite('process')
const folder = mkdtempSync(path.join(tmpdir(), 'pseud-process-'))
const library = path.join(folder, 'zmtp.cjs')

test.before(async () => {
  await build({
    entryPoints: ['src/zmtp/index.ts'],
    outfile: library,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'es2022',
    logLevel: 'warning',
  })
})

test.after(() => rmSync(folder, { recursive: true, force: true }))

interface Outcome {
  exited: boolean
  code: number | null
  ms: number
  output: string
  errors: string
}

/** Runs `script` with `zmq` and `arg` in scope; after `ms` it is killed. */
function run(script: string, ms: number, arg = ''): Promise<Outcome> {
  return new Promise((resolve) => {
    const program = `const zmq = require(${JSON.stringify(library)}), arg = ${JSON.stringify(arg)};\n(async () => {${script}})()`
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

const LONG = 8000
const SHORT = 1500

for (const [what, script] of [
  ['an open socket', `new zmq.Dealer()`],
  ['a bound socket', `await new zmq.Router().bind('tcp://127.0.0.1:0')`],
  ['a socket that dials nobody', `new zmq.Dealer().connect('tcp://127.0.0.1:1')`],
  [
    'two connected sockets, and an observer',
    `const r = new zmq.Router(); await r.bind('tcp://127.0.0.1:0')
     const d = new zmq.Dealer(); d.events; d.connect(r.lastEndpoint); await d.send('x'); await r.receive()`,
  ],
  [
    'a closed socket whose receive was pending',
    `const d = new zmq.Dealer(); d.receive().catch(() => {}); setTimeout(() => d.close(), 20)`,
  ],
] as const) {
  test(`${what} does not keep the process alive`, async () => {
    const outcome = await run(script, LONG)
    assert.ok(outcome.exited, 'still running')
    assert.is(outcome.code, 0, outcome.errors)
    assert.is(outcome.errors, '')
  })
}

for (const [what, script] of [
  ['a pending receive', `const d = new zmq.Dealer(); await d.bind('tcp://127.0.0.1:0'); await d.receive()`],
  ['a pending send', `const d = new zmq.Dealer(); await d.bind('tcp://127.0.0.1:0'); await d.send('x')`],
  ['a pending events.receive', `await new zmq.Dealer().events.receive()`],
] as const) {
  test(`${what} keeps the process alive`, async () => {
    const outcome = await run(script, SHORT)
    assert.not(outcome.exited)
  })
}

test('messages that wait for a late peer are delivered before the process ends, without a close', async () => {
  const probe = new Dealer()
  await probe.bind('tcp://127.0.0.1:0')
  const address = probe.lastEndpoint!
  probe.close()
  const child = run(
    `const d = new zmq.Dealer({ reconnectInterval: 20 }); d.connect(arg); for (let i = 0; i < 5; i++) await d.send(String(i))`,
    LONG,
    address,
  )
  await new Promise((resolve) => setTimeout(resolve, 300))
  const peer = new Dealer()
  await peer.bind(address)
  for (let i = 0; i < 5; i++) assert.equal(strings(await within(5000, peer.receive())), [String(i)])
  const outcome = await child
  assert.ok(outcome.exited)
  assert.is(outcome.code, 0)
  peer.close()
})

test('a process waits for unsent messages no longer than linger says, and says nothing in 50 ms', async () => {
  for (const closing of ['', 'd.close()']) {
    const outcome = await run(
      `const d = new zmq.Dealer({ linger: 50 }); d.connect('tcp://127.0.0.1:1'); await d.send('x'); ${closing}`,
      LONG,
    )
    assert.ok(outcome.exited)
    assert.is(outcome.errors, '')
    assert.ok(outcome.ms >= 50 && outcome.ms < 2000, `${outcome.ms}`)
  }
})

test('with linger -1 it waits for ever, and warns', async () => {
  const outcome = await run(
    `const d = new zmq.Dealer(); d.connect('tcp://127.0.0.1:1'); await d.send('x'); d.close()`,
    SHORT,
  )
  assert.not(outcome.exited)
  assert.match(outcome.errors, /Waiting for queued ZeroMQ messages to be delivered\./)
})

test('a large message is sent to its end when the process ends right after send', async () => {
  const peer = new Dealer()
  await peer.bind('tcp://127.0.0.1:0')
  const child = run(
    `const d = new zmq.Dealer(); d.connect(arg); await d.send([Buffer.alloc(20000000), 'end'])`,
    LONG,
    peer.lastEndpoint!,
  )
  const [body, end] = await within(7000, peer.receive())
  assert.is(body!.length, 20_000_000)
  assert.is(String(end), 'end')
  assert.ok((await child).exited)
  peer.close()
})

test('a worker thread that is terminated with operations pending ends alone', async () => {
  const worker = new Worker(
    `const zmq = require(${JSON.stringify(library)})
     const d = new zmq.Dealer()
     d.bind('tcp://127.0.0.1:0').then(() => { d.receive(); d.events.receive(); require('worker_threads').parentPort.postMessage(d.lastEndpoint) })`,
    { eval: true },
  )
  const address = await within(5000, new Promise<string>((resolve) => worker.once('message', resolve)))
  const dealer = new Dealer({ linger: 0 })
  dealer.connect(address)
  await dealer.send('x')
  await within(5000, worker.terminate())
  dealer.close()
})

test.run()
