// PUSH and PULL: who gets a message, what waits and where, and that each goes one way only. Ids in the names are those of the
// conformance checklist.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Pull, Push } from '../../../src/zmtp/index.ts'
import { code, overAll, strings } from '../../support/sockets.ts'
import { until } from '../../support/within.ts'

const test = suite('PUSH and PULL')

overAll(
  test,
  'H1: PUSH sends whole messages to the PULLs in turn, PULL receives from all in turn',
  async (s) => {
    const push = s.use(new Push())
    const pulls = [1, 2, 3].map(() => s.use(new Pull()))
    for (const pull of pulls) push.connect(await s.bind(pull))
    for (let i = 0; i < 6; i++) await push.send([`m${i}`, 'second part'])
    for (const [index, pull] of pulls.entries()) {
      assert.equal(strings(await pull.receive()), [`m${index}`, 'second part'])
      assert.equal(strings(await pull.receive()), [`m${index + 3}`, 'second part'])
    }
    const second = s.use(new Push())
    second.connect(pulls[0]!.lastEndpoint!)
    for (let i = 0; i < 3; i++) await second.send(`other ${i}`)
    await until(() => pulls[0]!.counters.queuedToReceive === 3)
    for (let i = 0; i < 9; i++) await push.send(`m${i}`)
    await until(() => pulls[0]!.counters.queuedToReceive === 6)
    const heard: string[] = []
    for (let i = 0; i < 6; i++) heard.push(strings(await pulls[0]!.receive())[0]!.slice(0, 1))
    assert.is(heard.join(''), 'omomom')
  },
)

overAll(test, 'H1: a full PULL is passed over until it takes messages again', async (s) => {
  const push = s.use(new Push({ sendHighWaterMark: 2, sendTimeout: 0 }))
  const pull = s.use(new Pull())
  push.connect(await s.freeAddress())
  push.connect(await s.bind(pull))
  let accepted = 2
  for (let i = 0; i < accepted; i++) await push.send('one for each')
  await pull.receive()
  for (let i = 0; i < 50; i++) if ((await code(() => push.send(String(i)))) === 'no error') accepted++
  // Two wait for the endpoint where nobody is; all others go to the one that takes them.
  await until(() => pull.counters.received === accepted - 2)
  assert.is(push.counters.queuedToSend, 2)
  assert.ok(accepted > 10)
})

overAll(test, 'H2: PUSH to nobody takes SNDHWM messages, then EAGAIN; a bound one takes none', async (s) => {
  const push = s.use(new Push({ sendHighWaterMark: 3, sendTimeout: 0 }))
  push.connect(await s.freeAddress())
  for (let i = 0; i < 3; i++) await push.send(['two', 'parts'])
  assert.not(push.writable)
  assert.is(await code(() => push.send('one more')), 'EAGAIN')
  const bound = s.use(new Push({ sendTimeout: 0 }))
  const address = await s.bind(bound)
  assert.not(bound.writable)
  assert.is(await code(() => bound.send('x')), 'EAGAIN')
  bound.sendTimeout = -1
  const waiting = bound.send('waited')
  const pull = s.use(new Pull())
  pull.connect(address)
  await waiting
  assert.equal(strings(await pull.receive()), ['waited'])
})

overAll(
  test,
  'H3, H4: a PULL that does not read stops its PUSH; then everything comes, in order',
  async (s) => {
    const [pull, push] = await s.pair(
      new Pull({ receiveHighWaterMark: 10 }),
      new Push({ sendHighWaterMark: 10, sendTimeout: 50, linger: -1 }),
    )
    const body = Buffer.alloc(20_000)
    let accepted = 0
    while ((await code(() => push.send([String(accepted), body]))) === 'no error') accepted++
    assert.ok(accepted > 20 && accepted < 5000, `${accepted} accepted`)
    assert.is(pull.counters.queuedToReceive, 10)
    push.sendTimeout = -1
    const last = push.send([String(accepted), body])
    for (let i = 0; i <= accepted; i++) assert.is(String((await pull.receive())[0]), String(i))
    await last
    assert.is(push.counters.dropped + pull.counters.dropped, 0)
  },
)

overAll(
  test,
  'H5: what waits for a dialled PULL survives its loss',
  async (s) => {
    const push = s.use(new Push({ reconnectInterval: 5 }))
    const first = s.use(new Pull())
    const address = await s.bind(first, await s.freeAddress())
    push.connect(address)
    await push.send('hello')
    await first.receive()
    const gone = new Promise((resolve) => push.events.on('disconnect', resolve))
    first.close()
    await gone
    for (const text of ['a', 'b', 'c']) await push.send(text)
    const second = s.use(new Pull())
    await second.bind(address)
    for (const text of ['a', 'b', 'c']) assert.equal(strings(await second.receive()), [text])
  },
  ['tcp', 'ipc'],
)

overAll(test, 'H8: with IMMEDIATE a PUSH queues nothing for a PULL that is not connected', async (s) => {
  const address = await s.freeAddress()
  const push = s.use(new Push({ immediate: true, sendTimeout: 0, reconnectInterval: 5 }))
  push.connect(address)
  assert.not(push.writable)
  assert.is(await code(() => push.send('x')), 'EAGAIN')
  const pull = s.use(new Pull())
  await pull.bind(address)
  push.sendTimeout = -1
  await push.send('y')
  assert.equal(strings(await pull.receive()), ['y'])
})

overAll(test, 'H10: with CONFLATE either side keeps the newest message only', async (s) => {
  const push = s.use(new Push({ conflate: true, sendHighWaterMark: 1, sendTimeout: 0 }))
  const address = await s.freeAddress()
  push.connect(address)
  for (let i = 0; i < 10; i++) await push.send(String(i))
  const pull = s.use(new Pull())
  await pull.bind(address)
  assert.equal(strings(await pull.receive()), ['9'])

  const [keeping, sending] = await s.pair(new Pull({ conflate: true }), new Push())
  for (let i = 0; i < 10; i++) await sending.send(String(i))
  await until(() => keeping.counters.received === 10)
  assert.is(keeping.counters.queuedToReceive, 1)
  assert.equal(strings(await keeping.receive()), ['9'])
})

overAll(test, 'two connects to one endpoint are two connections', async (s) => {
  const pull = s.use(new Pull())
  const push = s.use(new Push())
  const address = await s.bind(pull)
  push.connect(address)
  push.connect(address)
  await until(() => pull.counters.peers === 2)
})

test('each has one direction: the other fails with ENOTSUP at once, even without a time limit', async () => {
  const push = new Push()
  const pull = new Pull()
  const wrongWay = { receive: push, send: pull } as unknown as {
    receive: { receive(): Promise<unknown> }
    send: { send(message: unknown): Promise<unknown> }
  }
  assert.is(await code(() => wrongWay.receive.receive()), 'ENOTSUP')
  assert.is(await code(() => wrongWay.send.send('x')), 'ENOTSUP')
  assert.not(push.readable)
  assert.not(pull.writable)
  assert.is((push as unknown as Record<string, unknown>).receiveHighWaterMark, undefined)
  assert.is((pull as unknown as Record<string, unknown>).sendHighWaterMark, undefined)
  push.close()
  pull.close()
})

test('a PULL is iterated, and takes batches', async () => {
  const pull = new Pull()
  await pull.bind('tcp://127.0.0.1:0')
  const push = new Push()
  push.connect(pull.lastEndpoint!)
  await push.sendMany(Array.from({ length: 100 }, (_, i) => String(i)))
  const heard: string[] = []
  for await (const [part] of pull) if (heard.push(String(part)) === 50) break
  for await (const batch of pull.batches()) {
    for (const [part] of batch) heard.push(String(part))
    if (heard.length === 100) break
  }
  assert.equal(
    heard,
    Array.from({ length: 100 }, (_, i) => String(i)),
  )
  push.close()
  pull.close()
})

test.run()
