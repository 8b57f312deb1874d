// Options: by name and by number, defaults, refusals, when they count, sealed sockets; and what a Context passes on.
import { once } from 'node:events'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as zmq from '../../../src/zmtp/index.ts'
import { code } from '../../support/sockets.ts'

const { Context, Dealer, Reply, Request, Router, Socket } = zmq
const test = suite('options')

const DEFAULTS: Record<string, unknown> = {
  affinity: 0,
  rate: 100,
  recoveryInterval: 10000,
  linger: -1,
  reconnectInterval: 100,
  reconnectMaxInterval: 0,
  backlog: 100,
  maxMessageSize: -1,
  lastEndpoint: null,
  tcpKeepalive: -1,
  tcpKeepaliveCount: -1,
  tcpKeepaliveIdle: -1,
  tcpKeepaliveInterval: -1,
  immediate: false,
  ipv6: false,
  securityMechanism: null,
  plainServer: false,
  plainUsername: null,
  plainPassword: null,
  zapDomain: null,
  typeOfService: 0,
  handshakeInterval: 30000,
  socksProxy: null,
  heartbeatInterval: 0,
  heartbeatTimeToLive: 0,
  heartbeatTimeout: -1,
  connectTimeout: 0,
  tcpMaxRetransmitTimeout: 0,
  threadSafe: false,
  multicastMaxTransportDataUnit: 1500,
  interface: null,
  zapEnforceDomain: false,
  loopbackFastPath: false,
  sendBufferSize: -1,
  sendHighWaterMark: 1000,
  sendTimeout: -1,
  multicastHops: 1,
  receiveBufferSize: -1,
  receiveHighWaterMark: 1000,
  receiveTimeout: -1,
  routingId: null,
}

test('have the defaults of the native package', () => {
  const dealer = new Dealer() as unknown as Record<string, unknown> & { close(): void }
  for (const [name, value] of Object.entries(DEFAULTS)) assert.is(dealer[name], value, name)
  dealer.close()
})

test('refuse what libzmq refuses, with EINVAL, and keep the old value', () => {
  const dealer = new Dealer() as unknown as Record<string, unknown>
  const refused: Record<string, unknown[]> = {
    linger: [-2],
    sendHighWaterMark: [-1],
    receiveTimeout: [-2],
    backlog: [-1],
    rate: [0],
    multicastHops: [0],
    tcpKeepalive: [2, -2],
    heartbeatTimeToLive: [7_000_000],
    heartbeatTimeout: [-1],
    routingId: ['', null, 'x'.repeat(256)],
    plainUsername: [''],
    zapDomain: ['', null],
    maxPendingSends: [0],
  }
  for (const [name, values] of Object.entries(refused)) {
    const before = dealer[name]
    for (const value of values) {
      assert.throws(
        () => {
          dealer[name] = value
        },
        (error: NodeJS.ErrnoException) => error.code === 'EINVAL' && error.message === 'Invalid argument',
        `${name} = ${value}`,
      )
    }
    assert.is(dealer[name], before, name)
  }
})

test('refuse the wrong type with the texts of the native package', () => {
  const dealer = new Dealer() as unknown as Record<string, unknown>
  for (const [name, value, text] of [
    ['linger', '1', 'Option value must be a number'],
    ['linger', undefined, 'Option value must be a number'],
    ['immediate', 1, 'Option value must be a boolean'],
    ['routingId', 5, 'Option value must be a string or buffer'],
  ] as const) {
    assert.throws(
      () => {
        dealer[name] = value
      },
      (error: Error) => error instanceof TypeError && error.message === text,
    )
  }
})

test('numbers are cut to integers, TTLs to tenths of a second, strings are UTF-8', () => {
  const dealer = new Dealer({ linger: 1.7, heartbeatTimeToLive: 250, routingId: 'åbçdéfghïjk' })
  assert.is(dealer.linger, 1)
  assert.is(dealer.heartbeatTimeToLive, 200)
  assert.is(dealer.routingId, 'åbçdéfghïjk')
  dealer.routingId = Buffer.from('bytes') as never
  assert.is(dealer.routingId, 'bytes')
  dealer.close()
})

test('write-only options read as undefined, and only the types that have them take them', () => {
  const request = new Request({ correlate: true, relaxed: true, probeRouter: true })
  assert.is(request.correlate, undefined as never)
  assert.is(request.relaxed, undefined as never)
  const router = new Router({ handover: true, mandatory: true })
  assert.is(router.handover, undefined as never)
  assert.is(router.mandatory, true)
  for (const make of [
    () => new Dealer({ correlate: true } as never),
    () => new Reply({ probeRouter: true } as never),
    () => new Request({ mandatory: true } as never),
    () => new Router({ gssapiServer: true } as never),
  ]) {
    assert.throws(
      make,
      /^TypeError: Cannot add property \w+, object is not extensible$|object is not extensible/,
    )
  }
})

test('a socket is sealed: misspelt options throw, at making and later', () => {
  const dealer = new Dealer() as unknown as Record<string, unknown>
  assert.throws(() => {
    dealer.doesNotExist = 1
  }, /Cannot add property doesNotExist, object is not extensible/)
  assert.throws(() => {
    dealer.securityMechanism = 1
  }, /Cannot set property securityMechanism of #<Socket> which has only a getter/)
})

test('notify is an option of Stream alone: write-only, and late', async () => {
  const stream = new zmq.Stream({ notify: false })
  assert.is(stream.notify, undefined as never)
  assert.throws(() => {
    stream.notify = 1 as never
  }, /Option value must be a boolean/)
  assert.throws(() => new Router({ notify: true } as never), /object is not extensible/)
  const warned = once(process, 'warning')
  stream.connect('tcp://127.0.0.1:1')
  stream.notify = true
  assert.match((await warned)[0].message, /will not take effect until next connect/)
  stream.close()
  for (const options of [
    { routingId: 'a' },
    { mandatory: true },
    { conflate: true },
    { probeRouter: true },
  ]) {
    assert.throws(() => new zmq.Stream(options as never), /object is not extensible/)
  }
})

test('the options object is left alone, context included', () => {
  const context = new Context()
  const options = { context, linger: 0 }
  const dealer = new Dealer(options)
  assert.is(dealer.context, context)
  assert.equal(Object.keys(options), ['context', 'linger'])
  dealer.close()
})

test('by number: the same values, with size and type checked', () => {
  class Raw extends Dealer {
    read = undefined
    static attempt(run: (socket: Raw) => unknown): Promise<string> {
      return code(() => run(new Dealer() as Raw))
    }
  }
  assert.throws(() => new Raw(), /object is not extensible/)
  const dealer = new Dealer() as unknown as Record<string, (id: unknown, value?: unknown) => unknown>
  dealer.setInt32Option!(17, 5)
  assert.is(dealer.getInt32Option!(17), 5)
  assert.is(dealer.getUint32Option!(17), 5)
  assert.is((dealer as unknown as { linger: number }).linger, 5)
  dealer.setBoolOption!(39, true)
  assert.is(dealer.getInt32Option!(39), 1)
  assert.is(dealer.getInt64Option!(22), -1)
  assert.is(dealer.getStringOption!(5), null)
  dealer.setStringOption!(5, 'me')
  assert.is(dealer.getStringOption!(5), 'me')
  assert.is(dealer.getInt32Option!(16), 5)
  for (const run of [
    () => dealer.getInt64Option!(17),
    () => dealer.getInt32Option!(9999),
    () => dealer.setInt32Option!(16, 1),
    () => dealer.setInt32Option!(33 + 9966, 1),
  ]) {
    assert.throws(run, (error: NodeJS.ErrnoException) => error.code === 'EINVAL')
  }
  assert.throws(() => dealer.getInt32Option!('x'), /Identifier must be a number/)
  assert.throws(() => dealer.setInt32Option!(17, 'x'), /Option value must be a number/)
})

test('after close every option throws ENOTSOCK', () => {
  const dealer = new Dealer()
  dealer.close()
  const error = (run: () => unknown): string => {
    try {
      run()
    } catch (caught) {
      return (caught as NodeJS.ErrnoException).code!
    }
    return 'none'
  }
  assert.is(
    error(() => dealer.linger),
    'ENOTSOCK',
  )
  assert.is(
    error(() => dealer.type),
    'ENOTSOCK',
  )
  assert.is(
    error(() => dealer.events),
    'ENOTSOCK',
  )
  assert.is(
    error(() => {
      dealer.linger = 1
    }),
    'ENOTSOCK',
  )
})

test('an option that comes too late brings a warning, one that counts at once does not', async () => {
  const warnings: string[] = []
  const listen = (warning: Error): void => {
    warnings.push(warning.message)
  }
  process.on('warning', listen)
  const dealer = new Dealer({ backlog: 5 })
  dealer.connect('inproc://late')
  dealer.linger = 0
  dealer.sendHighWaterMark = 5
  dealer.backlog = 6
  await new Promise(setImmediate)
  dealer.close()
  process.off('warning', listen)
  assert.equal(warnings, ['Socket option will not take effect until next connect/bind.'])
})

test('a context passes on ipv6 and blocky, counts sockets, and refuses what it does not know', async () => {
  const context = new Context({ ipv6: true, blocky: false, maxSockets: 2, ioThreads: 3 })
  assert.is(context.ioThreads, 3)
  assert.is(context.maxSocketsLimit, 65535)
  const sockets = [new Dealer({ context }), new Dealer({ context })]
  assert.ok(sockets[0]!.ipv6)
  assert.is(sockets[0]!.linger, 0)
  assert.is(await code(() => new Dealer({ context })), 'EMFILE')
  sockets[0]!.close()
  assert.throws(() => new Dealer({ context, lingre: 0 } as never), /object is not extensible/)
  sockets.push(new Dealer({ context })) // the one that failed does not count
  for (const socket of sockets) socket.close()
  assert.throws(() => new Context({ nothing: 1 } as never), /object is not extensible/)
  assert.throws(() => new Context(5 as never), /Options must be an object/)
  assert.is(await code(() => new Context({ maxSockets: -1 })), 'EINVAL')
})

test('Socket checks its arguments as the native package does', async () => {
  assert.throws(
    () => new (Socket as never as new (type: unknown) => unknown)('x'),
    /Socket type must be a number/,
  )
  assert.throws(() => new Socket(5, 1 as never), /Options must be an object/)
  assert.is(await code(() => new Socket(37, new Context())), 'EINVAL')
  assert.is(await code(() => new Socket(5, { context: {} })), 'EINVAL')
  const plain = new Socket(5)
  assert.is(plain.type, 5)
  assert.throws(() => plain.bind(5 as never), /Address must be a string/)
  plain.close()
})

test('the door exports only names that the native package has', () => {
  const native = new Set(
    `version capability curveKeyPair context Context Socket Observer Proxy Pair Publisher Subscriber Request Reply Dealer Router Pull
     Push XPublisher XSubscriber Stream`.split(/\s+/),
  )
  assert.equal(
    Object.keys(zmq).filter((name) => !native.has(name)),
    [],
  )
  assert.is(zmq.version, '4.3.5')
  assert.is(zmq.capability.ipc, true)
})

test.run()
