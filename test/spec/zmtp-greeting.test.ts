// RFC 37 "Version Negotiation", checklist group A: one test per statement, on the engine.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LinkError } from '../../src/base/errors.ts'
import type { Mechanism } from '../../src/zmtp/engine/security/mechanism.ts'
import { NullMechanism } from '../../src/zmtp/engine/security/null.ts'
import { eventsOf, greeting, makeEngine, octets, outputOf, ready } from '../support/engine.ts'
import { feedEngine } from '../support/feed.ts'

const test = suite('RFC 37 greeting')

/** A peer whose greeting was changed, that then says READY and "hi". */
function accepts(change: (bytes: Buffer) => void): void {
  const bytes = greeting()
  change(bytes)
  feedEngine(
    makeEngine,
    Buffer.concat([bytes, ready('DEALER'), octets('00 02 "hi"')]),
    ['ready', 'part 6869'],
    octets('00 05 "h"'),
  )
}

function refuses(code: string, change: (bytes: Buffer) => void): void {
  const bytes = greeting()
  change(bytes)
  feedEngine(makeEngine, bytes, [`ended ${code}`], Buffer.concat([ready('DEALER'), octets('00 02 "hi"')]))
}

test('A1: 64 octets are there to be sent before anything has come', () => {
  assert.is(outputOf(makeEngine()).length, 64)
})

test('A2: octets 0, 9, 10, 11 are ff, 7f, 03, 01', () => {
  const bytes = outputOf(makeEngine())
  assert.equal([bytes[0], bytes[9], bytes[10], bytes[11]], [0xff, 0x7f, 3, 1])
})

test('A3: the mechanism is its upper-case name, padded with zeros to 20 octets', () => {
  assert.equal(outputOf(makeEngine()).subarray(12, 32), octets('"NULL" 00*16'))
})

test('A4: as-server is 1 only for a mechanism in the server role', () => {
  assert.is(outputOf(makeEngine())[32], 0)
  const mechanism: Mechanism = Object.assign(new NullMechanism(), { name: 'CURVE', asServer: true })
  assert.is(outputOf(makeEngine('ROUTER', { mechanism }))[32], 1)
})

test('A5: a greeting that comes one octet at a time is accepted', () => accepts(() => {}))

test('A6: nothing is lost behind a greeting that shares its segment with READY and messages', () => {
  const session = octets('{GN} {DEALER} 01 01 41 00 01 42')
  const engine = makeEngine()
  engine.handleBytes(session, 0)
  assert.equal(eventsOf(engine), ['ready', 'more 41', 'part 42'])
  feedEngine(makeEngine, session, ['ready', 'more 41', 'part 42'], octets('00 01 43'))
})

test('A7: any padding is accepted', () => {
  accepts((bytes) => bytes.writeUInt8(3, 8))
  accepts((bytes) => bytes.write('abcdefgh', 1))
})

test('A8: octet 9 may be 01; an even one is refused', () => {
  accepts((bytes) => bytes.writeUInt8(0x01, 9))
  refuses('UNSUPPORTED_VERSION', (bytes) => bytes.writeUInt8(0x7e, 9))
})

test('A9: a first octet other than ff ends the connection at once', () => {
  for (const octet of [0x00, 0x03, 0x16, 0x47, 0x7f, 0xfe]) {
    feedEngine(makeEngine, Buffer.from([octet]), ['ended BAD_SIGNATURE'], octets('{GN} {DEALER}'))
  }
  // ZMTP 1.0 without identity: old, not a stranger (decision 0003).
  feedEngine(makeEngine, octets('01'), ['ended UNSUPPORTED_VERSION'], octets('00'))
})

test('A10: peers of 3.0, 3.1, 3.9, 4.0 and 255.0 are accepted', () => {
  for (const [major, minor] of [
    [3, 0],
    [3, 1],
    [3, 9],
    [4, 0],
    [255, 0],
  ] as const) {
    accepts((bytes) => {
      bytes[10] = major
      bytes[11] = minor
    })
  }
})

test('A11: majors 0, 1 and 2 are refused', () => {
  for (const major of [0, 1, 2]) refuses('UNSUPPORTED_VERSION', (bytes) => bytes.writeUInt8(major, 10))
})

test('A12: another mechanism ends the connection as a mismatch, and both are named', () => {
  for (const other of ['PLAIN', 'CURVE', 'null', 'NUL', 'NULLX']) {
    refuses('MECHANISM_MISMATCH', (bytes) => bytes.fill(0, 12, 32).write(other, 12))
  }
  const engine = makeEngine()
  engine.handleBytes(greeting('PLAIN'), 0)
  eventsOf(engine)
  assert.match(engine.error!.message, /PLAIN.*NULL/)
  assert.is(outputOf(engine).length, 64, 'and nothing is said to it')
})

test('A13: junk behind the first NUL of the mechanism is a mismatch', () => {
  for (const at of [17, 31]) refuses('MECHANISM_MISMATCH', (bytes) => bytes.write('X', at))
})

test('A14: filler is ignored', () => {
  for (let at = 33; at < 64; at++) accepts((bytes) => bytes.writeUInt8(0xff, at))
})

test('A15: as-server of the peer is ignored under NULL', () => {
  for (const octet of [0, 1, 7]) accepts((bytes) => bytes.writeUInt8(octet, 32))
})

test('A16: a close inside the greeting is a failure of the link, which may be tried again', () => {
  for (const size of [0, 1, 10, 63]) {
    const engine = makeEngine()
    engine.handleBytes(greeting().subarray(0, size), 0)
    engine.handleEnd(0)
    assert.equal(eventsOf(engine), ['ended PEER_CLOSED'])
    assert.ok(engine.error instanceof LinkError)
  }
})

test('A17: a silent peer is given up after the handshake interval, and so is one that drips', () => {
  const engine = makeEngine('ROUTER', { handshakeTimeoutMs: 30_000 })
  const bytes = greeting()
  for (let second = 0; second < 30; second++) {
    engine.handleBytes(bytes.subarray(second, second + 1), second * 1000)
    assert.equal(eventsOf(engine), [])
    assert.is(engine.pollDeadline(), 30_000)
  }
  engine.handleTimeout(30_000)
  assert.equal(eventsOf(engine), ['ended HANDSHAKE_TIMEOUT'])
})

test.run()
