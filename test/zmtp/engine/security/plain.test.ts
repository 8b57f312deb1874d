// PLAIN: the captured session from both sides, what is out of turn or broken, and what is said to whom when it fails.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Engine } from '../../../../src/zmtp/engine/engine.ts'
import { PlainClient } from '../../../../src/zmtp/engine/security/plain-client.ts'
import { PlainServer } from '../../../../src/zmtp/engine/security/plain-server.ts'
import { command, eventsOf, greeting, makeEngine, octets, outputOf } from '../../../support/engine.ts'
import { feed, feedEngine } from '../../../support/feed.ts'

const test = suite('plain')

// Captured between libzmq 4.3.4 processes: DEALER `cli` to ROUTER `SRV`, admin / secret; greetings omitted.
const HELLO = octets('04 13 05 "HELLO" 05 "admin" 06 "secret"')
const WELCOME = octets('04 08 07 "WELCOME"')
const INITIATE = octets('04 2f 08 "INITIATE" 0b "Socket-Type" 00000006 "DEALER" 08 "Identity" 00000003 "cli"')
const READY = octets('04 2c 05 "READY" 0b "Socket-Type" 00000006 "ROUTER" 08 "Identity" 00000003 "SRV"')
const HI = octets('00 02 "hi"')

test('P1: the client says what was captured', () => {
  const engine = client()
  assert.is(outputOf(engine).subarray(64).toString('hex'), HELLO.toString('hex'))
  engine.handleBytes(WELCOME, 0)
  assert.equal(eventsOf(engine), [])
  assert.is(outputOf(engine).toString('hex'), INITIATE.toString('hex'))
  engine.handleBytes(READY, 0)
  assert.equal(eventsOf(engine), ['ready'])
  assert.is(engine.peer!.identity.toString(), 'SRV')
  engine.sendPart(Buffer.from('hi'), false)
  assert.is(outputOf(engine).toString('hex'), HI.toString('hex'))
})

test('P1: the server says what was captured, in whatever pieces the client comes', () => {
  feed(Buffer.concat([greeting('PLAIN'), HELLO]), (chunks) => {
    const engine = plainServer()
    assert.equal(
      chunks.flatMap((chunk) => {
        engine.handleBytes(chunk, 0)
        return eventsOf(engine)
      }),
      ['authenticate'],
    )
    assert.is(outputOf(engine).length, 64)
    assert.equal(engine.question, {
      mechanism: 'PLAIN',
      username: Buffer.from('admin'),
      password: Buffer.from('secret'),
    })
    engine.handleVerdict({ status: '200', userId: 'admin' })
    assert.equal(eventsOf(engine), [])
    assert.is(outputOf(engine).toString('hex'), WELCOME.toString('hex'))
    engine.handleBytes(Buffer.concat([INITIATE, HI]), 0)
    assert.equal(eventsOf(engine), ['ready', 'part 6869'])
    assert.is(engine.peer!.userId, 'admin')
    assert.is(engine.peer!.identity.toString(), 'cli')
    assert.is(outputOf(engine).toString('hex'), READY.toString('hex'))
  })
})

test('A4: only the server says in its greeting that it is one', () => {
  assert.is(outputOf(makeEngine('ROUTER', { mechanism: new PlainServer() }))[32], 1)
  assert.is(outputOf(makeEngine('DEALER', { mechanism: new PlainClient(EMPTY, EMPTY) }))[32], 0)
})

test('P2: user names and passwords of 0 and 255 octets pass, 256 are refused where they are set', () => {
  for (const size of [0, 255]) {
    const text = Buffer.alloc(size, 0xfe)
    const engine = client(text, text)
    const hello = outputOf(engine).subarray(64)
    const server = plainServer()
    server.handleBytes(Buffer.concat([greeting('PLAIN'), hello]), 0)
    assert.equal(eventsOf(server), ['authenticate'])
    assert.equal(server.question, { mechanism: 'PLAIN', username: text, password: text })
  }
  for (const [user, password] of [
    [256, 0],
    [0, 256],
  ] as const) {
    assert.throws(
      () => new PlainClient(Buffer.alloc(user), Buffer.alloc(password)),
      (error: { code: string }) => error.code === 'BAD_CREDENTIALS',
    )
  }
})

test('P3: a HELLO that is cut short, or longer than what it says, closes', () => {
  for (const data of [
    '',
    '05 "adm"',
    '05 "admin"',
    '05 "admin" 09 "secret"',
    '05 "admin" 06 "secret" 00',
    'ff',
  ]) {
    feedEngine(
      plainServer,
      Buffer.concat([greeting('PLAIN'), command('HELLO', octets(data))]),
      ['ended BAD_COMMAND'],
      octets('00 02 "hi"'),
    )
  }
})

test('P4: a WELCOME with data closes', () => {
  const engine = client()
  engine.handleBytes(command('WELCOME', 'x'), 0)
  assert.equal(eventsOf(engine), ['ended BAD_COMMAND'])
})

test('P5: the client knows ERROR in both spellings, before and after WELCOME', () => {
  for (const text of ['04 0a 05 "ERROR" 03 "400"', '04 09 5e "RROR" 03 "400"']) {
    for (const before of [Buffer.alloc(0), WELCOME]) {
      feed(Buffer.concat([before, octets(text)]), (chunks) => {
        const engine = client()
        const events = chunks.flatMap((chunk) => {
          engine.handleBytes(chunk, 0)
          return eventsOf(engine)
        })
        assert.equal(events.slice(0, 1), ['ended PEER_ERROR'])
        assert.match(engine.error!.message, /400/)
      })
    }
  }
})

test('P6: refused with 400 or 500 the peer gets an ERROR; with anything else it gets none', () => {
  for (const [status, last] of [
    ['400', '04 0a 05 "ERROR" 03 "400"'],
    ['500', '04 0a 05 "ERROR" 03 "500"'],
    ['300', ''],
    ['201', ''],
    ['', ''],
    ['2OO', ''],
    ['200 ', ''],
  ] as const) {
    const engine = greeted()
    engine.handleBytes(HELLO, 0)
    eventsOf(engine)
    engine.handleVerdict({ status })
    assert.equal(eventsOf(engine), ['ended AUTHENTICATION_FAILED'], status)
    assert.is(outputOf(engine).toString('hex'), octets(last).toString('hex'), status)
    engine.handleBytes(Buffer.concat([INITIATE, HI]), 0)
    assert.equal(eventsOf(engine), ['ended AUTHENTICATION_FAILED'])
  }
})

test('a client that goes on without waiting gets nowhere when it is refused, and in when it is not', () => {
  for (const [status, events] of [
    ['400', ['ended AUTHENTICATION_FAILED']],
    ['200', ['ready', 'part 6869']],
  ] as const) {
    const engine = greeted()
    engine.handleBytes(Buffer.concat([HELLO, INITIATE, HI]), 0)
    assert.equal(eventsOf(engine), ['authenticate'])
    engine.handleVerdict({ status })
    assert.equal(eventsOf(engine), events)
  }
})

test('P8: commands out of turn close', () => {
  for (const [bytes, name] of [
    [INITIATE, 'INITIATE first'],
    [READY, 'READY first'],
    [WELCOME, 'WELCOME to a server'],
    [octets('04 0a 05 "ERROR" 03 "400"'), 'ERROR from a client'],
    [octets('04 09 5e "RROR" 03 "400"'), 'ERROR, misspelt, from a client'],
  ] as const) {
    const engine = greeted()
    engine.handleBytes(bytes, 0)
    assert.equal(eventsOf(engine), ['ended UNEXPECTED_COMMAND'], name)
  }
  const twice = greeted()
  twice.handleBytes(HELLO, 0)
  eventsOf(twice)
  twice.handleVerdict({ status: '200' })
  eventsOf(twice)
  twice.handleBytes(HELLO, 0)
  assert.equal(eventsOf(twice), ['ended UNEXPECTED_COMMAND'])
  for (const bytes of [READY, Buffer.concat([WELCOME, WELCOME]), HELLO]) {
    const engine = client()
    engine.handleBytes(bytes, 0)
    assert.equal(eventsOf(engine), ['ended UNEXPECTED_COMMAND'])
  }
})

test('Z8: a peer that hangs up while it is judged is gone; the verdict comes too late', () => {
  const engine = greeted()
  engine.handleBytes(HELLO, 0)
  assert.equal(eventsOf(engine), ['authenticate'])
  engine.handleEnd(0)
  assert.equal(eventsOf(engine), ['ended PEER_CLOSED'])
  engine.handleVerdict({ status: '200' })
  assert.equal(eventsOf(engine), ['ended PEER_CLOSED'])
  assert.is(outputOf(engine).length, 0)
})

test('a peer that talks on and on while it is judged is closed', () => {
  const engine = greeted()
  engine.handleBytes(HELLO, 0)
  eventsOf(engine)
  for (let n = 0; n < 16; n++) engine.handleBytes(Buffer.alloc(1024), 0)
  assert.equal(eventsOf(engine), [])
  engine.handleBytes(Buffer.alloc(1), 0)
  assert.equal(eventsOf(engine), ['ended HANDSHAKE_TOO_LARGE'])
})

test('Z7: a judge that never answers is bounded by the handshake timer', () => {
  const engine = makeEngine('ROUTER', { mechanism: new PlainServer(), handshakeTimeoutMs: 100 })
  engine.handleBytes(Buffer.concat([greeting('PLAIN'), HELLO]), 0)
  assert.equal(eventsOf(engine), ['authenticate'])
  engine.handleTimeout(100)
  assert.equal(eventsOf(engine), ['ended HANDSHAKE_TIMEOUT'])
})

test('a peer of an incompatible type is refused once it has said its type', () => {
  const engine = greeted()
  engine.handleBytes(HELLO, 0)
  eventsOf(engine)
  engine.handleVerdict({ status: '200' })
  eventsOf(engine)
  engine.handleBytes(command('INITIATE', octets('0b "Socket-Type" 00000003 "PUB"')), 0)
  assert.equal(eventsOf(engine), ['ended INCOMPATIBLE_SOCKET_TYPE'])
})

test.run()

// ---- helpers

const EMPTY = Buffer.alloc(0)

function client(username = Buffer.from('admin'), password = Buffer.from('secret')): Engine {
  const mechanism = new PlainClient(username, password)
  const engine = makeEngine('DEALER', { mechanism, identity: Buffer.from('cli') })
  engine.handleBytes(greeting('PLAIN'), 0)
  eventsOf(engine)
  return engine
}

function plainServer(): Engine {
  return makeEngine('ROUTER', { mechanism: new PlainServer(), identity: Buffer.from('SRV') })
}

/** A server behind the greeting, whose own is taken. */
function greeted(): Engine {
  const engine = plainServer()
  engine.handleBytes(greeting('PLAIN'), 0)
  eventsOf(engine)
  outputOf(engine)
  return engine
}
