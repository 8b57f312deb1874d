// Every hostile row and its controls (test/vectors/hostile-zmtp.json) against the engine, however the octets are cut:
// what must be refused ends with its code, what must be accepted is delivered and lives on.
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { eventsOf, makeEngine, octets } from '../support/engine.ts'
import { feed } from '../support/feed.ts'

interface Row {
  id: string
  local: string
  what: string
  steps: string[]
  /** What the engine makes of it, as test/support/engine.ts writes it; the last one is the end, when there is one. */
  events: string[]
  /** How it ends: at once, when the peer closes (`fin`), or when the deadline comes. */
  code?: string
  fin?: boolean
}

const { rows } = JSON.parse(readFileSync('test/vectors/hostile-zmtp.json', 'utf8')) as { rows: Row[] }
const test = suite('hostile rows')
const TIMED = ['HANDSHAKE_TIMEOUT', 'STALLED', 'SILENT_PEER']

for (const row of rows) {
  test(`${row.id}: ${row.what}: ${row.code ?? 'accepted'}`, () => {
    feed(
      octets(row.steps.join(' ')),
      (chunks) => {
        const engine = makeEngine(row.local, { handshakeTimeoutMs: 10_000, stallTimeoutMs: 30_000 })
        const events: string[] = []
        for (const chunk of chunks) {
          engine.handleBytes(chunk, 0)
          events.push(...eventsOf(engine))
          if (events.at(-1)?.startsWith('ended')) break
        }
        if (row.fin) {
          engine.handleEnd(0)
          events.push(...eventsOf(engine))
        }
        if (row.code !== undefined && TIMED.includes(row.code)) {
          assert.is(engine.error, undefined, 'it is given time')
          engine.handleTimeout(engine.pollDeadline())
          events.push(...eventsOf(engine))
        }
        assert.equal(events, row.events)
        assert.is(engine.error?.code, row.code)
        if (row.code === undefined) {
          engine.handleBytes(octets('00 05 "alive"'), 1)
          assert.equal(eventsOf(engine), ['part 616c697665'])
        }
      },
      60,
    )
  })
}

test('the rows are there', () => {
  assert.ok(rows.length >= 65)
})

test.run()
