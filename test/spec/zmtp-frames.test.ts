// RFC 37 "Framing", checklist group F: one test per statement, on the engine.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { command, eventsOf, frame, makeEngine, octets, outputOf, readyEngine } from '../support/engine.ts'
import { feed, feedEngine } from '../support/feed.ts'
import { Pair } from '../support/pair.ts'

const test = suite('RFC 37 framing')
const dealer = () => readyEngine('ROUTER', 'DEALER')

test('F1: bodies of 0, 1 and 255 octets have a header of 2, one of 256 has 9 with LONG', () => {
  for (const [size, header] of [
    [0, '0000'],
    [1, '0001'],
    [255, '00ff'],
    [256, '020000000000000100'],
  ] as const) {
    for (const inPlace of [false, true]) {
      const engine = dealer()
      if (inPlace) {
        const slab = engine.beginPart(false)
        slab.reserve(size)
        slab.bytes.fill(0x41, slab.at, slab.at + size)
        slab.at += size
        engine.endPart()
      } else engine.sendPart(Buffer.alloc(size, 0x41), false)
      assert.is(outputOf(engine).toString('hex'), header + '41'.repeat(size))
    }
  }
})

test('F2: a LONG header with a length of 255 or less is accepted', () => {
  feedEngine(dealer, octets('02 00*7 02 "hi" 03 00*7 00 00 00'), ['part 6869', 'more', 'part'], octets('00'))
})

test('F3: every split of headers and bodies decodes the same', () => {
  feedEngine(
    dealer,
    octets('01 03 "abc" 03 00*6 01 00 42*256 00 00 02 00*6 01 04 43*260'),
    ['more 616263', 'more (256)', 'part', 'part (260)'],
    octets('00 01'),
  )
})

test('F4: MORE is on all parts but the last', () => {
  const engine = dealer()
  for (const more of [true, true, false]) engine.sendPart(Buffer.alloc(1), more)
  assert.equal(outputOf(engine), octets('01 01 00 01 01 00 00 01 00'))
})

test('F5: no reserved bit and no COMMAND with MORE is ever sent', () => {
  const engine = dealer()
  for (const size of [0, 300, 10_000])
    for (const more of [true, false]) engine.sendPart(Buffer.alloc(size), more)
  engine.sendCommand('SUBSCRIBE', Buffer.alloc(300))
  const sent = outputOf(engine)
  const flags: number[] = []
  for (let at = 0; at < sent.length; ) {
    flags.push(sent[at]!)
    at += sent[at]! & 2 ? 9 + sent.readUInt32BE(at + 5) : 2 + sent[at + 1]!
  }
  assert.equal(flags, [1, 0, 3, 2, 3, 2, 6])
})

test('F6: a reserved bit is a protocol error, seen on the first octet', () => {
  for (const flags of [0x08, 0x10, 0x20, 0x40, 0x80, 0xff]) {
    feedEngine(dealer, Buffer.from([flags]), ['ended BAD_FLAGS'], octets('01 61'))
  }
})

test('F7: a size of 2^63 and more ends the connection on its header', () => {
  for (const size of ['80 00*7', 'ff*8']) feedEngine(dealer, octets(`02 ${size}`), ['ended FRAME_TOO_LARGE'])
})

test('F8: sizes between 2^53 and 2^63 are refused, not rounded to something small', () => {
  for (const size of ['00 20 00*6', '00 20 00*5 01', '7f ff*7']) {
    feedEngine(dealer, octets(`02 ${size}`), ['ended FRAME_TOO_LARGE'])
  }
})

test('F9: a frame above the limit ends the connection when its header has been read', () => {
  for (const [maxFrameSize, header] of [
    [100, '00 65'],
    [100, '01 65'],
    [100, '02 00*7 65'],
    [300, '02 00*6 01 2d'],
    [0, '00 01'],
  ] as const) {
    const make = () => readyEngine('ROUTER', 'DEALER', { maxFrameSize })
    feedEngine(make, octets(header), ['ended FRAME_TOO_LARGE'], octets('41*301'))
  }
})

test('F10: a frame of exactly the limit passes', () => {
  for (const [maxFrameSize, header] of [
    [100, '00 64'],
    [100, '02 00*7 64'],
    [300, '02 00*6 01 2c'],
  ] as const) {
    const make = () => readyEngine('ROUTER', 'DEALER', { maxFrameSize })
    feedEngine(make, octets(`${header} 41*${maxFrameSize}`), [`part (${maxFrameSize})`], octets('00 01 42'))
  }
})

test('F11: the limit is one of frames: two parts below it pass though their sum does not', () => {
  feedEngine(
    () => readyEngine('ROUTER', 'DEALER', { maxFrameSize: 100 }),
    octets('01 3c 41*60 00 3c 41*60'),
    [`more ${'41'.repeat(60)}`, `part ${'41'.repeat(60)}`],
    octets('01 3c'),
  )
})

test('F12: announcing 1 GiB and sending 10 octets costs less than 1 MiB, and memory follows what comes', () => {
  const before = process.memoryUsage().arrayBuffers
  const engines = Array.from({ length: 10 }, () => {
    const engine = dealer()
    engine.handleBytes(octets('02 00 00 00 00 40 00 00 00 41*10'), 0)
    assert.equal(eventsOf(engine), [])
    return engine
  })
  assert.ok(process.memoryUsage().arrayBuffers - before < 10 * 2 ** 20)
  const [first] = engines
  for (let i = 0; i < 64; i++) {
    first!.handleBytes(Buffer.alloc(16_384), 0)
    assert.equal(eventsOf(first!), [])
  }
  // A mebibyte has come: it, the steps before it and the chunks, which may not have been collected yet.
  assert.ok(process.memoryUsage().arrayBuffers - before < 18 * 2 ** 20)
})

test('F13: an empty message is one empty part', () =>
  feedEngine(dealer, octets('00 00'), ['part'], octets('00 00')))

test('F14: a PING between two parts is answered, the message stays whole', () => {
  const session = Buffer.concat([octets('01 01 41'), command('PING', '\0\0x'), octets('01 00 00 01 42')])
  feed(session, (chunks) => {
    const engine = dealer()
    const events = chunks.flatMap((chunk) => {
      engine.handleBytes(chunk, 0)
      return eventsOf(engine)
    })
    assert.equal(events, ['more 41', 'more', 'part 42'])
    assert.equal(outputOf(engine), command('PONG', 'x'))
  })
  feedEngine(dealer, session, ['more 41', 'more', 'part 42'], octets('04 07 04 "PIN"'))
})

test('F14: a PING is answered between two parts of our own, which stay whole', () => {
  const pair = new Pair('DEALER', 'ROUTER').exchange()
  pair.left.sendPart(Buffer.from('A'), true)
  pair.left.handleBytes(command('PING', '\0\0x'), 0)
  assert.equal(eventsOf(pair.left), [])
  pair.left.sendPart(Buffer.from('B'), false)
  pair.exchange()
  assert.equal(pair.rightEvents, ['ready', 'more 41', 'part 42'])
})

test('F15: an unknown command is ignored, what follows is delivered', () => {
  feedEngine(
    dealer,
    Buffer.concat([command('NOPE', 'x'), octets('00 01 41')]),
    ['part 41'],
    command('NOPE', 'y'),
  )
  feedEngine(dealer, Buffer.concat([command('LONGISH', Buffer.alloc(500)), octets('00 01 41')]), ['part 41'])
})

test('F16: a command of no octets ends the connection', () => {
  for (const text of ['04 00', '06 00*8'])
    feedEngine(dealer, octets(text), ['ended BAD_COMMAND'], octets('00 01 41'))
  feedEngine(() => readyEngine('PUB', 'SUB'), octets('06 00*8'), ['ended BAD_COMMAND'])
  feedEngine(() => readyEngine('PUB', 'SUB'), octets('04 00 04'), ['ended BAD_COMMAND'])
  feedEngine(() => makeEngine('PUB'), octets('{GN} 04 00'), ['ended BAD_COMMAND'])
})

test('F17: a publisher understands the SUBSCRIBE that libzmq 4.3.4 frames wrongly, and CANCEL', () => {
  for (const type of ['PUB', 'XPUB']) {
    for (const [name, length, first] of [
      ['SUBSCRIBE', '09', 246],
      ['CANCEL', '06', 249],
    ] as const) {
      for (let topic: number = first; topic <= 255; topic++) {
        const size = (1 + name.length + topic - 256).toString(16).padStart(2, '0')
        feedEngine(
          () => readyEngine(type, 'SUB'),
          octets(`04 00*6 01 ${size} ${length} "${name}" 41*${topic} 00 02 01 42`),
          [`${name} (${topic})`, 'part 0142'],
          octets('04'),
        )
      }
    }
  }
  feedEngine(() => readyEngine('PUB', 'SUB'), octets('04 00*6 01 00 09 "SUBSCRIPT"'), ['ended BAD_COMMAND'])
})

test('F18: a close inside a frame or a message is told from one between messages, and no cut part comes out', () => {
  for (const [text, expected] of [
    ['01 01 41', ['more 41', 'ended PEER_CLOSED']],
    ['00 05 41', ['ended PEER_CLOSED']],
    ['00', ['ended PEER_CLOSED']],
    ['02 00*4', ['ended PEER_CLOSED']],
    ['02 00*6 01 00 41*255', ['ended PEER_CLOSED']],
    ['04 05 04 "PO"', ['ended PEER_CLOSED']],
    ['00 01 41', ['part 41', 'ended -']],
  ] as const) {
    feed(octets(text), (chunks) => {
      const engine = dealer()
      for (const chunk of chunks) engine.handleBytes(chunk, 0)
      engine.handleEnd(0)
      assert.equal(eventsOf(engine), [...expected])
    })
  }
})

test('F19: however output is cut and input is cut, frames keep their order', () => {
  for (const maxChunk of [1, 3, 1000, Infinity]) {
    const pair = new Pair('DEALER', 'ROUTER')
    pair.maxChunk = maxChunk
    pair.exchange()
    const expected = ['ready']
    for (let i = 0; i < 90; i++) {
      const body = Buffer.alloc(i % 60, i)
      pair.left.sendPart(i % 7 === 0 ? Buffer.alloc(9000, i) : body, i % 3 !== 2)
      expected.push(
        `${i % 3 === 2 ? 'part' : 'more'} ${i % 7 === 0 ? '(9000)' : body.toString('hex')}`.trimEnd(),
      )
      if (i % 40 === 0) pair.exchange()
    }
    pair.exchange()
    assert.equal(pair.rightEvents, expected)
  }
})

test('commands: a command never has MORE', () => {
  feedEngine(dealer, octets('05'), ['ended BAD_FLAGS'])
  feedEngine(dealer, octets('07'), ['ended BAD_FLAGS'])
})

test('commands: one of more than 255 octets is read in the long form', () => {
  feedEngine(
    () => readyEngine('PUB', 'SUB'),
    command('SUBSCRIBE', Buffer.alloc(300)),
    ['SUBSCRIBE (300)'],
    frame(0, Buffer.alloc(1)),
  )
})

test.run()
