// docs/limits.md has the limits that the sources have, with their defaults, and codes and rows that there are.
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DEFAULT_LIMITS } from '../src/codec/limits.ts'
import { MAX_BUFFERED_BYTES } from '../src/zmtp/transport/buffered.ts'
import { RECEPTION_LIMITS } from '../src/zmtp/transport/reception.ts'
import { GIVEN, OWN } from './hostile/rows.ts'

const limits = suite('limits-doc')
const text = readFileSync('docs/limits.md', 'utf8')

// Where each constant of a connection stands.
const FILES: Readonly<Record<string, string>> = {
  HANDSHAKE_COMMAND_MAX: 'zmtp/engine/limits.ts',
  HANDSHAKE_MAX: 'zmtp/engine/limits.ts',
  PROPERTIES_MAX: 'zmtp/wire/constants.ts',
  IDENTITY_MAX: 'zmtp/wire/constants.ts',
  BODY_MAX: 'zmtp/wire/constants.ts',
  COMMAND_MAX: 'zmtp/engine/limits.ts',
  MAX_FRAMES: 'zmtp/sockets/connection-options.ts',
  STALL_TIMEOUT_MS: 'zmtp/engine/stall.ts',
  STALL_RATE: 'zmtp/engine/stall.ts',
  TOPICS_MAX: 'zmtp/routing/subscriptions.ts',
  TOPIC_SIZE_MAX: 'zmtp/routing/subscriptions.ts',
  TOPIC_OCTETS_MAX: 'zmtp/routing/subscriptions.ts',
}

// And each of a message of calls.
const MESSAGE_FILES: Readonly<Record<string, string>> = {
  FRAMES_MAX: 'rpc/session/route.ts',
  BYTES_MAX: 'rpc/session/route.ts',
  NAME_MAX: 'rpc/registry/names.ts',
  HEADERS_MAX: 'rpc/serving/call-request.ts',
  KEY_MAX: 'rpc/api/settings.ts',
  ID_MAX: 'rpc/streams/tracked.ts',
  TOKEN_MAX: 'rpc/session/inbound.ts',
  NAME_LENGTH_MAX: 'rpc/session/inbound.ts',
  INSTANCE_LENGTH_MAX: 'rpc/session/inbound.ts',
  LOGIN_SIZE_MAX: 'rpc/session/inbound.ts',
  JOINED_MAX: 'rpc/serving/repeats.ts',
}

/** Name and default of each row below a heading. */
function said(section: string): Record<string, number> {
  const below = text.slice(text.indexOf(`\n## ${section}\n`) + 1)
  const rows = below.slice(0, below.indexOf('\n## ')).matchAll(/^\| `(\w+)` \| ([\d,]+) \|/gm)
  return Object.fromEntries([...rows].map(([, name, amount]) => [name, Number(amount!.replaceAll(',', ''))]))
}

function inSource(name: string, file: string): number {
  const found = new RegExp(`const ${name} = (\\w+)$`, 'm').exec(readFileSync(`src/${file}`, 'utf8'))
  return Number(found?.[1]?.replaceAll('_', ''))
}

limits('of a connection: as in the sources', () => {
  const given = Object.entries(FILES).map(([name, file]) => [name, inSource(name, file)])
  assert.equal(said('Of a connection'), Object.fromEntries(given))
})

limits('of a message of calls: as in the sources', () => {
  const given = Object.entries(MESSAGE_FILES).map(([name, file]) => [name, inSource(name, file)])
  assert.equal(said('Of messages of calls'), Object.fromEntries(given))
})

limits('of a listener, of a context and of values: as in the sources', () => {
  assert.equal(said('Of a context'), { maxBufferedBytes: MAX_BUFFERED_BYTES })
  assert.equal(said('Of a listener'), { ...RECEPTION_LIMITS })
  assert.equal(said('Of values'), { ...DEFAULT_LIMITS })
})

limits('codes and rows that are named are there', () => {
  const errors = readFileSync('docs/errors.md', 'utf8')
  const rows = [GIVEN, OWN].flatMap(({ zmtp, codec }) => [...zmtp, ...codec].map(({ id }) => id))
  for (const [code] of text.matchAll(/\b[A-Z]+_[A-Z_]+\b/g)) {
    assert.ok(
      FILES[code] !== undefined || MESSAGE_FILES[code] !== undefined || errors.includes(`\`${code}\``),
      code,
    )
  }
  for (const [id] of text.matchAll(/\b[A-Z]{1,2}\d\d\b/g)) assert.ok(rows.includes(id), id)
})

limits.run()
