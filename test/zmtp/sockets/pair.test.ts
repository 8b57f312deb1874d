// PAIR: one peer at a time, seen from both sides, and what happens when it goes. Ids in the names are those of the conformance checklist.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Pair } from '../../../src/zmtp/index.ts'
import { code, overAll, strings } from '../../support/sockets.ts'
import { sleep, until } from '../../support/within.ts'

const test = suite('PAIR')

overAll(test, 'messages go both ways, in order', async (s) => {
  const [a, b] = await s.pair(new Pair(), new Pair())
  for (let i = 0; i < 20; i++) await b.send([`to a ${i}`, 'x'])
  for (let i = 0; i < 20; i++) assert.equal(strings(await a.receive()), [`to a ${i}`, 'x'])
  for (let i = 0; i < 20; i++) await a.send(`to b ${i}`)
  for (let i = 0; i < 20; i++) assert.equal(strings(await b.receive()), [`to b ${i}`])
})

overAll(test, 'H9: a second peer is refused visibly, and the first is not disturbed', async (s) => {
  const [bound, first] = await s.pair(new Pair(), new Pair())
  await first.send('hello')
  await bound.receive()
  const second = s.use(new Pair({ reconnectInterval: -1 }))
  second.connect(bound.lastEndpoint!)
  // It does not reconnect, so that its place is seen to be gone.
  await until(() => second.counters.peers === 0)
  await bound.send('still you')
  assert.equal(strings(await first.receive()), ['still you'])
  await first.send('me')
  assert.equal(strings(await bound.receive()), ['me'])
  assert.is(bound.counters.peers, 1)
})

overAll(test, 'H9: a peer that is refused keeps what it has queued, until the place is free', async (s) => {
  const [bound, first] = await s.pair(new Pair(), new Pair())
  await first.send('hello')
  await bound.receive()
  const second = s.use(new Pair({ reconnectInterval: 5, linger: -1 }))
  second.connect(bound.lastEndpoint!)
  for (const text of ['1', '2', '3']) await second.send([text, 'whole'])
  let refusals = 0
  bound.events.on('handshake:error:other', () => refusals++)
  // In-process connections have no events.
  if (s.transport === 'inproc') await sleep(50)
  else await until(() => refusals >= 3)
  assert.equal([second.counters.sent, second.counters.queuedToSend], [0, 3])
  assert.not(bound.readable)
  first.close()
  for (const text of ['1', '2', '3']) assert.equal(strings(await bound.receive()), [text, 'whole'])
})

overAll(test, 'H9: a new peer is accepted after the first has gone, whose messages come first', async (s) => {
  const bound = s.use(new Pair())
  const address = await s.bind(bound)
  const first = s.use(new Pair({ linger: -1 }))
  first.connect(address)
  for (let i = 0; i < 3; i++) await first.send(`first ${i}`)
  await until(() => bound.counters.received === 3)
  first.close()
  await until(() => bound.counters.peers === 0)
  const second = s.use(new Pair())
  second.connect(address)
  for (let i = 0; i < 3; i++) await second.send(`second ${i}`)
  await until(() => bound.counters.received === 6)
  const heard: string[] = []
  for (let i = 0; i < 6; i++) heard.push(...strings(await bound.receive()))
  assert.equal(heard, ['first 0', 'first 1', 'first 2', 'second 0', 'second 1', 'second 2'])
  await bound.send('you now')
  assert.equal(strings(await second.receive()), ['you now'])
})

overAll(test, 'H2: without a peer a bound PAIR takes nothing, a connecting one takes SNDHWM', async (s) => {
  const bound = s.use(new Pair({ sendTimeout: 0 }))
  await s.bind(bound)
  assert.not(bound.writable)
  assert.is(await code(() => bound.send('x')), 'EAGAIN')
  assert.is(await code(() => bound.send(['x', 'y'])), 'EAGAIN')
  const connecting = s.use(new Pair({ sendTimeout: 0, sendHighWaterMark: 2 }))
  const address = await s.freeAddress()
  connecting.connect(address)
  await connecting.send('1')
  await connecting.send('2')
  assert.is(await code(() => connecting.send('3')), 'EAGAIN')
  const other = s.use(new Pair())
  await other.bind(address)
  assert.equal(strings(await other.receive()), ['1'])
  assert.equal(strings(await other.receive()), ['2'])
  await until(() => connecting.writable)
})

overAll(
  test,
  'H5: the queue of a connecting PAIR survives the loss of its peer',
  async (s) => {
    const pair = s.use(new Pair({ reconnectInterval: 5 }))
    const first = s.use(new Pair())
    const address = await s.bind(first, await s.freeAddress())
    pair.connect(address)
    await pair.send('hello')
    await first.receive()
    const gone = new Promise((resolve) => pair.events.on('disconnect', resolve))
    first.close()
    await gone
    await pair.send('kept')
    const second = s.use(new Pair())
    await second.bind(address)
    assert.equal(strings(await second.receive()), ['kept'])
  },
  ['tcp', 'ipc'],
)

overAll(test, 'unread messages of a peer are dropped when its endpoint is disconnected', async (s) => {
  const bound = s.use(new Pair())
  const pair = s.use(new Pair({ receiveTimeout: 20 }))
  const address = await s.bind(bound)
  pair.connect(address)
  await bound.send('unread')
  await until(() => pair.readable)
  assert.is(pair.counters.queuedToReceive, 1)
  pair.disconnect(address)
  assert.not(pair.readable)
  assert.is(await code(() => pair.receive()), 'EAGAIN')
})

test.run()
