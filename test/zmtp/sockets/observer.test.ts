// socket.events: which events come, in which order, by which of the three ways to read them.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LinkError, ProtocolError } from '../../../src/base/errors.ts'
import { Dealer, type Event, Observer, Router } from '../../../src/zmtp/index.ts'
import { strangerAt, toEvent } from '../../../src/zmtp/sockets/events.ts'
import { code } from '../../support/sockets.ts'
import { until, within } from '../../support/within.ts'

const test = suite('observer')

async function record(observer: Observer, into: Event[]): Promise<void> {
  for await (const event of observer) into.push(event)
}

test('tells what happens on both sides, to the end', async () => {
  const router = new Router()
  const heard: Event[] = []
  const done = record(router.events, heard)
  await router.bind('tcp://127.0.0.1:0')
  const address = router.lastEndpoint!
  const dealer = new Dealer({ linger: 0 })
  const dealt: Event[] = []
  const dealerDone = record(dealer.events, dealt)
  dealer.connect(address)
  await until(() => heard.length >= 3 && dealt.length >= 3)
  dealer.close()
  await within(2000, dealerDone)
  await until(() => heard.some((event) => event.type === 'disconnect'))
  router.close()
  await within(2000, done)
  assert.equal(
    heard.map((event) => event.type),
    ['bind', 'accept', 'handshake', 'disconnect', 'close', 'end'],
  )
  assert.equal(
    dealt.slice(0, 3).map((event) => event.type),
    ['connect:delay', 'connect', 'handshake'],
  )
  assert.is(dealt.at(-1)!.type, 'end')
  assert.ok(heard.slice(0, -1).every((event) => 'address' in event && event.address === address))
})

test('a client without a server retries, and says after how long', async () => {
  const dealer = new Dealer({ linger: 0, reconnectInterval: 20 })
  const { events } = dealer
  dealer.connect('tcp://127.0.0.1:1')
  const seen: Event[] = []
  while (seen.length < 5) seen.push(await events.receive())
  assert.equal(
    seen.map((event) => event.type),
    ['connect:delay', 'close', 'connect:retry', 'connect:delay', 'close'],
  )
  const retry = seen[2] as { interval: number }
  assert.ok(retry.interval >= 20 && retry.interval <= 40, `${retry.interval}`)
  dealer.close()
})

test('a bind that fails is an event without the scheme', async () => {
  const first = new Router()
  await first.bind('tcp://127.0.0.1:0')
  const second = new Router()
  const { events } = second
  assert.is(await code(() => second.bind(first.lastEndpoint!)), 'EADDRINUSE')
  // What was closed had no address yet; that of somebody else would mislead.
  assert.equal(await events.receive(), { type: 'close' })
  const failed = (await events.receive()) as { type: string; address: string; error: NodeJS.ErrnoException }
  assert.is(failed.type, 'bind:error')
  assert.is(failed.address, first.lastEndpoint!.slice('tcp://'.length))
  assert.is(failed.error.code, 'EADDRINUSE')
  for (const socket of [first, second]) socket.close()
})

test('is always the same object, refuses a second receive, and ends with the socket', async () => {
  const dealer = new Dealer()
  const { events } = dealer
  assert.is(dealer.events, events)
  assert.instance(events, Observer)
  const receiving = events.receive()
  assert.throws(
    () => events.receive(),
    (error: NodeJS.ErrnoException) =>
      error.code === 'EBUSY' && error.message.startsWith('Observer is busy reading'),
  )
  dealer.close()
  assert.equal(await receiving, { type: 'end' })
  assert.ok(events.closed)
  assert.throws(
    () => events.receive(),
    (error: NodeJS.ErrnoException) => error.code === 'EBADF',
  )
})

test('in-process sockets say nothing but the end', async () => {
  const router = new Router()
  const heard: Event[] = []
  const done = record(router.events, heard)
  await router.bind('inproc://silent')
  const dealer = new Dealer()
  dealer.connect('inproc://silent')
  await dealer.send('x')
  await router.receive()
  for (const socket of [router, dealer]) socket.close()
  await done
  assert.equal(heard, [{ type: 'end' }])
})

test('emits, once `on` was called, and then no longer lets events be received', async () => {
  const router = new Router()
  const bound: string[] = []
  const off = (): void => assert.unreachable()
  router.events.on('bind', (event) => bound.push(event.address))
  router.events.on('bind', off)
  router.events.off('bind', off)
  assert.throws(
    () => router.events.receive(),
    /^Error: Observer is in event emitter mode\. After a call to events\.on\(\)|Observer is in event emitter mode/,
  )
  const ended = new Promise<void>((resolve) => {
    router.events.on('end', () => resolve())
  })
  await router.bind('tcp://127.0.0.1:0')
  const address = router.lastEndpoint!
  router.close()
  await within(2000, ended)
  assert.equal(bound, [address])
})

test('can be closed, and a pending receive or loop ends with it', async () => {
  const dealer = new Dealer()
  const { events } = dealer
  const receiving = code(() => events.receive())
  events.close()
  events.close()
  assert.is(await receiving, 'ENOTSOCK')
  for await (const _ of events) assert.unreachable()
  dealer.close()
  assert.throws(() => new Observer({}), /Socket must be a socket object/)
})

test('keeps the newest thousand out when nobody reads, and the end in', async () => {
  const dealer = new Dealer()
  const { events } = dealer
  for (let i = 0; i < 1500; i++) {
    try {
      await dealer.bind('tcp://127.0.0.1:99999')
    } catch {}
  }
  dealer.close()
  let last: Event | undefined
  for await (const event of events) last = event
  assert.is(last!.type, 'end')
})

test('names a failed handshake by whose fault it was', () => {
  const address = 'tcp://127.0.0.1:1'
  const peer = strangerAt(address)
  const of = (error: Error): Event => toEvent({ type: 'handshake:error', address, peer, error })!
  const protocol = of(new ProtocolError('BAD_METADATA', 'x')) as {
    type: string
    error: NodeJS.ErrnoException
  }
  assert.is(protocol.type, 'handshake:error:protocol')
  assert.is(protocol.error.code, 'ERR_ZMTP_INVALID_METADATA')
  const refused = Object.assign(new ProtocolError('PEER_ERROR', 'x'), { reason: '400' })
  const auth = of(refused) as { type: string; error: Error & { status: number } }
  assert.is(auth.type, 'handshake:error:auth')
  assert.is(auth.error.status, 400)
  assert.is(auth.error.message, 'Authentication failure')
  const other = of(new LinkError('HANDSHAKE_TIMEOUT', 'x')) as { type: string; error: NodeJS.ErrnoException }
  assert.is(other.type, 'handshake:error:other')
  assert.is(other.error.code, 'EAGAIN')
})

test.run()
