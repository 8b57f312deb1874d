// What becomes of functions: that they throw, give what cannot be sent, call back, hold the loop up; and in which order they start.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import * as assert from 'uvu/assert'
import { CodecError } from '../../../src/base/errors.ts'
import { decode, encode } from '../../../src/codec/index.ts'
import { type BlockedEvent, type CallContext, type Client, method, RpcError } from '../../../src/rpc/index.ts'
import { Dealer } from '../../../src/zmtp/index.ts'
import { sleep, until, within } from '../../support/within.ts'
import { failure, gate, type Rows } from './world.ts'

const OutOfStock = RpcError.define<{ left: number }>('OutOfStock', 'FAILED_PRECONDITION')

const add = (a: number, b: number): number => a + b

/** A peer that writes its frames by hand. */
class Rough {
  readonly #dealer = new Dealer({ linger: 0, receiveTimeout: 5000 })

  constructor(at: string) {
    this.#dealer.connect(at)
  }

  send(message: unknown): Promise<void> {
    return this.sendOctets(encode(message))
  }

  sendOctets(octets: Buffer): Promise<void> {
    return this.#dealer.send(octets)
  }

  async receive(): Promise<unknown> {
    const parts = await this.#dealer.receive()
    return decode(parts.at(-1)!)
  }

  async close(): Promise<void> {
    this.#dealer.close()
  }
}

/** Functions of both sides that call each other, by turns, until `left` is zero. */
const bounce = method(async (ctx: CallContext, left: number): Promise<number> => {
  if (left === 0) return ctx.depth
  return (await (ctx.peer.api as unknown as { bounce(left: number): Promise<number> }).bounce(
    left - 1,
  )) as number
})

export const functions: Rows = {
  'row 20: a function that throws or rejects answers with one error, declared or INTERNAL, and the process lives':
    async (world) => {
      const { server, client, at } = await world.pair({
        throws: () => {
          throw new RangeError('too far')
        },
        rejects: () => Promise.reject(new Error('no')),
        declared: () => {
          throw new OutOfStock('none', { details: { left: 0 } })
        },
        strange: () => {
          throw undefined
        },
        add,
      })
      const thrown = await failure(client.throws())
      assert.instance(thrown, RangeError)
      assert.equal([thrown.code, thrown.executed, thrown.message], ['INTERNAL', 'yes', 'too far'])
      const rejected = await failure(client.rejects())
      assert.equal([rejected.code, rejected.executed], ['INTERNAL', 'yes'])
      const declared = await failure(client.declared())
      assert.instance(declared, OutOfStock)
      assert.equal(
        [declared.code, declared.executed, declared.details],
        ['FAILED_PRECONDITION', 'yes', { left: 0 }],
      )
      assert.equal([(await failure(client.strange())).code, client.stats().late], ['INTERNAL', 0])
      assert.is(server.stats().threw, 4)
      // A socket of pseud/zmtp dials no port.
      if (world.transport === 'MessagePort') return
      const rough = world.keep(new Rough(at))
      await rough.send([0, 1, 'rejects', []])
      await rough.send([0, 2, 'add', [1, 2]])
      const answers = [await rough.receive(), await rough.receive()] as unknown[][]
      const byId = new Map(answers.map((answer) => [answer[1], answer]))
      assert.equal(byId.get(2), [1, 2, 3])
      assert.is(byId.get(1)![0], 2)
      // Had there been a second frame for it, it would stand here.
      await rough.send([0, 3, 'add', [2, 2]])
      assert.equal(await rough.receive(), [1, 3, 4])
    },

  'row 21: arguments that cannot be encoded are a TypeError here, and nothing was sent': async (world) => {
    const { server, client } = await world.pair({ add })
    const call = client.add(1, { when: () => {} })
    const error = await failure(call)
    assert.instance(error, TypeError)
    assert.equal([error.code, error.executed], ['NOT_ENCODABLE', 'no'])
    assert.match((error as unknown as { path: string }).path, /args\[1\]/)
    assert.is(await within(5000, client.add(1, 2)), 3)
    assert.is(server.stats().handled, 1)
    assert.instance((error as Error).cause, CodecError)
  },

  'row 21: a result that cannot be encoded is an INTERNAL error, not silence': async (world) => {
    const { client } = await world.pair({ strange: () => ({ f() {} }), later: async () => Symbol('x') })
    for (const call of [client.strange(), client.later()]) {
      const error = await failure(call)
      assert.equal([error.code, error.executed], ['INTERNAL', 'yes'])
    }
  },

  'row 22: a call whose body is bad fails alone; an envelope that cannot be read ends the connection': async (
    world,
  ) => {
    const { server, at } = await world.pair({ add })
    const before = server.stats().peers
    const rough = world.keep(new Rough(at))
    // An extension of a type that nobody knows, of a size that is none of the type that everybody knows: timestamp.
    const bad = Buffer.concat([
      Buffer.from([0x94, 0, 7, 0xa3]),
      Buffer.from('add'),
      Buffer.from([0x91, 0xd4, 0xff, 0]),
    ])
    await rough.sendOctets(bad)
    const [kind, id, error] = (await rough.receive()) as [number, number, { c: string; x: string }]
    assert.equal([kind, id, error.c, error.x], [2, 7, 'INVALID_ARGUMENT', 'no'])
    await rough.send([0, 8, 'add', [1, 2]])
    assert.equal(await rough.receive(), [1, 8, 3])
    assert.is(server.stats().protocolErrors, 0)
    await until(() => server.stats().peers === before + 1)
    await rough.sendOctets(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
    await until(() => server.stats().protocolErrors === 1)
    await until(() => server.stats().peers <= before + 1)
    assert.is(server.stats().handled, 1)
  },

  'row 30: requests start in the order of sending, though replies come in any': async (world) => {
    const started: number[] = []
    const gates = Array.from({ length: 20 }, () => gate())
    const { client } = await world.pair({
      async take(n: number) {
        started.push(n)
        await gates[n]!.opened
        return n
      },
    })
    const calls = gates.map((_, n) => client.take(n) as Promise<number>)
    await until(() => started.length === gates.length)
    assert.equal(started, [...gates.keys()])
    const ended: number[] = []
    for (const call of calls) void call.then((n) => ended.push(n))
    for (const n of [13, 2, 19]) {
      gates[n]!.open()
      await until(() => ended.at(-1) === n)
    }
    for (const { open } of gates) open()
    await within(5000, Promise.all(calls))
  },

  'row 30: middleware that awaits lets later calls start first, and those that it does not hold up stay in order':
    async (world) => {
      const started: number[] = []
      const { server, client } = await world.pair({ take: (n: number) => void started.push(n) })
      const held = gate()
      server.use(async (call, next) => {
        if (call.args[0] === 1) await held.opened
        return next()
      })
      client.use((_call, next) => next())
      const calls = Array.from({ length: 6 }, (_, n) => client.take(n) as Promise<void>)
      await until(() => started.length === 5)
      assert.equal(started, [0, 2, 3, 4, 5])
      held.open()
      await within(5000, Promise.all(calls))
      assert.is(started.at(-1), 1)
    },

  'row 31: calls nest to depth 32, and one deeper fails with FAILED_PRECONDITION': async (world) => {
    const { client } = await world.pair({ bounce })
    client.registerRpc({ bounce })
    assert.is(await within(10_000, client.bounce(32)), 32)
    const error = await failure(client.bounce(33))
    assert.is(error.code, 'FAILED_PRECONDITION')
    assert.match(error.message, /nested deeper than 32/)
  },

  'row 31: a loop of calls stops by itself, on both sides, and leaves nothing running': async (world) => {
    const loop = method((ctx: CallContext): unknown =>
      (ctx.peer.api as unknown as { loop(): unknown }).loop(),
    )
    const { server, client } = await world.pair({ loop })
    client.registerRpc({ loop })
    assert.is((await failure(client.loop())).code, 'FAILED_PRECONDITION')
    await until(() => server.stats().running + client.stats().running + client.stats().inFlight === 0)
  },

  'row 31: nesting works when every slot of the peer is taken by the calls that wait for it': async (
    world,
  ) => {
    const few = { limits: { maxRunningCallsPerPeer: 2 } }
    const { client } = await world.pair({ bounce }, { server: few, client: few })
    client.registerRpc({ bounce })
    const calls = Array.from({ length: 6 }, () => client.bounce(4) as Promise<number>)
    assert.equal(await within(10_000, Promise.all(calls)), [4, 4, 4, 4, 4, 4])
  },

  'row 34: a function that blocks the event loop for more than 200 ms is told, with its name': async (
    world,
  ) => {
    const { client } = await world.pair({
      spin(ms: number) {
        for (const end = performance.now() + ms; performance.now() < end; );
      },
    })
    const events: BlockedEvent[] = []
    const listener = (event: unknown): void => void events.push(event as BlockedEvent)
    subscribe('pseud:blocked', listener)
    try {
      await within(10_000, client.spin(1) as Promise<void>)
      await within(10_000, client.spin(210) as Promise<void>)
    } finally {
      unsubscribe('pseud:blocked', listener)
    }
    const { method: name, durationMs } = events.at(-1)!
    assert.is(name, 'spin')
    assert.ok(durationMs > 200)
  },

  'section 6, 1: callbacks nest three deep, both ways': async (world) => {
    const { server, client } = await world.pair({
      ask: method(async (ctx: CallContext, n: number) => {
        const back = ctx.peer.api as unknown as { confirm(n: number): Promise<number> }
        return (await back.confirm(n + 1)) + 1
      }),
      price: method((ctx: CallContext, n: number) => n * 10 + ctx.depth),
    })
    client.registerRpc({
      confirm: method(async (ctx: CallContext, n: number) => {
        const back = ctx.peer.api as unknown as { price(n: number): Promise<number> }
        return (await back.price(n)) + 100
      }),
    })
    assert.is(await within(5000, client.ask(1)), 20 + 2 + 100 + 1)
    const [peer] = server.peers.values()
    assert.is(await within(5000, (peer!.api as unknown as Client).confirm(5)), 50 + 1 + 100)
  },

  'section 6, 3: slow functions run side by side': async (world) => {
    let running = 0
    const all = gate()
    const { client } = await world.pair({
      async slow(n: number) {
        if (++running === 10) all.open()
        await all.opened
        return n
      },
    })
    // Each waits until all run: one at a time would never end.
    const calls = Array.from({ length: 10 }, (_, n) => client.slow(n) as Promise<number>)
    assert.equal(await within(5000, Promise.all(calls)), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  },

  'section 6, 14: awaiting, printing and converting a stub sends nothing': async (world) => {
    const { server, client } = await world.pair({ add })
    for (const stub of [
      client,
      client.api,
      client.api.add,
      client.with({ timeoutMs: 5 }),
      server.sendTo('x'),
    ]) {
      assert.is(await stub, stub)
      assert.is(`${stub}`, String(stub))
      JSON.stringify(stub)
      JSON.stringify({ stub })
      inspect(stub)
      Object.keys(stub)
      'then' in stub
    }
    await sleep(10)
    assert.equal([client.stats().started, server.stats().started, server.stats().handled], [0, 0, 0])
    assert.is(await within(5000, client.add(1, 2)), 3)
  },

  'section 6, 15: a result that cannot be encoded reaches the caller as an error, and the next call works':
    async (world) => {
      const { client } = await world.pair({ strange: () => [1, { deep: { er: () => {} } }], add })
      const error = await failure(client.strange())
      assert.equal([error.code, error.executed], ['INTERNAL', 'yes'])
      assert.match(error.message, /result\[1\]\.deep\.er|deep/)
      assert.is(await within(5000, client.add(1, 2)), 3)
    },
}
