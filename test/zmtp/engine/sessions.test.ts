// Sessions captured from libzmq (test/vectors/*.hex), replayed: we understand every octet of either side, and given the
// same things to say we send the same octets.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Engine } from '../../../src/zmtp/engine/engine.ts'
import { bodyOfPing } from '../../../src/zmtp/wire/command.ts'
import { eventsOf, greeting, makeEngine, outputOf } from '../../support/engine.ts'
import { feed } from '../../support/feed.ts'
import { type Session, sessions } from '../../support/vectors.ts'

const test = suite('captured sessions')
const OPPOSITE: Record<string, string> = { C: 'S', S: 'C' }

/** The engine that plays one side. */
function play(session: Session, side: 'C' | 'S'): Engine {
  const role = side === 'C' ? 'connecter' : 'listener'
  return makeEngine(session.settings[role], {
    identity: Buffer.from(session.settings[`${role}Identity`] ?? ''),
  })
}

function octetsFrom(session: Session, side: string): Buffer {
  return Buffer.concat(session.lines.filter((line) => line.from === side).map((line) => line.bytes))
}

/** Says again what `events` tell that a side has said. */
function say(engine: Engine, events: string[]): void {
  for (const event of events) {
    const [kind, hex = ''] = event.split(' ')
    const body = hex.startsWith('(') ? Buffer.alloc(Number(hex.slice(1, -1)), 0x41) : Buffer.from(hex, 'hex')
    if (kind === 'part' || kind === 'more') engine.sendPart(body, kind === 'more')
    else if (kind !== 'ready') engine.sendCommand(kind!, body)
  }
}

for (const session of sessions()) {
  const { greetings, minor } = session.settings
  if (greetings === 'yes' || session.name === 'null-error-400' || session.name === 'heartbeat') continue

  for (const side of ['C', 'S'] as const) {
    test(`${session.name}: ${side === 'C' ? 'the connecter' : 'the listener'} is understood, and said again to the octet`, () => {
      const said = octetsFrom(session, side)
      let events: string[] = []
      feed(Buffer.concat([greeting('NULL', 3, Number(minor ?? 1)), said]), (chunks) => {
        const hearer = play(session, OPPOSITE[side] as 'C' | 'S')
        events = chunks.flatMap((chunk) => {
          hearer.handleBytes(chunk, 0)
          return eventsOf(hearer)
        })
        assert.is(events[0], 'ready')
        assert.ok(events.every((event) => !event.startsWith('ended')))
      })

      const speaker = play(session, side)
      speaker.handleBytes(
        Buffer.concat([
          greeting(),
          octetsFrom(session, OPPOSITE[side]!).subarray(0, readySize(session, side)),
        ]),
        0,
      )
      eventsOf(speaker)
      say(speaker, events)
      assert.equal(outputOf(speaker), Buffer.concat([greeting(), said]))
    })
  }
}

test('greeting: the three writes of libzmq are understood in both roles', () => {
  const session = sessions().find((each) => each.settings.greetings === 'yes')!
  for (const side of ['C', 'S'] as const) {
    feed(octetsFrom(session, side), (chunks) => {
      const engine = play(session, OPPOSITE[side] as 'C' | 'S')
      assert.is(outputOf(engine).length, 64)
      for (const chunk of chunks) {
        engine.handleBytes(chunk, 0)
        assert.equal(eventsOf(engine), [])
      }
      assert.ok(outputOf(engine).includes('READY'))
    })
  }
})

test('null-error-400: the connecter learns the status', () => {
  const session = sessions().find((each) => each.name === 'null-error-400')!
  const engine = play(session, 'C')
  engine.handleBytes(Buffer.concat([greeting(), octetsFrom(session, 'S')]), 0)
  assert.equal(eventsOf(engine), ['ended PEER_ERROR'])
  assert.equal(outputOf(engine).subarray(64), octetsFrom(session, 'C'))
  assert.match(engine.error!.message, '400')
})

test('heartbeat: PING and PONG to the octet', () => {
  const session = sessions().find((each) => each.name === 'heartbeat')!
  const [ready, readyBack, ping, pong] = session.lines.map((line) => line.bytes)
  const engine = play(session, 'S')
  engine.handleBytes(Buffer.concat([greeting(), ready!, ping!]), 0)
  assert.equal(eventsOf(engine), ['ready'])
  assert.equal(outputOf(engine), Buffer.concat([greeting(), readyBack!, pong!]))
  assert.equal(bodyOfPing(Number(session.settings.heartbeatTtlMs)), ping!.subarray(2))
})

test('every session has its provenance', () => {
  assert.ok(sessions().length >= 12)
})

/** Octets of the first command of the side opposite to `side`: its READY. */
function readySize(session: Session, side: string): number {
  const first = session.lines.find((line) => line.from !== side)!.bytes
  return 2 + first[1]!
}

test.run()
