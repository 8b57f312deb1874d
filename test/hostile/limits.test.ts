// Every limit that docs/limits.md and docs/options.md name: one below it, at it, one above it, and what an attack of that size holds at its height.
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { within } from '../support/within.ts'
import { CALL_ROWS } from './limits/calls.ts'
import { CONNECTION_ROWS } from './limits/connections.ts'
import { CONTEXT_ROWS } from './limits/contexts.ts'
import { LISTENER_ROWS } from './limits/listeners.ts'
import { MESSAGE_ROWS } from './limits/messages.ts'
import { type LimitRow, Meter } from './limits/row.ts'
import { VALUE_ROWS } from './limits/values.ts'

const test = suite('limits')
const SIDES = [
  [-1, 'one below'],
  [0, 'at it'],
  [1, 'one above'],
] as const
// Named in the text below the table, not in it.
const IN_TEXT = ['maxMessageSize', 'handshakeTimeoutMs', 'handshakeInterval']

const SECTIONS: readonly [
  file: string,
  heading: string,
  rows: readonly LimitRow[],
  further: readonly string[],
][] = [
  ['docs/limits.md', 'Of a connection', CONNECTION_ROWS, IN_TEXT],
  ['docs/limits.md', 'Of a listener', LISTENER_ROWS, []],
  ['docs/limits.md', 'Of a context', CONTEXT_ROWS, []],
  ['docs/limits.md', 'Of values', VALUE_ROWS, []],
  ['docs/limits.md', 'Of messages of calls', MESSAGE_ROWS, []],
  ['docs/options.md', '`limits`', CALL_ROWS, []],
]

for (const [file, heading, rows, further] of SECTIONS) {
  test(`${file}, ${heading}: each has a row, and each row is of one of them`, () => {
    const text = readFileSync(file, 'utf8')
    const below = text.slice(text.indexOf(`\n## ${heading}\n`) + 1)
    const end = below.indexOf('\n## ')
    const section = end < 0 ? below : below.slice(0, end)
    const named = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name!)
    assert.ok(named.length > 0)
    for (const name of further) assert.match(section, `\`${name}\``)
    const tried = new Set(rows.map(({ limit }) => limit))
    assert.equal([...tried].sort(), [...named, ...further].sort())
  })

  for (const row of rows) {
    const { limit, what, value, comes } = row
    SIDES.forEach(([more, side], n) => {
      const name = what === undefined ? limit : `${limit} ${what}`
      test(`${heading}: ${name} ${value}, ${side}: ${comes[n]}`, () => play(row, value + more, comes[n]!))
    })
  }
}

async function play(row: LimitRow, size: number, comes: string): Promise<void> {
  const meter = new Meter()
  assert.is(await within(30_000, Promise.resolve(row.attack(size, meter)), row.limit), comes)
  const most = row.holds(meter.sent, size)
  assert.ok(
    meter.most <= most,
    `it holds ${meter.most} octets, of ${meter.sent} that were sent; ${most} are due`,
  )
}

test.run()
