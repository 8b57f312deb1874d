// send and receive as promises: what throws, what rejects, what waits, who is served first, batches, aborts, and the event loop's turn.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Dealer, Reply, Request, Router } from '../../../src/zmtp/index.ts'
import { code, overAll, strings } from '../../support/sockets.ts'
import { sleep, until, within } from '../../support/within.ts'

const test = suite('operations')

/** A socket with a peer that is queued for but never there. */
function lonely(options: ConstructorParameters<typeof Dealer>[0] = {}): Dealer {
  const dealer = new Dealer({ linger: 0, ...options })
  dealer.connect('inproc://nobody')
  return dealer
}

test('a second receive throws EBUSY at the call, and so does a second send', async () => {
  const dealer = lonely({ sendHighWaterMark: 1 })
  const receiving = code(() => dealer.receive())
  assert.throws(
    () => dealer.receive(),
    (error: NodeJS.ErrnoException) =>
      error.code === 'EBUSY' &&
      error.message === 'Socket is busy reading; only one receive operation may be in progress at any time' &&
      error.errno === 16,
  )
  await dealer.send('fits')
  const sending = code(() => dealer.send('waits'))
  assert.throws(
    () => dealer.send('third'),
    (error: NodeJS.ErrnoException) =>
      error.code === 'EBUSY' &&
      error.message === 'Socket is busy writing; only one send operation may be in progress at any time',
  )
  dealer.close()
  assert.is(await receiving, 'EAGAIN')
  assert.is(await sending, 'EAGAIN')
})

test('with maxPendingReceives and maxPendingSends several wait, and are served in order', async () => {
  const dealer = new Dealer({ maxPendingReceives: 3, maxPendingSends: 2, sendHighWaterMark: 1 })
  const order: string[] = []
  const receives = [1, 2, 3].map(async (number) => order.push(`${number}:${(await dealer.receive())[0]}`))
  assert.is(await code(() => dealer.receive()), 'EBUSY')
  dealer.connect('inproc://fifo')
  await dealer.send('a')
  const sends = ['b', 'c'].map((text) => dealer.send(text))
  assert.is(await code(() => dealer.send('d')), 'EBUSY')
  const peer = new Dealer()
  await peer.bind('inproc://fifo')
  for (const text of ['a', 'b', 'c']) assert.equal(strings(await peer.receive()), [text])
  await Promise.all(sends)
  for (const text of ['x', 'y', 'z']) await peer.send(text)
  await Promise.all(receives)
  assert.equal(order, ['1:x', '2:y', '3:z'])
  for (const socket of [dealer, peer]) socket.close()
})

test('send without a message throws TypeError at the call; an empty array sends nothing', async () => {
  const dealer = lonely()
  assert.throws(
    () => dealer.send(undefined as never),
    (error: Error) => error instanceof TypeError,
  )
  assert.throws(() => (dealer.send as unknown as () => void)(), /Message must be present/)
  await dealer.send([])
  assert.is(dealer.counters.queuedToSend, 0)
  dealer.close()
})

test('timeouts: 0 fails at once, n ms later, each with EAGAIN and its text', async () => {
  const dealer = new Dealer({ sendTimeout: 0, receiveTimeout: 0 })
  await dealer.bind('inproc://timeouts')
  const failed = await dealer.send('x').catch((error) => error)
  assert.is(failed.code, 'EAGAIN')
  assert.is(failed.errno, 11)
  assert.is(failed.message, 'Operation was not possible or timed out')
  assert.is(await code(() => dealer.receive()), 'EAGAIN')
  dealer.sendTimeout = 20
  dealer.receiveTimeout = 20
  const start = performance.now()
  assert.equal(await Promise.all([code(() => dealer.send('x')), code(() => dealer.receive())]), [
    'EAGAIN',
    'EAGAIN',
  ])
  assert.ok(performance.now() - start >= 19)
  dealer.close()
})

test('after close everything throws EBADF at the call, and close may be called again', async () => {
  const dealer = new Dealer()
  dealer.close()
  dealer.close()
  assert.ok(dealer.closed)
  for (const run of [
    () => dealer.send('x'),
    () => dealer.receive(),
    () => dealer.sendMany(['x']),
    () => dealer.receiveMany(),
    () => dealer.bind('inproc://x'),
    () => dealer.connect('inproc://x'),
  ]) {
    assert.throws(
      run,
      (error: NodeJS.ErrnoException) => error.code === 'EBADF' && error.message === 'Socket is closed',
    )
  }
  assert.not(dealer.readable)
  assert.not(dealer.writable)
  assert.is(dealer.context, undefined)
})

test('all kinds of parts go out as the native package sends them; views and shared memory as their octets', async () => {
  const peer = new Dealer()
  await peer.bind('inproc://parts')
  const dealer = new Dealer()
  dealer.connect('inproc://parts')
  const bytes = new Uint8Array([1, 2, 3, 4])
  const shared = new SharedArrayBuffer(2)
  new Uint8Array(shared).set([7, 8])
  const cases: [value: unknown, expected: Buffer | string][] = [
    ['text åß', 'text åß'],
    [null, ''],
    ['', ''],
    [12.5, '12.5'],
    [true, 'true'],
    [10n, '10'],
    [undefined, 'undefined'],
    [{ toString: () => 'own text' }, 'own text'],
    [bytes.subarray(1, 3), Buffer.from([2, 3])],
    [bytes.buffer, Buffer.from(bytes)],
    [new Uint16Array(bytes.buffer, 2, 1), Buffer.from([3, 4])],
    [new DataView(bytes.buffer, 1, 2), Buffer.from([2, 3])],
    [shared, Buffer.from([7, 8])],
  ]
  await dealer.send(cases.map(([value]) => value) as never)
  const received = await peer.receive()
  for (const [index, [, expected]] of cases.entries()) {
    assert.ok(received[index]!.equals(Buffer.from(expected as string)), `part ${index}`)
  }
  for (const socket of [dealer, peer]) socket.close()
})

overAll(test, 'what the caller does with a small part after send does not matter', async (s) => {
  const [receiver, sender] = await s.pair(new Dealer(), new Dealer())
  const part = Buffer.from('before')
  await sender.send(part)
  part.fill('x')
  assert.equal(strings(await receiver.receive()), ['before'])
})

overAll(test, 'the loop over a socket gives message after message and ends when it is closed', async (s) => {
  const [receiver, sender] = await s.pair(new Dealer(), new Dealer())
  const sending = (async () => {
    for (let i = 0; i < 300; i++) await sender.send(String(i))
  })()
  let expected = 0
  for await (const [text] of receiver) {
    assert.is(String(text), String(expected++))
    if (expected === 300) break
  }
  await sending
  assert.not(receiver.closed)
  setTimeout(() => receiver.close(), 5)
  for await (const _ of receiver) assert.unreachable()
  assert.ok(receiver.closed)
})

overAll(test, 'receiveMany takes what has come, at most `max`; sendMany sends all in order', async (s) => {
  const [receiver, sender] = await s.pair(new Dealer(), new Dealer())
  await sender.sendMany(
    Array.from({ length: 2500 }, (_, i) => (i % 2 === 0 ? String(i) : [String(i), 'two'])),
  )
  let seen = 0
  let largest = 0
  while (seen < 2500) {
    const batch = await receiver.receiveMany({ max: 300 })
    largest = Math.max(largest, batch.length)
    for (const message of batch) {
      assert.equal(strings(message), seen % 2 === 0 ? [String(seen)] : [String(seen), 'two'])
      seen++
    }
  }
  assert.is(largest, 300)
})

overAll(test, 'the loop over batches ends when the socket is closed, and loses nothing', async (s) => {
  const [receiver, sender] = await s.pair(new Dealer(), new Dealer())
  const sending = (async () => {
    for (let i = 0; i < 20; i++)
      await sender.sendMany(Array.from({ length: 500 }, (_, j) => String(i * 500 + j)))
  })()
  let expected = 0
  for await (const batch of receiver.batches()) {
    for (const [text] of batch) assert.is(String(text), String(expected++))
    if (expected === 10_000) receiver.close()
  }
  await sending
  assert.is(expected, 10_000)
})

test('sendMany waits where send would wait', async () => {
  const dealer = lonely({ sendHighWaterMark: 10, sendTimeout: 10 })
  assert.is(await code(() => dealer.sendMany(Array(11).fill('x'))), 'EAGAIN')
  assert.is(dealer.counters.queuedToSend, 10)
  dealer.close()
})

test('an abort breaks a waiting receive or send off with its reason, and takes no message with it', async () => {
  const peer = new Dealer()
  await peer.bind('inproc://abort')
  const dealer = new Dealer({ sendHighWaterMark: 1, linger: 0 })
  const abort = new AbortController()
  const receiving = dealer.receive({ signal: abort.signal })
  dealer.connect('inproc://abort-nobody')
  await dealer.send('fills the queue')
  const sending = dealer.send('never sent', { signal: abort.signal })
  abort.abort(new Error('enough'))
  for (const operation of [receiving, sending]) {
    assert.match(await operation.catch((error) => error), /enough/)
  }
  assert.is(await dealer.receive({ signal: abort.signal }).catch((error) => error.message), 'enough')
  dealer.disconnect('inproc://abort-nobody')
  dealer.connect('inproc://abort')
  await peer.send('for the next')
  assert.equal(strings(await dealer.receive({ signal: new AbortController().signal })), ['for the next'])
  await dealer.send('works', { signal: new AbortController().signal })
  assert.equal(strings(await peer.receive()), ['works'])
  for (const socket of [dealer, peer]) socket.close()
})

test('an operation that is done at once leaves no listener on its signal', async () => {
  const { signal } = new AbortController()
  let listeners = 0
  const add = signal.addEventListener.bind(signal)
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++
    add(...args)
  }
  const remove = signal.removeEventListener.bind(signal)
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--
    remove(...args)
  }
  const peer = new Dealer()
  await peer.bind('inproc://listeners')
  const dealer = new Dealer()
  dealer.connect('inproc://listeners')
  for (let i = 0; i < 5; i++) {
    const receiving = peer.receive({ signal })
    await dealer.send('x', { signal })
    await receiving
  }
  assert.is(listeners, 0)
  for (const socket of [dealer, peer]) socket.close()
})

overAll(test, 'a loop of 2,500 sends or receives lets timers run at least three times', async (s) => {
  const [receiver, sender] = await s.pair(
    new Dealer({ receiveHighWaterMark: 0 }),
    new Dealer({ sendHighWaterMark: 0 }),
  )
  for (const run of [() => sender.send('x'), () => receiver.receive()]) {
    let ticks = 0
    let going = true
    const tick = (): void => {
      ticks++
      if (going) setImmediate(tick)
    }
    setImmediate(tick)
    for (let i = 0; i < 2500; i++) await run()
    going = false
    assert.ok(ticks >= 3, `${ticks} ticks`)
    await until(() => receiver.counters.received === 2500)
  }
})

test('a send that can be done at once is done when the call returns', async () => {
  const dealer = lonely()
  dealer.send('x')
  assert.is(dealer.counters.queuedToSend, 1)
  dealer.close()
})

overAll(test, 'a pending receive goes on when a peer comes, goes and another one comes', async (s) => {
  const router = s.use(new Router())
  const address = await s.bind(router)
  const receiving = router.receive()
  const first = s.use(new Dealer({ linger: 0 }))
  first.connect(address)
  await until(() => router.counters.peers === 1)
  first.close()
  const second = s.use(new Dealer())
  second.connect(address)
  await second.send('here')
  assert.is(String((await receiving)[1]), 'here')
})

test('REP in a line: receives and sends that wait take turns', async () => {
  const reply = new Reply({ maxPendingReceives: 4, maxPendingSends: 4 })
  await reply.bind('inproc://turns')
  const asked = [1, 2].map(() => reply.receive())
  const answers = ['a', 'b'].map((text) => reply.send(text))
  const requests = [1, 2].map(() => new Request())
  for (const request of requests) {
    request.connect('inproc://turns')
    await request.send('?')
  }
  await within(2000, Promise.all([...asked, ...answers]))
  assert.equal(strings(await requests[0]!.receive()), ['a'])
  assert.equal(strings(await requests[1]!.receive()), ['b'])
  for (const socket of [reply, ...requests]) socket.close()
})

test('await using closes the socket', async () => {
  const dealer = new Dealer()
  await dealer[Symbol.asyncDispose]()
  assert.ok(dealer.closed)
  await sleep(1)
})

test.run()
