// REQ and REP, with each other and with DEALER and ROUTER as the raw ends: what is on the wire, whose turn it is, who may answer.
// Ids in the names are those of the conformance checklist.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Dealer, Reply, Request, Router } from '../../../src/zmtp/index.ts'
import { code, overAll, strings } from '../../support/sockets.ts'
import { sleep, until } from '../../support/within.ts'

const test = suite('REQ and REP')

overAll(
  test,
  'R1: a request is a delimiter and the body, with CORRELATE an id of 4 octets in front',
  async (s) => {
    const [router, request] = await s.pair(new Router(), new Request())
    await request.send(['q', '1'])
    const [id, ...plain] = await router.receive()
    assert.equal(strings(plain), ['', 'q', '1'])
    await router.send([id!, '', 'a', '1'])
    assert.equal(strings(await request.receive()), ['a', '1'])

    request.correlate = true
    await request.send('q2')
    const [, requestId, ...rest] = await router.receive()
    assert.is(requestId!.length, 4)
    assert.equal(strings(rest), ['', 'q2'])
    await router.send([id!, requestId!, '', 'a2'])
    assert.equal(strings(await request.receive()), ['a2'])
    await request.send('q3')
    const [, nextId] = await router.receive()
    assert.is(nextId!.readUInt32BE(), (requestId!.readUInt32BE() + 1) >>> 0)
  },
)

overAll(
  test,
  'R2: out of turn a send or a receive waits, and fails with EFSM when its time is over',
  async (s) => {
    const [reply, request] = await s.pair(new Reply({ sendTimeout: 5, receiveTimeout: 5 }), new Request())
    request.sendTimeout = 5
    request.receiveTimeout = 0
    assert.is(await code(() => request.receive()), 'EFSM')
    await request.send('q')
    assert.not(request.writable)
    assert.is(await code(() => request.send('again')), 'EFSM')
    assert.is(await code(() => reply.send('early')), 'EFSM')
    reply.receiveTimeout = -1
    await reply.receive()
    reply.receiveTimeout = 0
    assert.is(await code(() => reply.receive()), 'EFSM')
    await reply.send('a')
    request.receiveTimeout = -1
    assert.equal(strings(await request.receive()), ['a'])
    request.receiveTimeout = 0
    assert.is(await code(() => request.receive()), 'EFSM')
  },
)

overAll(test, 'a send that waits for its turn goes out when the reply has been received', async (s) => {
  const [reply, request] = await s.pair(new Reply(), new Request())
  await request.send('1')
  const second = request.send('2')
  await reply.receive()
  await reply.send('a1')
  assert.equal(strings(await request.receive()), ['a1'])
  await second
  assert.equal(strings(await reply.receive()), ['2'])
})

overAll(
  test,
  'R3: replies of peers that were not asked are ignored, and do not make it readable',
  async (s) => {
    const asked = s.use(new Router())
    const other = s.use(new Router())
    const request = s.use(new Request())
    request.connect(await s.bind(asked))
    await request.send('q')
    const [id] = await asked.receive()
    const address = await s.bind(request)
    other.connect(address, { routingId: 'request' })
    await other.send(['request', '', 'unasked'])
    await until(() => request.counters.received === 1)
    assert.not(request.readable)
    assert.is(request.counters.dropped, 1)
    await asked.send([id!, '', 'asked'])
    assert.equal(strings(await request.receive()), ['asked'])
  },
)

overAll(test, 'R4: RELAXED with CORRELATE skips stale replies', async (s) => {
  const [router, request] = await s.pair(new Router(), new Request({ relaxed: true, correlate: true }))
  await request.send('1')
  const first = await router.receive()
  await request.send('2')
  const second = await router.receive()
  await router.send([...first.slice(0, 3), 'stale'])
  await router.send([...second.slice(0, 3), 'fresh'])
  assert.equal(strings(await request.receive()), ['fresh'])
})

overAll(test, 'RELAXED throws away a reply that was not read before the next request', async (s) => {
  const [router, request] = await s.pair(new Router(), new Request({ relaxed: true, correlate: true }))
  await request.send('1')
  const first = await router.receive()
  await router.send([...first.slice(0, 3), 'unread'])
  await until(() => request.readable)
  await request.send('2')
  assert.not(request.readable)
  const second = await router.receive()
  await router.send([...second.slice(0, 3), 'fresh'])
  assert.equal(strings(await request.receive()), ['fresh'])
})

overAll(
  test,
  'R5: a reply is accepted on the connection to a peer that was restarted',
  async (s) => {
    const request = s.use(new Request({ reconnectInterval: 5, routingId: 'asker' }))
    const first = s.use(new Router({ linger: 0 }))
    const address = await s.bind(first, await s.freeAddress())
    request.connect(address)
    await request.send('q')
    await first.receive()
    first.close()
    const second = s.use(new Router({ mandatory: true }))
    await second.bind(address)
    // Not resent: the new peer hears nothing. It answers all the same, as one does that remembers the question.
    while ((await code(() => second.send(['asker', '', 'late']))) === 'EHOSTUNREACH') await sleep(5)
    assert.equal(strings(await request.receive()), ['late'])
    assert.not(second.readable)
  },
  ['tcp', 'ipc'],
)

overAll(test, 'R6: requests go to two peers in turn', async (s) => {
  const request = s.use(new Request())
  const seen: string[] = []
  for (const name of ['a', 'b']) {
    const reply = s.use(new Reply())
    request.connect(await s.bind(reply))
    serve(reply, (text) => {
      seen.push(name)
      return text
    })
  }
  for (let i = 0; i < 4; i++) {
    await request.send(String(i))
    assert.equal(strings(await request.receive()), [String(i)])
  }
  assert.equal(seen, ['a', 'b', 'a', 'b'])
})

overAll(
  test,
  'R7: after a malformed reply the receive fails with EPROTO, and the next request is answered',
  async (s) => {
    const [router, request] = await s.pair(new Router(), new Request({ reconnectInterval: 5 }))
    for (const bad of [['no delimiter'], [''], ['four', 'x']]) {
      await request.send('q')
      const [id] = await router.receive()
      await router.send([id!, ...bad])
      assert.is(await code(() => request.receive()), 'EPROTO')
    }
    await request.send('q')
    const [id] = await router.receive()
    await router.send([id!, '', 'a'])
    assert.equal(strings(await request.receive()), ['a'])
  },
  ['tcp', 'ipc'],
)

overAll(
  test,
  'R7: a malformed reply that comes before the receive fails that, and every one until the next request',
  async (s) => {
    const [router, request] = await s.pair(new Router(), new Request({ reconnectInterval: 5 }))
    await request.send('q')
    const [id] = await router.receive()
    await router.send([id!, 'no delimiter'])
    await until(() => request.counters.received === 1)
    for (let i = 0; i < 2; i++) assert.is(await code(() => request.receive()), 'EPROTO')
    await request.send('q')
    const [again] = await router.receive()
    await router.send([again!, '', 'a'])
    assert.equal(strings(await request.receive()), ['a'])
    request.receiveTimeout = 0
    assert.is(await code(() => request.receive()), 'EFSM')
  },
  ['tcp', 'ipc'],
)

overAll(test, 'R8: REP restores the envelope of a request that came over two hops', async (s) => {
  const [reply, dealer] = await s.pair(new Reply(), new Dealer())
  await dealer.send(['h1', 'h2', '', 'body', '', 'more'])
  assert.equal(strings(await reply.receive()), ['body', '', 'more'])
  await reply.send(['ans', 'wer'])
  assert.equal(strings(await dealer.receive()), ['h1', 'h2', '', 'ans', 'wer'])
})

overAll(
  test,
  'R9: REP drops a message without a delimiter, or with nothing behind it, and stays usable',
  async (s) => {
    const [reply, dealer] = await s.pair(new Reply(), new Dealer())
    await dealer.send('bare')
    await dealer.send(['a', 'b'])
    await dealer.send(['hop', ''])
    await dealer.send(['', 'good'])
    assert.equal(strings(await reply.receive()), ['good'])
    assert.is(reply.counters.dropped, 3)
  },
)

overAll(test, 'R10: a reply to a peer that has gone succeeds silently', async (s) => {
  const [reply, request] = await s.pair(new Reply(), new Request({ linger: 0 }))
  await request.send('q')
  await reply.receive()
  request.close()
  await until(() => reply.counters.peers === 0)
  await reply.send('nobody hears')
  const next = s.use(new Request())
  next.connect(reply.lastEndpoint!)
  await next.send('q2')
  assert.equal(strings(await reply.receive()), ['q2'])
})

overAll(test, 'REP serves requesters in turn, and two of the same identity', async (s) => {
  const reply = s.use(new Reply())
  const address = await s.bind(reply)
  const requests = [1, 2].map(() => s.use(new Request({ routingId: 'same' })))
  for (const request of requests) request.connect(address)
  serve(reply, (text) => `re ${text}`)
  for (const [index, request] of requests.entries()) {
    await request.send(String(index))
    assert.equal(strings(await request.receive()), [`re ${index}`])
  }
})

overAll(test, 'a receive out of turn ends with EFSM when the socket is closed', async (s) => {
  const request = s.use(new Request())
  const receive = code(() => request.receive())
  await sleep(5)
  request.close()
  assert.is(await receive, 'EFSM')
})

test.run()

function serve(reply: Reply, answer: (text: string) => string): void {
  const loop = async (): Promise<void> => {
    for await (const [text] of reply) await reply.send(answer(String(text)))
  }
  loop().catch((error) => {
    if (!reply.closed) throw error
  })
}
