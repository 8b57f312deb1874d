// What keeps a process alive, and what it still sends at its end: each case is a process of its own, and where only that is asked, one with
// the native package beside it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as zmtp from '../../../src/zmtp/index.ts'
import { buildLibrary, NATIVE, type Outcome, programOf, runProgram } from '../../support/library.ts'
import { strings } from '../../support/sockets.ts'
import { TcpHost } from '../../support/tcp-peer.ts'
import { sleep, until, within } from '../../support/within.ts'

const { Dealer } = zmtp
const test = suite('process')
let library = ''

test.before(async () => {
  library = await buildLibrary()
})

/** Runs `script` with `zmq` and `arg` in scope; after `ms` it is killed. */
function run(script: string, ms: number, arg = ''): Promise<Outcome> {
  return runProgram(programOf(library, script, arg), ms)
}

const LONG = 8000
const SHORT = 1500

const ALIVE = 7
const ENDS = 0

/** A program that ends with ALIVE when something keeps it alive, else with ENDS: whichever it is to be decides how soon the one is said. */
function watched(script: string, expected: number): string {
  return `setTimeout(() => process.exit(${ALIVE}), ${expected === ALIVE ? 250 : 6000}).unref(); ${script}`
}

/** Whether `script` stays alive or ends, with the native package too; it says nothing. */
async function check(script: string, expected: number): Promise<void> {
  const program = watched(script, expected)
  const [ours, native] = await Promise.all([
    runProgram(programOf(library, program), LONG),
    runProgram(programOf(NATIVE, program), LONG),
  ])
  assert.equal([ours.code, ours.output, ours.errors], [expected, '', ''])
  assert.is(native.code, expected, native.errors)
}

// Which types may have a receive or a send that waits, when nobody is there.
const TYPES: Record<string, { receives?: true; sends?: true }> = {
  Pair: { receives: true, sends: true },
  Publisher: {},
  Subscriber: { receives: true },
  Request: { receives: true, sends: true },
  Reply: { receives: true, sends: true },
  Dealer: { receives: true, sends: true },
  Router: { receives: true },
  Pull: { receives: true },
  Push: { sends: true },
  XPublisher: { receives: true },
  XSubscriber: { receives: true },
  Stream: { receives: true },
}
const classes = Object.entries(zmtp)
  .filter(([, value]) => typeof value === 'function' && value.prototype instanceof zmtp.Socket)
  .map(([name]) => name)

test('the table of types has every class', () => {
  assert.equal(
    classes.filter((name) => !(name in TYPES)),
    [],
  )
})

const operations = classes.flatMap((name) => [
  ...(TYPES[name]?.receives ? [{ name, call: 'receive()', limit: 'receiveTimeout' }] : []),
  ...(TYPES[name]?.sends ? [{ name, call: `send(['x', 'y'])`, limit: 'sendTimeout' }] : []),
])

// One process for all classes, because a process costs more than a test.
test('open, bound, connected and observed sockets of every class do not keep the process alive', async () => {
  await check(
    `for (const name of ${JSON.stringify(classes)}) {
       const open = new zmq[name](), bound = new zmq[name](), connected = new zmq[name]({ reconnectInterval: 10 })
       bound.events
       connected.events
       if (name !== 'Stream') {
         await bound.bind('ipc://${path.dirname(library)}/' + process.pid + name)
         await bound.bind('inproc://' + name)
       }
       await bound.bind('tcp://127.0.0.1:*')
       connected.connect(bound.lastEndpoint)
       connected.connect('tcp://127.0.0.1:1')
     }`,
    ENDS,
  )
})

for (const { name, call } of operations) {
  test(`${name}: a pending ${call} keeps the process alive`, async () => {
    await check(`const s = new zmq.${name}(); await s.bind('tcp://127.0.0.1:*'); await s.${call}`, ALIVE)
  })
}

test('operations of every class that have settled, by time or by close, do not keep the process alive', async () => {
  await check(
    `for (const { name, call, limit } of ${JSON.stringify(operations)}) {
       const late = new zmq[name](), closed = new zmq[name]()
       for (const s of [late, closed]) await s.bind('tcp://127.0.0.1:*')
       late[limit] = 20
       eval('late.' + call).catch(() => {})
       eval('closed.' + call).catch(() => {})
       setTimeout(() => closed.close(), 20)
     }`,
    ENDS,
  )
})

const PROXY = `const f = new zmq.Pull(), b = new zmq.Push()
  await f.bind('tcp://127.0.0.1:*'); await b.bind('tcp://127.0.0.1:*'); const p = new zmq.Proxy(f, b); p.run()`

for (const [what, script, expected] of [
  [
    'two sockets that have spoken with each other do not keep the process alive',
    `const r = new zmq.Router(); await r.bind('tcp://127.0.0.1:*')
     const d = new zmq.Dealer(); d.connect(r.lastEndpoint); await d.send('x'); await r.receive()`,
    ENDS,
  ],
  [
    'two Streams that have exchanged octets do not keep it alive',
    `const s = new zmq.Stream(); await s.bind('tcp://127.0.0.1:*')
     const c = new zmq.Stream(); c.connect(s.lastEndpoint, { routingId: 's' })
     await c.send(['s', 'x']); await s.receive(); await s.receive()`,
    ENDS,
  ],
  [
    'a publisher that says something to nobody does not keep it alive',
    `const p = new zmq.Publisher(); await p.bind('tcp://127.0.0.1:*'); p.send('x')`,
    ENDS,
  ],
  ['events.receive keeps it alive', `const d = new zmq.Dealer(); await d.events.receive()`, ALIVE],
  [
    'a loop over events keeps it alive',
    `const d = new zmq.Dealer(); for await (const _ of d.events);`,
    ALIVE,
  ],
  ['a listener of events keeps it alive', `const d = new zmq.Dealer(); d.events.on('bind', () => {})`, ALIVE],
  [
    'until its socket is closed',
    `const d = new zmq.Dealer(); d.events.on('bind', () => {}); setTimeout(() => d.close(), 20)`,
    ENDS,
  ],
  [
    'a loop over events ends with its socket',
    `const d = new zmq.Dealer(); setTimeout(() => d.close(), 20); for await (const _ of d.events);`,
    ENDS,
  ],
  [
    'bind and unbind end it no later',
    `const d = new zmq.Dealer(); await d.bind('tcp://127.0.0.1:*'); await d.unbind(d.lastEndpoint); d.bind('tcp://127.0.0.1:*')`,
    ENDS,
  ],
  ['a proxy does no longer once it is terminated', `${PROXY}; setTimeout(() => p.terminate(), 20)`, ENDS],
] as const) {
  test(`${what}, as with the native package`, async () => {
    await check(script, expected)
  })
}

for (const [what, script] of [
  ['receiveMany', `await s.receiveMany()`],
  ['batches', `for await (const _ of s.batches());`],
  ['sendMany', `await s.sendMany(['x', 'y'])`],
  [
    // The native package hangs at its end with one.
    'a running Proxy',
    `const b = new zmq.Dealer(); await b.bind('tcp://127.0.0.1:*'); await new zmq.Proxy(s, b).run()`,
  ],
  ['a second receive', `s.maxPendingReceives = 2; s.receive(); await s.receive()`],
] as const) {
  test(`${what} keeps the process alive while it waits`, async () => {
    const outcome = await run(
      watched(`const s = new zmq.Dealer(); await s.bind('tcp://127.0.0.1:*'); ${script}`, ALIVE),
      LONG,
    )
    assert.is(outcome.code, ALIVE, outcome.errors)
  })
}

// Not compared: with the native package not even process.exit() ends a process with a running proxy.
test('a running proxy keeps the process alive', async () => {
  const outcome = await run(watched(PROXY, ALIVE), LONG)
  assert.is(outcome.code, ALIVE, outcome.errors)
})

test('a receive that was given up by its signal does not keep the process alive', async () => {
  const outcome = await run(
    watched(
      `const s = new zmq.Dealer(), signal = AbortSignal.timeout(20)
       setTimeout(() => {}, 40) // the timer of a signal keeps nothing alive
       await s.receive({ signal }).catch(() => {})`,
      ENDS,
    ),
    LONG,
  )
  assert.is(outcome.code, ENDS, outcome.errors)
})

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

test('octets of a Stream are sent to their end before the process ends, also after the connection was ended', async () => {
  const host = await TcpHost.listen()
  const child = run(
    `const s = new zmq.Stream(); s.connect(arg, { routingId: 'it' })
     await s.send(['it', Buffer.alloc(20000000), 'it', 'end', 'it', ''])`,
    LONG,
    host.endpoint,
  )
  const peer = await host.peer(0)
  await until(() => peer.ended, 7000)
  assert.is(peer.size, 20_000_003)
  assert.ok((await child).exited)
  host.close()
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

test('a child that is kept alive by its parent alone, and writes to nobody who reads, loses nothing of it', async () => {
  const puller = new zmtp.Pull({ receiveHighWaterMark: 1 })
  await puller.bind('tcp://127.0.0.1:*')
  // Nothing is printed: the child's standard output, a pipe like its channel to us, is made by the look for what keeps it alive.
  const script = `const push = new zmq.Push({ linger: 0 })
    push.connect(arg)
    process.on('message', () => {})
    ;(async () => { for (let i = 0; i < 32; i++) await push.send(Buffer.alloc(1 << 20, i)) ; process.send('sent') })()`
  const child = spawn(process.execPath, ['-e', programOf(library, script, puller.lastEndpoint!)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  try {
    await within(LONG, once(child, 'message'))
    // Several looks, while its writes are stuck.
    await sleep(600)
    for (let i = 0; i < 32; i++) {
      const [body] = await within(LONG, puller.receive(), `message ${i}`)
      assert.equal([body!.length, body![0]], [1 << 20, i])
    }
  } finally {
    child.kill('SIGKILL')
    puller.close()
  }
})

test.run()
