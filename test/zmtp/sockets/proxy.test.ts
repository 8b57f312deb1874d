// Proxy: what its calls check and throw, what becomes of its two sockets, and that messages pass both ways, in order, whole, and no faster
// than the slower side takes them.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  Dealer,
  Publisher,
  Pull,
  Push,
  Reply,
  Request,
  Router,
  type Socket,
  Proxy as SocketProxy,
  Subscriber,
  XPublisher,
  XSubscriber,
} from '../../../src/zmtp/index.ts'
import { code, overAll, type Scenario, strings } from '../../support/sockets.ts'
import { sleep, until } from '../../support/within.ts'

const test = suite('Proxy')

interface Running<F extends Socket, B extends Socket> {
  proxy: SocketProxy<F, B>
  /** Where to connect to. */
  front: string
  back: string
  ended: Promise<void>
}

/** Binds both and runs a proxy between them. It is terminated with the scenario. */
async function start<F extends Socket, B extends Socket>(s: Scenario, f: F, b: B): Promise<Running<F, B>> {
  const front = await s.bind(s.use(f))
  const back = await s.bind(s.use(b))
  const proxy = new SocketProxy(f, b)
  const ended = proxy.run()
  s.finally(() => {
    if (!f.closed) proxy.terminate()
  })
  return { proxy, front, back, ended }
}

async function texts(socket: { receive(): Promise<Buffer[]> }, count: number): Promise<string[]> {
  const heard: string[] = []
  while (heard.length < count) heard.push(strings(await socket.receive()).join('|'))
  return heard
}

const numbered = (count: number, from = 0) => Array.from({ length: count }, (_, i) => String(from + i))

// -- calls and states ------------------------------------------------------------------------------------------------

test('takes exactly two sockets', () => {
  const make = (...sockets: unknown[]) => new (SocketProxy as new (...args: unknown[]) => unknown)(...sockets)
  const router = new Router()
  const dealer = new Dealer()
  for (const [sockets, text] of [
    [[], 'Front-end must be a socket object'],
    [[null, null], 'Front-end must be a socket object'],
    [[{}, dealer], 'Front-end must be a socket object'],
    [[router], 'Back-end must be a socket object'],
    [[router, 1], 'Back-end must be a socket object'],
    [[router, dealer, dealer], 'Expected 2 arguments but received 3'],
  ] as const) {
    assert.throws(
      () => make(...sockets),
      (error: Error) => error instanceof TypeError && error.message === text,
      text,
    )
  }
  const proxy = new SocketProxy(router, dealer)
  assert.is(proxy.frontEnd, router)
  assert.is(proxy.backEnd, dealer)
  assert.is(SocketProxy.name, 'Proxy')
  assert.throws(() => {
    ;(proxy as { frontEnd: unknown }).frontEnd = dealer
  }, /which has only a getter/)
  for (const name of ['run', 'pause', 'resume', 'terminate'] as const) {
    const call = proxy[name] as (argument: number) => unknown
    assert.throws(() => call.call(proxy, 1), 'Expected 0 arguments but received 1')
  }
  router.close()
  dealer.close()
})

test('run wants both sockets bound or connected, and says at once which is not', async () => {
  const front = new Router()
  const back = new Dealer()
  const proxy = new SocketProxy(front, back)
  const refusal = (run: () => unknown) => {
    try {
      run()
    } catch (error) {
      const { code, errno, message } = error as NodeJS.ErrnoException
      return `${code} ${errno} ${message}`
    }
    return 'nothing'
  }
  const text = (end: string) => `EINVAL 22 ${end} socket must be bound or connected`
  assert.is(
    refusal(() => proxy.run()),
    text('Front-end'),
  )
  back.connect('tcp://127.0.0.1:1')
  assert.is(
    refusal(() => proxy.run()),
    text('Front-end'),
  )
  front.connect('tcp://127.0.0.1:1')
  const unbound = new Dealer()
  assert.is(
    refusal(() => new SocketProxy(front, unbound).run()),
    text('Back-end'),
  )
  unbound.close()
  assert.is(
    refusal(() => new SocketProxy(front, unbound).run()),
    text('Back-end'),
  )
  for (const call of [() => proxy.pause(), () => proxy.resume(), () => proxy.terminate()]) {
    assert.is(refusal(call), 'EBADF 9 Socket is closed')
  }
  const ended = proxy.run()
  proxy.terminate()
  await ended
  assert.ok(front.closed && back.closed)
})

overAll(test, 'while it runs both sockets are blocked, and a close waits for its end', async (s) => {
  const { proxy, front, back, ended } = await start(s, new Router(), new Dealer())
  for (const socket of [proxy.frontEnd, proxy.backEnd]) {
    for (const use of [
      () => socket.send('x'),
      () => socket.receive(),
      () => socket.bind(s.address()),
      () => socket.unbind(front),
      () => socket.connect(front),
      () => socket.disconnect(front),
    ]) {
      assert.throws(use, (error: NodeJS.ErrnoException) => error.code === 'EBUSY')
    }
    assert.is(await code(() => socket[Symbol.asyncIterator]().next()), 'EBUSY')
    socket.linger = 7
    assert.is(socket.linger, 7)
    socket.close()
    assert.not(socket.closed)
  }
  const request = s.use(new Request())
  const reply = s.use(new Reply())
  request.connect(front)
  reply.connect(back)
  await request.send('still served')
  assert.equal(strings(await reply.receive()), ['still served'])
  proxy.terminate()
  proxy.terminate() // until it has ended, once more does no harm
  assert.not(proxy.frontEnd.closed)
  assert.is(await ended, undefined)
  assert.ok(proxy.frontEnd.closed && proxy.backEnd.closed)
  for (const call of [() => proxy.pause(), () => proxy.resume(), () => proxy.terminate()]) {
    assert.is(await code(call), 'EBADF')
  }
  assert.is(await code(() => proxy.run()), 'EINVAL')
})

overAll(test, 'run twice throws EBUSY, from the same proxy or another, and the first goes on', async (s) => {
  const { proxy, front, back } = await start(s, new Pull(), new Push())
  assert.throws(
    () => proxy.run(),
    (error: NodeJS.ErrnoException) => error.code === 'EBUSY' && /already running/.test(error.message),
  )
  assert.throws(
    () => new SocketProxy(proxy.frontEnd, proxy.backEnd).run(),
    (error: NodeJS.ErrnoException) => error.code === 'EBUSY',
  )
  const [push, pull] = [s.use(new Push()), s.use(new Pull())]
  push.connect(front)
  pull.connect(back)
  await push.send('x')
  assert.equal(await texts(pull, 1), ['x'])
})

overAll(test, 'a socket that is just being bound to one more address cannot be run: EBUSY', async (s) => {
  const [front, back] = [s.use(new Pull()), s.use(new Push())]
  await s.bind(front)
  await s.bind(back)
  const binding = front.bind(s.address())
  assert.throws(
    () => new SocketProxy(front, back).run(),
    (error: NodeJS.ErrnoException) => error.code === 'EBUSY',
  )
  await binding
  assert.is(await code(() => front.receive({ signal: AbortSignal.abort('free again') })), 'free again')
})

overAll(test, 'a receive that was pending before run gets its message first', async (s) => {
  const front = s.use(new Pull())
  const pending = front.receive()
  const { front: address, back } = await start(s, front, new Push())
  const [push, pull] = [s.use(new Push()), s.use(new Pull())]
  pull.connect(back)
  push.connect(address)
  for (const text of ['1', '2', '3']) await push.send(text)
  assert.equal(strings(await pending), ['1'])
  assert.equal(await texts(pull, 2), ['2', '3'])
})

// -- patterns --------------------------------------------------------------------------------------------------------

overAll(
  test,
  'ROUTER and DEALER: each reply reaches the one that asked, whoever answered, with all its parts',
  async (s) => {
    const { front, back } = await start(s, new Router(), new Dealer())
    const served: number[] = []
    for (let w = 0; w < 3; w++) {
      const worker = s.use(new Reply())
      worker.connect(back)
      served.push(0)
      const serve = async () => {
        for await (const parts of worker) {
          served[w]!++
          await worker.send([...parts, `by ${w}`])
        }
      }
      serve().catch(() => {})
    }
    const ask = async (name: string) => {
      const client = s.use(new Request())
      client.connect(front)
      for (let i = 0; i < 50; i++) {
        await client.send([name, '', String(i)])
        assert.equal(strings(await client.receive()).slice(0, 3), [name, '', String(i)])
      }
    }
    await Promise.all(['a', 'b', 'c', 'd'].map(ask))
    assert.is(
      served.reduce((sum, n) => sum + n),
      200,
    )
    assert.ok(
      served.every((n) => n > 20),
      `${served}`,
    )
  },
)

overAll(
  test,
  'XSUB and XPUB: subscriptions go up, what they ask for comes down, and cancels go up',
  async (s) => {
    const { front, back } = await start(s, new XSubscriber(), new XPublisher())
    const publisher = s.use(new XPublisher())
    publisher.connect(front)
    const [a, b] = [s.use(new Subscriber()), s.use(new Subscriber())]
    a.subscribe('a')
    b.subscribe('b', 'ab')
    a.connect(back)
    assert.equal(await texts(publisher, 1), ['\x01a'])
    b.connect(back)
    assert.equal((await texts(publisher, 2)).sort(), ['\x01ab', '\x01b'])
    for (const topic of ['a1', 'b1', 'c1', 'ab1']) await publisher.send([topic, 'body'])
    assert.equal(await texts(a, 2), ['a1|body', 'ab1|body'])
    assert.equal(await texts(b, 2), ['b1|body', 'ab1|body'])
    a.unsubscribe('a')
    assert.equal(await texts(publisher, 1), ['\x00a'])
    b.close()
    assert.equal((await texts(publisher, 2)).sort(), ['\x00ab', '\x00b'])
  },
)

for (const [what, front, back] of [
  ['PULL and PUSH', Pull, Push],
  ['PUSH and PULL, back to front', Push, Pull],
] as const) {
  overAll(test, `${what}: 5,000 messages of one and more parts, in order`, async (s) => {
    const ends = await start<Pull | Push, Pull | Push>(s, new front(), new back())
    const [push, pull] = [s.use(new Push()), s.use(new Pull())]
    push.connect(front === Pull ? ends.front : ends.back)
    pull.connect(front === Pull ? ends.back : ends.front)
    const sending = push.sendMany(numbered(5000).map((n) => (Number(n) % 3 === 0 ? [n, '', 'x'] : n)))
    assert.equal(
      await texts(pull, 5000),
      numbered(5000).map((n) => (Number(n) % 3 === 0 ? `${n}||x` : n)),
    )
    await sending
  })
}

overAll(test, 'SUB and XPUB: what subscribers ask for leads nowhere, and does not pile up', async (s) => {
  const sub = new Subscriber()
  sub.subscribe()
  const { proxy, front, back } = await start(s, sub, new XPublisher())
  const publisher = s.use(new Publisher())
  publisher.connect(front)
  for (let i = 0; i < 5; i++) {
    const subscriber = s.use(new Subscriber())
    subscriber.subscribe('to', 'and fro')
    subscriber.connect(back)
    await until(() => proxy.backEnd.counters.peers === 1)
    const said = setInterval(() => publisher.send('to one and all'), 5)
    assert.equal(strings(await subscriber.receive()), ['to one and all'])
    clearInterval(said)
    subscriber.close()
    await until(() => proxy.backEnd.counters.peers === 0)
  }
  assert.is(proxy.backEnd.counters.queuedToReceive, 0)
  assert.is(proxy.backEnd.counters.dropped, proxy.backEnd.counters.received)
})

overAll(test, 'REP and REQ: one request at a time', async (s) => {
  const { front, back } = await start(s, new Reply(), new Request())
  const [request, reply] = [s.use(new Request()), s.use(new Reply())]
  request.connect(front)
  reply.connect(back)
  for (let i = 0; i < 5; i++) {
    await request.send(`q${i}`)
    assert.equal(await texts(reply, 1), [`q${i}`])
    await reply.send(`r${i}`)
    assert.equal(await texts(request, 1), [`r${i}`])
  }
})

overAll(test, 'one socket as both ends gives back what comes', async (s) => {
  const router = s.use(new Router())
  const address = await s.bind(router)
  const proxy = new SocketProxy(router, router)
  const ended = proxy.run()
  const dealer = s.use(new Dealer())
  dealer.connect(address)
  await dealer.send(['there', 'and back'])
  assert.equal(strings(await dealer.receive()), ['there', 'and back'])
  proxy.terminate()
  await ended
  assert.ok(router.closed)
})

// -- back-pressure ---------------------------------------------------------------------------------------------------

overAll(
  test,
  'reads no more than the other side takes: the sender comes to wait, then all arrive in order',
  async (s) => {
    const { proxy, front, back } = await start(
      s,
      new Pull({ receiveHighWaterMark: 10 }),
      new Push({ sendHighWaterMark: 10 }),
    )
    const push = s.use(new Push({ sendHighWaterMark: 10, sendTimeout: 100 }))
    push.connect(front)
    const body = Buffer.alloc(20_000)
    let accepted = 0
    const fill = async () => {
      while ((await code(() => push.send([String(accepted), body]))) === 'no error') accepted++
    }
    await fill()
    // Nobody to send to: nothing is read beyond the mark.
    await until(() => proxy.frontEnd.counters.queuedToReceive === 10)
    await fill()
    assert.is(proxy.frontEnd.counters.queuedToReceive, 10)
    assert.is(proxy.backEnd.counters.queuedToSend, 0)
    const pull = s.use(new Pull({ receiveHighWaterMark: 10 }))
    pull.connect(back)
    await until(() => pull.counters.queuedToReceive === 10)
    await fill()
    assert.ok(accepted < 10_000, `${accepted} accepted`)
    await until(() => proxy.frontEnd.counters.queuedToReceive === 10)
    assert.ok(proxy.backEnd.counters.queuedToSend <= 10)
    push.sendTimeout = -1
    const last = push.send([String(accepted), body])
    for (let i = 0; i <= accepted; i++) assert.is(String((await pull.receive())[0]), String(i))
    await last
    assert.is(proxy.frontEnd.counters.dropped + proxy.backEnd.counters.dropped, 0)
  },
)

overAll(test, 'one way that is full does not stop the other', async (s) => {
  const { front, back } = await start(
    s,
    new Dealer({ receiveHighWaterMark: 5 }),
    new Dealer({ sendHighWaterMark: 5 }),
  )
  const left = s.use(new Dealer({ sendHighWaterMark: 5, sendTimeout: 50 }))
  const right = s.use(new Dealer({ receiveHighWaterMark: 5 }))
  left.connect(front)
  right.connect(back)
  const body = Buffer.alloc(50_000)
  while ((await code(() => left.send(body))) === 'no error') {}
  for (const n of numbered(100)) await right.send(n)
  assert.equal(await texts(left, 100), numbered(100))
})

overAll(
  test,
  'a ROUTER with mandatory: a full peer makes the others wait, an unknown one does not end the proxy',
  async (s) => {
    const { proxy, front, back } = await start(
      s,
      new Router({ mandatory: true, sendHighWaterMark: 2 }),
      new Dealer({ receiveHighWaterMark: 2 }),
    )
    const slow = s.use(new Dealer({ routingId: 'slow', receiveHighWaterMark: 2 }))
    const quick = s.use(new Dealer({ routingId: 'quick' }))
    const source = s.use(new Dealer({ sendHighWaterMark: 2, sendTimeout: 100 }))
    for (const client of [slow, quick]) client.connect(front)
    source.connect(back)
    await until(() => proxy.frontEnd.counters.peers === 2)
    await source.send(['nobody', 'lost'])
    await source.send(['quick', 'first'])
    assert.equal(await texts(quick, 1), ['first'])
    const body = Buffer.alloc(100_000)
    let accepted = 0
    while ((await code(() => source.send(['slow', String(accepted), body]))) === 'no error') accepted++
    assert.ok(accepted < 1000)
    source.sendTimeout = -1
    const last = source.send(['quick', 'second'])
    for (let i = 0; i < accepted; i++) assert.is(String((await slow.receive())[0]), String(i))
    await last
    assert.equal(await texts(quick, 1), ['second'])
    assert.is(proxy.frontEnd.counters.dropped, 1) // the one to nobody
  },
)

test('a queue without bounds is passed on in portions, so that the event loop has its turn', async () => {
  const [front, back] = [new Pull({ receiveHighWaterMark: 0 }), new Push({ sendHighWaterMark: 0, linger: 0 })]
  await front.bind('tcp://127.0.0.1:0')
  await back.bind('tcp://127.0.0.1:0')
  const proxy = new SocketProxy(front, back)
  const ended = proxy.run()
  proxy.pause()
  const push = new Push({ sendHighWaterMark: 0 })
  const pull = new Pull()
  push.connect(front.lastEndpoint!)
  pull.connect(back.lastEndpoint!)
  await push.sendMany(numbered(20_000))
  await until(() => front.counters.queuedToReceive === 20_000)
  await until(() => back.counters.peers === 1)
  proxy.resume()
  const atOnce = back.counters.sent + back.counters.queuedToSend
  assert.ok(atOnce > 1000 && atOnce < 3000, `${atOnce}`)
  assert.equal(await texts(pull, 20_000), numbered(20_000))
  proxy.terminate()
  await ended
  push.close()
  pull.close()
})

// -- pause, resume, terminate ----------------------------------------------------------------------------------------

overAll(
  test,
  'pause lets nothing through, from the first moment on; resume lets all through, in order',
  async (s) => {
    const { proxy, front, back } = await start(s, new Pull(), new Push())
    proxy.resume() // of what was not paused: changes nothing
    proxy.pause()
    proxy.pause()
    const [push, pull] = [s.use(new Push()), s.use(new Pull({ receiveTimeout: 50 }))]
    push.connect(front)
    pull.connect(back)
    for (let round = 0; round < 3; round++) {
      for (const n of numbered(100, round * 100)) await push.send(n)
      await until(() => proxy.frontEnd.counters.queuedToReceive === 100)
      assert.is(await code(() => pull.receive()), 'EAGAIN')
      proxy.resume()
      assert.equal(await texts(pull, 100), numbered(100, round * 100))
      await push.send('one by one')
      assert.equal(await texts(pull, 1), ['one by one'])
      proxy.pause()
    }
  },
)

overAll(test, 'while it is paused, memory is bounded by the high-water marks', async (s) => {
  const { proxy, front } = await start(s, new Pull({ receiveHighWaterMark: 10 }), new Push())
  proxy.pause()
  const push = s.use(new Push({ sendHighWaterMark: 10, sendTimeout: 50 }))
  push.connect(front)
  const body = Buffer.alloc(20_000)
  while ((await code(() => push.send(body))) === 'no error') {}
  assert.is(proxy.frontEnd.counters.queuedToReceive, 10)
})

overAll(test, 'paused and resumed again and again under load, it loses and repeats nothing', async (s) => {
  const { proxy, front, back } = await start(s, new Pull(), new Push())
  const [push, pull] = [s.use(new Push()), s.use(new Pull())]
  push.connect(front)
  pull.connect(back)
  let sent = false
  const sending = push.sendMany(numbered(20_000)).then(() => {
    sent = true
  })
  const wobble = async () => {
    while (!sent) {
      proxy.pause()
      await new Promise(setImmediate)
      proxy.resume()
      await new Promise(setImmediate)
    }
  }
  const wobbling = wobble()
  assert.equal(await texts(pull, 20_000), numbered(20_000))
  await sending
  await wobbling
})

overAll(
  test,
  'terminated under load, what it passed on arrives to the last message, without a gap',
  async (s) => {
    const { proxy, front, back, ended } = await start(s, new Pull(), new Push({ linger: -1 }))
    const [push, pull] = [s.use(new Push()), s.use(new Pull())]
    push.connect(front)
    pull.connect(back)
    const load = async () => {
      for (let i = 0; ; i++) await push.send(String(i))
    }
    load().catch(() => {}) // until the end of the scenario
    assert.equal(await texts(pull, 500), numbered(500))
    await until(() => proxy.backEnd.counters.sent > 2000)
    proxy.terminate()
    const { received, queuedToReceive } = proxy.frontEnd.counters
    await ended
    const taken = received - queuedToReceive
    assert.equal(await texts(pull, taken - 500), numbered(taken - 500, 500))
    pull.receiveTimeout = 50
    assert.is(await code(() => pull.receive()), 'EAGAIN')
  },
)

overAll(test, 'terminated while paused, it passes nothing on and closes both', async (s) => {
  const { proxy, front, back, ended } = await start(s, new Pull(), new Push())
  const [push, pull] = [s.use(new Push()), s.use(new Pull({ receiveTimeout: 50 }))]
  push.connect(front)
  pull.connect(back)
  proxy.pause()
  await push.send('too late')
  await until(() => proxy.frontEnd.counters.queuedToReceive === 1)
  proxy.terminate()
  proxy.resume()
  await ended
  assert.ok(proxy.frontEnd.closed && proxy.backEnd.closed)
  assert.is(await code(() => pull.receive()), 'EAGAIN')
})

// -- peers come and go -----------------------------------------------------------------------------------------------

overAll(
  test,
  'requests wait for the first worker, go to the next when one leaves, and clients may leave too',
  async (s) => {
    const { proxy, front, back } = await start(s, new Router(), new Dealer())
    for (let round = 0; round < 5; round++) {
      const client = s.use(new Request())
      client.connect(front)
      await client.send(`request ${round}`)
      // Another asks and does not wait for the answer.
      const hasty = s.use(new Request())
      hasty.connect(front)
      await hasty.send('nobody listens')
      await until(() => proxy.frontEnd.counters.peers === 2)
      await until(() => proxy.frontEnd.counters.queuedToReceive === 2)
      hasty.close()
      await until(() => proxy.frontEnd.counters.peers === 1)
      const worker = s.use(new Reply())
      worker.connect(back)
      for (let i = 0; i < 2; i++) {
        const [question] = await worker.receive()
        await worker.send(`answer to ${question}`)
      }
      assert.equal(await texts(client, 1), [`answer to request ${round}`])
      client.close()
      worker.close()
      await until(() => proxy.frontEnd.counters.peers + proxy.backEnd.counters.peers === 0)
    }
  },
)

overAll(
  test,
  'dialled ends find their peers again after both were gone',
  async (s) => {
    const [above, below] = [await s.freeAddress(), await s.freeAddress()]
    const front = s.use(new Pull({ reconnectInterval: 5 }))
    const back = s.use(new Push({ reconnectInterval: 5 }))
    front.connect(above)
    back.connect(below)
    const proxy = new SocketProxy(front, back)
    const ended = proxy.run()
    for (let round = 0; round < 3; round++) {
      const [push, pull] = [s.use(new Push()), s.use(new Pull())]
      await push.bind(above)
      await pull.bind(below)
      await push.send(`round ${round}`)
      assert.equal(await texts(pull, 1), [`round ${round}`])
      push.close()
      pull.close()
      await sleep(20)
    }
    proxy.terminate()
    await ended
  },
  ['tcp', 'ipc'],
)

test.run()
