// What becomes of calls that lose their connection, their time or their caller, and of those that come twice.
import { getEventListeners } from 'node:events'
import { rmSync } from 'node:fs'
import path from 'node:path'
import * as assert from 'uvu/assert'
import { decode, encode } from '../../../src/codec/index.ts'
import { type CallContext, method, type RpcError } from '../../../src/rpc/index.ts'
import { Router } from '../../../src/zmtp/index.ts'
import { bundleServer, serve } from '../../support/server-process.ts'
import { until, within } from '../../support/within.ts'
import { failure, gate, type Rows, type World } from './world.ts'

/** A server that says what a test wants it to say, and the messages that it hears of one client. */
class Puppet {
  readonly #router = new Router({ linger: 0, receiveTimeout: 10_000 })
  #client: Buffer | undefined

  async bind(world: World): Promise<string> {
    await this.#router.bind(world.endpoint())
    return this.#router.lastEndpoint!
  }

  async hear(): Promise<unknown[]> {
    for (;;) {
      const [client, octets] = await this.#router.receive()
      this.#client = client!
      const message = decode(octets!) as unknown[]
      if (message[0] !== 8) return message
    }
  }

  say(...message: unknown[]): Promise<void> {
    return this.#router.send([this.#client!, encode(message)])
  }

  async close(): Promise<void> {
    this.#router.close()
  }
}

/** A function that does not answer, and what its signal was aborted with. */
function endless(): {
  readonly run: ReturnType<typeof method>
  readonly reasons: unknown[]
  readonly runs: unknown[]
} {
  const reasons: unknown[] = []
  const runs: unknown[] = []
  const run = method((ctx: CallContext) => {
    runs.push(ctx.deadline)
    return new Promise((resolve) => {
      ctx.signal.addEventListener('abort', () => {
        reasons.push((ctx.signal.reason as RpcError).code)
        resolve('too late')
      })
    })
  })
  return { run, reasons, runs }
}

export const lostCalls: Rows = {
  'row 3: a sent call whose connection is lost is rejected in that turn, and never sent again': async (
    world,
  ) => {
    const slow = endless()
    const { server, client } = await world.pair({ slow: slow.run })
    let failedThen = 0
    client.on('status', ({ status }) => {
      if (status === 'lost') failedThen = client.stats().failed
    })
    const error = failure(client.slow())
    await until(() => slow.runs.length === 1)
    await server.close()
    const { code, executed, cause } = await error
    assert.equal([code, executed, cause instanceof Error, failedThen], ['UNAVAILABLE', 'maybe', true, 1])
    assert.equal([client.stats().retried, client.stats().queued], [0, 0])
  },

  'row 4: an idempotent call goes to the next server when its connection is lost, as the same call': async (
    world,
  ) => {
    const slow = endless()
    const first = world.server()
    first.registerRpc({ get: slow.run })
    const second = world.server()
    second.registerRpc({ get: (name: string) => `${name} of the second` })
    const at = await first.bind(world.endpoint())
    const client = world.client('remote', { idempotent: ['get'], retry: { minMs: 1, maxMs: 10 } }).connect(at)
    await client.ready({ timeoutMs: 10_000 })
    const answer = client.get('x') as Promise<unknown>
    await until(() => slow.runs.length === 1)
    client.connect(await second.bind(world.endpoint()))
    await until(() => second.stats().peers === 1)
    await first.close()
    assert.is(await within(10_000, answer), 'x of the second')
    assert.equal([client.stats().retried, client.stats().started], [1, 1])
  },

  'row 4: after the last attempt its error is what the caller sees': async (world) => {
    const slow = endless()
    const { server, client } = await world.pair(
      { get: slow.run },
      { client: { idempotent: ['get'], retry: { attempts: 1 } } },
    )
    const error = failure(client.get())
    await until(() => slow.runs.length === 1)
    await server.close()
    const { code, executed } = await error
    assert.equal([code, executed, client.stats().retried], ['UNAVAILABLE', 'maybe', 0])
  },

  'row 8: a deadline rejects once and is told to the server; a call that waits leaves in silence': async (
    world,
  ) => {
    const slow = endless()
    const { client } = await world.pair({ slow: slow.run })
    const sent = await failure(client.with({ timeoutMs: 30 }).slow())
    assert.equal([sent.code, sent.executed], ['DEADLINE_EXCEEDED', 'maybe'])
    await until(() => slow.reasons.length === 1)
    const lonely = world.client('remote')
    const queued = await failure(lonely.with({ timeoutMs: 10 }).slow())
    assert.equal([queued.code, queued.executed, lonely.stats().queued], ['DEADLINE_EXCEEDED', 'no', 0])
  },

  'row 9: what expires in the line is not run; what expires while it runs is aborted; a server caps what is asked':
    async (world) => {
      const slow = endless()
      const hold = gate()
      let ran = 0
      const { server, client } = await world.pair(
        { hold: () => hold.opened, count: () => ++ran, slow: slow.run },
        { server: { limits: { maxRunningCalls: 1 } } },
      )
      const holding = client.hold() as Promise<unknown>
      await until(() => server.stats().running === 1)
      const waiting = await failure(client.with({ timeoutMs: 30 }).count())
      assert.is(waiting.code, 'DEADLINE_EXCEEDED')
      await until(() => server.stats().waiting === 0)
      hold.open()
      await holding
      assert.is(ran, 0)
      const capped = await world.pair({ slow: slow.run }, { server: { limits: { maxTimeoutMs: 30 } } })
      const { code } = await failure(capped.client.with({ timeoutMs: 60_000 }).slow())
      assert.is(code, 'DEADLINE_EXCEEDED')
      await until(() => slow.reasons.length === 1)
      assert.equal([slow.reasons, capped.server.stats().dropped], [['DEADLINE_EXCEEDED'], 1])
    },

  'row 10: an aborted signal rejects with its reason; before the call nothing is sent, later the server is told':
    async (world) => {
      const slow = endless()
      const { client } = await world.pair({ slow: slow.run })
      const reason = new Error('changed my mind')
      const before = client.stats().started
      assert.is(await failure(client.with({ signal: AbortSignal.abort(reason) }).slow()), reason as never)
      assert.is(client.stats().started, before)
      const controller = new AbortController()
      const call = failure(client.with({ signal: controller.signal }).slow())
      await until(() => slow.runs.length === 1)
      controller.abort(reason)
      assert.is(await call, reason as never)
      await until(() => slow.reasons.length === 1)
      assert.equal([slow.reasons, client.stats().cancelled], [['CANCELLED'], 2])
      assert.is(getEventListeners(controller.signal, 'abort').length, 0)
    },

  'row 11: a CANCEL behind a call that has ended is ignored and counted': async (world) => {
    const { server, client } = await world.pair({ now: () => 'now' })
    const controller = new AbortController()
    const ignored = server.stats().ignored
    const call = failure(client.with({ signal: controller.signal }).now())
    controller.abort('changed')
    assert.is(await call, 'changed' as never)
    assert.is(await client.now(), 'now')
    assert.is(server.stats().ignored, ignored + 1)
  },

  'row 12: when a result and a cancellation meet, the first counts, and the other is dropped': async (
    world,
  ) => {
    const { client } = await world.pair({ now: () => 'now' })
    const controller = new AbortController()
    const abortedFirst = failure(client.with({ signal: controller.signal }).now())
    controller.abort('changed')
    assert.is(await abortedFirst, 'changed' as never)
    const answeredFirst = new AbortController()
    assert.is(await client.with({ signal: answeredFirst.signal }).now(), 'now')
    answeredFirst.abort('too late')
    assert.equal([client.stats().late, client.stats().succeeded, client.stats().cancelled], [1, 1, 1])
  },

  'row 15: calls of one key run once: who asks while it runs joins it, who asks later is told': async (
    world,
  ) => {
    const runs: string[] = []
    const hold = gate<string>()
    const { server, client } = await world.pair({
      pay: (order: string) => {
        runs.push(order)
        return hold.opened
      },
    })
    const keyed = client.with({ idempotencyKey: 'order 7' })
    const calls = [keyed.pay('first'), keyed.pay('second')] as Promise<unknown>[]
    await until(() => server.stats().joined === 1)
    hold.open('paid')
    assert.equal(await Promise.all(calls), ['paid', 'paid'])
    assert.is(await keyed.pay('third'), 'paid')
    assert.is(await client.with({ idempotencyKey: 'order 8' }).pay('fourth'), 'paid')
    const { joined, replayed } = server.stats()
    assert.equal([runs, joined, replayed], [['first', 'fourth'], 1, 1])
  },

  'row 16: only the session that a call was sent on settles it': async (world) => {
    const hold = gate<string>()
    const { server, client } = await world.pair({ slow: () => hold.opened })
    const puppet = world.keep(new Puppet())
    const both = gate()
    client.on('status', ({ status }) => status === 'ready' && both.open())
    client.connect(await puppet.bind(world))
    await within(10_000, both.opened)
    // One goes to each.
    const answers = Promise.allSettled([client.slow(), client.slow()] as Promise<unknown>[])
    const [, its] = (await puppet.hear()) as [number, number]
    await until(() => server.stats().running === 1)
    await puppet.say(1, its - 1, 'foreign')
    await puppet.say(1, its + 1, 'foreign')
    await until(() => client.stats().late === 2)
    hold.open('ours')
    await puppet.say(1, its, 'its own')
    const values = (await answers).map((result) => (result as PromiseFulfilledResult<unknown>).value)
    assert.equal(values.sort(), ['its own', 'ours'])
  },

  'section 6, 2: a reply that comes after its timeout is counted, and the next call works': async (world) => {
    const hold = gate<string>()
    const { server, client } = await world.pair({
      slow: () => hold.opened,
      now: () => 'now',
    })
    const { code } = await failure(client.with({ timeoutMs: 20 }).slow())
    assert.is(code, 'DEADLINE_EXCEEDED')
    hold.open('late')
    assert.is(await client.now(), 'now')
    // Either side may be the first to see that the time is over: then the server says so, late, and drops what comes.
    await until(() => server.stats().dropped + client.stats().late > 0)
  },

  'section 6, 5: SIGKILL with 100 calls in each state: every promise settles, and says what can have run':
    async (world) => {
      const folder = path.resolve(
        process.env.PSEUD_TEST_DIR ?? 'build/test',
        `kill-row-${process.pid}-${world.transport}`,
      )
      const { child, endpoint } = await serve(bundleServer(folder), world.endpoint())
      const client = world.client('remote', { idempotent: ['lower'] }).connect(endpoint)
      await client.ready({ timeoutMs: 10_000 })
      const hundred = (call: () => unknown): Promise<unknown>[] =>
        Array.from({ length: 100 }, () => Promise.resolve(call()))
      const sent = hundred(() => client.never())
      const repeatable = hundred(() => client.with({ idempotent: true, timeoutMs: 3000 }).never())
      const timed = hundred(() => client.with({ timeoutMs: 1 }).never())
      const answered = hundred(() => client.lower('A'))
      const groups = [sent, repeatable, timed, answered].map((calls) => Promise.allSettled(calls))
      await Promise.all(answered)
      await Promise.allSettled(timed)
      const gone = new Promise((resolve) =>
        client.on('status', ({ status }) => status === 'lost' && resolve(0)),
      )
      child.kill('SIGKILL')
      await within(10_000, gone)
      const queued = hundred(() => client.never())
      groups.push(Promise.allSettled(queued))
      await Promise.all(sent.map((call) => call.catch(() => {})))
      await client.close()
      const kinds = (await Promise.all(groups)).map((results) =>
        [
          ...new Set(
            results.map((result) =>
              result.status === 'fulfilled' ? 'a result' : `${result.reason.code} ${result.reason.executed}`,
            ),
          ),
        ].sort(),
      )
      assert.equal(
        kinds[1]!.filter((kind) => !/^(UNAVAILABLE|CLOSED) maybe$/.test(kind)),
        [],
      )
      kinds.splice(1, 1)
      rmSync(folder, { recursive: true, force: true })
      assert.equal(kinds, [['UNAVAILABLE maybe'], ['DEADLINE_EXCEEDED maybe'], ['a result'], ['CLOSED no']])
    },

  'section 6, 6: a call whose caller gave up while it waited is never run': async (world) => {
    let runs = 0
    const server = world.server()
    server.registerRpc({ count: () => ++runs })
    const client = world.client()
    const stale = Array.from({ length: 10 }, () => failure(client.with({ timeoutMs: 10 }).count()))
    for (const error of await Promise.all(stale))
      assert.equal([error.code, error.executed], ['DEADLINE_EXCEEDED', 'no'])
    client.connect(await server.bind(world.endpoint()))
    assert.is(await client.count(), 1)
  },

  'section 6, 9: abort before, during, after, and twice; no listener is left on the signal': async (
    world,
  ) => {
    const slow = endless()
    const { client } = await world.pair({ slow: slow.run, now: () => 'now' })
    const controller = new AbortController()
    const bound = client.with({ signal: controller.signal })
    assert.is(await bound.now(), 'now')
    const during = [failure(bound.slow()), failure(bound.slow())]
    assert.is(getEventListeners(controller.signal, 'abort').length, 1)
    controller.abort('first')
    controller.abort('second')
    assert.equal(await Promise.all(during), ['first', 'first'])
    assert.is(await failure(bound.now()), 'first' as never)
    assert.is(getEventListeners(controller.signal, 'abort').length, 0)
  },

  'section 6, 12: repeated and foreign answers and kinds of later versions only count': async (world) => {
    const puppet = world.keep(new Puppet())
    const client = world.client().connect(await puppet.bind(world))
    const first = client.get() as Promise<unknown>
    const [, id] = (await puppet.hear()) as [number, number]
    await puppet.say(1, id, 'once')
    await puppet.say(1, id, 'twice')
    await puppet.say(2, id, { c: 'INTERNAL', m: 'thrice' })
    await puppet.say(1, id + 1000, 'nobody’s')
    await puppet.say(99, 'of a later version')
    await puppet.say(3, 7)
    assert.is(await first, 'once')
    const second = client.get() as Promise<unknown>
    const [, next] = (await puppet.hear()) as [number, number]
    await puppet.say(1, next, 'fine')
    assert.is(await second, 'fine')
    const { late, ignored, protocolErrors, peers } = client.stats()
    assert.equal([late, ignored, protocolErrors, peers], [3, 2, 0, 1])
  },
}
