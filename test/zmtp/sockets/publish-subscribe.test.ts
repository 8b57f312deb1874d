// PUB, SUB, XPUB and XSUB: who gets what, how subscriptions travel, what the application of an XPUB hears. Ids in the names are those of
// the conformance checklist.
import { createServer, type Socket as NetSocket, connect as netConnect } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Publisher, Subscriber, XPublisher, XSubscriber } from '../../../src/zmtp/index.ts'
import { code, overAll, type Scenario, strings } from '../../support/sockets.ts'
import { sleep, until } from '../../support/within.ts'

const test = suite('PUB and SUB')

/** Publishes `mark` until all of `subscribers`, which want it, have it: then everything asked for before has arrived. */
async function meet(
  publisher: Publisher | XPublisher,
  mark: string,
  ...subscribers: Subscriber[]
): Promise<void> {
  while (!subscribers.every((subscriber) => subscriber.readable)) {
    await publisher.send(mark)
    await sleep(2)
  }
  // Some marks may still be on their way: this one is the last.
  await publisher.send(`${mark} end`)
  for (const subscriber of subscribers) {
    while (strings(await subscriber.receive())[0] !== `${mark} end`) {}
  }
}

async function texts(socket: Subscriber | XPublisher, count: number): Promise<string[]> {
  const all: string[] = []
  while (all.length < count) all.push(strings(await socket.receive()).join('|'))
  return all
}

async function subscribed(s: Scenario, ...topics: string[]): Promise<[Publisher, Subscriber]> {
  const [publisher, subscriber] = await s.pair(new Publisher(), new Subscriber())
  subscriber.subscribe(...topics, 'mark')
  await meet(publisher, 'mark', subscriber)
  return [publisher, subscriber]
}

overAll(test, 'S1: a prefix of the first part decides, and nothing else', async (s) => {
  const [publisher, subscriber] = await subscribed(s, 'ab')
  for (const parts of [['a'], ['ab'], ['abc', 'x'], ['x', 'ab'], ['ba'], [''], ['ab', '', 'z'], ['mark']]) {
    await publisher.send(parts)
  }
  assert.equal(await texts(subscriber, 4), ['ab', 'abc|x', 'ab||z', 'mark'])
})

overAll(
  test,
  'twelve subscribers with different wishes each get what they want, whole and in order',
  async (s) => {
    const [publisher, first] = await s.pair(
      new Publisher({ sendHighWaterMark: 0 }),
      new Subscriber({ receiveHighWaterMark: 0 }),
    )
    const subscribers = [
      first,
      ...Array.from({ length: 11 }, () => s.use(new Subscriber({ receiveHighWaterMark: 0 }))),
    ]
    subscribers.forEach((subscriber, i) => {
      if (i > 0) subscriber.connect(publisher.lastEndpoint!)
      subscriber.subscribe('all', i % 2 === 0 ? 'even' : 'odd', `only ${i};`, 'mark')
    })
    await meet(publisher, 'mark', ...subscribers)
    const wanted = subscribers.map((): string[] => [])
    for (let n = 0; n < 600; n++) {
      // Many get the most; sizes on either side of what is copied and of what a chunk holds.
      const topic = n % 7 === 0 ? 'even' : n % 11 === 0 ? 'odd' : n % 13 === 0 ? `only ${n % 12};` : 'all'
      const size = n % 50 === 0 ? 9000 : n % 3 === 0 ? 400 : 20
      const message = [topic, `${n} `.padEnd(size, '.'), ...(n % 2 === 0 ? ['', 'end'] : [])]
      await publisher.send(n % 5 === 0 ? message.join('|') : message)
      subscribers.forEach((_, i) => {
        if (topic === 'all' || topic === (i % 2 === 0 ? 'even' : 'odd') || topic === `only ${i};`) {
          wanted[i]!.push(message.join('|'))
        }
      })
    }
    for (const [i, subscriber] of subscribers.entries()) {
      const got = await texts(subscriber, wanted[i]!.length)
      // Not the long texts themselves, which nobody could read in a failure.
      const wrong = got.findIndex((text, n) => text !== wanted[i]![n])
      assert.is(wrong, -1, `${got[wrong]?.slice(0, 20)} instead of ${wanted[i]![wrong]?.slice(0, 20)}`)
      assert.not(subscriber.readable)
    }
  },
)

overAll(test, 'S1: the empty prefix is all messages; without any, none', async (s) => {
  const [publisher, all] = await s.pair(new Publisher(), new Subscriber())
  const none = s.use(new Subscriber())
  none.connect(publisher.lastEndpoint!)
  all.subscribe()
  await meet(publisher, 'x', all)
  for (const text of ['', 'a', '\xff']) await publisher.send(text)
  assert.equal(await texts(all, 3), ['', 'a', '\xff'])
  assert.not(none.readable)
})

overAll(
  test,
  'S2, S3: two subscribes and one unsubscribe still receive, one copy each; then no more',
  async (s) => {
    const [publisher, subscriber] = await subscribed(s, 'A', 'A', 'AB')
    await publisher.send('AB once')
    await publisher.send('mark')
    assert.equal(await texts(subscriber, 2), ['AB once', 'mark'])
    subscriber.unsubscribe('AB', 'A', 'never asked for')
    await meet(publisher, 'mark', subscriber)
    await publisher.send('A again')
    assert.equal(await texts(subscriber, 1), ['A again'])
    subscriber.unsubscribe('A')
    await publisher.send('A no more')
    await publisher.send('mark')
    assert.equal(strings(await subscriber.receive()), ['mark'])
  },
)

overAll(test, 'what waits unread when a subscription ends is not received any more', async (s) => {
  const [publisher, subscriber] = await subscribed(s, 'A', 'B')
  for (const text of ['A1', 'B1', 'A2']) await publisher.send(text)
  await until(() => subscriber.counters.queuedToReceive === 3)
  subscriber.unsubscribe('A')
  assert.ok(subscriber.readable)
  assert.equal(strings(await subscriber.receive()), ['B1'])
  assert.not(subscriber.readable)
  assert.is(subscriber.counters.queuedToReceive, 0)
})

overAll(
  test,
  'S4, S11: a bound SUB tells each new PUB what it wants, without a call of the application',
  async (s) => {
    const subscriber = s.use(new Subscriber())
    subscriber.subscribe('B', 'A', 'A', 'Ab')
    const address = await s.bind(subscriber)
    for (const name of ['first', 'second']) {
      const publisher = s.use(new XPublisher())
      publisher.connect(address)
      assert.equal(await texts(publisher, 3), ['\x01A', '\x01Ab', '\x01B'])
      await publisher.send(`A ${name}`)
      assert.equal(await texts(subscriber, 1), [`A ${name}`])
    }
  },
)

overAll(
  test,
  'S4, S12: 5,000 subscriptions reach a publisher, and reach it again when it comes back',
  async (s) => {
    const subscriber = s.use(new Subscriber({ reconnectInterval: 5 }))
    const first = s.use(new XPublisher())
    const address = await s.bind(first, await s.freeAddress())
    for (let i = 0; i < 5000; i++) subscriber.subscribe(`topic ${i}`)
    subscriber.connect(address)
    const expected = Array.from({ length: 5000 }, (_, i) => `\x01topic ${i}`).sort()
    assert.equal((await texts(first, 5000)).sort(), expected)
    first.close()
    const second = s.use(new XPublisher())
    while ((await code(() => second.bind(address))) === 'EADDRINUSE') await sleep(2)
    assert.equal(await texts(second, 5000), expected, 'in the order of octets')
    await second.send('topic 4999')
    assert.equal(await texts(subscriber, 1), ['topic 4999'])
  },
  ['tcp', 'ipc'],
)

overAll(
  test,
  'requests count although the application of the XPUB receives none of them, up to 20,000',
  async (s) => {
    const [publisher, subscriber] = await s.pair(new XPublisher(), new XSubscriber())
    publisher.verbosity = 'allSubsUnsubs'
    for (let i = 0; i < 5000; i++) await subscriber.send(`\x01topic ${i}`)
    await until(() => publisher.counters.queuedToReceive === 5000)
    await publisher.send('topic 4999')
    assert.equal(strings(await subscriber.receive()), ['topic 4999'])
    for (let i = 0; i < 10_000; i++) {
      await subscriber.send('\x01again')
      await subscriber.send('\x00again')
    }
    await until(() => publisher.counters.queuedToReceive === 20_000)
    await sleep(20)
    assert.is(publisher.counters.queuedToReceive, 20_000)
    // Reading goes on while they are received, and nothing is lost.
    let received = 0
    while (received < 25_000) received += (await publisher.receiveMany({ max: 25_000 })).length
    assert.is(received, 25_000)
  },
)

overAll(test, 'S6, S7: PUB never waits; a slow SUB misses whole messages, which are counted', async (s) => {
  const [publisher, slow] = await s.pair(
    new Publisher({ sendHighWaterMark: 10 }),
    new Subscriber({ receiveHighWaterMark: 10 }),
  )
  slow.subscribe()
  await meet(publisher, 'x', slow)
  const before = publisher.counters.dropped
  const body = Buffer.alloc(50_000)
  for (let i = 0; i < 400; i++) await publisher.send([String(i), body, 'end'])
  assert.ok(publisher.writable)
  const dropped = publisher.counters.dropped - before
  assert.ok(dropped > 0 && dropped < 400, `${dropped} dropped`)
  let last = -1
  for (let i = 0; i < 400 - dropped; i++) {
    const [number, middle, end] = await slow.receive()
    assert.ok(Number(number) > last)
    last = Number(number)
    assert.is(middle!.length, body.length)
    assert.is(String(end), 'end')
  }
  await until(() => publisher.counters.queuedToSend === 0)
  await publisher.send('and on')
  assert.equal(strings(await slow.receive()), ['and on'])
})

overAll(test, 'S7: with noDrop a full subscriber makes send wait, or fail with EAGAIN', async (s) => {
  const [publisher, slow] = await s.pair(
    new XPublisher({ noDrop: true, sendHighWaterMark: 5, sendTimeout: 30 }),
    new Subscriber({ receiveHighWaterMark: 5 }),
  )
  slow.subscribe('x')
  assert.equal(await texts(publisher, 1), ['\x01x'])
  const body = Buffer.alloc(50_000)
  let sent = 0
  const attempt = (): Promise<string> => code(() => publisher.send([`x${sent}`, body]))
  // Of how much the system takes more with time, nobody knows: the first failure is the end.
  let outcome = await attempt()
  for (; outcome === 'no error'; outcome = await attempt()) assert.ok(++sent < 1000)
  assert.is(outcome, 'EAGAIN')
  assert.is(publisher.counters.dropped, 0)
  await publisher.send('for nobody, so nobody is in the way')
  publisher.sendTimeout = -1
  const waiting = publisher.send('x last')
  for (let i = 0; i < sent; i++) assert.is(String((await slow.receive())[0]), `x${i}`)
  await waiting
  assert.equal(strings(await slow.receive()), ['x last'])
})

const VERBOSITY = [
  [null, ['\x01A', '\x00A', '\x00Z']],
  ['allSubs', ['\x01A', '\x01A', '\x01A', '\x00A', '\x00Z']],
  ['allSubsUnsubs', ['\x01A', '\x01A', '\x01A', '\x00A', '\x00A', '\x00Z']],
] as const

for (const [verbosity, expected] of VERBOSITY) {
  overAll(test, `S8: an XPUB with verbosity ${verbosity} reports what table 5.8 says`, async (s) => {
    const publisher = s.use(new XPublisher())
    publisher.verbosity = verbosity
    const address = await s.bind(publisher)
    const [a, b] = [s.use(new XSubscriber()), s.use(new XSubscriber())]
    for (const socket of [a, b]) socket.connect(address)
    const all: string[] = []
    const step = async (socket: XSubscriber, request: string): Promise<void> => {
      await socket.send(request)
      await socket.send(['step', 'of several parts: no request'])
      for (;;) {
        const [text] = strings(await publisher.receive())
        if (text === 'step') break
        all.push(text!)
      }
    }
    await until(() => publisher.counters.peers === 2)
    // The fourth is counted by the XSUB itself: not its last.
    for (const text of ['\x01A', '\x01A']) await step(a, text)
    await step(b, '\x01A')
    for (const text of ['\x00A', '\x00A']) await step(a, text)
    for (const text of ['\x00A', '\x01Z', '\x00Z']) await step(b, text)
    assert.equal(
      all.filter((text) => text !== '\x01Z'),
      [...expected],
    )
  })
}

overAll(test, 'S9: an XPUB hears of the end of what a peer wanted when that goes', async (s) => {
  const publisher = s.use(new XPublisher())
  const address = await s.bind(publisher)
  const [going, staying] = [s.use(new Subscriber()), s.use(new Subscriber())]
  going.connect(address)
  going.subscribe('A', 'B')
  assert.equal(await texts(publisher, 2), ['\x01A', '\x01B'])
  staying.connect(address)
  staying.subscribe('B', 'C')
  assert.equal(await texts(publisher, 1), ['\x01C'])
  const next = publisher.receive()
  going.close()
  assert.equal(strings(await next), ['\x00A'])
  assert.not(publisher.readable)
  await publisher.send('B still')
  assert.equal(await texts(staying, 1), ['B still'])
})

overAll(test, 'S10: what an XSUB sends up arrives whole, whatever its later parts begin with', async (s) => {
  const [publisher, subscriber] = await s.pair(new XPublisher(), new XSubscriber())
  await until(() => subscriber.counters.peers === 1)
  for (const parts of [['\x02x', '\x01mid', 'end'], [''], ['', '\x01A'], ['plain']]) {
    await subscriber.send(parts)
    assert.equal(strings(await publisher.receive()), parts)
  }
  await subscriber.send('\x01')
  assert.equal(strings(await publisher.receive()), ['\x01'])
  await publisher.send('anything')
  assert.equal(strings(await subscriber.receive()), ['anything'])
})

overAll(test, 'manual: an XPUB decides what each subscriber gets', async (s) => {
  const [publisher, subscriber] = await s.pair(new XPublisher({ manual: true }), new XSubscriber())
  await subscriber.send('\x01A')
  assert.equal(await texts(publisher, 1), ['\x01A'])
  await publisher.send('A: not decided')
  publisher.subscribe('B')
  await publisher.send('B: decided')
  assert.equal(strings(await subscriber.receive()), ['B: decided'])
  await subscriber.send('\x00A')
  assert.equal(await texts(publisher, 1), ['\x00A'])
  publisher.unsubscribe('B')
  await publisher.send('B: gone')
  await subscriber.send('\x01C')
  assert.equal(await texts(publisher, 1), ['\x01C'])
  subscriber.close()
  assert.equal(await texts(publisher, 1), ['\x00C'])
  publisher.subscribe('for one who has gone')
  const plain = s.use(new XPublisher())
  assert.is(await code(() => plain.subscribe('x')), 'EINVAL')
})

overAll(
  test,
  'welcomeMessage: the first message to each new subscriber, which gets it if it asked',
  async (s) => {
    const publisher = s.use(new XPublisher({ welcomeMessage: 'W hello' }))
    const address = await s.bind(publisher)
    for (const topic of ['W', '']) {
      const subscriber = s.use(new Subscriber())
      subscriber.subscribe(topic)
      subscriber.connect(address)
      assert.equal(await texts(subscriber, 1), ['W hello'])
    }
    const other = s.use(new Subscriber())
    other.subscribe('x')
    other.connect(address)
    await meet(publisher, 'x', other)
    assert.is(other.counters.dropped, 1)
  },
)

overAll(test, 'invertMatching: what does not match is sent and received', async (s) => {
  const [publisher, subscriber] = await s.pair(
    new Publisher({ invertMatching: true }),
    new Subscriber({ invertMatching: true }),
  )
  subscriber.subscribe('secret')
  await meet(publisher, 'mark', subscriber)
  for (const text of ['secret 1', 'public', 'secret 2', 'end']) await publisher.send(text)
  assert.equal(await texts(subscriber, 2), ['public', 'end'])
})

overAll(test, 'H10: with CONFLATE the newest message is kept, and all subscriptions', async (s) => {
  const publisher = s.use(new XPublisher())
  const subscriber = s.use(new Subscriber({ conflate: true }))
  subscriber.subscribe('A', 'B', 'C')
  subscriber.connect(await s.bind(publisher))
  assert.equal(await texts(publisher, 3), ['\x01A', '\x01B', '\x01C'])
  for (const text of ['A1', 'B1', 'C1']) await publisher.send(text)
  await until(() => subscriber.counters.received === 3)
  assert.is(subscriber.counters.queuedToReceive, 1)
  assert.equal(await texts(subscriber, 1), ['C1'])
})

overAll(
  test,
  'a PUB that dials keeps what its subscriber missed while it was away, until that asks anew',
  async (s) => {
    const publisher = s.use(new XPublisher({ reconnectInterval: 5 }))
    const first = s.use(new Subscriber())
    const address = await s.bind(first, await s.freeAddress())
    first.subscribe('A')
    publisher.connect(address)
    assert.equal(await texts(publisher, 1), ['\x01A'])
    const gone = new Promise((resolve) => publisher.events.on('disconnect', resolve))
    first.close()
    await gone
    await publisher.send('A while away')
    const second = s.use(new Subscriber())
    second.subscribe('A')
    while ((await code(() => second.bind(address))) === 'EADDRINUSE') await sleep(2)
    assert.equal(await texts(second, 1), ['A while away'])
    assert.equal(await texts(publisher, 2), ['\x00A', '\x01A'])
  },
  ['tcp', 'ipc'],
)

test('each has its direction: the other fails with ENOTSUP; SUB and XSUB do not linger', async () => {
  const publisher = new Publisher()
  const subscriber = new Subscriber()
  const xsubscriber = new XSubscriber()
  const wrong = { publisher, subscriber } as unknown as {
    publisher: { receive(): Promise<unknown> }
    subscriber: { send(message: unknown): Promise<unknown> }
  }
  assert.is(await code(() => wrong.publisher.receive()), 'ENOTSUP')
  assert.is(await code(() => wrong.subscriber.send('x')), 'ENOTSUP')
  await publisher.send('for nobody')
  await xsubscriber.send('for nobody')
  assert.is(subscriber.linger, 0)
  assert.is(xsubscriber.linger, 0)
  assert.is(publisher.linger, -1)
  assert.throws(() => subscriber.subscribe(5 as never), /Option value must be a string or buffer/)
  for (const socket of [publisher, subscriber, xsubscriber]) socket.close()
  assert.is(await code(() => subscriber.subscribe('x')), 'ENOTSOCK')
})

// -- octets ----------------------------------------------------------------------------------------------------------

function hello(type: string, minor: number): Buffer {
  const greeting = Buffer.alloc(64)
  greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, minor])
  greeting.write('NULL', 12)
  const body = `\x05READY\x0bSocket-Type\x00\x00\x00${String.fromCharCode(type.length)}${type}`
  return Buffer.concat([greeting, Buffer.from([4, body.length]), Buffer.from(body, 'latin1')])
}

/** A publisher made of octets: resolves with what a SUB sends after its handshake, as text. */
async function rawPublisher(minor: number): Promise<{ address: string; heard: () => string; close(): void }> {
  let heard = ''
  const links: NetSocket[] = []
  const server = createServer((link) => {
    links.push(link)
    link.write(hello('PUB', minor))
    link.on('data', (chunk) => {
      heard += chunk.toString('latin1')
    })
    link.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    address: `tcp://127.0.0.1:${port}`,
    heard: () => heard.slice(64 + 27),
    close: () => {
      server.close()
      for (const link of links) link.destroy()
    },
  }
}

const FORMS = [
  [1, '\x04\x0b\x09SUBSCRIBEA', '\x04\x08\x06CANCELA', '\x04\x0a\x09SUBSCRIBE'],
  [0, '\x00\x02\x01A', '\x00\x02\x00A', '\x00\x01\x01'],
] as const

for (const [minor, subscribe, cancel, all] of FORMS) {
  test(`C21, S2: a publisher of ZMTP 3.${minor} is told in its form; every wish, and the end of the last`, async () => {
    const publisher = await rawPublisher(minor)
    const subscriber = new Subscriber()
    subscriber.subscribe('A')
    subscriber.subscribe('A')
    subscriber.connect(publisher.address)
    await until(() => publisher.heard() === subscribe)
    subscriber.subscribe()
    subscriber.subscribe('A')
    subscriber.unsubscribe('A')
    subscriber.unsubscribe('A')
    subscriber.unsubscribe('A')
    subscriber.unsubscribe('A')
    await until(() => publisher.heard().length >= (subscribe + all + subscribe + cancel).length)
    assert.is(publisher.heard(), subscribe + all + subscribe + cancel)
    subscriber.close()
    publisher.close()
  })
}

for (const size of [0, 1, 244, 245, 246, 247, 248, 249, 250, 254, 255, 256, 4096]) {
  test(`C22, C23: a topic of ${size} octets is understood as a command and as a message, from any version`, async () => {
    const publisher = new XPublisher()
    await publisher.bind('tcp://127.0.0.1:0')
    const topic = Buffer.alloc(size, 't')
    for (const minor of [0, 1]) {
      const link = netConnect(Number(publisher.lastEndpoint!.split(':').pop()), '127.0.0.1')
      link.on('data', () => {})
      link.write(hello('SUB', minor))
      link.write(frame(0, Buffer.concat([Buffer.from([1]), topic])))
      assert.ok((await publisher.receive())[0]!.equals(Buffer.concat([Buffer.from([1]), topic])))
      link.write(frame(4, Buffer.concat([Buffer.from('\x06CANCEL', 'latin1'), topic])))
      assert.ok((await publisher.receive())[0]!.equals(Buffer.concat([Buffer.from([0]), topic])))
      link.write(frame(4, Buffer.concat([Buffer.from('\x09SUBSCRIBE', 'latin1'), topic])))
      await publisher.receive()
      link.write(frame(0, Buffer.concat([Buffer.from([0]), topic])))
      assert.is((await publisher.receive())[0]![0], 0)
      link.destroy()
    }
    publisher.close()
  })
}

test('S5: a SUB drops what it did not ask for', async () => {
  const links: NetSocket[] = []
  const server = createServer((link) => {
    links.push(link)
    link.write(Buffer.concat([hello('PUB', 1), Buffer.from('\x00\x02no\x00\x03yes', 'latin1')]))
    link.on('data', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const subscriber = new Subscriber()
  subscriber.subscribe('y')
  subscriber.connect(`tcp://127.0.0.1:${(server.address() as { port: number }).port}`)
  assert.equal(strings(await subscriber.receive()), ['yes'])
  assert.is(subscriber.counters.dropped, 1)
  subscriber.close()
  server.close()
  for (const link of links) link.destroy()
})

test('a peer with more than 10,000 topics loses its connection, and only that peer', async () => {
  const publisher = new XPublisher()
  await publisher.bind('tcp://127.0.0.1:0')
  const other = new Subscriber()
  other.connect(publisher.lastEndpoint!)
  other.subscribe('kept')
  assert.equal(await texts(publisher, 1), ['\x01kept'])
  const why = new Promise((resolve) => publisher.events.on('disconnect', resolve))
  const greedy = new Subscriber({ reconnectInterval: -1 })
  for (let i = 0; i <= 10_000; i++) greedy.subscribe(`t${i}`)
  greedy.connect(publisher.lastEndpoint!)
  await why
  await until(() => greedy.counters.peers === 0)
  await publisher.send('kept on')
  assert.equal(await texts(other, 1), ['kept on'])
  for (const socket of [publisher, other, greedy]) socket.close()
})

function frame(flags: number, body: Buffer): Buffer {
  if (body.length <= 255) return Buffer.concat([Buffer.from([flags, body.length]), body])
  const header = Buffer.alloc(9)
  header[0] = flags | 2
  header.writeUInt32BE(body.length, 5)
  return Buffer.concat([header, body])
}

test.run()
