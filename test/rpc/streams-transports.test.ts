// Streams between whole servers and clients, over each transport.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CallContext } from '../../src/rpc/api/context.ts'
import { Peer } from '../../src/rpc/api/peer.ts'
import { Client, method, Server } from '../../src/rpc/index.ts'
import { collect, rejection } from '../support/cores.ts'
import { sleep, until, within } from '../support/within.ts'

for (const transport of ['tcp', 'ipc', 'inproc'] as const) {
  const scenarios = suite(`streams over ${transport}`)
  const folder = mkdtempSync(path.join(tmpdir(), 'pseud-streams-'))
  const open: { close(): Promise<void> }[] = []
  let counter = 0

  const endpoint = (): string => {
    counter++
    if (transport === 'tcp') return 'tcp://127.0.0.1:0'
    return transport === 'ipc' ? `ipc://${folder}/${counter}` : `inproc://streams-${counter}`
  }
  const opened = <T extends { close(): Promise<void> }>(one: T): T => {
    open.push(one)
    return one
  }
  const world = async (api: object) => {
    const server = opened(new Server('remote'))
    server.registerRpc(api)
    const client = opened(new Client('remote', { userId: 'client' }))
    const at = await server.bind(endpoint())
    client.connect(at)
    await client.ready({ timeoutMs: 5000 })
    return { server, client, at }
  }
  scenarios.after.each(async () => {
    for (const one of open.splice(0).reverse()) await within(5000, one.close(), 'close')
  })
  scenarios.after(() => rmSync(folder, { recursive: true, force: true }))

  scenarios(
    '10,000 items come in order, through client.x, client.api.x, an awaited call and a call by name',
    async () => {
      const { client } = await world({
        async *ticks(n: number) {
          for (let i = 0; i < n; i++) yield { i }
        },
      })
      let next = 0
      for await (const item of client.ticks(10_000)) assert.is((item as { i: number }).i, next++)
      assert.is(next, 10_000)
      for (const items of [client.api.ticks(3), await client.ticks(3), client.call('ticks', [3])]) {
        assert.equal(await within(5000, collect(items)), [{ i: 0 }, { i: 1 }, { i: 2 }])
      }
    },
  )

  scenarios(
    'break, an exception in the loop, a signal, a deadline and close each run the finally there',
    async () => {
      let ended = 0
      const { client, server, at } = await world({
        async *endless() {
          try {
            for (let i = 0; ; i++) {
              yield i
              if (i > 5) await sleep(1)
            }
          } finally {
            ended++
          }
        },
      })
      const gone = async (count: number): Promise<void> => {
        await until(() => ended === count && server.stats().running === 0)
        assert.equal([client.stats().inFlight, client.stats().queued], [0, 0])
      }
      for await (const n of client.endless()) if (n === 3) break
      await gone(1)
      const thrown = new Error('in the loop')
      const loop = (async () => {
        for await (const n of client.endless()) if (n === 3) throw thrown
      })()
      assert.is(await rejection(loop), thrown)
      await gone(2)
      const controller = new AbortController()
      const reason = new Error('enough')
      const aborted = (async () => {
        for await (const n of client.with({ signal: controller.signal }).endless()) {
          if (n === 3) controller.abort(reason)
        }
      })()
      assert.is(await rejection(aborted), reason)
      await gone(3)
      const late = rejection(collect(client.with({ timeoutMs: 100 }).endless()))
      assert.is((await late).code, 'DEADLINE_EXCEEDED')
      await gone(4)
      const other = opened(new Client('remote').connect(at))
      const closed = rejection(collect(other.endless()))
      await until(() => other.stats().itemsReceived > 0)
      await other.close()
      assert.is((await closed).code, 'CLOSED')
      await gone(5)
    },
  )

  scenarios(
    'a server that goes in the middle: its items, then UNAVAILABLE, and its finally has run',
    async () => {
      let ended = 0
      const { client, server } = await world({
        async *some() {
          try {
            yield* ['a', 'b']
            await new Promise(() => {})
          } finally {
            ended++
          }
        },
        async *more() {
          try {
            for (;;) yield 'c'
          } finally {
            ended++
          }
        },
      })
      const seen: unknown[] = []
      const failed = rejection(
        (async () => {
          for await (const item of client.some()) seen.push(item)
        })(),
      )
      void client.more()
      await until(() => seen.length === 2 && client.stats().itemsReceived === 66)
      await server.close()
      const error = await failed
      assert.equal([error.code, error.executed, seen], ['UNAVAILABLE', 'maybe', ['a', 'b']])
      assert.is(client.stats().inFlight, 0)
      await until(() => ended === 1)
    },
  )

  scenarios('a consumer that stops reading holds the producer; it goes on when it reads on', async () => {
    let made = 0
    const { client, server } = await world({
      *chunks() {
        for (; ; made++) yield Buffer.alloc(10_000)
      },
    })
    const stream = client.chunks()[Symbol.asyncIterator]()
    await until(() => made >= 63)
    await sleep(50)
    assert.is(server.stats().itemsSent, 64)
    for (let i = 0; i < 100; i++) await stream.next()
    await until(() => server.stats().itemsSent === 160)
    await stream.return()
    await until(() => server.stats().running === 0)
  })

  scenarios('the server calls streams of a client, and streams go upward and through', async () => {
    const { client, server, at } = await world({
      async sum(numbers: AsyncIterable<number>) {
        let total = 0
        for await (const n of numbers) total += n
        return total
      },
      async *doubled(numbers: AsyncIterable<number>) {
        for await (const n of numbers) yield n * 2
      },
      relay: method((ctx: CallContext, n: number) => ctx.peer.call('ticks', [n])),
    })
    client.registerRpc('ticks', async function* (n: number) {
      for (let i = 0; i < n; i++) yield i
    })
    const expected = Array.from({ length: 300 }, (_, i) => i)
    assert.equal(await within(5000, collect(server.sendTo('client').ticks(300))), expected)
    for (const peer of server.peers.values()) {
      assert.instance(peer, Peer)
      assert.equal(await within(5000, collect(peer.call('ticks', [2]))), [0, 1])
    }
    assert.equal((await rejection(collect(server.sendTo('nobody').ticks(1)))).code, 'UNAVAILABLE')
    assert.equal((await rejection(collect(client.sendTo('nobody').ticks(1)))).code, 'UNAVAILABLE')
    async function* numbers(n: number) {
      for (let i = 0; i < n; i++) yield i
    }
    assert.is(await within(5000, client.sum(numbers(300))), (299 * 300) / 2)
    assert.is(await within(5000, client.sum(Readable.from([1, 2, 3]))), 6)
    assert.equal(
      await within(5000, collect(client.doubled(numbers(300)))),
      expected.map((n) => n * 2),
    )
    // The server passes on what the client streams to it, to the client.
    assert.equal(await within(5000, collect(client.relay(300))), expected)
    // From one server's stream into a call of it.
    const other = opened(new Client('remote').connect(at))
    assert.is(await within(5000, other.sum(client.doubled(numbers(10)))), 90)
    await until(() => server.stats().running === 0 && client.stats().running === 0)
    assert.equal([client.stats().inFlight, server.stats().inFlight, other.stats().inFlight], [0, 0, 0])
  })

  scenarios('200 streams in each end state leave nothing behind, on either side', async () => {
    let ended = 0
    const { client, server } = await world({
      async *endless() {
        try {
          for (;;) yield 1
        } finally {
          ended++
        }
      },
      *fails() {
        yield 1
        throw new RangeError('too far')
      },
      async first(numbers: AsyncIterable<number>) {
        for await (const n of numbers) return n
        return undefined
      },
    })
    async function* numbers() {
      try {
        for (;;) yield 1
      } finally {
        ended++
      }
    }
    const ends: Record<string, () => Promise<unknown>> = {
      left: async () => {
        for await (const _ of client.endless()) break
      },
      failed: () => collect(client.fails()).catch(() => {}),
      aborted: async () => {
        const controller = new AbortController()
        const items = client.with({ signal: controller.signal }).endless()[Symbol.asyncIterator]()
        await items.next()
        controller.abort()
      },
      late: () => collect(client.with({ timeoutMs: 50 }).endless()).catch(() => {}),
      given: () => client.first(numbers()),
      lost: async () => {
        const items = client.endless()[Symbol.asyncIterator]()
        await items.next()
      },
    }
    for (const [name, end] of Object.entries(ends)) {
      const before = ended
      await within(20_000, Promise.all(Array.from({ length: 200 }, end)), name)
      if (name === 'lost') await client.close()
      const expected = name === 'failed' ? before : before + 200
      await until(() => ended === expected, 10_000, `${name}: ${ended - before}`)
      for (const one of [client, server]) {
        await until(() => one.stats().running + one.stats().inFlight + one.stats().queued === 0)
        assert.is(one.stats().protocolErrors, 0)
      }
    }
  })

  scenarios('drain lets running streams end, those of arguments too', async () => {
    const { client, server } = await world({
      async *ticks(n: number) {
        for (let i = 0; i < n; i++) {
          yield i
          await turn()
        }
      },
      async sum(numbers: AsyncIterable<number>) {
        let total = 0
        for await (const n of numbers) total += n
        return total
      },
    })
    async function* numbers() {
      for (let i = 0; i < 200; i++) {
        yield 1
        await turn()
      }
    }
    const items = collect(client.ticks(200))
    const total = client.sum(numbers())
    await until(() => client.stats().itemsReceived > 0)
    const drained = Promise.all([client.drain(), server.drain()])
    assert.is((await within(10_000, items)).length, 200)
    assert.is(await within(10_000, total), 200)
    await within(10_000, drained)
  })

  scenarios.run()
}
