// CURVE against the deterministic session, octet by octet, and against what a peer can do wrong.
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encodeZ85 } from '../../../../src/base/z85.ts'
import type { Engine } from '../../../../src/zmtp/engine/engine.ts'
import {
  deriveKey,
  nonceOf,
  publicKeyOf,
  sealBox,
  sharedKey,
  shortNonce,
} from '../../../../src/zmtp/engine/security/curve-box.ts'
import { CurveCipher } from '../../../../src/zmtp/engine/security/curve-cipher.ts'
import { metadataBytes, NONCES } from '../../../../src/zmtp/engine/security/curve-wire.ts'
import { SEALED_HEAD } from '../../../../src/zmtp/engine/security/mechanism.ts'
import {
  CLIENT_SECRET,
  CLIENT_TRANSIENT,
  curveClient,
  curveEngines,
  curveServer,
  run,
  SERVER_SECRET,
  SERVER_TRANSIENT,
} from '../../../support/curve.ts'
import { eventsOf, frame, greeting, makeEngine, octets, outputOf } from '../../../support/engine.ts'
import { feed } from '../../../support/feed.ts'
import { Pair } from '../../../support/pair.ts'

const test = suite('curve')

const VECTOR = JSON.parse(readFileSync('test/vectors/curve.json', 'utf8')) as Record<string, string>
const known = (name: string): Buffer => Buffer.from(VECTOR[name]!, 'hex')
const EMPTY_IDENTITY = { identity: Buffer.alloc(0), properties: new Map<string, Buffer>() }

const C = publicKeyOf(CLIENT_SECRET)
const S = publicKeyOf(SERVER_SECRET)
/** beforenm(S', c'). */
const KEY = sharedKey(known("S'"), CLIENT_TRANSIENT)

// ---- the deterministic session

test('U1: all keys of the vector', () => {
  assert.is(C.toString('hex'), VECTOR.C)
  assert.is(S.toString('hex'), VECTOR.S)
  assert.is(encodeZ85(C), VECTOR['C.z85'])
  assert.is(encodeZ85(S), VECTOR['S.z85'])
  assert.is(publicKeyOf(CLIENT_TRANSIENT).toString('hex'), VECTOR["C'"])
  assert.is(publicKeyOf(SERVER_TRANSIENT).toString('hex'), VECTOR["S'"])
  assert.is(sharedKey(S, CLIENT_TRANSIENT).toString('hex'), VECTOR["beforenm(S,c')"])
  assert.is(KEY.toString('hex'), VECTOR.k)
  assert.is(sharedKey(known("C'"), SERVER_TRANSIENT).toString('hex'), VECTOR.k)
  const start = Buffer.from('CurveZMQMESSAGEC')
  assert.is(deriveKey(KEY, start).toString('hex'), VECTOR['subkey.client'])
  const vouched = Buffer.concat([known("C'"), S])
  const vouch = sealBox(
    sharedKey(known("S'"), CLIENT_SECRET),
    nonceOf(NONCES.vouch, run(0x50, 0x5f)),
    vouched,
  )
  assert.is(vouch.toString('hex'), VECTOR.vouch)
})

test('U1: all commands and messages of the vector, from both sides', () => {
  const { client, server } = curveEngines()
  outputOf(client)
  outputOf(server)
  client.handleBytes(greeting('CURVE'), 0)
  server.handleBytes(greeting('CURVE'), 0)
  const steps: [Engine, Engine, string, number][] = [
    [client, server, 'HELLO', 4],
    [server, client, 'WELCOME', 4],
    [client, server, 'INITIATE', 4],
    [server, client, 'READY', 4],
  ]
  for (const [from, to, name, flags] of steps) {
    eventsOf(from)
    const sent = outputOf(from)
    assert.is(sent.toString('hex'), frame(flags, known(name)).toString('hex'), name)
    to.handleBytes(sent, 0)
  }
  assert.equal(eventsOf(client), ['ready'])
  client.sendPart(Buffer.from('hello'), false)
  client.sendPart(Buffer.from('a'), true)
  client.sendCommand('SUBSCRIBE', Buffer.from('A'))
  server.sendPart(Buffer.from('world'), false)
  const messages = ['hello', 'a', 'subscribe'].map((name) => frame(0, known(`MESSAGE.${name}`)))
  const sent = outputOf(client)
  assert.is(sent.toString('hex'), Buffer.concat(messages).toString('hex'))
  server.handleBytes(sent, 0)
  assert.equal(eventsOf(server), ['part 68656c6c6f', 'more 61'])
  const reply = outputOf(server)
  assert.is(reply.toString('hex'), frame(0, known('MESSAGE.world')).toString('hex'))
  client.handleBytes(reply, 0)
  assert.equal(eventsOf(client), ['part 776f726c64'])
})

test('each command of the vector is understood in whatever pieces it comes', () => {
  feed(frame(4, known('HELLO')), (chunks) => {
    const server = greeted(makeEngine('ROUTER', { mechanism: curveServer() }))
    assert.equal(through(server, chunks), [])
    assert.is(outputOf(server).toString('hex'), frame(4, known('WELCOME')).toString('hex'))
  })
  feed(frame(4, known('WELCOME')), (chunks) => {
    const client = greeted(makeEngine('DEALER', { mechanism: curveClient() }))
    assert.equal(through(client, chunks), [])
    assert.is(outputOf(client).toString('hex'), frame(4, known('INITIATE')).toString('hex'))
  })
  feed(frame(4, known('INITIATE')), (chunks) => {
    assert.equal(through(welcoming(), chunks), ['ready'])
  })
  const traffic = ['hello', 'a', 'subscribe'].map((name) => frame(0, known(`MESSAGE.${name}`)))
  feed(Buffer.concat(traffic), (chunks) => {
    const server = welcoming()
    server.handleBytes(frame(4, known('INITIATE')), 0)
    assert.equal(eventsOf(server), ['ready'])
    assert.equal(through(server, chunks), ['part 68656c6c6f', 'more 61'])
  })
})

// ---- traffic

test('U6: frames leave with the flags 00, or 02 when long, whatever is in them', () => {
  const { client } = agreed()
  client.sendPart(Buffer.alloc(100), true)
  client.sendPart(Buffer.alloc(300), false)
  client.sendCommand('PING', Buffer.from([0, 0]))
  const sent = outputOf(client)
  assert.equal([sent[0], sent[1]], [0, 100 + SEALED_HEAD])
  const second = 2 + 100 + SEALED_HEAD
  assert.equal([sent[second], sent.readUInt32BE(second + 5)], [2, 300 + SEALED_HEAD])
  assert.equal([sent[second + 9 + 300 + SEALED_HEAD]], [0])
})

test('U7: flags outside of the box do not count', () => {
  for (const flags of [0, 1, 4]) {
    const { client, server } = agreed()
    client.sendPart(Buffer.from('hello'), false)
    const sent = outputOf(client)
    sent[0] = flags
    server.handleBytes(sent, 0)
    assert.equal(eventsOf(server), ['part 68656c6c6f'], String(flags))
  }
})

test('U12: PING is answered from box to box, also between the parts of a message', () => {
  const { client, server } = agreed()
  client.sendPart(Buffer.from('a'), true)
  client.sendCommand('PING', Buffer.from([0, 0, 7, 7]))
  client.sendPart(Buffer.from('b'), false)
  server.handleBytes(outputOf(client), 0)
  assert.equal(eventsOf(server), ['more 61', 'part 62'])
  const pong = outputOf(server)
  assert.is(pong.length, 2 + SEALED_HEAD + 7)
  client.handleBytes(pong, 0)
  assert.equal(eventsOf(client), [])
})

test('U12, U13: subscriptions arrive as commands and as messages', () => {
  const { client, server } = agreed('SUB', 'XPUB')
  client.sendCommand('SUBSCRIBE', Buffer.from('A'))
  client.sendCommand('CANCEL', Buffer.from('A'))
  client.sendPart(octets('01 "A"'), false)
  server.handleBytes(outputOf(client), 0)
  assert.equal(eventsOf(server), ['SUBSCRIBE 41', 'CANCEL 41', 'part 0141'])
})

test('U14: bodies of every size around the borders of blocks, frames and chunks arrive, in any pieces', () => {
  const sizes = [
    0, 1, 30, 31, 32, 33, 94, 95, 96, 222, 223, 224, 255, 256, 8191, 8192, 8193, 65_490, 65_536, 1_048_576,
  ]
  for (const maxChunk of [Infinity, 1000]) {
    const { client, server } = agreed()
    for (const size of sizes) {
      const body = Buffer.from(
        Array.from({ length: Math.min(size, 65_536) }, (_, i) => (i * 31 + size) & 255),
      )
      const whole = size > body.length ? Buffer.alloc(size, body) : body
      client.sendPart(whole, size % 2 === 0)
      assert.is(received(server, outputOf(client), maxChunk).compare(whole), 0, `${size}`)
      assert.is(server.more, size % 2 === 0)
    }
  }
})

test('a body written in place is sealed, be it short, long, or across chunks', () => {
  const { client, server } = agreed()
  for (const size of [0, 5, 222, 223, 300, 4000, 70_000, 3, 300, 0]) {
    const body = Buffer.alloc(size, `${size}`)
    const slab = client.beginPart(false)
    for (const octet of body) {
      if (slab.at === slab.end) slab.reserve(1)
      slab.bytes[slab.at++] = octet
    }
    client.endPart()
    assert.is(received(server, outputOf(client), Infinity).compare(body), 0, `${size}`)
  }
  client.beginPart(false)
  client.abandonPart()
  assert.is(outputOf(client).length, 0)
  client.sendPart(Buffer.from('still in step'), false)
  assert.is(received(server, outputOf(client), Infinity).toString(), 'still in step')
})

test('what was sent is nowhere to be found in the octets', () => {
  const { client } = agreed()
  const secret = Buffer.from('this is a secret of some length')
  client.sendPart(secret, false)
  client.sendPart(Buffer.concat(Array.from({ length: 400 }, () => secret)), false)
  assert.not.ok(outputOf(client).includes('secret'))
})

test('U18: maxFrameSize is held against what is in the box', () => {
  for (const [size, events] of [
    [10_000, ['part (10000)']],
    [10_001, ['ended FRAME_TOO_LARGE']],
  ] as const) {
    const { client, server } = agreed('DEALER', 'ROUTER', { maxFrameSize: 10_000 })
    client.sendPart(Buffer.alloc(size), false)
    server.handleBytes(outputOf(client), 0)
    assert.equal(eventsOf(server), events)
  }
  const small = agreed('DEALER', 'ROUTER', { maxFrameSize: 10 })
  small.client.sendPart(Buffer.alloc(11), false)
  small.server.handleBytes(outputOf(small.client), 0)
  assert.equal(eventsOf(small.server), ['ended FRAME_TOO_LARGE'])
  const pinged = agreed('DEALER', 'ROUTER', { maxFrameSize: 10 })
  pinged.client.sendCommand('PING', Buffer.alloc(18))
  pinged.server.handleBytes(outputOf(pinged.client), 0)
  assert.equal(eventsOf(pinged.server), [])
})

test('U8: nonces begin with 3 and 2, and rise by 1', () => {
  const { client, server } = agreed()
  for (const [engine, first] of [
    [client, 3],
    [server, 2],
  ] as const) {
    for (let n = first; n < first + 3; n++) {
      engine.sendPart(Buffer.from('x'), false)
      assert.is(outputOf(engine).readBigUInt64BE(2 + 8), BigInt(n))
    }
  }
})

test('U9: a nonce again or a lower one closes, a gap does not', () => {
  const frames = [3, 13, 13].map((nonce) => message({ nonce }))
  const twice = agreed().server
  twice.handleBytes(Buffer.concat(frames), 0)
  assert.equal(eventsOf(twice), ['part 68656c6c6f', 'part 68656c6c6f', 'ended NONCE_REUSED'])
  const lower = agreed().server
  lower.handleBytes(Buffer.concat([message({ nonce: 50 }), message({ nonce: 49 })]), 0)
  assert.equal(eventsOf(lower), ['part 68656c6c6f', 'ended NONCE_REUSED'])
})

test('U9: nonces are compared as 64-bit integers', () => {
  for (const [first, second, end] of [
    [2n ** 53n, 2n ** 53n + 1n, undefined],
    [2n ** 64n - 1n, 1n, 'ended NONCE_REUSED'],
    [2n ** 32n, 2n ** 32n - 1n, 'ended NONCE_REUSED'],
    [2n ** 63n - 1n, 2n ** 63n, undefined],
  ] as const) {
    const { server } = agreed()
    server.handleBytes(Buffer.concat([message({ nonce: first }), message({ nonce: second })]), 0)
    assert.equal(eventsOf(server), ['part 68656c6c6f', end ?? 'part 68656c6c6f'], `${first}, ${second}`)
  }
})

test('U10: a bit flipped anywhere in a MESSAGE closes, and nothing is delivered', () => {
  const good = message({})
  for (let at = 2; at < good.length; at++) {
    const { server } = agreed()
    const bad = Buffer.from(good)
    bad[at]! ^= 0x01
    server.handleBytes(bad, 0)
    const events = eventsOf(server)
    assert.is(events.length, 1, `${at}`)
    assert.match(events[0]!, /^ended (CRYPTO_FAILED|NONCE_REUSED|UNEXPECTED_COMMAND)$/, `${at}`)
  }
})

test('U11: frames in clear after the handshake close, whatever they are', () => {
  for (const [bytes, code] of [
    [frame(0, Buffer.from('sneaky')), 'UNEXPECTED_COMMAND'],
    [frame(0, Buffer.alloc(100, 'sneaky')), 'UNEXPECTED_COMMAND'],
    [frame(4, octets('04 "PING" 00 00')), 'UNEXPECTED_COMMAND'],
    [frame(4, octets('05 "ERROR" 03 "400"')), 'UNEXPECTED_COMMAND'],
    [frame(4, known('INITIATE')), 'UNEXPECTED_COMMAND'],
    [frame(0, Buffer.alloc(0)), 'UNEXPECTED_COMMAND'],
    [message({}).fill(0x20, 1, 2).subarray(0, 34), 'BAD_COMMAND'],
  ] as const) {
    const { server } = agreed()
    server.handleBytes(Buffer.from(bytes), 0)
    assert.equal(eventsOf(server), [`ended ${code}`], bytes.toString('hex').slice(0, 40))
  }
})

test('flags in the box that mean nothing close', () => {
  for (const flags of [3, 4, 0x80, 0xff]) {
    const { server } = agreed()
    server.handleBytes(message({ flags }), 0)
    assert.equal(eventsOf(server), ['ended BAD_FLAGS'])
  }
})

test("our own MESSAGE sent back to us does not open: the two directions' keys differ", () => {
  const { client } = agreed()
  client.sendPart(Buffer.from('hello'), false)
  client.handleBytes(outputOf(client), 0)
  assert.equal(eventsOf(client), ['ended CRYPTO_FAILED'])
})

test('says so when nonces run out, while a million may still be used', () => {
  const cipher = (sent: string): CurveCipher =>
    new CurveCipher(KEY, false, Buffer.from(sent, 'hex'), shortNonce(1), 0)
  assert.is(cipher('fffffffe00000000').spent, false)
  assert.is(cipher('ffffffffffeffffe').spent, false)
  assert.is(cipher('ffffffffffefffff').spent, true)
  const bytes = Buffer.alloc(SEALED_HEAD)
  const carrying = cipher('00000000ffffffff')
  carrying.seal(bytes, 0, bytes.length, 0)
  assert.is(bytes.toString('hex', 8, 16), '0000000100000000')
  const last = cipher('fffffffffffffffe')
  last.seal(bytes, 0, bytes.length, 0)
  assert.is(bytes.toString('hex', 8, 16), 'ffffffffffffffff')
  assert.throws(() => last.seal(bytes, 0, bytes.length, 0), /no nonce/)
})

// ---- the handshake

test('the handshake fails with another server key, and nobody learns why', () => {
  const client = makeEngine('DEALER', { mechanism: curveClient({ serverKey: C }) })
  const server = makeEngine('ROUTER', { mechanism: curveServer() })
  const events = handshake(client, server)
  assert.equal(events.server, ['ended CRYPTO_FAILED'])
  assert.equal(outputOf(server).length, 0)
})

test('U3: a HELLO of another size, version, padding or content closes', () => {
  const cases: [string, (hello: Buffer) => Buffer, string][] = [
    ['199 octets', (hello) => hello.subarray(0, 199), 'BAD_COMMAND'],
    ['201 octets', (hello) => Buffer.concat([hello, Buffer.alloc(1)]), 'BAD_COMMAND'],
    ['version 2.0', (hello) => put(hello, 6, 2), 'BAD_COMMAND'],
    ['version 1.1', (hello) => put(hello, 7, 1), 'BAD_COMMAND'],
    ['padding', (hello) => put(hello, 79, 1), 'BAD_COMMAND'],
    ['a box for another', (hello) => put(hello, 125, hello[125]! ^ 1), 'CRYPTO_FAILED'],
    ['a key of order 1', (hello) => hello.fill(0, 80, 112), 'KEY_EXCHANGE_FAILED'],
    ['a key of order 2', (hello) => put(hello.fill(0, 80, 112), 80, 1), 'KEY_EXCHANGE_FAILED'],
    [
      'a key of order 8',
      (hello) => {
        hello.set(octets('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'), 80)
        return hello
      },
      'KEY_EXCHANGE_FAILED',
    ],
    ['ones in the box', (hello) => resealHello(hello, Buffer.alloc(64, 1)), 'BAD_COMMAND'],
  ]
  for (const [name, change, code] of cases) {
    const server = greeted(makeEngine('ROUTER', { mechanism: curveServer() }))
    server.handleBytes(frame(4, change(known('HELLO'))), 0)
    assert.equal(eventsOf(server), [`ended ${code}`], name)
    assert.is(outputOf(server).length, 0, name)
  }
})

test('U4: a WELCOME of another size, or one that does not open, closes', () => {
  for (const [name, welcome, code] of [
    ['167 octets', known('WELCOME').subarray(0, 167), 'BAD_COMMAND'],
    ['169 octets', Buffer.concat([known('WELCOME'), Buffer.alloc(1)]), 'BAD_COMMAND'],
    ['a bit', put(known('WELCOME'), 100, 0), 'CRYPTO_FAILED'],
    ['READY instead', known('READY'), 'UNEXPECTED_COMMAND'],
  ] as const) {
    const client = greeted(makeEngine('DEALER', { mechanism: curveClient() }))
    client.handleBytes(frame(4, welcome), 0)
    assert.equal(eventsOf(client), [`ended ${code}`], name)
  }
})

test('a WELCOME with a key of low order closes', () => {
  const client = greeted(makeEngine('DEALER', { mechanism: curveClient() }))
  const content = Buffer.concat([Buffer.alloc(32), known('cookie')])
  const key = sharedKey(S, CLIENT_TRANSIENT)
  const box = sealBox(key, nonceOf(NONCES.welcome, run(0x30, 0x3f)), content)
  client.handleBytes(frame(4, Buffer.concat([octets('07 "WELCOME"'), run(0x30, 0x3f), box])), 0)
  assert.equal(eventsOf(client), ['ended KEY_EXCHANGE_FAILED'])
})

test('U5: an INITIATE with another cookie, nonce, vouch or metadata closes', () => {
  const cases: [string, Buffer, string][] = [
    ['cut short', known('INITIATE').subarray(0, 256), 'BAD_COMMAND'],
    ['another cookie', put(known('INITIATE'), 29, 0xff), 'CRYPTO_FAILED'],
    ['another box', put(known('INITIATE'), 150, 0xff), 'CRYPTO_FAILED'],
    ['nonce 0', initiate({ nonce: 0 }), 'NONCE_REUSED'],
    ["HELLO's nonce", initiate({ nonce: 1 }), 'NONCE_REUSED'],
    ["a vouch for another C'", initiate({ vouched: Buffer.concat([run(1, 32), S]) }), 'KEY_EXCHANGE_FAILED'],
    [
      'a vouch for another S',
      initiate({ vouched: Buffer.concat([known("C'"), run(1, 32)]) }),
      'KEY_EXCHANGE_FAILED',
    ],
    ['a vouch by another', initiate({ vouchKey: run(2, 33) }), 'CRYPTO_FAILED'],
    ['a C of low order', initiate({ publicKey: Buffer.alloc(32) }), 'KEY_EXCHANGE_FAILED'],
    ['broken metadata', initiate({ metadata: octets('20 616263') }), 'BAD_METADATA'],
  ]
  for (const [name, bytes, code] of cases) {
    const server = welcoming(true)
    server.handleBytes(frame(4, bytes), 0)
    assert.equal(eventsOf(server), [`ended ${code}`], name)
    assert.is(outputOf(server).length, 0, name)
  }
})

test('the INITIATE of the cases above is good when nothing is changed', () => {
  assert.is(initiate({}).toString('hex'), VECTOR.INITIATE)
})

test('a READY that does not open, is cut short, or is broken inside closes', () => {
  const box = (content: Buffer): Buffer =>
    Buffer.concat([
      octets('05 "READY"'),
      shortNonce(1),
      sealBox(KEY, nonceOf(NONCES.ready, shortNonce(1)), content),
    ])
  for (const [name, bytes, code] of [
    ['a bit', put(known('READY'), 40, 0), 'CRYPTO_FAILED'],
    ['20 octets', known('READY').subarray(0, 20), 'BAD_COMMAND'],
    ['metadata', box(octets('20 616263')), 'BAD_METADATA'],
    ['WELCOME again', known('WELCOME'), 'UNEXPECTED_COMMAND'],
  ] as const) {
    const client = greeted(makeEngine('DEALER', { mechanism: curveClient() }))
    client.handleBytes(frame(4, known('WELCOME')), 0)
    assert.equal(eventsOf(client), [])
    client.handleBytes(frame(4, bytes), 0)
    assert.equal(eventsOf(client), [`ended ${code}`], name)
  }
})

test('commands out of turn close', () => {
  const server = (): Engine => greeted(makeEngine('ROUTER', { mechanism: curveServer() }))
  for (const name of ['INITIATE', 'READY', 'MESSAGE.hello', 'WELCOME']) {
    const engine = server()
    engine.handleBytes(frame(4, known(name)), 0)
    assert.equal(eventsOf(engine), ['ended UNEXPECTED_COMMAND'], name)
  }
  const twice = server()
  twice.handleBytes(frame(4, known('HELLO')), 0)
  assert.equal(eventsOf(twice), [])
  twice.handleBytes(frame(4, known('HELLO')), 0)
  assert.equal(eventsOf(twice), ['ended UNEXPECTED_COMMAND'])
  const error = server()
  error.handleBytes(frame(4, octets('05 "ERROR" 03 "400"')), 0)
  assert.equal(eventsOf(error), ['ended UNEXPECTED_COMMAND'])
})

test('a MESSAGE on the heels of INITIATE, its READY not awaited, closes', () => {
  const server = welcoming()
  server.handleBytes(Buffer.concat([frame(4, known('INITIATE')), frame(0, known('MESSAGE.hello'))]), 0)
  assert.equal(eventsOf(server), ['ended UNEXPECTED_COMMAND'])
})

test('an ERROR from the server is why we were not let in', () => {
  const client = greeted(makeEngine('DEALER', { mechanism: curveClient() }))
  client.handleBytes(frame(4, octets('05 "ERROR" 03 "400"')), 0)
  assert.equal(eventsOf(client), ['ended PEER_ERROR'])
})

test("a server that asks shows the client's key, and waits", () => {
  const server = welcoming(true)
  server.handleBytes(frame(4, known('INITIATE')), 0)
  assert.equal(eventsOf(server), ['authenticate'])
  assert.equal(server.question, { mechanism: 'CURVE', publicKey: C })
  assert.equal(eventsOf(server), [])
  server.handleVerdict({
    status: '200',
    userId: 'alice',
    metadata: new Map([['role', Buffer.from('admin')]]),
  })
  assert.equal(eventsOf(server), ['ready'])
  assert.is(server.peer!.userId, 'alice')
  assert.is(server.peer!.userMetadata.get('role')!.toString(), 'admin')
  assert.is(outputOf(server).toString('hex'), frame(4, known('READY')).toString('hex'))
})

test('U15: keys of low order are refused by every one of their spellings', () => {
  for (const key of [
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  ]) {
    let code = ''
    try {
      sharedKey(Buffer.from(key, 'hex'), CLIENT_SECRET)
    } catch (error) {
      code = (error as { code: string }).code
    }
    assert.is(code, 'KEY_EXCHANGE_FAILED', key)
  }
})

test('U17: keys differ for each connection, and are overwritten when it ends', () => {
  const drawn: Buffer[] = []
  let next = 0
  const draw = (size: number): Buffer => {
    const bytes = Buffer.alloc(size, ++next)
    drawn.push(bytes)
    return bytes
  }
  const make = (): Pair =>
    new Pair(
      'DEALER',
      'ROUTER',
      { mechanism: curveClient({ draw }) },
      { mechanism: curveServer({ draw }) },
    ).exchange()
  const [one, two] = [make(), make()]
  assert.equal([one.leftEvents, two.rightEvents], [['ready'], ['ready']])
  one.left.sendPart(Buffer.from('x'), false)
  two.left.sendPart(Buffer.from('x'), false)
  assert.not.equal(outputOf(one.left), outputOf(two.left))
  one.left.handleEnd(0)
  eventsOf(one.left)
  // Transient secrets and cookie keys have 32 octets; nonces, which are public, have 16.
  const secrets = drawn.filter((bytes) => bytes.length === 32)
  assert.is(secrets.length, 6)
  for (const secret of secrets) assert.ok(secret.every((octet) => octet === 0))
})

test('refuses keys that are none', () => {
  assert.throws(() => curveClient({ serverKey: Buffer.alloc(31) }), /31 octets/)
  assert.throws(() => curveServer({ secretKey: Buffer.alloc(33) }), /33 octets/)
})

test('a configured server key of low order ends the connection, and does not throw', () => {
  const client = makeEngine('DEALER', { mechanism: curveClient({ serverKey: Buffer.alloc(32) }) })
  client.handleBytes(greeting('CURVE'), 0)
  assert.equal(eventsOf(client), ['ended KEY_EXCHANGE_FAILED'])
})

test.run()

// ---- helpers

/** Through the greeting; its output is taken. */
function greeted(engine: Engine): Engine {
  engine.handleBytes(greeting('CURVE'), 0)
  eventsOf(engine)
  outputOf(engine)
  return engine
}

/** A server that has sent WELCOME. */
function welcoming(asks = false): Engine {
  const server = greeted(makeEngine('ROUTER', { mechanism: curveServer({ asks }) }))
  server.handleBytes(frame(4, known('HELLO')), 0)
  eventsOf(server)
  outputOf(server)
  return server
}

function agreed(
  left = 'DEALER',
  right = 'ROUTER',
  options: Parameters<typeof makeEngine>[1] = {},
): { client: Engine; server: Engine } {
  const pair = new Pair(left, right, { mechanism: curveClient() }, { ...options, mechanism: curveServer() })
  pair.exchange()
  assert.equal([pair.leftEvents, pair.rightEvents], [['ready'], ['ready']])
  return { client: pair.left, server: pair.right }
}

function handshake(client: Engine, server: Engine): { client: string[]; server: string[] } {
  const events = { client: [] as string[], server: [] as string[] }
  for (let n = 0; n < 6; n++) {
    server.handleBytes(outputOf(client), 0)
    events.server.push(...eventsOf(server))
    client.handleBytes(outputOf(server), 0)
    events.client.push(...eventsOf(client))
  }
  events.server = [...new Set(events.server)]
  return events
}

function through(engine: Engine, chunks: Buffer[]): string[] {
  return chunks.flatMap((chunk) => {
    engine.handleBytes(Buffer.from(chunk), 0)
    return eventsOf(engine)
  })
}

function received(engine: Engine, bytes: Buffer, maxChunk: number): Buffer {
  for (let at = 0; at < bytes.length; at += maxChunk) {
    engine.handleBytes(Buffer.from(bytes.subarray(at, at + maxChunk)), 0)
    if (engine.poll() === 2) return Buffer.from(engine.body.subarray(engine.bodyStart, engine.bodyEnd))
  }
  throw new Error('nothing came')
}

function put(bytes: Buffer, at: number, value: number): Buffer {
  bytes[at] = value
  return bytes
}

/** A MESSAGE from the client of the deterministic session, as a frame. */
function message({
  nonce = 3n,
  flags = 0,
  body = 'hello',
}: {
  nonce?: number | bigint
  flags?: number
  body?: string
}): Buffer {
  const short = Buffer.alloc(8)
  short.writeBigUInt64BE(BigInt(nonce))
  const content = Buffer.concat([Buffer.from([flags]), Buffer.from(body)])
  const box = sealBox(KEY, nonceOf('CurveZMQMESSAGEC', short), content)
  return frame(0, Buffer.concat([octets('07 "MESSAGE"'), short, box]))
}

function resealHello(hello: Buffer, content: Buffer): Buffer {
  const box = sealBox(sharedKey(S, CLIENT_TRANSIENT), nonceOf(NONCES.hello, shortNonce(1)), content)
  hello.set(box, 120)
  return hello
}

interface Initiate {
  nonce?: number
  publicKey?: Buffer
  vouchKey?: Buffer
  vouched?: Buffer
  metadata?: Buffer
}

function initiate({
  nonce = 2,
  publicKey = C,
  vouchKey = CLIENT_SECRET,
  vouched = Buffer.concat([known("C'"), S]),
  metadata = metadataBytes({ socketType: 'DEALER', ...EMPTY_IDENTITY }),
}: Initiate): Buffer {
  const vouchNonce = run(0x50, 0x5f)
  const vouch = sealBox(sharedKey(known("S'"), vouchKey), nonceOf(NONCES.vouch, vouchNonce), vouched)
  const content = Buffer.concat([publicKey, vouchNonce, vouch, metadata])
  const short = shortNonce(nonce)
  const box = sealBox(KEY, nonceOf(NONCES.initiate, short), content)
  return Buffer.concat([octets('08 "INITIATE"'), known('cookie'), short, box])
}
