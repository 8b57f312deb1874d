// pseud/zmtp/v5-compat where the native one goes wrong, and where no program can be compared: pausing, waiting sends, monitoring, limits.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v6 from '../../../src/zmtp/index.ts'
import * as zmq from '../../../src/zmtp/v5-compat/index.ts'
import { sleep, until, within } from '../../support/within.ts'

const test = suite('v5-compat')
const open: zmq.Socket[] = []

test.after.each(() => {
  for (const socket of open.splice(0)) {
    if (!socket.closed) socket.linger = 0
    socket.close()
  }
})

function socket(type: zmq.SocketType, options?: Record<string, unknown>): zmq.Socket {
  const made = zmq.socket(type, options)
  open.push(made)
  return made
}

/** Two sockets, the first bound, the second connected to it. */
function pair(bound: zmq.SocketType, connected: zmq.SocketType): [zmq.Socket, zmq.Socket] {
  const [here, there] = [socket(bound), socket(connected)]
  here.bindSync('tcp://127.0.0.1:*')
  there.connect(here.last_endpoint!)
  return [here, there]
}

function texts(from: zmq.Socket): string[] {
  const heard: string[] = []
  from.on('message', (...parts: Buffer[]) => heard.push(parts.join('|')))
  return heard
}

const codes = (results: unknown[][]) =>
  results.map(([error]) => (error === undefined ? 'sent' : (error as NodeJS.ErrnoException).code))

test('its sockets are those of pseud/zmtp: same context, same wire', async () => {
  const pull = socket('pull')
  pull.bindSync('inproc://v5-compat')
  const heard = texts(pull)
  const push = new v6.Push()
  push.connect('inproc://v5-compat')
  await push.send(['from', 'version 6'])
  await until(() => heard.length === 1)
  assert.equal(heard, ['from|version 6'])
  push.close()
})

test('pause in a listener stops at once, even amid a batch', async () => {
  const [pull, push] = pair('pull', 'push')
  const heard = texts(pull)
  pull.on('message', () => pull.pause())
  for (let i = 0; i < 50; i++) push.send(String(i))
  for (let i = 0; i < 50; i++) {
    await until(() => heard.length === i + 1)
    if (i < 3) {
      await sleep(20)
      assert.is(heard.length, i + 1)
    }
    pull.resume()
  }
  assert.equal(
    heard,
    Array.from({ length: 50 }, (_, i) => String(i)),
  )
})

test('a paused socket takes no more than its high-water mark, and one batch', async () => {
  const [pull, push] = pair('pull', 'push')
  const heard = texts(pull)
  push.setsockopt(zmq.ZMQ_SNDHWM, 10)
  pull.pause()
  const body = Buffer.alloc(10_000)
  let taken = 0
  for (let i = 0; i < 5000; i++) push.send([String(i), body], 0, () => taken++)
  let before = -1
  while (taken !== before) {
    before = taken
    await sleep(100)
  }
  assert.ok(taken < 4000, `${taken}`)
  pull.resume()
  await until(() => heard.length === 5000)
  assert.ok(heard.every((text, i) => text.startsWith(`${i}|`)))
})

test('what is sent while a bind is under way is sent after it, in order', async () => {
  const [push, pull] = [socket('push'), socket('pull')]
  const heard = texts(pull)
  const results: unknown[][] = []
  push.bind('tcp://127.0.0.1:*', () => pull.connect(push.last_endpoint!))
  for (const text of ['1', '2']) push.send(text, 0, (...values) => results.push(values))
  await until(() => heard.length === 2)
  assert.equal(heard, ['1', '2'])
  assert.equal(codes(results), ['sent', 'sent'])
})

test('messages go on coming after a bind or unbind', async () => {
  const [pull, push] = pair('pull', 'push')
  const heard = texts(pull)
  for (let i = 0; i < 3; i++) {
    pull.bind('tcp://127.0.0.1:*')
    push.send('while binding')
    await within(5000, new Promise((resolve) => pull.once('bind', resolve)))
    pull.unbind(pull.last_endpoint!)
    push.send('while unbinding')
    await within(5000, new Promise((resolve) => pull.once('unbind', resolve)))
    await until(() => heard.length === 2 * (i + 1))
  }
})

test('close lets everything go that was sent before, and tells each callback of what cannot', async () => {
  const [pull, push] = pair('pull', 'push')
  const heard = texts(pull)
  for (let i = 0; i < 3000; i++) push.send(String(i))
  push.pause()
  push.send('sent while paused')
  push.close()
  await until(() => heard.length === 3001)
  assert.is(heard.at(-1), 'sent while paused')

  const bound = socket('push')
  const [later] = [socket('pull')]
  const heardLater = texts(later)
  bound.bindSync('tcp://127.0.0.1:*')
  later.connect(bound.last_endpoint!)
  await until(() => (bound._ioevents & zmq.ZMQ_POLLOUT) !== 0)
  bound.bind('tcp://127.0.0.1:*')
  bound.send('sent while binding')
  bound.close()
  await until(() => heardLater.length === 1)
  assert.ok(bound.closed)

  const alone = socket('push')
  const results: unknown[][] = []
  for (let i = 0; i < 3; i++) alone.send('x', 0, (...values) => results.push(values))
  alone.send('nobody is told')
  alone.close()
  alone.send('after', 0, (...values) => results.push(values))
  await until(() => results.length === 4)
  assert.equal(codes(results).sort(), ['EAGAIN', 'EAGAIN', 'EAGAIN', 'EBADF'])
})

test('sending on a socket that cannot send is an error that can be heard', async () => {
  const pull = socket('pull')
  const errors: NodeJS.ErrnoException[] = []
  pull.on('error', (error) => errors.push(error))
  const results: unknown[][] = []
  pull.send('x', 0, (...values) => results.push(values))
  pull.send('y')
  await until(() => errors.length + results.length === 2)
  assert.equal(codes(results), ['ENOTSUP'])
  assert.is(errors[0]!.code, 'ENOTSUP')
})

test('an unknown peer of a mandatory router is an error at once, each time', async () => {
  const router = socket('router')
  router.setsockopt(zmq.ZMQ_ROUTER_MANDATORY, 1)
  assert.is(router.getsockopt(zmq.ZMQ_ROUTER_MANDATORY), 1)
  router.bindSync('tcp://127.0.0.1:*')
  const results: unknown[][] = []
  for (let i = 0; i < 2; i++) router.send(['nobody', 'x'], 0, (...values) => results.push(values))
  await until(() => results.length === 2)
  assert.equal(codes(results), ['EHOSTUNREACH', 'EHOSTUNREACH'])
})

test('ZMQ_RCVTIMEO is checked and kept, and makes no errors', async () => {
  const [pull, push] = pair('pull', 'push')
  const heard = texts(pull)
  pull.on('error', (error) => heard.push(String(error)))
  pull.setsockopt(zmq.ZMQ_RCVTIMEO, 0)
  assert.is(pull.getsockopt(zmq.ZMQ_RCVTIMEO), 0)
  assert.throws(() => pull.setsockopt(zmq.ZMQ_RCVTIMEO, -2), /Invalid argument/)
  assert.throws(() => pull.setsockopt(zmq.ZMQ_RCVTIMEO, 'x'), /must be a number/)
  push.send('1')
  await until(() => heard.length === 1)
  pull.setsockopt(zmq.ZMQ_RCVTIMEO, 5)
  await sleep(30)
  push.send('2')
  await until(() => heard.length === 2)
  assert.equal(heard, ['1', '2'])
  pull.close()
  assert.throws(() => pull.getsockopt(zmq.ZMQ_RCVTIMEO), /non-socket/)
})

test('keys of CURVE can be read, and only a SUB subscribes', () => {
  const { public: publicKey, secret } = zmq.curveKeypair()
  const server = socket('rep', { curve_server: 1, curve_secretkey: secret, curve_publickey: publicKey })
  assert.is(server.curve_secretkey, secret)
  assert.is(server.curve_server, 1)
  assert.is(server.mechanism, 2)
  for (const type of ['xpub', 'dealer'] as const) {
    assert.throws(() => socket(type).setsockopt(zmq.ZMQ_SUBSCRIBE, 'x'), /Subscriber socket required/)
    assert.throws(() => socket(type).setsockopt('_unsubscribe', 'x'), /Subscriber socket required/)
  }
})

test('unbindSync unbinds', () => {
  const rep = socket('rep')
  rep.bindSync('tcp://127.0.0.1:*')
  const address = rep.last_endpoint!
  rep.unbindSync(address)
  assert.throws(() => rep.unbindSync(address), /No such endpoint/)
  rep.bindSync(address)
})

test('monitor twice is monitor once; after unmonitor there is silence, and monitor begins again', async () => {
  const rep = socket('rep')
  const seen: string[] = []
  for (const name of ['listen', 'accept', 'disconnect']) rep.on(name, () => seen.push(name))
  assert.is(rep.monitor(), rep)
  rep.monitor()
  rep.bindSync('tcp://127.0.0.1:*')
  await until(() => seen.length === 1)
  const visit = async (): Promise<void> => {
    const guest = socket('req').connect(rep.last_endpoint!)
    guest.send('x')
    await within(5000, new Promise((resolve) => rep.once('message', resolve)))
    rep.send('y')
    await within(5000, new Promise((resolve) => guest.once('message', resolve)))
    guest.close()
  }
  await visit()
  await until(() => seen.includes('disconnect'))
  assert.equal(seen, ['listen', 'accept', 'disconnect'])
  rep.unmonitor()
  rep.unmonitor()
  await visit()
  await sleep(20)
  assert.is(seen.length, 3)
  rep.monitor()
  await visit()
  await until(() => seen.length === 5)
  rep.close()
  rep.unmonitor()
})

test('a listener that throws ends neither the loop nor the order', async () => {
  const [pull, push] = pair('pull', 'push')
  const heard: string[] = []
  const faults: unknown[] = []
  const onFault = (error: Error) => faults.push(`${error.message} after ${heard.at(-1)}`)
  process.on('uncaughtException', onFault)
  pull.on('message', (part) => {
    heard.push(String(part))
    if (heard.length % 2 === 1) throw new Error('odd')
  })
  for (let i = 0; i < 6; i++) push.send(String(i))
  await until(() => heard.length === 6)
  process.off('uncaughtException', onFault)
  assert.equal(heard, ['0', '1', '2', '3', '4', '5'])
  assert.equal(faults, ['odd after 0', 'odd after 2', 'odd after 4'])
})

test('no message comes after close, whatever had arrived', async () => {
  const [pull, push] = pair('pull', 'push')
  const heard = texts(pull)
  pull.on('message', () => {
    if (heard.length === 3) pull.close()
  })
  for (let i = 0; i < 100; i++) push.send(String(i))
  await until(() => pull.closed)
  await sleep(20)
  assert.equal(heard, ['0', '1', '2'])
})

test('ten thousand messages each way through a proxy, with all that is captured', async () => {
  const [front, back, capture, tape] = [socket('xrep'), socket('xreq'), socket('push'), socket('pull')]
  for (const bound of [front, back, capture]) bound.bindSync('tcp://127.0.0.1:*')
  tape.connect(capture.last_endpoint!)
  zmq.proxy(front, back, capture)
  const [client, worker] = [socket('dealer'), socket('dealer')]
  client.connect(front.last_endpoint!)
  worker.connect(back.last_endpoint!)
  worker.on('message', (...parts: Buffer[]) => worker.send(parts))
  const [answers, taped] = [texts(client), texts(tape)]
  for (const router of [front, worker, client]) router.setsockopt(zmq.ZMQ_SNDHWM, 0)
  for (let i = 0; i < 10_000; i++) client.send(['', String(i)])
  await until(() => answers.length === 10_000 && taped.length === 10_000, 20_000)
  assert.ok(answers.every((text, i) => text === `|${i}`))
  assert.ok(taped.every((text, i) => text === String(i)))
})

test.run()
