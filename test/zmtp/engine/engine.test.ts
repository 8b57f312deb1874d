// The engine as its driver sees it: what goes in, what `poll` says, what there is to send, when to come back.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UsageError } from '../../../src/base/errors.ts'
import { Engine, NEED_MORE, PART } from '../../../src/zmtp/engine/engine.ts'
import { PeerError } from '../../../src/zmtp/engine/peer-error.ts'
import { FAILED, GREETING, HANDSHAKE, TRAFFIC } from '../../../src/zmtp/engine/phase.ts'
import { Admission } from '../../../src/zmtp/engine/security/admission.ts'
import type { Mechanism } from '../../../src/zmtp/engine/security/mechanism.ts'
import { NullMechanism } from '../../../src/zmtp/engine/security/null.ts'
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
} from '../../support/engine.ts'
import { feed, feedEngine } from '../../support/feed.ts'
import { Pair } from '../../support/pair.ts'

const test = suite('engine')
const code = (wanted: string) => (error: { code?: string }) => error.code === wanted

test('walks through its phases', () => {
  const engine = makeEngine()
  assert.is(engine.phase, GREETING)
  engine.handleBytes(greeting(), 0)
  assert.equal(eventsOf(engine), [])
  assert.is(engine.phase, HANDSHAKE)
  engine.handleBytes(ready('DEALER'), 0)
  assert.equal(eventsOf(engine), ['ready'])
  assert.is(engine.phase, TRAFFIC)
  engine.handleBytes(octets('ff'), 0)
  assert.equal(eventsOf(engine), ['ended BAD_FLAGS'])
  assert.is(engine.phase, FAILED)
  assert.equal(eventsOf(engine), ['ended BAD_FLAGS'], 'and stays there')
})

test('says who the peer is', () => {
  const engine = makeEngine()
  assert.is(engine.peer, undefined)
  engine.handleBytes(Buffer.concat([greeting('NULL', 4, 2), ready('REQ', property('Identity', 'me'))]), 0)
  eventsOf(engine)
  const { socketType, identity, properties, major, minor } = engine.peer!
  assert.equal([socketType, String(identity), properties.size, major, minor], ['REQ', 'me', 2, 4, 2])
})

test('delivers a whole session however it is cut', () => {
  feedEngine(
    makeEngine,
    octets('{GN} {DEALER} 00 02 "hi" 01 00 00 01 41 04 07 04 "PING" 0000 02 00*6 01 2c 42*300 00 00'),
    ['ready', 'part 6869', 'more', 'part 41', 'part (300)', 'part'],
    octets('00 05 "more"'),
  )
})

test('gives parts as ranges of the chunk they came in, without a copy', () => {
  const engine = readyEngine()
  const chunk = octets('00 02 "hi" 02 00*6 01 00 41*256')
  engine.handleBytes(chunk, 0)
  assert.is(engine.poll(), PART)
  assert.ok(engine.body === chunk)
  assert.equal([engine.bodyStart, engine.bodyEnd, engine.more], [2, 4, false])
  assert.is(engine.poll(), PART)
  assert.ok(engine.body === chunk)
  assert.equal([engine.bodyStart, engine.bodyEnd], [13, 269])
  assert.is(engine.poll(), NEED_MORE)
  assert.is(engine.body.length, 0, 'and holds no chunk when idle')
})

test('joins a 300-octet part split across three chunks into memory of its own', () => {
  const engine = readyEngine()
  const bytes = frame(0, Buffer.alloc(300, 0x41))
  for (const piece of [
    bytes.subarray(0, 100),
    bytes.subarray(100, 200),
    Buffer.concat([bytes.subarray(200), octets('00 01 42')]),
  ]) {
    engine.handleBytes(piece, 0)
    if (engine.poll() === PART) break
  }
  assert.equal(engine.body, Buffer.alloc(300, 0x41))
  assert.is(engine.poll(), PART)
  assert.is(engine.body.toString('latin1', engine.bodyStart, engine.bodyEnd), 'B')
})

test('keeps chunks that come while nobody polls, in order', () => {
  const engine = readyEngine()
  for (const text of ['00 01 41', '00 02 42', '42 00', '', '01 43']) engine.handleBytes(octets(text), 0)
  assert.equal(eventsOf(engine), ['part 41', 'part 4242', 'part 43'])
})

test('delivers what came before the peer closed, then ends in order', () => {
  const engine = readyEngine('ROUTER', 'DEALER', { heartbeatIntervalMs: 100 })
  engine.handleBytes(octets('00 01 41'), 0)
  engine.handleBytes(octets('00 01 42'), 0)
  engine.handleEnd(0)
  assert.equal(eventsOf(engine), ['part 41', 'part 42', 'ended -'])
  assert.is(engine.error, undefined)
  assert.is(engine.pollDeadline(), Infinity)
  assert.is(engine.body.length, 0)
})

test('tells a close inside a message, a frame or the handshake from an orderly one', () => {
  for (const text of ['01 00', '00', '00 05 41', '04 05 04', '02 00 00']) {
    const engine = readyEngine()
    engine.handleBytes(octets(text), 0)
    eventsOf(engine)
    engine.handleEnd(0)
    assert.equal(eventsOf(engine), ['ended PEER_CLOSED'], text)
    assert.match(engine.error!.message, 'inside a message')
  }
  for (const [text, place] of [
    ['', 'before its greeting'],
    ['ff', 'before its greeting'],
    ['{GN}', 'during the handshake'],
    ['{GN} 04', 'during the handshake'],
  ] as const) {
    const engine = makeEngine()
    engine.handleBytes(octets(text), 0)
    engine.handleEnd(0)
    assert.equal(eventsOf(engine), ['ended PEER_CLOSED'], text)
    assert.match(engine.error!.message, place)
  }
})

test('takes nothing in once it has ended', () => {
  const engine = readyEngine()
  engine.handleBytes(octets('ff'), 0)
  eventsOf(engine)
  engine.handleBytes(octets('00 01 41'), 5)
  engine.handleTimeout(10)
  assert.equal(eventsOf(engine), ['ended BAD_FLAGS'])
  assert.is(engine.pollDeadline(), Infinity)
})

// ---- sending

test('sends parts of every size that another engine reads back', () => {
  const pair = new Pair('DEALER', 'ROUTER').exchange()
  const sizes = [0, 1, 12, 13, 255, 256, 8192, 8193, 100_000]
  sizes.forEach((size, i) => {
    pair.left.sendPart(Buffer.alloc(size, i), true)
  })
  pair.left.sendPart(Buffer.from('end'), false)
  pair.exchange()
  assert.equal(pair.rightEvents, [
    'ready',
    'more',
    'more 01',
    `more ${'02'.repeat(12)}`,
    `more ${'03'.repeat(13)}`,
    ...sizes.slice(4).map((size) => `more (${size})`),
    'part 656e64',
  ])
})

test('lets others write a part in place, or give it up', () => {
  const engine = readyEngine()
  const slab = engine.beginPart(true)
  assert.ok(slab === engine.output)
  slab.reserve(3)
  slab.bytes.write('abc', slab.at)
  slab.at += 3
  engine.endPart()
  engine.beginPart(false).reserve(100)
  engine.abandonPart()
  engine.beginPart(false)
  engine.endPart()
  assert.equal(outputOf(engine), octets('01 03 "abc" 00 00'))
})

test('sends commands, between the parts of a message too', () => {
  const engine = readyEngine('SUB', 'PUB')
  engine.sendPart(Buffer.from('a'), true)
  engine.sendCommand('SUBSCRIBE', Buffer.alloc(0))
  engine.sendCommand('SUBSCRIBE', Buffer.alloc(246, 0x41))
  engine.sendPart(Buffer.from('b'), false)
  assert.equal(
    outputOf(engine),
    octets('01 01 61 04 0a 09 "SUBSCRIBE" 06 00*6 01 00 09 "SUBSCRIBE" 41*246 00 01 62'),
  )
})

test('refuses to send out of turn, and writes nothing then', () => {
  const out = (act: () => void) => assert.throws(act, code('SEND_OUT_OF_TURN'))
  const engine = makeEngine()
  outputOf(engine)
  const everything = (e: Engine) => {
    out(() => e.sendPart(Buffer.alloc(1), false))
    out(() => e.beginPart(false))
    out(() => e.endPart())
    out(() => e.abandonPart())
    out(() => e.sendCommand('PING', Buffer.alloc(2)))
  }
  everything(engine)
  engine.handleBytes(greeting(), 0)
  eventsOf(engine)
  outputOf(engine)
  everything(engine)
  engine.handleBytes(ready('DEALER'), 0)
  eventsOf(engine)
  out(() => engine.endPart())
  engine.beginPart(false)
  out(() => engine.sendPart(Buffer.alloc(1), false))
  out(() => engine.beginPart(false))
  out(() => engine.sendCommand('PING', Buffer.alloc(2)))
  engine.abandonPart()
  assert.is(outputOf(engine).length, 0)
  engine.handleBytes(octets('ff'), 0)
  eventsOf(engine)
  everything(engine)
})

test('refuses to be made with an identity or properties that cannot be announced', () => {
  const refused = (options: object, wanted: string) =>
    assert.throws(
      () => makeEngine('DEALER', options),
      (error: Error) => error instanceof UsageError && code(wanted)(error as never),
    )
  refused({ identity: Buffer.alloc(256, 1) }, 'BAD_IDENTITY')
  refused({ metadata: new Map([['Identity', Buffer.alloc(1)]]) }, 'BAD_METADATA')
})

test('announces further properties behind its own', () => {
  const engine = makeEngine('DEALER', { metadata: new Map([['X-Pseud', Buffer.from('2')]]) })
  engine.handleBytes(greeting(), 0)
  eventsOf(engine)
  assert.equal(
    outputOf(engine).subarray(64),
    ready('DEALER', property('Identity', ''), property('X-Pseud', '2')),
  )
})

// ---- commands

test('surfaces subscriptions to publishers, with the range of the topic', () => {
  for (const type of ['PUB', 'XPUB']) {
    feedEngine(
      () => makeEngine(type),
      Buffer.concat([
        greeting(),
        ready('SUB'),
        command('SUBSCRIBE', 'A'),
        command('CANCEL', 'A'),
        command('SUBSCRIBE'),
      ]),
      ['ready', 'SUBSCRIBE 41', 'CANCEL 41', 'SUBSCRIBE'],
    )
  }
})

test('counts the commands it ignores', () => {
  const engine = readyEngine()
  engine.handleBytes(
    Buffer.concat([command('NOPE', 'x'), command('SUBSCRIBE', 'A'), command('CANCEL'), command('ERROR')]),
    0,
  )
  assert.equal(eventsOf(engine), [])
  assert.is(engine.ignoredCommands, 4)
  engine.handleBytes(command('PONG', 'unasked'), 0)
  assert.equal(eventsOf(engine), [])
  assert.is(engine.ignoredCommands, 4)
})

test('answers a row of PINGs with one PONG, the context of the last', () => {
  const engine = readyEngine()
  engine.handleBytes(
    Buffer.concat([command('PING', '\0\0a'), command('PING', '\0\0b'), octets('00 01 41')]),
    0,
  )
  assert.is(engine.poll(), PART)
  assert.equal(outputOf(engine), command('PONG', 'b'), 'before the part is looked at')
})

test('answers 100 PINGs a second, and the last one when the next second begins', () => {
  const engine = readyEngine()
  for (let i = 0; i < 2000; i++) {
    engine.handleBytes(command('PING', `\0\0${i}`), i / 10)
    assert.equal(eventsOf(engine), [])
  }
  assert.is(outputOf(engine).toString('latin1').split('PONG').length - 1, 100)
  assert.is(engine.pollDeadline(), 1000)
  engine.handleTimeout(999)
  assert.is(outputOf(engine).length, 0)
  assert.is(engine.pollDeadline(), 1000)
  engine.handleTimeout(1000)
  assert.equal(outputOf(engine), command('PONG', '1999'))
  assert.is(engine.pollDeadline(), Infinity)
})

test('refuses a command above 1 MiB on its header', () => {
  const engine = readyEngine()
  engine.handleBytes(octets('06 00*5 10 00 01'), 0)
  assert.equal(eventsOf(engine), ['ended FRAME_TOO_LARGE'])
})

test('gives the reason of an ERROR as data', () => {
  const engine = makeEngine()
  engine.handleBytes(Buffer.concat([greeting(), command('ERROR', '\x03400')]), 0)
  assert.equal(eventsOf(engine), ['ended PEER_ERROR'])
  assert.ok(engine.error instanceof PeerError)
  assert.is((engine.error as PeerError).reason, '400')
  const silent = makeEngine()
  silent.handleBytes(Buffer.concat([greeting(), command('ERROR', '\0')]), 0)
  eventsOf(silent)
  assert.is(silent.error!.message, 'the peer refused us')
})

test('tells an incompatible peer why before it ends', () => {
  const engine = makeEngine('ROUTER')
  engine.handleBytes(Buffer.concat([greeting(), ready('PUB')]), 0)
  assert.equal(eventsOf(engine), ['ended INCOMPATIBLE_SOCKET_TYPE'])
  assert.ok(outputOf(engine).includes(command('ERROR', '\x18Incompatible Socket-Type')))
})

// ---- mechanisms

/** Speaks first when it is the client; each side says ONE, then TWO, in turns. */
class TwoRounds implements Mechanism {
  readonly name = 'ROUNDS'
  readonly asServer: boolean
  readonly lockstep = false
  readonly admission = new Admission(false)
  readonly cipher = undefined
  peerMetadata = undefined as Mechanism['peerMetadata']
  #said = 0
  #heard = 0

  constructor(asServer: boolean) {
    this.asServer = asServer
  }

  get ready(): boolean {
    return this.#said === 2 && this.#heard === 2
  }

  writeNextCommand(output: { reserve(n: number): void; bytes: Buffer; at: number }): boolean {
    if (this.#said === 2 || this.#said >= this.#heard + (this.asServer ? 0 : 1)) return false
    const body = octets('03 "ONE"')
    output.reserve(body.length)
    output.bytes.set(body, output.at)
    output.at += body.length
    this.#said++
    return true
  }

  handleCommand(): void {
    this.#heard++
    this.peerMetadata = { socketType: 'PAIR', identity: Buffer.alloc(0), properties: new Map() }
  }

  wipe(): void {}
}

test('lets a mechanism take turns, and is ready when both have said all', () => {
  for (const maxChunk of [1, 7, Infinity]) {
    const pair = new Pair(
      'PAIR',
      'PAIR',
      { mechanism: new TwoRounds(false) },
      { mechanism: new TwoRounds(true) },
    )
    pair.maxChunk = maxChunk
    pair.exchange()
    assert.equal([pair.leftEvents, pair.rightEvents], [['ready'], ['ready']])
  }
})

test('does not begin traffic with a mechanism that has not said who the peer is', () => {
  const mechanism = new TwoRounds(true)
  mechanism.handleCommand = () => {}
  const engine = makeEngine('PAIR', { mechanism })
  engine.handleBytes(Buffer.concat([greeting('ROUNDS'), command('ONE'), command('TWO')]), 0)
  assert.equal(eventsOf(engine), [])
})

test('does not take a defect of a mechanism for the fault of the peer', () => {
  const mechanism = new NullMechanism()
  mechanism.handleCommand = () => {
    throw new TypeError('defect')
  }
  const engine = makeEngine('PAIR', { mechanism })
  engine.handleBytes(Buffer.concat([greeting(), ready('PAIR')]), 0)
  assert.throws(() => engine.poll(), /defect/)
})

// ---- limits

test('judges a frame on its header, in the short way and in the long one', () => {
  const options = { maxFrameSize: 300, maxMessageSize: 500, maxFrames: 3 }
  const cases: [string, string[]][] = [
    ['02 00*6 01 2c 41*300', ['part (300)']],
    ['02 00*6 01 2d', ['ended FRAME_TOO_LARGE']],
    ['02 00*6 01 2d 41*301', ['ended FRAME_TOO_LARGE']],
    ['01 c8 41*200 02 00*6 01 2c 41*300', ['more (200)', 'part (300)']],
    ['01 c9 41*201 02 00*6 01 2c', ['more (201)', 'ended MESSAGE_TOO_LARGE']],
    ['01 c9 41*201 02 00*6 01 2c 41*300', ['more (201)', 'ended MESSAGE_TOO_LARGE']],
    ['01 00 01 00 00 00 01 00 01 00 00 00', ['more', 'more', 'part', 'more', 'more', 'part']],
    ['01 00 01 00 01 00 00 00', ['more', 'more', 'more', 'ended TOO_MANY_FRAMES']],
  ]
  for (const [text, expected] of cases)
    feedEngine(() => readyEngine('ROUTER', 'DEALER', options), octets(text), expected)
  feedEngine(() => readyEngine('ROUTER', 'DEALER', { maxFrameSize: 10 }), octets('00 0a 41*10 00 0b'), [
    `part ${'41'.repeat(10)}`,
    'ended FRAME_TOO_LARGE',
  ])
  feedEngine(() => readyEngine('ROUTER', 'DEALER', { maxMessageSize: 10 }), octets('00 0b'), [
    'ended MESSAGE_TOO_LARGE',
  ])
})

test('bounds the handshake', () => {
  const big = ready('DEALER', property('X-a', Buffer.alloc(8200)))
  feed(big.subarray(0, 300), (chunks) => {
    const engine = makeEngine()
    engine.handleBytes(greeting(), 0)
    eventsOf(engine)
    const events = chunks.flatMap((chunk) => {
      engine.handleBytes(chunk, 0)
      return eventsOf(engine)
    })
    assert.is(events[0], 'ended HANDSHAKE_TOO_LARGE')
  })
})

// ---- time

test('gives up a handshake that is not done in time, whatever came in between', () => {
  const engine = makeEngine('ROUTER', { handshakeTimeoutMs: 1000 }, 500)
  assert.is(engine.pollDeadline(), 1500)
  engine.handleBytes(greeting(), 1400)
  assert.equal(eventsOf(engine), [])
  assert.is(engine.pollDeadline(), 1500)
  engine.handleTimeout(1499)
  assert.equal(eventsOf(engine), [])
  engine.handleTimeout(1500)
  assert.equal(eventsOf(engine), ['ended HANDSHAKE_TIMEOUT'])
  assert.is(engine.pollDeadline(), Infinity)
})

test('forgets the handshake deadline once it is ready', () => {
  const engine = readyEngine('ROUTER', 'DEALER', { handshakeTimeoutMs: 1000 })
  assert.is(engine.pollDeadline(), Infinity)
  engine.handleTimeout(2000)
  assert.equal(eventsOf(engine), [])
})

test('gives up a message that does not get on', () => {
  for (const [text, first] of [
    ['01 00', ['more']],
    ['02 00 00 00', []],
    ['00 05 41', []],
  ] as const) {
    const engine = readyEngine('ROUTER', 'DEALER', { stallTimeoutMs: 30_000 })
    assert.is(engine.pollDeadline(), Infinity)
    engine.handleBytes(octets(text), 1000)
    assert.equal(eventsOf(engine), first)
    assert.is(engine.pollDeadline(), 31_000)
    engine.handleTimeout(31_000)
    assert.equal(eventsOf(engine), ['ended STALLED'])
  }
})

test('lets a message that gets on take its time, and forgets it when it is done', () => {
  const engine = readyEngine('ROUTER', 'DEALER', { stallTimeoutMs: 1000 })
  const bytes = frame(0, Buffer.alloc(5000))
  for (let i = 0; i < 10; i++) {
    engine.handleTimeout(i * 900)
    engine.handleBytes(bytes.subarray(i * 500, i * 500 + 500), i * 900)
    assert.equal(eventsOf(engine), [])
  }
  engine.handleBytes(bytes.subarray(5000), 9000)
  assert.equal(eventsOf(engine), ['part (5000)'])
  engine.handleTimeout(20_000) // late: looks once more
  engine.handleTimeout(20_100)
  assert.equal(eventsOf(engine), [])
  assert.is(engine.pollDeadline(), Infinity)
})

test('a stop of our own, and octets that were not looked at, are not held against an unfinished message', () => {
  const engine = readyEngine('PULL', 'PUSH', { stallTimeoutMs: 1000 })
  engine.handleResume(5)
  engine.handleBytes(octets('00 05 aa'), 10)
  assert.equal(eventsOf(engine), [])
  engine.handleResume(900)
  engine.handleTimeout(1010)
  assert.equal(eventsOf(engine), [])
  engine.handleBytes(octets('aa'), 1800)
  engine.handleTimeout(1900)
  assert.equal(eventsOf(engine), [])
  engine.handleTimeout(2900)
  assert.equal(eventsOf(engine), ['ended STALLED'])
})

test('takes no command of the handshake after it', () => {
  const engine = readyEngine('PULL', 'PUSH')
  engine.handleBytes(ready('PUSH'), 1)
  assert.equal(eventsOf(engine), ['ended UNEXPECTED_COMMAND'])
})

test('watches 30 s by default', () => {
  const engine = new Engine(
    {
      socketType: 'PAIR',
      identity: Buffer.alloc(0),
      maxFrameSize: 10,
      maxMessageSize: 10,
      maxFrames: 1,
      handshakeTimeoutMs: 0,
      heartbeatIntervalMs: 0,
      heartbeatTimeoutMs: 0,
      heartbeatTtlMs: 0,
      heartbeatOnlyWhenSilent: false,
    },
    new NullMechanism(),
    0,
  )
  engine.handleBytes(Buffer.concat([greeting(), ready('PAIR'), octets('00')]), 7)
  eventsOf(engine)
  assert.is(engine.pollDeadline(), 30_007)
})

test('does not blame the peer for a stop of our own', () => {
  const options = { heartbeatIntervalMs: 1000, heartbeatTimeoutMs: 1000, stallTimeoutMs: 3000 }
  const engine = readyEngine('ROUTER', 'DEALER', options)
  // Two parts, of which the driver takes one and pauses; a third is cut.
  engine.handleBytes(octets('00 01 41 00 01 42 00'), 0)
  assert.is(engine.poll(), PART)
  for (let now = 1000; now < 20_000; now += 1000) engine.handleTimeout(now)
  engine.handleResume(20_000)
  assert.equal(eventsOf(engine), ['part 42'])
  engine.handleTimeout(20_999)
  assert.equal(eventsOf(engine), [])
  for (let now = 21_000; now <= 22_200; now += 50) engine.handleTimeout(now)
  assert.equal(eventsOf(engine), ['ended SILENT_PEER'])
})

test('judges nobody by a timer that came more than 0.1 s late: first it is polled once more', () => {
  const options = { heartbeatIntervalMs: 1000, heartbeatTimeoutMs: 1000 }
  const engine = readyEngine('ROUTER', 'DEALER', options)
  engine.handleTimeout(1000)
  assert.equal(outputOf(engine), command('PING', '\0\0'))
  engine.handleTimeout(2101)
  assert.equal(eventsOf(engine), [])
  assert.is(engine.pollDeadline(), 2201)
  // What lay there unread.
  engine.handleBytes(command('PONG', ''), 2150)
  assert.equal(eventsOf(engine), [])
  engine.handleTimeout(2201)
  assert.equal(eventsOf(engine), [])
  assert.equal(outputOf(engine), command('PING', '\0\0'))
  // Nothing lay there, and the timer comes late again.
  engine.handleTimeout(9000)
  assert.equal(eventsOf(engine), [])
  engine.handleTimeout(20_000)
  assert.equal(eventsOf(engine), ['ended SILENT_PEER'])
})

test('says what a mechanism suspects when the peer closes during the handshake', () => {
  class Suspicious extends NullMechanism {
    readonly suspicion = 'it may have another key'
  }
  for (const [mechanism, end] of [
    [new NullMechanism(), 'during the handshake'],
    [new Suspicious(), 'during the handshake: it may have another key'],
  ] as const) {
    const engine = makeEngine('DEALER', { mechanism })
    engine.handleBytes(greeting(), 0)
    engine.handleEnd(1)
    assert.equal(eventsOf(engine), ['ended PEER_CLOSED'])
    assert.is(engine.error!.message, `the peer closed ${end}`)
  }
})

test('measures the way there and back by the context of its PINGs, and takes no other PONG for it', () => {
  const engine = readyEngine('ROUTER', 'DEALER', { heartbeatIntervalMs: 1000, heartbeatMeasureMs: 5000 })
  const hear = (context: string, now: number) => {
    engine.handleBytes(command('PONG', octets(context)), now)
    assert.equal(eventsOf(engine), [])
    return engine.rttMs
  }
  assert.is(hear('00*16', 500), undefined)
  engine.handleTimeout(1000)
  assert.equal(outputOf(engine), command('PING', octets('0000 00000001 00*12')))
  assert.is(hear('', 1003), undefined)
  assert.is(hear('00000001', 1004), undefined)
  assert.is(hear('00000001 00*13', 1005), undefined)
  assert.is(hear('00000002 00*12', 1006), undefined)
  assert.is(hear('00000001 00*12', 1007), 7)
  assert.is(hear('00000001 00*12', 1500), 7)
  engine.handleTimeout(2000)
  engine.handleTimeout(3000)
  assert.is(hear('00000002 00*12', 3001), 7)
  assert.is(hear('00000003 00*12', 3002), 2)
  assert.is(engine.lastHeard, 3002)
})

test('says no PING to a peer of ZMTP 3.0 where the version is heeded', () => {
  const options = { heartbeatIntervalMs: 1000, heartbeatTimeoutMs: 1000, heartbeatSince31: true }
  for (const [major, minor, deadline] of [
    [3, 0, Infinity],
    [3, 1, 1000],
    [4, 0, 1000],
  ] as const) {
    const engine = makeEngine('ROUTER', options)
    engine.handleBytes(Buffer.concat([greeting('NULL', major, minor), ready('DEALER')]), 0)
    assert.equal(eventsOf(engine), ['ready'])
    assert.is(engine.pollDeadline(), deadline)
  }
})

test('moves its deadline for a PING that bounds the silence', () => {
  const engine = readyEngine()
  engine.handleBytes(command('PING', '\0\x05'), 100)
  assert.equal(eventsOf(engine), [])
  assert.is(engine.pollDeadline(), 600)
  engine.handleTimeout(600)
  assert.equal(eventsOf(engine), ['ended SILENT_PEER'])
})

test.run()
