// What may be sent, and what arrives: every kind of part, alone and in an array, and messages that are none.
import { ADDED, ROWS } from './differences.mjs'
import { attempt, inproc, settled, show } from './tools.mjs'

const floats = new Float64Array([1.5, -2])
const bytes = new Uint8Array([9, 1, 2, 3, 9])

function argumentsOf() {
  // biome-ignore lint/complexity/noArguments: they are what is probed
  return arguments
}

class Named {
  toString() {
    return 'named'
  }
}

const PARTS = {
  'a Buffer': () => Buffer.from('abc'),
  'an empty Buffer': () => Buffer.alloc(0),
  'a large Buffer': () => Buffer.alloc(1000, 'x'),
  'part of a Buffer': () => Buffer.from('xxabcxx').subarray(2, 5),
  'a Uint8Array': () => new Uint8Array([1, 2, 3]),
  'part of a Uint8Array': () => bytes.subarray(1, 4),
  'a large part of a Uint8Array': () => new Uint8Array(2000).fill(7).subarray(500, 1500),
  'a Uint16Array': () => new Uint16Array([0x4142, 0x4344]),
  'part of a Uint16Array': () => new Uint16Array([0x4142, 0x4344, 0x4546]).subarray(1, 2),
  'a Float64Array': () => floats,
  'a BigInt64Array': () => new BigInt64Array([-1n]),
  'a Uint8ClampedArray': () => new Uint8ClampedArray([300]),
  'an empty Int32Array': () => new Int32Array(0),
  'an ArrayBuffer': () => bytes.buffer.slice(1, 3),
  'an empty ArrayBuffer': () => new ArrayBuffer(0),
  'a large ArrayBuffer': () => new ArrayBuffer(500),
  'a SharedArrayBuffer': () => new SharedArrayBuffer(2),
  'a DataView': () => new DataView(bytes.buffer, 1, 3),
  'an array over shared memory': () => new Uint8Array(new SharedArrayBuffer(3)).fill(5),
  'an empty string': () => '',
  'a string': () => 'abc',
  'a string of UTF-8': () => 'åbç€\u{1f600}',
  'a lone surrogate': () => 'a\ud800b\udc00',
  'a string with a NUL': () => 'a\0b',
  'a long string': () => 'å'.repeat(5000),
  null: () => null,
  undefined: () => undefined,
  zero: () => 0,
  'minus zero': () => -0,
  'a number': () => 1.5,
  'a large number': () => 1e21,
  NaN: () => Number.NaN,
  Infinity: () => Number.POSITIVE_INFINITY,
  'a bigint': () => 12345678901234567890n,
  true: () => true,
  false: () => false,
  'a plain object': () => ({ a: 1 }),
  'an object with toString': () => ({ toString: () => 'told' }),
  'an object with valueOf': () => ({ valueOf: () => 5 }),
  'an object with toPrimitive': () => ({ [Symbol.toPrimitive]: (hint) => hint }),
  'an object whose toString throws': () => ({
    toString() {
      throw new RangeError('no text')
    },
  }),
  'an object without prototype': () => Object.create(null),
  'an instance': () => new Named(),
  'a symbol': () => Symbol('x'),
  'a function': () => Math.max,
  'a Date': () => new Date(Number.NaN),
  'a RegExp': () => /x/g,
  'an Error': () => new TypeError('wrong'),
  'a Map': () => new Map([[1, 2]]),
  'a Set': () => new Set(['a', 'b']),
  'a promise': () => Promise.resolve('x'),
  'a String object': () => new String('text'),
  'a Number object': () => new Number(5),
  'a Proxy of a Buffer': () => new Proxy(Buffer.from('abc'), {}),
  'a Proxy of an array': () => new Proxy(['a', 'b'], {}),
  'an array': () => ['a', 'b'],
  'an array in an array': () => [['a', 'b'], 'c'],
  'an empty array': () => [],
  'an array with an empty array': () => [[]],
  'an array with a hole': () => Object.assign([], { 0: 'a', 2: 'b' }),
  'an array of undefined': () => [undefined],
  'an array of nulls': () => [null, null],
  'something like an array': () => ({ length: 1, 0: 'a' }),
  arguments: () => argumentsOf('a', 'b'),
  'an array of a subclass': () => new (class Parts extends Array {})('a', 'b'),
  'an array of 300 parts': () => Array.from({ length: 300 }, (_, i) => `${i}`),
}

/** Sends `message`, then a mark, and says what came before the mark. */
async function passed(here, there, message) {
  const sent = await attempt(() => here.send(message))
  await here.send('END')
  const got = []
  for (;;) {
    const parts = await there.receive()
    if (String(parts[0]) === 'END') break
    got.push(
      parts.map((part) => (part.length > 100 ? `${part.length} of ${part[0]}` : part.toString('latin1'))),
    )
  }
  return `${sent}, arrives as ${show(got)}`
}

async function pair(zmq, sockets, options) {
  const there = sockets.use(new zmq.Pair(options))
  const here = sockets.use(new zmq.Pair(options))
  const name = inproc()
  await there.bind(name)
  here.connect(name)
  return [here, there]
}

const MENDED = [
  { at: /^a DataView/, here: /arrives as .*x01\\x02\\x03/, row: ROWS.dataView },
  { at: /^a SharedArrayBuffer/, here: /arrives as .*x00\\x00/, row: ROWS.sharedArrayBuffer },
]

export const messages = [
  {
    name: 'each kind of part as a message',
    run: async (zmq, sockets) => {
      const [here, there] = await pair(zmq, sockets)
      const outcomes = {}
      for (const [label, part] of Object.entries(PARTS)) outcomes[label] = await passed(here, there, part())
      return outcomes
    },
    differs: [...MENDED, { at: 'a Proxy of an array', here: /\[ 'a', 'b' \]/, row: ROWS.proxyOfArray }],
  },
  {
    name: 'each kind of part in a message',
    run: async (zmq, sockets) => {
      const [here, there] = await pair(zmq, sockets)
      const outcomes = {}
      for (const [label, part] of Object.entries(PARTS)) {
        outcomes[label] = await passed(here, there, ['before', part(), 'after'])
      }
      return outcomes
    },
    differs: MENDED,
  },
  {
    name: 'send without a message, or with more than one argument',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const name of ['Pair', 'Publisher', 'Subscriber', 'Request', 'Pull']) {
        const socket = sockets.use(new zmq[name]())
        socket.setInt32Option(28, 0)
        outcomes[`${name}: nothing`] = await attempt(() => socket.send())
        outcomes[`${name}: undefined`] = await attempt(() => socket.send(undefined))
        outcomes[`${name}: a flag`] = await attempt(() => socket.send('x', 0))
        outcomes[`${name}: a callback after null`] = await attempt(() => socket.send('x', null))
        outcomes[`${name}: nothing, and a flag`] = await attempt(() => socket.send(undefined, 0))
        outcomes[`${name}: receive with a number`] = await attempt(() => socket.receive(1))
        outcomes[`${name}: receive with null`] = await attempt(() => socket.receive(null))
        outcomes[`${name}: an object`] = await attempt(() => socket.send([], {}))
        socket.close()
        outcomes[`${name}: nothing, closed`] = await attempt(() => socket.send())
        outcomes[`${name}: a flag, closed`] = await attempt(() => socket.send('x', 1))
        outcomes[`${name}: receive with a number, closed`] = await attempt(() => socket.receive(1))
      }
      return outcomes
    },
    differs: [{ at: /: an object$/, here: /^(resolves|rejects)/, row: ADDED.signal }],
  },
  {
    name: 'a message that waits is the one that was sent, whatever becomes of a small Buffer',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const size of [1, 64, 128]) {
        for (const wrap of [
          (part) => part,
          (part) => [part, part.buffer.slice(part.byteOffset, part.byteOffset + size)],
        ]) {
          const name = inproc()
          const here = sockets.use(new zmq.Dealer())
          const there = sockets.use(new zmq.Dealer())
          const part = Buffer.alloc(size, 'a')
          here.connect(name)
          await here.send(wrap(part))
          part.fill('b')
          await there.bind(name)
          const received = await there.receive()
          outcomes[`${size} octets, ${received.length} parts`] = show(
            received.map((copy) => [copy.length, String(copy[0])]),
          )
        }
      }
      return outcomes
    },
  },
  {
    name: 'what is received',
    run: async (zmq, sockets) => {
      const [here, there] = await pair(zmq, sockets)
      await here.send(['small', Buffer.alloc(500, 'x'), ''])
      const received = await there.receive()
      const outcomes = {
        message: show([
          Array.isArray(received),
          received.length,
          Object.keys(received),
          Object.isFrozen(received),
        ]),
      }
      for (const [at, part] of received.entries()) {
        outcomes[`part ${at}`] = show([
          Buffer.isBuffer(part),
          Object.getPrototypeOf(part) === Buffer.prototype,
          part.length,
        ])
        const before = part[0]
        part.fill(1)
        outcomes[`part ${at} can be written`] = show([before, part[0]])
      }
      return outcomes
    },
  },
  {
    name: 'many parts and large ones arrive whole and in order',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const address of [inproc(), 'tcp://127.0.0.1:*', 'ipc://*']) {
        const there = sockets.use(new zmq.Pull())
        const here = sockets.use(new zmq.Push())
        await there.bind(address)
        here.connect(there.lastEndpoint)
        for (const sizes of [[0], [0, 0, 0], [1, 254, 255, 256, 257], [65535, 0, 65536], [1_000_000]]) {
          await here.send(sizes.map((size, i) => Buffer.alloc(size, i + 1)))
          const parts = await there.receive()
          outcomes[`${address.slice(0, 6)} ${sizes}`] = show(
            parts.map((part, i) => [part.length, part.every((octet) => octet === i + 1)]),
          )
        }
        outcomes[`${address.slice(0, 6)} nothing more`] = await settled(there.receive(), 20)
      }
      return outcomes
    },
  },
]
