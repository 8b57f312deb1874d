// The small parts of the RPC layer: slots, the waiting line, events, watches of signals, settings.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Emitter } from '../../src/rpc/api/emitter.ts'
import { CallSettings, checkTimeout } from '../../src/rpc/api/settings.ts'
import { AbortWatches } from '../../src/rpc/calls/abort.ts'
import { WaitingQueue } from '../../src/rpc/calls/queue.ts'
import { isLoopback } from '../../src/rpc/participants/loopback.ts'
import { REFUSE, RUN, Share, Slots, WAIT } from '../../src/rpc/serving/slots.ts'
import { parseEndpoint } from '../../src/zmtp/connections.ts'

const slots = suite('Slots')

slots('runs up to the bound of a peer, lets the rest wait, refuses beyond', () => {
  const all = new Slots<string>({ maxRunning: 100, maxRunningPerPeer: 2, maxWaiting: 1 })
  const share = new Share<string>()
  for (let i = 0; i < 2; i++) {
    assert.is(all.ask(share, false), RUN)
    all.take(share)
  }
  assert.is(all.ask(share, false), WAIT)
  all.wait(share, 'third')
  assert.is(all.ask(share, false), REFUSE)
  assert.is(all.takeTurn(), undefined)
  all.give(share)
  assert.is.not(all.ask(share, false), RUN, 'who came first goes first')
  assert.is(all.takeTurn(), 'third')
  assert.is(all.waiting, 0)
})

slots('a nested call does not wait for the slot that its own caller may hold', () => {
  const all = new Slots<string>({ maxRunning: 1, maxRunningPerPeer: 1, maxWaiting: 10 })
  const share = new Share<string>()
  all.take(share)
  assert.is(all.ask(share, true), RUN)
  all.take(share)
  assert.is(all.ask(share, true), REFUSE)
})

slots('peers take turns: one with a thousand calls delays another by one', () => {
  const all = new Slots<string>({ maxRunning: 1, maxRunningPerPeer: 1, maxWaiting: 2000 })
  const greedy = new Share<string>()
  const modest = new Share<string>()
  all.take(greedy)
  for (let i = 0; i < 1000; i++) all.wait(greedy, `greedy ${i}`)
  all.wait(modest, 'modest')
  all.give(greedy)
  const turns = []
  for (let i = 0; i < 3; i++) {
    const item = all.takeTurn()!
    turns.push(item)
    const share = item === 'modest' ? modest : greedy
    all.take(share)
    all.give(share)
  }
  assert.equal(turns.sort(), ['greedy 0', 'greedy 1', 'modest'])
})

slots('who leaves the line is not called', () => {
  const all = new Slots<string>({ maxRunning: 1, maxRunningPerPeer: 1, maxWaiting: 10 })
  const share = new Share<string>()
  all.take(share)
  all.wait(share, 'a')
  all.wait(share, 'b')
  assert.is(all.leave(share, 'a'), true)
  assert.is(all.leave(share, 'a'), false)
  all.give(share)
  assert.is(all.takeTurn(), 'b')
  assert.is(all.takeTurn(), undefined)
  assert.is(all.running, 0)
})

slots.run()

const queue = suite('WaitingQueue')

queue('is bounded in number and in octets, and gives both back', () => {
  const waiting = new WaitingQueue<{ byteLength: number }>(2, 100)
  const item = { byteLength: 60 }
  assert.is(waiting.hasRoom(101), false)
  waiting.add(item)
  assert.is(waiting.hasRoom(41), false)
  assert.is(waiting.hasRoom(40), true)
  waiting.add({ byteLength: 1 })
  assert.is(waiting.hasRoom(0), false)
  assert.is(waiting.delete(item), true)
  assert.is(waiting.delete(item), false)
  assert.equal([waiting.size, waiting.byteLength], [1, 1])
  assert.is(waiting.hasRoom(99), true)
})

queue.run()

const emitter = suite('Emitter')

emitter('tells listeners until they leave, by their Disposable or their signal', () => {
  const events = new Emitter<{ tick: [n: number] }>(() => {})
  const heard: string[] = []
  const controller = new AbortController()
  const first = events.on('tick', (n) => heard.push(`first ${n}`))
  events.on('tick', (n) => heard.push(`second ${n}`), { signal: controller.signal })
  events.on('tick', () => heard.push('never'), { signal: AbortSignal.abort() })
  events.emit('tick', 1)
  first[Symbol.dispose]()
  controller.abort()
  events.emit('tick', 2)
  assert.equal(heard, ['first 1', 'second 1'])
  assert.is(events.has('tick'), false)
})

emitter('a listener that throws or rejects harms nobody, and is reported', async () => {
  const failures: unknown[] = []
  const events = new Emitter<{ tick: [] }>((error) => failures.push(error))
  let heard = 0
  events.on('tick', () => {
    throw 'thrown'
  })
  events.on('tick', async () => {
    throw 'rejected'
  })
  events.on('tick', () => heard++)
  events.emit('tick')
  await Promise.resolve()
  await Promise.resolve()
  assert.equal(failures, ['thrown', 'rejected'])
  assert.is(heard, 1)
})

emitter.run()

const watches = suite('AbortWatches')

/** A signal that counts its listeners. */
function counted(): { controller: AbortController; listeners: () => number } {
  const controller = new AbortController()
  const { signal } = controller
  let count = 0
  const { addEventListener, removeEventListener } = signal
  signal.addEventListener = ((...args: Parameters<typeof addEventListener>) => {
    count++
    addEventListener.apply(signal, args)
  }) as typeof addEventListener
  signal.removeEventListener = ((...args: Parameters<typeof removeEventListener>) => {
    count--
    removeEventListener.apply(signal, args)
  }) as typeof removeEventListener
  return { controller, listeners: () => count }
}

watches('a thousand calls are one listener on their signal, and none when they are over', () => {
  const { controller, listeners } = counted()
  const all = new AbortWatches()
  const items = Array.from({ length: 1000 }, () => ({ onAbort: () => {} }))
  for (const item of items) all.add(controller.signal, item)
  assert.is(listeners(), 1)
  for (const item of items) all.remove(controller.signal, item)
  assert.is(listeners(), 0)
  all.remove(controller.signal, items[0]!)
  assert.is(listeners(), 0)
})

watches('tells each item once, with the reason, also when one takes another out', () => {
  const { controller } = counted()
  const all = new AbortWatches()
  const heard: unknown[] = []
  const item = { onAbort: (reason: unknown) => heard.push(reason) }
  all.add(controller.signal, item)
  all.add(controller.signal, { onAbort: () => all.remove(controller.signal, item) })
  controller.abort('enough')
  controller.abort('again')
  assert.equal(heard, ['enough'])
})

watches.run()

const settings = suite('CallSettings')

settings('later options go over earlier ones; headers are put together', () => {
  const base = new CallSettings(30_000)
  const signal = new AbortController().signal
  const one = base.with({ timeoutMs: 5, headers: { a: '1', b: '1' } })
  const two = one.with({
    headers: { b: '2', ['__proto__']: 'x' },
    signal,
    failFast: true,
    idempotencyKey: 'k',
  })
  assert.equal([two.timeoutMs, two.failFast, two.idempotencyKey, two.signal === signal], [5, true, 'k', true])
  assert.equal(Object.entries(two.headers!), [
    ['a', '1'],
    ['b', '2'],
    ['__proto__', 'x'],
  ])
  assert.equal([base.timeoutMs, base.headers, base.failFast], [30_000, undefined, false])
  const nested = two.nested(3, 100)
  assert.equal(
    [nested.depth, nested.due, nested.timeoutMs, nested.headers === two.headers],
    [3, 100, 5, true],
  )
})

settings('refuses what is no option', () => {
  const base = new CallSettings(30_000)
  for (const options of [
    { timeoutMs: 0 },
    { timeoutMs: -1 },
    { timeoutMs: Number.NaN },
    { timeoutMs: '5' },
    { signal: {} },
    { headers: { a: 1 } },
  ]) {
    assert.throws(
      () => base.with(options as never),
      (error: { code?: string }) => error.code === 'BAD_OPTION',
    )
  }
  assert.is(checkTimeout(Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY)
  assert.is(checkTimeout(2 ** 60), 2 ** 31 - 1)
})

settings.run()

const loopback = suite('isLoopback')

for (const [endpoint, expected] of [
  ['tcp://127.0.0.1:0', true],
  ['tcp://127.9.9.9:*', true],
  ['tcp://localhost:5', true],
  ['tcp://[::1]:5', true],
  ['ipc:///tmp/x', true],
  ['inproc://x', true],
  ['tcp://*:5', false],
  ['tcp://0.0.0.0:5', false],
  ['tcp://[::]:5', false],
  ['tcp://10.0.0.1:5', false],
  ['tcp://127.evil.example:5', false],
  ['tcp://eth0:5', false],
] as const) {
  loopback(`${endpoint} ${expected ? 'stays on this machine' : 'may be reached from others'}`, () => {
    assert.is(isLoopback(parseEndpoint(endpoint, 'bind')), expected)
  })
}

loopback.run()
