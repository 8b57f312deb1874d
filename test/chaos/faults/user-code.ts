/** Faults 9, 45, 55 to 57, 59, 60, 62: what programs around the library do: throw, abort, close at odd moments, change options, look at what is sent. */
import * as net from 'node:net'
import * as assert from 'uvu/assert'
import * as native from 'zeromq'
import { Client, method, type RpcError, Server } from '../../../src/rpc/index.ts'
import * as ours from '../../../src/zmtp/index.ts'
import { type Fault, fault } from '../fault.ts'
import { CONNECTS, SERVES } from '../mechanisms.ts'
import { until, type World, within } from '../world.ts'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Handlers that throw in every way there is: INTERNAL, the handler ran, and the next call works. */
async function handlersThrow(world: World): Promise<void> {
  const { client, server } = await world.pair()
  const { ledger } = world
  const bad = {
    throws: (number: number) => {
      ledger.ran(number)
      throw new Error('on purpose')
    },
    rejects: (number: number) => {
      ledger.ran(number)
      return Promise.reject(new Error('on purpose'))
    },
    throwsNull: (number: number) => {
      ledger.ran(number)
      throw null
    },
    rejectsUndefined: (number: number) => {
      ledger.ran(number)
      return Promise.reject(undefined)
    },
    thenable: (number: number) => {
      ledger.ran(number)
      return {
        // biome-ignore lint/suspicious/noThenProperty: what is tried
        then() {
          throw new Error('on purpose')
        },
      }
    },
    getter: (number: number) => {
      ledger.ran(number)
      return {
        // biome-ignore lint/suspicious/noThenProperty: what is tried
        get then() {
          throw new Error('on purpose')
        },
      }
    },
    unencodable: (number: number) => {
      ledger.ran(number)
      return Symbol('on purpose')
    },
    badGetter: (number: number) => {
      ledger.ran(number)
      return {
        get value() {
          throw new Error('on purpose')
        },
      }
    },
    throwsProxy: (number: number) => {
      ledger.ran(number)
      throw new Proxy(
        {},
        {
          get() {
            throw new Error('on purpose')
          },
        },
      )
    },
  }
  server.registerRpc(bad)
  server.on('error', () => {})
  const names = Object.keys(bad)
  for (let n = 0; n < world.size(3, 20); n++) {
    for (const name of names) await ledger.call((number) => client.call(name, [number]), { what: name })
    await world.calls(client, 1)
  }
  const { result, ...failed } = ledger.endings
  assert.equal(Object.keys(failed), ['INTERNAL yes'])
  assert.is(result, world.size(3, 20))
  assert.equal([server.stats().running, client.stats().inFlight], [0, 0])
}

/** Listeners and middleware throw: told once, and nothing changes. */
async function listenersThrow(world: World): Promise<void> {
  const server = world.server()
  const told: unknown[] = []
  server.on('peer', () => {
    throw new Error('of a listener')
  })
  server.on('peergone', () => {
    throw new Error('of a listener')
  })
  server.on('error', (error) => {
    told.push(error)
    throw new Error('of the listener for errors')
  })
  const endpoint = await server.bind('tcp://127.0.0.1:0')
  const client = world.client()
  client.on('status', () => {
    throw new Error('of a listener')
  })
  client.connect(endpoint)
  await client.ready({ timeoutMs: 10_000 })
  await world.calls(client, 20)
  await until(() => told.length === 1)
  await client.close()
  await until(() => server.stats().peers === 0)
  await until(() => told.length === 2)
  assert.ok(server.stats().listenerErrors >= 2, 'what a listener for errors throws is counted')
  // The same on sockets.
  const pull = world.socket(new ours.Pull({ receiveTimeout: 10_000 }))
  for (const type of ['accept', 'handshake', 'disconnect'] as const)
    pull.events.on(type, () => {
      throw new Error(`of a listener for ${type}`)
    })
  await pull.bind('tcp://127.0.0.1:0')
  const flow = world.ledger.flow('PUSH beside throwing listeners')
  for (let n = 0; n < 3; n++) {
    const push = world.socket(new ours.Push())
    push.connect(pull.lastEndpoint!)
    await flow.send((body) => push.send(body))
    flow.got((await pull.receive())[0]!)
    push.close()
  }
  await until(() => pull.counters.peers === 0)
  await sleep(5)
  // To the process, once, as the native package has it: its loop over events ends there, the socket's life goes on.
  assert.is(world.strays.splice(0).length, 1)
}

/** Signals aborted before, at once, and in the very turn of the reply: one outcome each, and it is the first. */
async function aborts(world: World): Promise<void> {
  const { client, server } = await world.pair()
  const reason = new Error('changed my mind')
  for (let n = 0; n < world.size(40, 200); n++) {
    const when = n % 5
    const controller = new AbortController()
    if (when === 0) controller.abort(reason)
    const ending = world.ledger.call(
      (number) => client.with({ signal: controller.signal }).work(number, world.dice.random(4)),
      { reason },
    )
    if (when === 1) controller.abort(reason)
    else if (when === 2) setTimeout(() => controller.abort(reason), world.dice.random(6))
    else if (when === 3) ending.then(() => controller.abort(reason))
    else if (when === 4) {
      // In the turn in which the server answers.
      while (world.ledger.calls.at(-1)!.runs === 0) await sleep(0)
      setImmediate(() => controller.abort(reason))
    }
    await within(10_000, ending, 'an outcome')
  }
  const { result, aborted, ...others } = world.ledger.endings
  assert.ok(result! > 0 && aborted! > 0, JSON.stringify(world.ledger.endings))
  assert.equal(others, {})
  await until(() => server.stats().running === 0)
  assert.is(client.stats().inFlight, 0)
}

/** close() twice, while connecting, in the handshake, inside a handler: always resolves, and all calls end. */
async function closes(world: World): Promise<void> {
  for (let n = 0; n < world.size(4, 12); n++) {
    const { client, server, endpoint } = await world.pair()
    const calls = world.calls(client, 5, 50)
    const connecting = world.client().connect(endpoint)
    const unheard = world.client().connect('tcp://127.0.0.1:1')
    const waiting = [world.calls(connecting, 3), world.calls(unheard, 3)]
    const turns = world.dice.random(4)
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
    for (const one of [connecting, unheard])
      await within(10_000, Promise.all([one.close(), one.close()]), 'close while connecting')
    await Promise.all(waiting)
    const handlers = [client, server]
    let closing: Promise<void> | undefined
    server.registerRpc({
      closeMe: (number: number) => {
        world.ledger.ran(number)
        closing = handlers[n % 2]!.close()
        return number
      },
    })
    const last = world.ledger.call((number) => client.closeMe(number), { what: 'closeMe' })
    await within(10_000, last, 'the call that closes')
    await within(10_000, closing!, 'close inside a handler')
    await within(10_000, Promise.all([client.close(), server.close(), server.close()]), 'close again')
    await within(10_000, calls, 'the calls')
  }
  // Sockets: inside a loop over messages, and with operations open.
  const pull = world.socket(new ours.Pull())
  await pull.bind('tcp://127.0.0.1:0')
  const push = world.socket(new native.Push())
  push.connect(pull.lastEndpoint!)
  await push.send('one')
  for await (const _ of pull) {
    pull.close()
    pull.close()
  }
  const open = world.socket(new ours.Pull())
  await open.bind('tcp://127.0.0.1:0')
  const receiving = open.receive().catch((error) => error.code)
  open.close()
  assert.is(await within(5000, receiving, 'the open receive'), 'EAGAIN')
}

/** Options set while messages flow: each is applied or refused, and no message suffers. */
async function optionsChange(world: World): Promise<void> {
  const pull = world.socket(new ours.Pull({ receiveTimeout: 10_000 }))
  await pull.bind('tcp://127.0.0.1:0')
  const push = world.socket(new ours.Push({ sendTimeout: 10_000 }))
  push.connect(pull.lastEndpoint!)
  const flow = world.ledger.flow('PUSH while options change', { sender: push, receiver: pull })
  const count = world.size(1000, 5000)
  const reading = (async () => {
    while (flow.delivered.length < count) flow.got((await pull.receive())[0]!)
  })()
  for (let n = 0; n < count; n++) {
    await flow.send((body) => push.send(body), world.dice.random(500))
    if (n % 7 !== 0) continue
    const mark = world.dice.random(100)
    push.sendHighWaterMark = mark
    assert.is(push.sendHighWaterMark, mark)
    pull.receiveHighWaterMark = world.dice.random(100)
    push.linger = world.dice.random(1000)
    assert.throws(() => {
      push.linger = -2
    })
    assert.throws(() => {
      ;(push as { type: number }).type = 1
    })
    push.maxMessageSize = 1_000_000
  }
  await within(20_000, reading, 'all messages')
  assert.is(flow.lost, 0)
}

/** The memory that Node hands out again is full of a marker; nothing that leaves us has it. */
async function marker(world: World): Promise<void> {
  const MARK = Buffer.from('old secret')
  const paint = (): void => {
    // The pool, and what was freed of larger sizes.
    for (let n = 0; n < 50; n++) {
      const octets = Buffer.allocUnsafe(world.dice.pick([100, 1000, 4000]))
      for (let at = 0; at + MARK.length <= octets.length; at += MARK.length) MARK.copy(octets, at)
    }
  }
  let scanned = 0
  let found = 0
  type Writes = { _writeGeneric(...args: [boolean, unknown, ...unknown[]]): void }
  const prototype = net.Socket.prototype as unknown as Writes
  const original = prototype._writeGeneric
  prototype._writeGeneric = function (...args) {
    const chunks = args[0] ? (args[1] as { chunk: Buffer }[]).map(({ chunk }) => chunk) : [args[1] as Buffer]
    for (const chunk of chunks) {
      if (!Buffer.isBuffer(chunk)) continue
      scanned += chunk.length
      if (chunk.includes(MARK)) found++
    }
    original.apply(this, args)
  }
  try {
    for (const mechanism of ['NULL', 'PLAIN', 'CURVE'] as const) {
      const pull = world.socket(new ours.Pull({ ...SERVES[mechanism], receiveTimeout: 10_000 }))
      pull.authenticator = () => ({ status: '200' })
      await pull.bind('tcp://127.0.0.1:0')
      const push = world.socket(new ours.Push(CONNECTS[mechanism]))
      push.connect(pull.lastEndpoint!)
      const flow = world.ledger.flow(`painted memory, ${mechanism}`)
      for (let n = 0; n < world.size(30, 100); n++) {
        paint()
        await flow.send((body) => push.send(body), world.dice.random(9000))
        flow.got((await pull.receive())[0]!)
      }
    }
    const { client, server } = await world.pair()
    server.registerRpc({ echo: (value: unknown) => value })
    for (let n = 0; n < world.size(30, 100); n++) {
      paint()
      await world.calls(client, 3)
      const floats = new Float32Array(world.dice.random(300)).fill(n)
      const value = { floats, text: 'x'.repeat(world.dice.random(3000)), list: [n, null, { n }] }
      const echoed = (await client.echo(value)) as { list: unknown }
      assert.equal(echoed.list, value.list)
    }
  } finally {
    prototype._writeGeneric = original
  }
  assert.ok(scanned > 100_000, `only ${scanned} octets were looked at`)
  assert.is(found, 0, 'old memory was sent')
}

/** An error that nobody catches, in a program that lives on: no lock of ours is held, other participants work. */
async function uncaught(world: World): Promise<void> {
  const errors: string[] = []
  const onError = (error: Error): unknown => errors.push(error.message)
  process.on('uncaughtException', onError)
  try {
    const { client, server, endpoint } = await world.pair()
    server.registerRpc({
      later: (number: number) => {
        world.ledger.ran(number)
        setTimeout(() => {
          throw new Error('in a timer')
        })
        return number
      },
    })
    for (let n = 0; n < 5; n++) {
      const later = world.ledger.call((number) => client.later(number), { what: 'later' })
      process.nextTick(() => {
        throw new Error('in a tick')
      })
      await later
    }
    await until(() => errors.length === 10)
    const second = world.client().connect(endpoint)
    await Promise.all([world.calls(client, 10), world.calls(second, 10)])
    const pair = new Server('another', {})
    world.keep(pair)
    pair.registerRpc({ one: () => 1 })
    const other = world.keep(new Client('another').connect(await pair.bind('tcp://127.0.0.1:0')))
    assert.is(await other.one(), 1)
  } finally {
    process.off('uncaughtException', onError)
  }
  assert.is(errors.length, 10)
}

/** What writes logs fails: middleware, hooks of heartbeats, listeners. It is told once, and calls go on. */
async function logsFail(world: World): Promise<void> {
  const full = (): never => {
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
  }
  const heartbeat = { intervalMs: 50, timeoutMs: 10_000, onHeartbeat: full }
  const server = world.server({ heartbeat })
  let told = 0
  server.on('error', () => {
    told++
    full()
  })
  server.registerRpc({
    logged: method((_ctx, number: number) => {
      world.ledger.ran(number)
      return full()
    }),
  })
  const client = world.client({ heartbeat }).connect(await server.bind('tcp://127.0.0.1:0'))
  client.on('error', full)
  await client.ready({ timeoutMs: 10_000 })
  for (let n = 0; n < 5; n++) {
    const { error } = await world.ledger.call((number) => client.logged(number), { what: 'logged' })
    assert.is((error as RpcError).executed, 'yes')
    await world.calls(client, 5)
    await sleep(30)
  }
  assert.ok(told > 0, 'nobody was told')
  assert.is(world.ledger.endings.result, 25)
}

export const USER_CODE: readonly Fault[] = [
  fault(9, 'uncaught errors in the application', uncaught),
  fault(45, 'the disk is full for logs', logsFail),
  fault(55, 'handlers throw in every way', handlersThrow),
  fault(56, 'listeners throw', listenersThrow),
  fault(57, 'signals aborted before, and in the turn of the reply', aborts),
  fault(59, 'close() twice, and at odd moments', closes),
  fault(60, 'options changed under load', optionsChange),
  fault(62, 'old memory on the wire', marker),
]
