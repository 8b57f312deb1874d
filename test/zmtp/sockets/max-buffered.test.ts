// `maxBufferedBytes` of a Context, as programs see it: who waits, who does not, what is dropped and counted, and that all is free again at the end.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Context, Publisher, Pull, Push, Subscriber } from '../../../src/zmtp/index.ts'
import { sharedOf } from '../../../src/zmtp/sockets/context.ts'
import { until, within } from '../../support/within.ts'

const test = suite('maxBufferedBytes')
const MAX = 100_000

function world() {
  const context = new Context({ maxBufferedBytes: MAX })
  return { context, buffered: sharedOf(context)!.transport.buffered }
}

test('is 256 MiB, can be read and changed, and is refused below 1', () => {
  const context = new Context()
  assert.is(context.maxBufferedBytes, 268_435_456)
  context.maxBufferedBytes = MAX
  assert.is(context.maxBufferedBytes, MAX)
  for (const wrong of [0, -1]) {
    assert.throws(
      () => {
        context.maxBufferedBytes = wrong
      },
      (error: NodeJS.ErrnoException) => error.code === 'EINVAL',
    )
  }
})

test('a peer that is not there takes the room of all, and others still send; who waits for room goes on when it is free', async () => {
  const { context, buffered } = world()
  const [greedy, modest, live] = [0, 1, 2].map(() => new Push({ context, linger: 0 })) as [Push, Push, Push]
  const pull = new Pull({ context })
  try {
    for (const socket of [greedy, modest]) socket.connect('inproc://absent')
    await pull.bind('inproc://there')
    live.connect('inproc://there')
    await greedy.send(Buffer.alloc(MAX))
    await modest.send('one')
    let sent = false
    const waiting = modest.send('two').then(() => {
      sent = true
    })
    for (let n = 0; n < 100; n++) {
      await live.send(String(n))
      assert.is(String(await pull.receive()), String(n))
    }
    assert.not(sent)
    greedy.close()
    await within(5000, waiting, 'the send that waited')
    assert.is(modest.counters.queuedToSend, 2)
  } finally {
    for (const socket of [greedy, modest, live, pull]) socket.close()
  }
  assert.equal([buffered.outgoing, buffered.incoming], [0, 0])
})

test('a publisher drops for subscribers that do not read, and counts it', async () => {
  const { context, buffered } = world()
  const publisher = new Publisher({ context, sendHighWaterMark: 0, linger: 0 })
  const subscriber = new Subscriber({ context, receiveHighWaterMark: 0 })
  try {
    await publisher.bind('inproc://news')
    subscriber.connect('inproc://news')
    subscriber.subscribe('')
    await until(() => publisher.counters.peers === 1)
    const sent = 200
    for (let n = 0; n < sent; n++) {
      await publisher.send(Buffer.alloc(10_000))
      await new Promise(setImmediate)
    }
    const { dropped, queuedToSend } = publisher.counters
    assert.ok(dropped > 0 && queuedToSend > 0, `${dropped} dropped, ${queuedToSend} queued`)
    assert.ok(buffered.incoming <= MAX + 10_256, `${buffered.incoming}`)
    // Beyond the bound what a connection had taken before.
    assert.ok(buffered.outgoing <= MAX + 10_256 + 512 * 1024, `${buffered.outgoing}`)
    // What was sent is received, dropped or in a queue. Nothing else.
    subscriber.receiveTimeout = 200
    let received = 0
    for (; received < sent - dropped; received++) await subscriber.receive()
    await subscriber.receive().then(
      () => assert.unreachable(),
      (error) => assert.is(error.code, 'EAGAIN'),
    )
    assert.equal([buffered.outgoing, buffered.incoming], [0, 0])
  } finally {
    publisher.close()
    subscriber.close()
  }
})

test('what is queued or unread is free again when its socket closes', async () => {
  const { context, buffered } = world()
  const push = new Push({ context, linger: 0 })
  const pull = new Pull({ context })
  await pull.bind('inproc://unread')
  push.connect('inproc://unread')
  for (let n = 0; n < 50; n++) await push.send([Buffer.alloc(10_000), Buffer.alloc(1)].slice(n % 2))
  await until(() => buffered.crowdedIn)
  assert.ok(pull.counters.queuedToReceive < 50)
  pull.close()
  push.close()
  await until(() => buffered.outgoing === 0 && buffered.incoming === 0)
})

test.run()
