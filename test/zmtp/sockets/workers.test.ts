// Sockets in worker threads: they talk with each other and with the main thread, and a worker that ends, whatever its sockets are doing at
// that moment, ends alone. The native package takes the process with it there.
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as zmtp from '../../../src/zmtp/index.ts'
import { buildLibrary, programOf, runProgram } from '../../support/library.ts'
import { until, within } from '../../support/within.ts'

const { Dealer, Publisher, Pull, Push, Router } = zmtp
const test = suite('workers')
let library = ''
let names = 0

test.before(async () => {
  library = await buildLibrary()
})

/** An address that can be bound. */
function anyAddress(transport: string): string {
  return transport === 'tcp'
    ? 'tcp://127.0.0.1:*'
    : `ipc://${path.join(path.dirname(library), `w${++names}`)}`
}

/** A worker that runs `script` with `zmq`, `arg`, `say` (a message to us) and `next` (the next one from us) in scope. */
class Thread {
  readonly worker: Worker
  /** What it exits with. */
  readonly exit: Promise<number>
  readonly #said: unknown[] = []
  #onSaid: () => void = () => {}

  constructor(script: string, arg = '') {
    this.worker = new Worker(
      programOf(
        library,
        `const port = require('node:worker_threads').parentPort
         const say = (value) => port.postMessage(value), next = () => new Promise((resolve) => port.once('message', resolve))
         ${script}`,
        arg,
      ),
      { eval: true, stderr: true },
    )
    this.exit = new Promise((resolve) => this.worker.once('exit', resolve))
    this.worker.on('message', (value) => {
      this.#said.push(value)
      this.#onSaid()
    })
    this.worker.on('error', (error) => {
      this.#said.push(error)
      this.#onSaid()
    })
  }

  tell(value: unknown): void {
    this.worker.postMessage(value)
  }

  async says<T>(): Promise<T> {
    if (this.#said.length === 0) {
      await within(
        10_000,
        new Promise<void>((resolve) => {
          this.#onSaid = resolve
        }),
        'a word from the worker',
      )
    }
    const said = this.#said.shift()
    if (said instanceof Error) throw said
    return said as T
  }

  terminate(): Promise<number> {
    return within(5000, this.worker.terminate(), 'the end of the worker')
  }
}

// -- together --------------------------------------------------------------------------------------------------------

for (const transport of ['tcp', 'ipc']) {
  test(`four workers and the main thread talk with each other over ${transport}: 2,000 messages, in order`, async () => {
    const router = new Router()
    const news = new Publisher()
    await router.bind(anyAddress(transport))
    await news.bind(anyAddress(transport))
    const threads = [0, 1, 2, 3].map(
      (i) =>
        new Thread(
          `const { main, news, own } = JSON.parse(arg)
           const pull = new zmq.Pull(), push = new zmq.Push(), dealer = new zmq.Dealer({ routingId: 'worker ${i}' })
           const sub = new zmq.Subscriber()
           await pull.bind(own)
           dealer.connect(main)
           sub.connect(news)
           sub.subscribe('all')
           say(pull.lastEndpoint)
           push.connect(await next())
           for (let n = 0; n < 250; n++) { await push.send(['${i}', n]); await dealer.send(n) }
           const from = new Set(), heard = []
           for (let n = 0; n < 250; n++) {
             const [who, number] = await pull.receive()
             from.add(String(who))
             if (Number(number) !== n) throw new Error('neighbour: ' + number + ' for ' + n)
             const [answer] = await dealer.receive()
             if (String(answer) !== 'echo ' + n) throw new Error('main: ' + answer + ' for ' + n)
           }
           heard.push(String((await sub.receive())[1]))
           for (const socket of [pull, push, dealer, sub]) socket.close()
           say([...from, ...heard])`,
          JSON.stringify({
            main: router.lastEndpoint,
            news: news.lastEndpoint,
            own: anyAddress(transport),
          }),
        ),
    )
    const addresses = await Promise.all(threads.map((thread) => thread.says<string>()))
    for (const [i, thread] of threads.entries()) thread.tell(addresses[(i + 1) % 4])
    for (let n = 0; n < 1000; n++) {
      const [id, number] = await within(10_000, router.receive())
      await router.send([id!, `echo ${number}`])
    }
    const repeat = setInterval(() => void news.send(['all', 'good night']), 5)
    const ends = await Promise.all(threads.map((thread) => thread.says<string[]>()))
    clearInterval(repeat)
    assert.equal(
      ends,
      [0, 1, 2, 3].map((i) => [String((i + 3) % 4), 'good night']),
    )
    // Nothing is pending any more: they end by themselves.
    assert.equal(await within(5000, Promise.all(threads.map((thread) => thread.exit))), [0, 0, 0, 0])
    router.close()
    news.close()
  })
}

test('idle sockets do not keep a worker alive, a pending receive does', async () => {
  const idle = new Thread(
    `const d = new zmq.Dealer(); await d.bind('tcp://127.0.0.1:*'); d.events; d.connect(d.lastEndpoint)`,
  )
  assert.is(await within(5000, idle.exit), 0)
  const waiting = new Thread(
    `setTimeout(() => process.exit(7), 200).unref()
     const d = new zmq.Dealer(); await d.bind('tcp://127.0.0.1:*'); await d.receive()`,
  )
  assert.is(await within(5000, waiting.exit), 7)
})

test('messages that a worker sent last arrive although it ends', async () => {
  const pull = new Pull()
  await pull.bind('tcp://127.0.0.1:*')
  const thread = new Thread(
    `const p = new zmq.Push(); p.connect(arg); for (let i = 0; i < 500; i++) await p.send(Buffer.alloc(1000, i))`,
    pull.lastEndpoint!,
  )
  for (let i = 0; i < 500; i++) assert.is((await within(5000, pull.receive()))[0]![0], i & 0xff)
  assert.is(await within(5000, thread.exit), 0)
  pull.close()
})

test('a worker has contexts of its own: inproc names do not reach across', async () => {
  const dealer = new Dealer()
  await dealer.bind('inproc://same')
  const thread = new Thread(
    `const d = new zmq.Dealer(); await d.bind('inproc://same')
     const c = new zmq.Dealer(); c.connect('inproc://same'); await c.send('x'); say(String((await d.receive())[0]))`,
  )
  assert.is(await thread.says(), 'x')
  assert.not(dealer.readable)
  assert.is(await within(5000, thread.exit), 0)
  dealer.close()
})

// -- the end of a worker -----------------------------------------------------------------------------------------------

// Each leaves sockets behind in some state and says where one is bound. In scope besides: `address`, to be bound, and `peer`, an endpoint of the
// main thread where a PULL listens.
const STATES: Record<string, string> = {
  'a pending receive': `const d = new zmq.Dealer(); await d.bind(address); say(d.lastEndpoint); await d.receive()`,
  'a pending send': `const d = new zmq.Push(); await d.bind(address); say(d.lastEndpoint); await d.send('x')`,
  'an iterator': `const d = new zmq.Router(); await d.bind(address); say(d.lastEndpoint); for await (const _ of d);`,
  'a loop over batches': `const d = new zmq.Pull(); await d.bind(address); say(d.lastEndpoint); for await (const _ of d.batches());`,
  'a loop over events': `const d = new zmq.Reply(); const { events } = d; await d.bind(address); say(d.lastEndpoint); for await (const _ of events);`,
  'a listener of events': `const d = new zmq.Reply(); d.events.on('accept', () => {}); await d.bind(address); say(d.lastEndpoint)`,
  'a receive with a time limit': `const d = new zmq.Dealer({ receiveTimeout: 60000 }); await d.bind(address); say(d.lastEndpoint); await d.receive()`,
  'a bind in progress': `const d = new zmq.Dealer(); await d.bind(address); say(d.lastEndpoint); d.bind('tcp://127.0.0.1:*'); new zmq.Dealer().bind('tcp://localhost:*')`,
  'an unbind in progress': `const d = new zmq.Dealer(); await d.bind(address); say(d.lastEndpoint); d.unbind(d.lastEndpoint)`,
  'a connection being made': `const d = new zmq.Dealer({ reconnectInterval: 5 }); await d.bind(address); const at = d.lastEndpoint; d.connect('tcp://127.0.0.1:1'); d.connect('tcp://localhost:1'); say(at); d.receive()`,
  'unsent messages of a closed socket': `const d = new zmq.Dealer(), e = new zmq.Pull(); await e.bind(address); d.connect('tcp://127.0.0.1:1'); for (let i = 0; i < 100; i++) await d.send('x'); d.close(); say(e.lastEndpoint); await e.receive()`,
  'traffic under way': `const d = new zmq.Push(), e = new zmq.Pull(); await e.bind(address); d.connect(peer); d.connect(e.lastEndpoint)
     say(e.lastEndpoint)
     ;(async () => { for await (const _ of e); })()
     for (;;) await d.send(Buffer.alloc(20000))`,
  ...('Proxy' in zmtp && {
    'a running proxy': `const f = new zmq.Pull(), b = new zmq.Push(); await f.bind(address); b.connect(peer); say(f.lastEndpoint); await new zmq.Proxy(f, b).run()`,
  }),
}

// How it ends, and the exit code of that. `arm` runs first in the worker, `end` here.
const ENDS: Record<string, { code: number; arm: string; end(thread: Thread): void }> = {
  'worker.terminate()': {
    code: 1,
    arm: `port.on('message', () => {}) // or it may have ended by itself before`,
    end: (thread) => void thread.worker.terminate(),
  },
  'process.exit() inside': {
    code: 3,
    arm: `port.once('message', () => process.exit(3))`,
    end: (thread) => thread.tell('exit'),
  },
  'an exception that nobody catches': {
    code: 1,
    arm: `port.once('message', () => { throw new Error('as planned') })`,
    end: (thread) => thread.tell('throw'),
  },
}

/** Puts a worker into `state`, ends it, and finds its address free. */
async function endInState(state: string, end: string, transport: string, peer: string): Promise<void> {
  const { code, arm, end: endIt } = ENDS[end]!
  const address = anyAddress(transport)
  const thread = new Thread(
    `${arm}
     const { address, peer } = JSON.parse(arg)
     ${STATES[state]}`,
    JSON.stringify({ address, peer }),
  )
  const endpoint = await thread.says<string>()
  // Somebody is connected to it while it ends.
  const client = new Dealer({ linger: 0, reconnectInterval: 20 })
  const met = state === 'an unbind in progress' ? Promise.resolve() : metBy(client)
  client.connect(endpoint)
  await within(5000, met, 'a connection')
  endIt(thread)
  assert.is(await within(5000, thread.exit, `${state}: ${end}`), code)
  client.close()
  const heir = new Dealer()
  await heir.bind(endpoint)
  heir.close()
}

/** The client reaches somebody; the types may not fit, which both sides then say. */
function metBy(client: zmtp.Dealer): Promise<unknown> {
  const { events } = client
  return new Promise((resolve) => {
    for (const type of ['connect', 'handshake', 'handshake:error:protocol', 'disconnect'] as const) {
      events.on(type, resolve)
    }
  })
}

/** Two sockets of the main thread that must go on as if nothing happened. */
class Bystanders {
  readonly #push = new Push()
  readonly #pull = new Pull()
  #count = 0

  async meet(): Promise<this> {
    await this.#pull.bind('tcp://127.0.0.1:*')
    this.#push.connect(this.#pull.lastEndpoint!)
    return this
  }

  async goOn(): Promise<void> {
    const word = `still here ${++this.#count}`
    await this.#push.send(word)
    assert.is(String((await within(5000, this.#pull.receive()))[0]), word)
  }

  close(): void {
    this.#push.close()
    this.#pull.close()
  }
}

/** A PULL that takes whatever workers send. */
async function drain(): Promise<zmtp.Pull> {
  const pull = new Pull()
  await pull.bind('tcp://127.0.0.1:*')
  void (async () => {
    for await (const _ of pull);
  })()
  return pull
}

for (const end of Object.keys(ENDS)) {
  for (const state of Object.keys(STATES)) {
    test(`${end} with ${state} ends only that worker, and frees its address`, async () => {
      const bystanders = await new Bystanders().meet()
      const pull = await drain()
      for (const transport of ['tcp', 'ipc']) {
        await endInState(state, end, transport, pull.lastEndpoint!)
        await bystanders.goOn()
      }
      pull.close()
      bystanders.close()
    })
  }
}

/** Open descriptors, where the system tells. */
function descriptors(): number {
  return existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0
}

/** What would keep this process alive, timers and all. */
function resources(): string {
  return process.getActiveResourcesInfo().sort().join(' ')
}

test('fifty workers that come and go leave no handle, timer or descriptor behind', async () => {
  const states = Object.keys(STATES)
  const ends = Object.keys(ENDS)
  const cycle = async (i: number): Promise<void> => {
    const pull = await drain()
    await endInState(
      states[i % states.length]!,
      ends[i % ends.length]!,
      i % 2 === 0 ? 'tcp' : 'ipc',
      pull.lastEndpoint!,
    )
    pull.close()
  }
  await cycle(0) // whatever is made once is made now
  await until(() => !resources().includes('TCP'), 5000, 'the sockets of the first cycle are gone')
  const before = { descriptors: descriptors(), resources: resources() }
  for (let i = 1; i <= 50; i++) await cycle(i)
  await until(
    () => descriptors() <= before.descriptors,
    5000,
    `${descriptors()} descriptors, ${before.descriptors} before,`,
  )
  await until(() => resources() === before.resources, 5000, `${resources()}, not ${before.resources},`)
})

test('a process whose workers were ended in the middle of things ends by itself, with its own code and no word', async () => {
  const outcome = await runProgram(
    programOf(
      library,
      `const { Worker } = require('node:worker_threads')
       const start = (script) => {
         const worker = new Worker('const zmq = require(' + ${JSON.stringify(JSON.stringify(library))} + ');(async () => {' + script + '})()', { eval: true })
         return new Promise((resolve) => worker.once('message', () => resolve(worker)))
       }
       const say = 'require("node:worker_threads").parentPort.postMessage(1)'
       const workers = await Promise.all([
         'const d = new zmq.Dealer(); await d.bind("tcp://127.0.0.1:*"); ' + say + '; await d.receive()',
         'const d = new zmq.Router(); await d.bind("tcp://127.0.0.1:*"); ' + say + '; for await (const _ of d);',
         'const d = new zmq.Push(); await d.bind("tcp://127.0.0.1:*"); ' + say + '; for await (const _ of d.events);',
       ].map(start))
       const own = new zmq.Reply()
       await own.bind('tcp://127.0.0.1:*')
       await Promise.all(workers.map((worker) => worker.terminate()))
       const request = new zmq.Request()
       request.connect(own.lastEndpoint)
       await request.send('well?')
       await own.receive()
       await own.send('well')
       console.log(String((await request.receive())[0]))
       process.exitCode = 5`,
    ),
    10_000,
  )
  assert.equal({ ...outcome, ms: 0 }, { exited: true, code: 5, ms: 0, output: 'well\n', errors: '' })
})

test.run()
