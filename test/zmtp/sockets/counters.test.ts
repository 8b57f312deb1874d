// What became of messages: the counters of sockets and of their peers. For each reason to drop one there is a ledger: what was given to
// send is what was received, plus what was dropped and what waits at both ends.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  Dealer,
  Pair,
  Publisher,
  Pull,
  Push,
  Reply,
  Request,
  Router,
  type Socket,
  Stream,
  Subscriber,
  XPublisher,
  XSubscriber,
} from '../../../src/zmtp/index.ts'
import { octets } from '../../support/engine.ts'
import { RawListener, RawPeer } from '../../support/raw-peer.ts'
import { code, overAll, type Scenario } from '../../support/sockets.ts'
import { until } from '../../support/within.ts'

const test = suite('counters')

/** The books of one way: what was given, once for each peer it was meant for, and what came out. */
class Ledger {
  given = 0
  taken = 0
  readonly #sockets: readonly Socket[]

  constructor(...sockets: Socket[]) {
    this.#sockets = sockets
  }

  async give(
    socket: { send(message: string | Buffer | (string | Buffer)[]): Promise<void> },
    message: string | Buffer | (string | Buffer)[],
    copies = 1,
  ): Promise<void> {
    await socket.send(message)
    this.given += copies
  }

  async take(socket: { receive(): Promise<Buffer[]> }): Promise<Buffer[]> {
    const message = await socket.receive()
    this.taken++
    return message
  }

  /** Takes all that is there or comes until nothing is under way any more. */
  async takeAll(socket: { readable: boolean; receive(): Promise<Buffer[]> }): Promise<void> {
    await until(() => {
      while (socket.readable) {
        void socket.receive()
        this.taken++
      }
      return this.given === this.accounted
    })
  }

  get accounted(): number {
    let sum = this.taken
    for (const { counters } of this.#sockets) {
      sum += counters.dropped + counters.queuedToSend + counters.queuedToReceive
    }
    return sum
  }

  /** Waits until the books are even; throws when they are not at the end. */
  async even(): Promise<void> {
    await until(() => this.given === this.accounted, 3000, 'even books').catch(() => {})
    const all = this.#sockets.map(({ counters }) => JSON.stringify(counters)).join(' ')
    assert.is(this.accounted, this.given, `taken ${this.taken}, ${all}`)
    for (const socket of this.#sockets) checkSums(socket)
  }
}

/** What peers have is part of what their socket has. */
function checkSums(socket: Socket): void {
  const { counters, peers } = socket
  assert.is(peers.length, counters.peers)
  for (const field of ['sent', 'received', 'dropped'] as const) {
    assert.ok(sum(peers.map((peer) => peer[field])) <= counters[field], field)
  }
  for (const field of ['queuedToSend', 'queuedToReceive'] as const) {
    assert.ok(sum(peers.map((peer) => peer[field])) <= counters[field], field)
  }
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

const LARGE = Buffer.alloc(100_000)

async function subscribed(
  s: Scenario,
  publisher: Publisher | XPublisher,
  subscriber: Subscriber,
): Promise<void> {
  subscriber.subscribe('')
  subscriber.connect(await s.bind(publisher))
  // Published to nobody it is not counted; the first that is has been received.
  await until(() => {
    void publisher.send('?')
    return publisher.counters.sent > 0
  })
}

// -- dropped by who sends ------------------------------------------------------------------------------------------------

overAll(test, 'a PUB counts what a full subscriber misses', async (s) => {
  const publisher = s.use(new Publisher({ sendHighWaterMark: 5 }))
  const subscriber = s.use(new Subscriber({ receiveHighWaterMark: 5 }))
  await subscribed(s, publisher, subscriber)
  const ledger = new Ledger(publisher, subscriber)
  ledger.given = publisher.counters.sent
  for (let i = 0; i < 300; i++) await ledger.give(publisher, [String(i), LARGE])
  assert.ok(publisher.counters.dropped > 0)
  assert.is(publisher.peers[0]!.dropped, publisher.counters.dropped)
  await ledger.takeAll(subscriber)
  await ledger.even()
  assert.is(publisher.counters.sent, subscriber.counters.received)
})

test('a PUB counts for each of many subscribers what it misses, when frames are shared', async () => {
  const publisher = new Publisher({ sendHighWaterMark: 5 })
  await publisher.bind('tcp://127.0.0.1:0')
  const subscribers = Array.from({ length: 9 }, () => new Subscriber({ receiveHighWaterMark: 5 }))
  for (const subscriber of subscribers) {
    subscriber.subscribe('')
    subscriber.connect(publisher.lastEndpoint!)
  }
  await until(() => {
    void publisher.send('?')
    return publisher.counters.peers === 9 && publisher.peers.every((peer) => peer.sent > 0)
  })
  const ledger = new Ledger(publisher, ...subscribers)
  ledger.given = publisher.counters.sent
  for (let i = 0; i < 200; i++) await ledger.give(publisher, [String(i), LARGE], subscribers.length)
  assert.ok(publisher.peers.every((peer) => peer.dropped > 0))
  await until(() => {
    for (const subscriber of subscribers) {
      while (subscriber.readable) {
        void subscriber.receive()
        ledger.taken++
      }
    }
    return ledger.given === ledger.accounted
  })
  await ledger.even()
  for (const socket of [publisher, ...subscribers]) socket.close()
})

overAll(test, 'an XSUB counts what a full publisher misses', async (s) => {
  const publisher = s.use(new XPublisher({ receiveHighWaterMark: 5 }))
  const subscriber = s.use(new XSubscriber({ sendHighWaterMark: 5 }))
  subscriber.connect(await s.bind(publisher))
  const ledger = new Ledger(subscriber, publisher)
  for (let i = 0; i < 300; i++) await ledger.give(subscriber, ['up', LARGE])
  assert.ok(subscriber.counters.dropped > 0)
  await ledger.takeAll(publisher)
  await ledger.even()
})

overAll(test, 'what nobody has subscribed to is neither sent nor dropped', async (s) => {
  const publisher = s.use(new Publisher())
  const subscriber = s.use(new Subscriber())
  await publisher.send('to nobody')
  await subscribed(s, publisher, subscriber)
  subscriber.unsubscribe('')
  subscriber.subscribe('A')
  await until(() => {
    const { sent } = publisher.counters
    void publisher.send('B')
    return publisher.counters.sent === sent
  })
  const { sent } = publisher.counters
  await publisher.send('B')
  assert.is(publisher.counters.sent, sent)
  assert.is(publisher.counters.dropped, 0)
})

overAll(test, 'a ROUTER counts what is for nobody: an unknown id, an id without a message', async (s) => {
  const [router, dealer] = await s.pair(new Router(), new Dealer({ routingId: 'D' }))
  const ledger = new Ledger(router, dealer)
  await dealer.send('hello')
  await router.receive()
  await ledger.give(router, ['unknown', 'x'])
  await ledger.give(router, ['unknown', 'x', 'y'])
  await ledger.give(router, ['D'])
  await ledger.give(router, 'D')
  await ledger.give(router, ['D', 'for you'])
  await ledger.take(dealer)
  assert.is(router.counters.dropped, 4)
  assert.is(router.peers[0]!.dropped, 0)
  await ledger.even()
  router.mandatory = true
  assert.is(await code(() => router.send(['unknown', 'x'])), 'EHOSTUNREACH')
  assert.is(router.counters.dropped, 4)
})

overAll(test, 'a ROUTER counts what a full peer misses, and an id that has gone', async (s) => {
  const [router, dealer] = await s.pair(
    new Router({ sendHighWaterMark: 3 }),
    new Dealer({ routingId: 'D', receiveHighWaterMark: 3 }),
  )
  await dealer.send('hello')
  await router.receive()
  const ledger = new Ledger(router, dealer)
  for (let i = 0; i < 200; i++) await ledger.give(router, ['D', LARGE])
  assert.ok(router.peers[0]!.dropped > 0)
  await ledger.takeAll(dealer)
  await ledger.even()
  dealer.close()
  await until(() => router.counters.peers === 0)
  const { dropped } = router.counters
  await router.send(['D', 'too late'])
  assert.is(router.counters.dropped, dropped + 1)
})

overAll(test, 'a REP counts the reply to a requester that has gone', async (s) => {
  const [reply, request] = await s.pair(new Reply(), new Request({ linger: 0 }))
  await request.send('question')
  await reply.receive()
  request.close()
  await until(() => reply.counters.peers === 0)
  const ledger = new Ledger(reply)
  await ledger.give(reply, 'answer')
  assert.is(reply.counters.dropped, 1)
  await ledger.even()
})

overAll(test, 'a REP counts the replies to a requester that does not read', async (s) => {
  const [reply, dealer] = await s.pair(
    new Reply({ sendHighWaterMark: 2 }),
    new Dealer({ receiveHighWaterMark: 2 }),
  )
  const ledger = new Ledger(reply, dealer)
  for (let i = 0; i < 200; i++) {
    await dealer.send(['', 'question'])
    await reply.receive()
    await ledger.give(reply, LARGE)
  }
  assert.ok(reply.counters.dropped > 0)
  await ledger.takeAll(dealer)
  await ledger.even()
})

overAll(test, 'conflate counts the messages that a newer one replaces, at either end', async (s) => {
  const push = s.use(new Push({ conflate: true }))
  const pull = s.use(new Pull({ conflate: true }))
  const address = await s.freeAddress()
  push.connect(address)
  const ledger = new Ledger(push, pull)
  for (let i = 0; i < 10; i++) await ledger.give(push, String(i))
  assert.equal(pick(push, 'dropped', 'queuedToSend'), [9, 1])
  await pull.bind(address)
  await until(() => pull.counters.received === 1)
  for (let i = 10; i < 20; i++) await ledger.give(push, String(i))
  await until(() => push.counters.queuedToSend === 0 && pull.counters.received === push.counters.sent)
  assert.ok(pull.counters.dropped > 0)
  await ledger.even()
  assert.is(String(await ledger.take(pull)), '19')
  await ledger.even()
})

// -- dropped by who receives -----------------------------------------------------------------------------------------------

overAll(test, 'a REP counts what has no envelope or no body', async (s) => {
  const [reply, dealer] = await s.pair(new Reply(), new Dealer())
  const ledger = new Ledger(dealer, reply)
  for (const message of ['no delimiter', ['a', 'b'], ['a', ''], '', ['', 'good']]) {
    await ledger.give(dealer, message)
  }
  await ledger.take(reply)
  assert.is(reply.counters.received, 5)
  assert.is(reply.peers[0]!.dropped, 4)
  await ledger.even()
})

overAll(test, 'a REQ counts replies that are late, not the first, or not to this request', async (s) => {
  const [router, request] = await s.pair(
    new Router(),
    new Request({ relaxed: true, correlate: true, receiveTimeout: 2000 }),
  )
  const ledger = new Ledger(router, request)
  const questions: Buffer[][] = []
  for (let i = 0; i < 3; i++) {
    await request.send(`question ${i}`)
    questions.push(await router.receive())
  }
  const answer = (index: number, text: string): Promise<void> =>
    ledger.give(router, [...questions[index]!.slice(0, 3), text])
  await answer(0, 'too late')
  await answer(1, 'too late')
  await answer(2, 'in time')
  await answer(2, 'once more')
  assert.is(String(await ledger.take(request)), 'in time')
  await until(() => request.counters.received === 4)
  assert.is(request.counters.dropped, 3)
  await ledger.even()
  // One that nobody has read goes with the next request.
  await request.send('question 3')
  questions.push(await router.receive())
  await answer(3, 'unread')
  await until(() => request.counters.queuedToReceive === 1)
  assert.is(request.peers[0]!.queuedToReceive, 1)
  await ledger.even()
  await request.send('question 4')
  assert.equal(pick(request, 'dropped', 'queuedToReceive'), [4, 0])
  await ledger.even()
})

overAll(test, 'a REQ counts a reply that is none', async (s) => {
  const [router, request] = await s.pair(new Router(), new Request({ reconnectInterval: 5 }))
  const ledger = new Ledger(router, request)
  await request.send('question')
  const [id] = await router.receive()
  await ledger.give(router, [id!, 'no delimiter'])
  assert.is(await code(() => request.receive()), 'EPROTO')
  assert.is(request.counters.dropped, 1)
  await ledger.even()
})

overAll(test, 'a SUB counts what it no longer wants, also when it had come already', async (s) => {
  const publisher = s.use(new XPublisher())
  const subscriber = s.use(new Subscriber())
  const address = await s.bind(publisher)
  subscriber.subscribe('A', 'B')
  subscriber.connect(address)
  for (let i = 0; i < 2; i++) await publisher.receive()
  const ledger = new Ledger(publisher, subscriber)
  for (const text of ['A1', 'B1', 'A2', 'B2']) await ledger.give(publisher, text)
  await until(() => subscriber.counters.queuedToReceive === 4)
  subscriber.unsubscribe('A')
  assert.is(String(await ledger.take(subscriber)), 'B1')
  assert.is(String(await ledger.take(subscriber)), 'B2')
  assert.equal(pick(subscriber, 'received', 'dropped', 'queuedToReceive'), [4, 2, 0])
  await ledger.even()
})

test('a SUB counts what it has not asked for, a PUSH and a PUB what they cannot receive', async () => {
  const listener = await RawListener.open()
  const subscriber = new Subscriber()
  subscriber.subscribe('y')
  subscriber.connect(listener.endpoint)
  ;(await listener.peer(0)).hello('PUB', {}, octets('00 01 "n" 00 01 "y" 01 01 "n" 00 01 "y"'))
  await subscriber.receive()
  assert.equal(pick(subscriber, 'received', 'dropped', 'queuedToReceive'), [3, 2, 0])
  for (const [socket, type] of [
    [new Push(), 'PULL'],
    [new Publisher(), 'XSUB'],
  ] as const) {
    await socket.bind('tcp://127.0.0.1:0')
    const peer = (await RawPeer.connect(socket.lastEndpoint!)).hello(
      type,
      {},
      octets('00 01 "x" 01 01 "x" 00 01 "x"'),
    )
    await until(() => socket.counters.received === 2)
    assert.equal(pick(socket, 'dropped', 'queuedToReceive'), [2, 0])
    peer.destroy()
    socket.close()
  }
  subscriber.close()
  listener.close()
})

test('a message that breaks off is counted as dropped, not as received', async () => {
  const pull = new Pull()
  await pull.bind('tcp://127.0.0.1:0')
  const peer = (await RawPeer.connect(pull.lastEndpoint!)).hello(
    'PUSH',
    {},
    octets('00 05 "whole" 01 04 "half"'),
  )
  await pull.receive()
  peer.destroy()
  await until(() => pull.counters.peers === 0)
  assert.equal(pick(pull, 'received', 'dropped'), [1, 1])
  pull.close()
})

// -- lost with a peer, or at the end -----------------------------------------------------------------------------------------

test('the queue of a bound DEALER is counted when it goes with its peer', async () => {
  const [bound, leaving] = await toOneThatDoesNotRead()
  assert.is(bound.peers[0]!.queuedToSend, 10)
  leaving.destroy()
  await until(() => bound.counters.peers === 0)
  assert.equal(pick(bound, 'queuedToSend', 'dropped'), [0, 10])
  bound.close()
})

overAll(
  test,
  'the queue of an endpoint that is given up is counted',
  async (s) => {
    const push = s.use(new Push({ reconnectInterval: -1 }))
    const pull = s.use(new Pull())
    const address = await s.bind(pull, await s.freeAddress())
    pull.close()
    push.connect(address)
    const ledger = new Ledger(push)
    for (let i = 0; i < 3; i++) await ledger.give(push, 'x')
    await until(() => push.counters.peers === 0)
    assert.is(push.counters.dropped, 3)
    await ledger.even()
  },
  ['tcp', 'ipc'],
)

test('what waits for a ROUTER’s dialled peer is counted when another peer answers in its place', async () => {
  const listener = await RawListener.open()
  const router = new Router({ reconnectInterval: 20 })
  router.connect(listener.endpoint)
  const first = (await listener.peer(0)).hello('DEALER', { identity: 'A' })
  await until(() => router.peers[0]?.address !== undefined)
  first.destroy()
  await until(() => router.peers[0]?.address === undefined)
  const ledger = new Ledger(router)
  for (let i = 0; i < 3; i++) await ledger.give(router, ['A', 'waits'])
  assert.is(router.counters.queuedToSend, 3)
  ;(await listener.peer(1)).hello('DEALER', { identity: 'B' })
  await until(() => String(router.peers[0]?.identity) === 'B')
  assert.is(router.counters.dropped, 3)
  await ledger.even()
  router.linger = 0
  router.close()
  listener.close()
})

test('a welcome message for which a full queue has no room is counted', async () => {
  const listener = await RawListener.open()
  const publisher = new XPublisher({ sendHighWaterMark: 2, welcomeMessage: 'welcome', reconnectInterval: 20 })
  publisher.connect(listener.endpoint)
  const first = (await listener.peer(0)).hello('SUB', {}, octets('04 0b 09 "SUBSCRIBE" "A"'))
  await publisher.receive()
  await until(() => first.messages.length === 1)
  first.destroy()
  await until(() => publisher.peers[0]!.address === undefined)
  const ledger = new Ledger(publisher)
  for (const text of ['A1', 'A2']) await ledger.give(publisher, text)
  const second = (await listener.peer(1)).hello('SUB')
  await until(() => second.messages.length === 2)
  assert.equal(second.messages.map(String), ['A1', 'A2'])
  assert.equal(pick(publisher, 'sent', 'dropped'), [3, 1])
  publisher.close()
  listener.close()
})

overAll(test, 'close and disconnect count what is unsent without linger', async (s) => {
  for (const end of [
    (socket: Dealer) => socket.close(),
    (socket: Dealer, address: string) => socket.disconnect(address),
  ]) {
    const dealer = s.use(new Dealer({ linger: 0 }))
    const address = await s.freeAddress()
    dealer.connect(address)
    const ledger = new Ledger(dealer)
    for (let i = 0; i < 3; i++) await ledger.give(dealer, 'unsent')
    end(dealer, address)
    assert.equal(pick(dealer, 'dropped', 'queuedToSend', 'peers'), [3, 0, 0])
    await ledger.even()
  }
})

overAll(test, 'a linger that runs out counts what is left', async (s) => {
  const dealer = s.use(new Dealer({ linger: 20 }))
  dealer.connect(await s.freeAddress())
  const ledger = new Ledger(dealer)
  for (let i = 0; i < 3; i++) await ledger.give(dealer, 'unsent')
  dealer.close()
  assert.equal(pick(dealer, 'dropped', 'queuedToSend'), [0, 3])
  await ledger.even()
  await until(() => dealer.counters.dropped === 3)
  await ledger.even()
})

test('a peer that leaves while a closed socket lingers for it is counted with its queue', async () => {
  const [bound, leaving] = await toOneThatDoesNotRead()
  bound.close()
  assert.equal(pick(bound, 'queuedToSend', 'dropped'), [10, 0])
  leaving.destroy()
  await until(() => bound.counters.peers === 0)
  assert.equal(pick(bound, 'queuedToSend', 'dropped'), [0, 10])
})

test('what comes while a closed socket lingers is counted', async () => {
  const [bound, there] = await toOneThatDoesNotRead()
  bound.close()
  there.write(octets('00 01 "x" 01 01 "x" 00 01 "x" 01 01 "x"'))
  await until(() => bound.counters.received === 2)
  assert.is(bound.counters.dropped, 2)
  there.destroy()
  await until(() => bound.counters.peers === 0)
})

for (const [name, make] of [
  ['PULL', () => [new Pull(), new Push()]],
  ['DEALER', () => [new Dealer(), new Dealer()]],
  ['ROUTER', () => [new Router(), new Dealer()]],
  ['PAIR', () => [new Pair(), new Pair()]],
  ['XPUB', () => [new XPublisher(), new XSubscriber()]],
] as const) {
  overAll(
    test,
    `a ${name} that is closed counts what it has not read, of peers that are gone too`,
    async (s) => {
      const [bound, first] = (await s.pair(...(make() as unknown as [Pull, Push]))) as [Pull, Push]
      const ledger = new Ledger(bound, first)
      for (let i = 0; i < 3; i++) await ledger.give(first, ['x', 'y'])
      await until(() => bound.counters.received === 3)
      first.close()
      await until(() => bound.counters.peers === 0)
      await ledger.take(bound)
      assert.equal(pick(bound, 'queuedToReceive', 'dropped'), [2, 0])
      await ledger.even()
      bound.close()
      assert.equal(pick(bound, 'queuedToReceive', 'dropped'), [0, 2])
      await ledger.even()
    },
  )
}

overAll(
  test,
  'a SUB, a REP and a REQ that are closed count what they have not read',
  async (s) => {
    const [reply, request] = await s.pair(new Reply(), new Request())
    await request.send('question')
    await until(() => reply.counters.queuedToReceive === 1)
    reply.close()
    assert.equal(pick(reply, 'received', 'dropped', 'queuedToReceive'), [1, 1, 0])
    const [router, asker] = await s.pair(new Router(), new Request())
    await asker.send('question')
    await router.send([...(await router.receive()).slice(0, 2), 'answer'])
    await until(() => asker.readable)
    asker.close()
    assert.equal(pick(asker, 'received', 'dropped', 'queuedToReceive'), [1, 1, 0])
    const publisher = s.use(new Publisher())
    const subscriber = s.use(new Subscriber())
    await subscribed(s, publisher, subscriber)
    await until(() => subscriber.counters.received === publisher.counters.sent)
    const { received } = subscriber.counters
    subscriber.subscribe('A')
    assert.ok(subscriber.readable)
    assert.is(subscriber.counters.queuedToReceive, received)
    subscriber.close()
    assert.equal(pick(subscriber, 'dropped', 'queuedToReceive'), [received, 0])
  },
  ['tcp', 'ipc'],
)

test('a STREAM that is closed counts what it has not read, of connections that are gone too', async () => {
  const stream = new Stream()
  await stream.bind('tcp://127.0.0.1:0')
  const peer = await RawPeer.connect(stream.lastEndpoint!)
  peer.write(octets('"hello"'))
  await until(() => stream.counters.received >= 2)
  peer.destroy()
  await until(() => stream.counters.peers === 0)
  const { received, queuedToReceive } = stream.counters
  assert.is(queuedToReceive, received)
  assert.is(await code(() => stream.send(['nobody', 'x'])), 'EHOSTUNREACH')
  stream.close()
  assert.equal(pick(stream, 'dropped', 'queuedToReceive'), [received, 0])
})

overAll(test, 'messages that are handed on to the next owner of an identity are counted once', async (s) => {
  const router = s.use(new Router())
  const address = await s.bind(router)
  const ledger = new Ledger(router)
  for (let i = 0; i < 3; i++) {
    const dealer = new Dealer({ routingId: 'A', linger: -1 })
    dealer.connect(address)
    for (let j = 0; j < 2; j++) await ledger.give(dealer, `${i} ${j}`)
    dealer.close()
    await until(() => router.counters.received === 2 * (i + 1) && router.counters.peers === 0)
  }
  await ledger.even()
  await ledger.takeAll(router)
  assert.equal(pick(router, 'received', 'dropped', 'queuedToReceive'), [6, 0, 0])
})

// -- peers -------------------------------------------------------------------------------------------------------------------

overAll(test, 'peers lists who is there, with routing id, address and counts of its own', async (s) => {
  const router = s.use(new Router())
  assert.equal(router.peers, [])
  const address = await s.bind(router)
  const named = s.use(new Dealer({ routingId: 'A' }))
  const nameless = s.use(new Dealer())
  const before = new Date()
  const ids: Buffer[] = []
  for (const [index, dealer] of [named, nameless].entries()) {
    dealer.connect(address)
    for (let i = 0; i <= index; i++) {
      await dealer.send('x')
      ids[index] = (await router.receive())[0]!
    }
  }
  await router.send([ids[0]!, 'back'])
  await nameless.send('unread')
  await until(() => router.readable)
  const [first, second] = router.peers
  assert.is(first!.identity, ids[0])
  assert.is(second!.identity, ids[1])
  const numbers = (peer: typeof first): number[] => [
    peer!.sent,
    peer!.received,
    peer!.dropped,
    peer!.queuedToSend,
    peer!.queuedToReceive,
  ]
  assert.equal(numbers(first), [1, 1, 0, 0, 0])
  assert.equal(numbers(second), [0, 3, 0, 0, 1])
  for (const { socketType, endpoint, address: where, since } of router.peers) {
    assert.is(socketType, 'DEALER')
    assert.is(endpoint, address)
    assert.match(where!, s.transport === 'tcp' ? /^tcp:\/\/127\.0\.0\.1:\d+$/ : address)
    assert.ok(Math.abs(since!.getTime() - before.getTime()) < 60_000)
  }
  const [there] = named.peers
  assert.equal([there!.socketType, there!.endpoint, there!.address], ['ROUTER', address, address])
  const { received } = there!
  assert.equal(numbers(there), [1, received, 0, 0, received])
  nameless.close()
  await until(() => router.peers.length === 1)
  assert.is(router.peers[0]!.identity, ids[0])
  assert.equal(nameless.peers, [])
})

overAll(
  test,
  'a peer that is dialled is listed before it answers and while it is away, and keeps its counts',
  async (s) => {
    const router = s.use(new Router({ reconnectInterval: 5 }))
    const address = await s.freeAddress()
    router.connect(address, { routingId: 'theirs' })
    await router.send(['theirs', 'early'])
    const [early] = router.peers
    assert.equal(
      { ...early },
      {
        ...{
          identity: Buffer.from('theirs'),
          socketType: '',
          endpoint: address,
          address: undefined,
          since: undefined,
        },
        ...{ sent: 0, received: 0, dropped: 0, queuedToSend: 1, queuedToReceive: 0 },
      },
    )
    const dealer = s.use(new Dealer({ linger: 0 }))
    await dealer.bind(address)
    await dealer.receive()
    const [there] = router.peers
    assert.equal([there!.socketType, there!.sent, there!.queuedToSend], ['DEALER', 1, 0])
    assert.ok(there!.since instanceof Date)
    dealer.close()
    await until(() => router.peers[0]!.address === undefined)
    await router.send(['theirs', 'while away'])
    const [away] = router.peers
    assert.equal([away!.socketType, away!.since, away!.sent, away!.queuedToSend], ['', undefined, 1, 1])
  },
  ['tcp', 'ipc'],
)

test('a PUB says of each subscriber what it has missed', async () => {
  const publisher = new Publisher({ sendHighWaterMark: 5 })
  await publisher.bind('tcp://127.0.0.1:0')
  const [slow, quick] = [
    await RawPeer.connect(publisher.lastEndpoint!),
    await RawPeer.connect(publisher.lastEndpoint!),
  ]
  const subscription = octets('04 0a 09 "SUBSCRIBE"')
  slow.hello('SUB', {}, subscription).socket.pause()
  quick.hello('SUB', {}, subscription)
  await until(() => {
    void publisher.send('?')
    return publisher.counters.peers === 2 && publisher.peers.every((peer) => peer.sent > 0)
  })
  await until(() => {
    void publisher.send(LARGE)
    return publisher.peers.some((peer) => peer.dropped > 20)
  })
  await until(() => publisher.peers.some((peer) => peer.queuedToSend === 0))
  const counts = publisher.peers.map(({ dropped, queuedToSend }) => [dropped > 20, queuedToSend])
  assert.ok(counts.some(([missed, queued]) => missed && queued === 5))
  assert.ok(counts.some(([, queued]) => queued === 0))
  for (const peer of [slow, quick]) peer.destroy()
  publisher.close()
})

test.run()

/** A bound DEALER with ten messages queued for a peer that does not read. */
async function toOneThatDoesNotRead(): Promise<[Dealer, RawPeer]> {
  const bound = new Dealer({ sendHighWaterMark: 10, sendTimeout: 0 })
  await bound.bind('tcp://127.0.0.1:0')
  const peer = (await RawPeer.connect(bound.lastEndpoint!)).hello('DEALER')
  peer.socket.pause()
  await until(() => bound.writable)
  while ((await code(() => bound.send(LARGE))) === 'no error') {}
  assert.is(bound.counters.queuedToSend, 10)
  return [bound, peer]
}

function pick(socket: Socket, ...fields: (keyof Socket['counters'])[]): number[] {
  const { counters } = socket
  return fields.map((field) => counters[field])
}
