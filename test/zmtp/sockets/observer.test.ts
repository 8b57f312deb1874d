// socket.events: which events come, in which order, by which of the three ways to read them.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LinkError, ProtocolError } from '../../../src/base/errors.ts'
import { AuthenticationError } from '../../../src/zmtp/engine/security/authentication-error.ts'
import { Dealer, type Event, Observer, Router } from '../../../src/zmtp/index.ts'
import { HANDSHAKE_FAULTS, strangerAt, toEvent } from '../../../src/zmtp/sockets/events.ts'
import { CommandError } from '../../../src/zmtp/wire/command.ts'
import { code } from '../../support/sockets.ts'
import { until, within } from '../../support/within.ts'

const test = suite('observer')

/** Where an error is made that ends a connection, whatever its class is called. */
const CONNECTION_ERROR = /(?:new (?:ProtocolError|LimitError|LinkError)|super)\(\s*'([A-Z]+(?:_[A-Z]+)*)'/g

/** The fourteen and the six codes of the native package. */
const ZMTP_TAILS = [
  ...['UNSPECIFIED', 'UNEXPECTED_COMMAND', 'INVALID_SEQUENCE', 'KEY_EXCHANGE', 'INVALID_METADATA'],
  ...['UNSPECIFIED', 'MESSAGE', 'HELLO', 'INITIATE', 'ERROR', 'READY', 'WELCOME'].map(
    (command) => `MALFORMED_COMMAND_${command}`,
  ),
  ...['CRYPTOGRAPHIC', 'MECHANISM_MISMATCH'],
]
const ZAP_TAILS = [
  ...['UNSPECIFIED', 'MALFORMED_REPLY', 'BAD_REQUEST_ID', 'BAD_VERSION'],
  ...['INVALID_STATUS_CODE', 'INVALID_METADATA'],
]

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

test('every code that a connection can end with has its event, and no other code', () => {
  const codes = new Set<string>()
  for (const folder of ['wire', 'engine', 'transport', 'routing', 'sockets']) {
    for (const name of readdirSync(`src/zmtp/${folder}`, { recursive: true })) {
      if (!String(name).endsWith('.ts')) continue
      const text = readFileSync(path.join('src/zmtp', folder, String(name)), 'utf8')
      for (const [, code] of text.matchAll(CONNECTION_ERROR)) codes.add(code!)
    }
  }
  const documented = new Set(
    [...readFileSync('docs/errors.md', 'utf8').matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code!),
  )
  // There is no connection yet: bind:error and accept:error.
  for (const code of ['BIND_FAILED', 'NOT_ADMITTED', 'TOO_MANY_CONNECTIONS']) codes.delete(code)
  // Sockets have names of endpoints: only RPC goes over MessagePorts.
  for (const code of ['BAD_PORT_MESSAGE', 'PORT_CLOSED']) codes.delete(code)
  assert.ok(codes.has('BAD_SIGNATURE') && codes.has('FRAME_TOO_LARGE') && codes.has('SILENT_PEER'))
  assert.equal(Object.keys(HANDSHAKE_FAULTS).sort(), [...codes].sort())
  assert.equal(
    [...codes].filter((code) => !documented.has(code)),
    [],
  )
  for (const [code, [kind, tail]] of Object.entries(HANDSHAKE_FAULTS)) {
    if (kind === 'ZMTP') assert.ok(ZMTP_TAILS.includes(tail), `${code}: ERR_ZMTP_${tail}`)
    if (kind === 'ZAP') assert.ok(ZAP_TAILS.includes(tail), `${code}: ERR_ZAP_${tail}`)
  }
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
  const codeOf = (error: Error): unknown => (of(error) as { error: NodeJS.ErrnoException }).error.code
  // What the system said is kept, where it is known.
  const broken = Object.assign(new Error('x'), { code: 'ETIMEDOUT' })
  assert.is(codeOf(new LinkError('RESET', 'x', { cause: broken })), 'ETIMEDOUT')
  const odd = Object.assign(new Error('x'), { code: 'EODD' })
  assert.is(codeOf(new LinkError('RESET', 'x', { cause: odd })), 'ECONNRESET')
  assert.is(codeOf(new CommandError('HELLO', 'x')), 'ERR_ZMTP_MALFORMED_COMMAND_HELLO')
  const ours = of(new AuthenticationError('500')) as { type: string; error: Error & { status: number } }
  assert.is(
    `${ours.type} ${ours.error.status} ${ours.error.message}`,
    'handshake:error:auth 500 Internal error',
  )
  assert.is(codeOf(new AuthenticationError('none')), 'ERR_ZAP_UNSPECIFIED')
  const answer = new ProtocolError('ZAP_BAD_VERSION', 'x')
  assert.is(codeOf(new AuthenticationError('none', answer)), 'ERR_ZAP_BAD_VERSION')
  assert.is(of(new AuthenticationError('none', answer)).type, 'handshake:error:protocol')
  assert.is(codeOf(new AuthenticationError('none', new LinkError('ZAP_NO_HANDLER', 'x'))), 'EFAULT')
})

test.run()
