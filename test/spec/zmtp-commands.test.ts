// RFC 37 "Commands" and "Metadata", checklist group C, and M8, M9 of the heartbeats: one test per statement.
// C21 to C23 (which form a subscription takes) belong to the sockets.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Engine } from '../../src/zmtp/engine/engine.ts'
import {
  command,
  eventsOf,
  frame,
  greeting,
  makeEngine,
  octets,
  outputOf,
  property,
  ready,
  readyEngine,
} from '../support/engine.ts'
import { feed, feedEngine } from '../support/feed.ts'
import { Pair } from '../support/pair.ts'

const test = suite('RFC 37 commands')
const TYPES = ['REQ', 'REP', 'DEALER', 'ROUTER', 'PUB', 'XPUB', 'SUB', 'XSUB', 'PUSH', 'PULL', 'PAIR']

/** Feeds a greeting and these octets to a ROUTER. */
function handshake(bytes: Buffer, expected: string[], tail?: Buffer): void {
  feedEngine(makeEngine, Buffer.concat([greeting(), bytes]), expected, tail)
}

/** The engine, after a handshake in which the peer said this. */
function after(said: Buffer): Engine {
  const engine = makeEngine()
  engine.handleBytes(Buffer.concat([greeting(), said]), 0)
  assert.equal(eventsOf(engine), ['ready'])
  return engine
}

/** However `question` is cut, nothing is delivered, and `answer` is all that is sent. */
function answers(question: Buffer, answer: Buffer): void {
  feed(question, (chunks) => {
    const engine = readyEngine()
    for (const chunk of chunks) {
      engine.handleBytes(chunk, 0)
      assert.equal(eventsOf(engine), [])
    }
    assert.equal(outputOf(engine), answer)
  })
}

function readyOf(type: string): Buffer {
  const engine = makeEngine(type)
  engine.handleBytes(greeting(), 0)
  eventsOf(engine)
  return outputOf(engine).subarray(64)
}

test('C1: READY of each type has the octets and the size of the captured one', () => {
  for (const [type, size] of [
    ['PUB', 27],
    ['SUB', 27],
    ['REP', 27],
    ['PULL', 28],
    ['PUSH', 28],
    ['PAIR', 28],
    ['XPUB', 28],
    ['XSUB', 28],
    ['REQ', 40],
    ['DEALER', 43],
    ['ROUTER', 43],
  ] as const) {
    const identity = size >= 40 ? [property('Identity', '')] : []
    assert.equal(readyOf(type), ready(type, ...identity))
    assert.is(readyOf(type).length, size)
  }
})

test('C2: REQ, DEALER and ROUTER announce an identity, even an empty one, and no other type does', () => {
  for (const type of TYPES) {
    assert.is(readyOf(type).includes('Identity'), ['REQ', 'DEALER', 'ROUTER'].includes(type), type)
  }
})

test('C3: names of properties are matched in any case', () => {
  for (const change of [
    (name: string) => name.toLowerCase(),
    (name: string) => name.toUpperCase(),
    (name: string) => name.replace(/[a-y]/g, (letter) => letter.toUpperCase()),
  ]) {
    const said = (type: string) =>
      command(
        'READY',
        Buffer.concat([property(change('Socket-Type'), type), property(change('Identity'), 'me')]),
      )
    handshake(said('PUB'), ['ended INCOMPATIBLE_SOCKET_TYPE'])
    handshake(said('DEALER'), ['ready'], octets('00'))
    const { peer } = after(said('DEALER'))
    assert.equal([peer!.socketType, String(peer!.identity)], ['DEALER', 'me'])
  }
})

test('C4: READY without a Socket-Type is accepted, the type is unknown', () => {
  handshake(Buffer.concat([command('READY'), octets('00 02 "hi"')]), ['ready', 'part 6869'], octets('00'))
  assert.is(after(command('READY')).peer!.socketType, '')
})

test('C5: of 121 pairs of types the 21 legal ones connect and the others are refused, by both sides', () => {
  const legal = new Set([
    'REQ REP',
    'REQ ROUTER',
    'REP REQ',
    'REP DEALER',
    'DEALER REP',
    'DEALER DEALER',
    'DEALER ROUTER',
    'ROUTER REQ',
    'ROUTER DEALER',
    'ROUTER ROUTER',
    'PUB SUB',
    'PUB XSUB',
    'XPUB SUB',
    'XPUB XSUB',
    'SUB PUB',
    'SUB XPUB',
    'XSUB PUB',
    'XSUB XPUB',
    'PUSH PULL',
    'PULL PUSH',
    'PAIR PAIR',
  ])
  for (const left of TYPES)
    for (const right of TYPES) {
      const pair = new Pair(left, right).exchange()
      const expected = legal.has(`${left} ${right}`) ? 'ready' : 'ended INCOMPATIBLE_SOCKET_TYPE'
      assert.equal([pair.leftEvents, pair.rightEvents], [[expected], [expected]], `${left} ${right}`)
    }
  assert.is(legal.size, 21)
})

test('C6: a property that is cut ends the connection, in its name, its length and its value', () => {
  const type = property('Socket-Type', 'DEALER')
  const both = Buffer.concat([type, property('Identity', 'me')])
  for (let size = 1; size < both.length; size++) {
    if (size === type.length) continue
    handshake(command('READY', both.subarray(0, size)), ['ended BAD_METADATA'], octets('00 01 41'))
  }
})

test('C7: one stray octet behind the properties ends the connection', () => {
  handshake(command('READY', Buffer.concat([property('Socket-Type', 'DEALER'), octets('41')])), [
    'ended BAD_METADATA',
  ])
})

test('C8: a value length of 2^31 and more ends the connection', () => {
  // Right in all but the highest bit: with six octets and with none behind it.
  for (const value of ['80000006 "DEALER"', 'ffffffff "DEALER"', '80000000']) {
    handshake(command('READY', octets(`0b "Socket-Type" ${value}`)), ['ended BAD_METADATA'], octets('00 00'))
  }
})

test('C9: a property name of no octets ends the connection', () => {
  handshake(ready('DEALER', property('', 'x')), ['ended BAD_METADATA'])
})

test('C10: 100 kB of X- metadata pass below the limit and are refused above it', () => {
  const said = ready('DEALER', property('X-a', Buffer.alloc(100_000, 'v')))
  const body = said.length - 9
  const make = (command: number, all: number) =>
    makeEngine('ROUTER', { maxHandshakeCommand: command, maxHandshakeBytes: all })
  for (const [command, all, verdict] of [
    [body, said.length, 'ready'],
    [body - 1, said.length, 'ended HANDSHAKE_TOO_LARGE'],
    [body, said.length - 1, 'ended HANDSHAKE_TOO_LARGE'],
  ] as const) {
    feed(
      Buffer.concat([greeting(), said]),
      (chunks) => {
        const engine = make(command, all)
        const events = chunks.flatMap((chunk) => {
          engine.handleBytes(chunk, 0)
          return eventsOf(engine)
        })
        assert.is(events[0], verdict)
        const value = engine.peer?.properties.get('X-a')
        assert.is(value?.equals(Buffer.alloc(100_000, 'v')), verdict === 'ready' ? true : undefined)
      },
      30,
    )
  }
})

test('C10: what is refused is refused on its header, and by default that is above 8 KiB', () => {
  const header = (size: number) => octets(`06 00*4 ${size.toString(16).padStart(8, '0')}`)
  handshake(header(8193), ['ended HANDSHAKE_TOO_LARGE'], octets('05 "READY"'))
  handshake(header(8192), [])
})

test('C11: unknown properties are kept, as spelt', () => {
  const engine = makeEngine()
  engine.handleBytes(
    Buffer.concat([greeting(), ready('DEALER', property('X-Colour', 'red'), property('Resource', '/a'))]),
    0,
  )
  eventsOf(engine)
  const { properties } = engine.peer!
  assert.equal([String(properties.get('X-Colour')), String(properties.get('Resource'))], ['red', '/a'])
})

test('C12: an identity of 255 octets is accepted, one of 256 refused', () => {
  const said = (size: number) => ready('DEALER', property('Identity', Buffer.alloc(size, 0x69)))
  handshake(said(255), ['ready'], octets('00'))
  assert.equal(after(said(255)).peer!.identity, Buffer.alloc(255, 0x69))
  handshake(said(256), ['ended BAD_IDENTITY'], octets('00 00'))
})

test('C12, R13: an identity that begins with 00, as those that a ROUTER makes up, is refused', () => {
  handshake(ready('DEALER', property('Identity', octets('00 80000000'))), ['ended BAD_IDENTITY'])
})

test('C13: READY without the COMMAND bit is refused', () => {
  handshake(Buffer.concat([octets('00'), ready('DEALER').subarray(1)]), ['ended UNEXPECTED_COMMAND'])
})

test('C14: a message before READY ends the connection', () => {
  handshake(octets('00'), ['ended UNEXPECTED_COMMAND'], octets('02 "hi"'))
})

test('C15: a second READY is not ignored, as libzmq does, but ends the connection (decision 0003)', () => {
  handshake(
    Buffer.concat([ready('DEALER'), ready('DEALER')]),
    ['ready', 'ended UNEXPECTED_COMMAND'],
    octets('00 02 "hi"'),
  )
})

test('C16: ERROR surfaces its reason, an empty one too; a reason that does not fit ends as a bad command', () => {
  for (const [data, reason] of [
    ['03 "400"', ': our credentials are not accepted (status 400)'],
    ['04 "busy"', ': busy'],
    ['00', 'the peer refused us'],
  ] as const) {
    const engine = makeEngine()
    engine.handleBytes(Buffer.concat([greeting(), command('ERROR', octets(data))]), 0)
    assert.equal(eventsOf(engine), ['ended PEER_ERROR'])
    assert.ok(engine.error!.message.endsWith(reason))
  }
  handshake(command('ERROR', octets('04 "400"')), ['ended BAD_COMMAND'])
  handshake(command('ERROR'), ['ended BAD_COMMAND'])
})

test('C17: PING is answered with its context, of 0, 1 and 16 octets', () => {
  for (const size of [0, 1, 16]) {
    const context = Buffer.alloc(size, 0x78)
    answers(command('PING', Buffer.concat([octets('0000'), context])), command('PONG', context))
  }
})

test('C18: of a context of 17 octets and more the first 16 come back', () => {
  for (const rest of ['g', 'g'.repeat(300)]) {
    answers(command('PING', `\0\x000123456789abcdef${rest}`), command('PONG', '0123456789abcdef'))
  }
})

test('C19: PING with 0 or 1 octet behind its name ends the connection', () => {
  for (const data of ['', '00']) {
    feedEngine(() => readyEngine(), command('PING', octets(data)), ['ended BAD_COMMAND'], octets('ff*20'))
  }
})

test('C20: a time to live above 65.5 s is sent as 65.5 s', () => {
  const engine = readyEngine('ROUTER', 'DEALER', { heartbeatIntervalMs: 100, heartbeatTtlMs: 600_000 })
  engine.handleTimeout(100)
  assert.equal(outputOf(engine), command('PING', octets('028f')))
})

test('C24: SUBSCRIBE and CANCEL are not delivered as data by a socket that is no publisher', () => {
  const session = Buffer.concat([command('SUBSCRIBE', 'A'), command('CANCEL', 'A'), octets('00 01 41')])
  for (const [local, peer] of [
    ['PULL', 'PUSH'],
    ['PUSH', 'PULL'],
    ['ROUTER', 'DEALER'],
    ['DEALER', 'ROUTER'],
    ['REQ', 'REP'],
    ['REP', 'REQ'],
    ['PAIR', 'PAIR'],
    ['SUB', 'PUB'],
    ['XSUB', 'XPUB'],
  ] as const) {
    feedEngine(() => readyEngine(local, peer), session, ['part 41'], command('SUBSCRIBE', 'B').subarray(0, 5))
  }
  for (const local of ['PUB', 'XPUB']) {
    feedEngine(() => readyEngine(local, 'SUB'), session, ['SUBSCRIBE 41', 'CANCEL 41', 'part 41'])
  }
})

test('commands: names are compared in their case', () => {
  handshake(command('ready', property('Socket-Type', 'DEALER')), ['ended UNEXPECTED_COMMAND'])
  const engine = readyEngine()
  engine.handleBytes(command('ping', octets('0000')), 0)
  assert.equal(eventsOf(engine), [])
  assert.is(outputOf(engine).length, 0)
})

test('commands: a name that is empty or does not fit ends the connection, before READY and after', () => {
  for (const body of ['00', '02 41', 'ff 41']) {
    handshake(frame(4, octets(body)), ['ended BAD_COMMAND'])
    feedEngine(() => readyEngine(), frame(4, octets(body)), ['ended BAD_COMMAND'])
  }
})

// ---- heartbeats

const BEAT = { heartbeatIntervalMs: 300, heartbeatTimeoutMs: 1000 }

test('M8: PING at every interval, answered at once, keeps both sides', () => {
  const pair = new Pair('DEALER', 'ROUTER', BEAT).exchange()
  const { left } = pair.sent
  pair.advance(3000)
  assert.equal([pair.leftEvents, pair.rightEvents], [['ready'], ['ready']])
  assert.is(pair.sent.left - left, 10 * command('PING', '\0\0').length)
})

test('M8: a peer that answers nothing is given up one timeout after the first PING', () => {
  const pair = new Pair('DEALER', 'ROUTER', BEAT).exchange()
  pair.cut = true
  pair.advance(5000)
  assert.equal(pair.leftEvents, ['ready', '1300: ended SILENT_PEER'])
})

test('M8: any octet counts as life, also inside a large frame', () => {
  const engine = readyEngine('ROUTER', 'DEALER', BEAT)
  const bytes = frame(0, Buffer.alloc(1000))
  for (let now = 0, at = 0; at < bytes.length; now += 100, at += 20) {
    engine.handleBytes(bytes.subarray(at, at + 20), now)
    eventsOf(engine)
    while (engine.pollDeadline() <= now + 99) engine.handleTimeout(engine.pollDeadline())
    assert.is(engine.error, undefined)
  }
})

test('M8: when silent only, there is no PING while octets come', () => {
  const engine = readyEngine('ROUTER', 'DEALER', {
    heartbeatIntervalMs: 300,
    heartbeatTimeoutMs: 900,
    heartbeatOnlyWhenSilent: true,
  })
  for (let now = 100; now <= 2000; now += 100) {
    engine.handleBytes(octets('00 00'), now)
    eventsOf(engine)
    engine.handleTimeout(now)
  }
  assert.is(outputOf(engine).length, 0)
  // By its deadlines: a timer that is late says nothing about the peer.
  while (engine.pollDeadline() <= 2300) engine.handleTimeout(engine.pollDeadline())
  assert.equal(outputOf(engine), command('PING', octets('0000')))
})

test('M9: the time to live of a PING ends a silence; TTL 0 and octets do not let it', () => {
  const silent = (ttl: string, later?: string) => {
    const engine = readyEngine()
    engine.handleBytes(command('PING', octets(ttl)), 1000)
    eventsOf(engine)
    if (later !== undefined) {
      engine.handleBytes(octets(later), 1400)
      eventsOf(engine)
    }
    engine.handleTimeout(1500)
    return eventsOf(engine)
  }
  assert.equal(silent('0005'), ['ended SILENT_PEER'])
  assert.equal(silent('0006'), [])
  assert.equal(silent('0000'), [])
  assert.equal(silent('0005', '00 00'), [])
})

test('M9: a time to live of 6,553.5 s does not wrap, as it does in libzmq', () => {
  const engine = readyEngine()
  engine.handleBytes(command('PING', octets('ffff')), 0)
  eventsOf(engine)
  assert.is(engine.pollDeadline(), 6_553_500)
})

test.run()
