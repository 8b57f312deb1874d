// Limits of messages between a Server and its peers, beyond those of ZMTP and of values: one peer in memory says what is as long as may be.
import * as assert from 'uvu/assert'
import { encode } from '../../../src/codec/index.ts'
import { ServerCore } from '../../../src/rpc/participants/server-core.ts'
import { plain } from '../../../src/rpc/security/plain.ts'
import { TransportContext } from '../../../src/zmtp/connections.ts'
import { FakeClock } from '../../support/clock.ts'
import { ScriptedConnection } from '../../support/scripted-driver-rpc.ts'
import { atServer } from './calls.ts'
import { type LimitRow, type Meter, ofSent } from './row.ts'

const CALL = 0
const HELLO = 8
const PING = 11

type Says = (wire: ScriptedConnection, size: number) => readonly unknown[] | undefined

/** The code that a message of this size is answered with, or that ends the connection; 'taken' when neither does. */
const says = (say: Says): LimitRow['attack'] =>
  atServer({}, ({ peer }, size, meter) => {
    const wire = peer()
    meter.begin()
    const message = say(wire, size)
    if (message !== undefined) wire.feed(message)
    meter.sent = 2 * size
    meter.height()
    return outcomeOf(wire)
  })

function outcomeOf(wire: ScriptedConnection): string {
  if (wire.over) return wire.error?.code ?? 'closed'
  const body = wire.take().at(-1)?.at(-1) as { c?: string } | undefined
  return body?.c ?? 'taken'
}

const text = (size: number): string => 'x'.repeat(size)
const withMeta = (metaOf: (size: number) => object): LimitRow['attack'] =>
  says((_wire, size) => [CALL, 1, 'count', [], metaOf(size)])
const withRoute = (routeOf: (size: number) => Buffer[]): LimitRow['attack'] =>
  says((wire, size) => {
    wire.feed([CALL, 1, 'count', []], routeOf(size))
    return undefined
  })

/** Whether something that HELLO says of this length is believed. */
const introduced = (key: 'id' | 'name', learnt: 'instance' | 'claimedName'): LimitRow['attack'] =>
  atServer({}, ({ core }, size, meter) => {
    const wire = new ScriptedConnection().open(core)
    meter.begin()
    wire.feed([HELLO, { v: 2, id: 'program', [key]: text(size) }])
    meter.sent = 2 * size
    meter.height()
    assert.not(wire.over)
    const known = wire.session[learnt] === text(size)
    wire.lose()
    return known ? 'taken' : 'ignored'
  })

/** A login that is so many octets long, by a stranger. */
async function login(size: number, meter: Meter): Promise<string> {
  const security = plain({ inHello: true, users: { john: text(9000) } })
  const context = new TransportContext({ clock: new FakeClock() })
  const core = new ServerCore('remote', { context, security, heartbeat: false }, undefined)
  try {
    const wire = new ScriptedConnection().open(core)
    const hello = (password: string): unknown[] => [HELLO, { v: 2, id: 'program', user: 'john', password }]
    const besides = encode(hello(text(1000))).length - 1000
    meter.begin()
    wire.feed(hello(text(size - besides)))
    meter.sent = 2 * size
    meter.height()
    const outcome = outcomeOf(wire)
    wire.lose()
    return outcome === 'NOT_LOGGED_IN' ? outcome : 'judged'
  } finally {
    await core.close()
  }
}

/** One call runs, and so many others ask for its outcome. */
const join = atServer({}, ({ peer }, size, meter) => {
  const wire = peer()
  meter.begin()
  for (let id = 1; id <= size + 1; id++) wire.feed([CALL, id, 'never', [], { i: 'key', a: id - 1 }])
  meter.sent = 64 * size
  meter.height()
  return outcomeOf(wire)
})

const invalid = ['taken', 'taken', 'INVALID_ARGUMENT'] as const
const row = (
  limit: string,
  value: number,
  comes: LimitRow['comes'],
  attack: LimitRow['attack'],
): LimitRow => ({ limit, value, comes, holds: ofSent(), attack })

export const MESSAGE_ROWS: readonly LimitRow[] = [
  row(
    'FRAMES_MAX',
    32,
    ['taken', 'taken', 'PROTOCOL'],
    withRoute((size) => new Array(size).fill(Buffer.from('x'))),
  ),
  row(
    'BYTES_MAX',
    4096,
    ['taken', 'taken', 'PROTOCOL'],
    withRoute((size) => [Buffer.alloc(4000), Buffer.alloc(size - 4000)]),
  ),
  row(
    'NAME_MAX',
    256,
    ['NOT_FOUND', 'NOT_FOUND', 'INVALID_ARGUMENT'],
    says((_wire, size) => [CALL, 1, text(size), []]),
  ),
  row(
    'HEADERS_MAX',
    8192,
    invalid,
    withMeta((size) => ({ h: { a: text(4000), b: text(size - 4002) } })),
  ),
  row(
    'KEY_MAX',
    256,
    invalid,
    withMeta((size) => ({ i: text(size) })),
  ),
  row(
    'ID_MAX',
    256,
    invalid,
    withMeta((size) => ({ l: text(size) })),
  ),
  // With two octets in front of its text.
  row(
    'TOKEN_MAX',
    64,
    ['taken', 'taken', 'PROTOCOL'],
    says((_wire, size) => [PING, text(size - 2)]),
  ),
  row('NAME_LENGTH_MAX', 256, ['taken', 'taken', 'ignored'], introduced('name', 'claimedName')),
  row('INSTANCE_LENGTH_MAX', 64, ['taken', 'taken', 'ignored'], introduced('id', 'instance')),
  row('LOGIN_SIZE_MAX', 8192, ['judged', 'judged', 'NOT_LOGGED_IN'], login),
  row('JOINED_MAX', 16, ['taken', 'taken', 'RESOURCE_EXHAUSTED'], join),
]
