// M17, M18: `socket.events` against the native package. Each scenario is played twice, over libzmq in a child process and over pseud/zmtp
// here, and both must tell the same: types, order, addresses, errors. Where ours tells more or other on purpose, it stands below, with the
// reason; docs/zeromq-differences.md has it in the words of a user.
import { networkInterfaces, tmpdir } from 'node:os'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as zmq from '../../src/zmtp/index.ts'
import { until, within } from '../support/within.ts'
import { Child } from './support/child.ts'
import { CLOSED_EARLY, play, type Report, SCENARIOS } from './support/event-scenarios.mjs'
import { withoutCycles } from './support/event-stage.mjs'

const test = suite('events against zeromq')

// -- what ours tells otherwise ---------------------------------------------------------------------------------------------

const dialled = (...lines: string[]): Report => ({
  client: [
    ...['connect:delay tcp://<raw>', 'connect tcp://<raw>'],
    ...lines.map((line) => line.replace('@', 'tcp://<raw>')),
    ...['end', '(over)'],
  ],
})
const accepted = (...lines: string[]): Report => ({
  server: [
    ...['bind tcp://<server>', 'accept tcp://<server>'],
    ...lines.map((line) => line.replace('@', 'tcp://<server>')),
    ...['close tcp://<server>', 'end', '(over)'],
  ],
})
const fault = (tail: string): string =>
  `handshake:error:protocol @ {ZMTP protocol error; code=ERR_ZMTP_${tail}}`
const LATE = 'handshake:error:other @ {Operation was not possible or timed out; code=EAGAIN; errno=11}'
const GONE = 'disconnect @'
const AGAIN = 'connect:retry @ in time'

/** Reports of ours that differ on purpose, by scenario: only the sockets whose reports do. */
const DIFFERENT: Record<string, Report> = {}

// A fault of the peer ends the dialling in libzmq, for good and without a word. Here only a refusal does (M18).
for (const [what, tail] of [
  ['sends only ff', 'MECHANISM_MISMATCH'],
  ['has another mechanism', 'MECHANISM_MISMATCH'],
  ['has a mechanism that nobody knows', 'MECHANISM_MISMATCH'],
  ['sends HELLO', 'UNEXPECTED_COMMAND'],
  ['sends a command that nobody knows', 'UNEXPECTED_COMMAND'],
  ['sends a command whose name does not fit', 'UNEXPECTED_COMMAND'],
  ['sends a command of no octets', 'UNEXPECTED_COMMAND'],
  ['sends a message before READY', 'UNEXPECTED_COMMAND'],
  ['says ERROR with a broken reason', 'MALFORMED_COMMAND_ERROR'],
] as const) {
  DIFFERENT[`a peer that is dialled ${what}`] = dialled(fault(tail), GONE, AGAIN)
}
DIFFERENT['a peer that was dialled announces a frame that is too large'] = dialled('handshake @', GONE, AGAIN)
// ERROR 300 means "later".
DIFFERENT['a peer that is dialled says ERROR 300'] = dialled(
  'handshake:error:auth @ {Temporary error; status=300}',
  GONE,
  AGAIN,
)

// libzmq says of these only that the peer has gone.
for (const what of [
  'has the wrong socket type',
  'has a socket type that nobody knows',
  'cuts READY short',
  'sends metadata that end too early',
]) {
  DIFFERENT[`a peer that dials ${what}`] = accepted(fault('INVALID_METADATA'), GONE)
  DIFFERENT[`a peer that is dialled ${what}`] = dialled(fault('INVALID_METADATA'), GONE, AGAIN)
}
for (const what of ['says ERROR with a text', 'says ERROR with nothing']) {
  DIFFERENT[`a peer that dials ${what}`] = accepted(fault('UNSPECIFIED'), GONE)
  DIFFERENT[`a peer that is dialled ${what}`] = dialled(fault('UNSPECIFIED'), GONE)
}
DIFFERENT['socket types that do not fit'] = {
  ...accepted(fault('INVALID_METADATA'), GONE),
  client: dialled(fault('INVALID_METADATA'), GONE, AGAIN).client!.map((line) =>
    line.replace('<raw>', '<server>'),
  ),
}

// libzmq takes these for ZMTP 1.0 or 2.0 and waits for more.
for (const what of ['sends HTTP', 'speaks ZMTP 2.0']) {
  DIFFERENT[`a peer that dials ${what}`] = accepted(fault('UNSPECIFIED'), GONE)
  DIFFERENT[`a peer that is dialled ${what}`] = dialled(fault('UNSPECIFIED'), GONE, AGAIN)
}

// libzmq lets these pass.
for (const what of ['sends reserved flags', 'sends a command without a name', 'says READY again']) {
  DIFFERENT[`a peer that dialled ${what}`] = accepted('handshake @', GONE)
  DIFFERENT[`a peer that was dialled ${what}`] = dialled('handshake @', GONE, AGAIN)
}

// The limit is one of messages here; a READY may have 8 KiB, and this one never comes.
const LARGE_READY = 'announces a READY of 4 KiB where 1 KB is the limit'
DIFFERENT[`a peer that dials ${LARGE_READY}`] = accepted(LATE, GONE)
DIFFERENT[`a peer that is dialled ${LARGE_READY}`] = dialled(LATE, GONE, AGAIN)

// The newcomer's connection stays open in libzmq, deaf and mute.
DIFFERENT['two peers of one identity'] = {
  'client 2': [
    ...['connect:delay tcp://<server>', 'connect tcp://<server>', 'handshake tcp://<server>'],
    ...['disconnect tcp://<server>', 'end', '(over)'],
  ],
}
// libzmq reports the errno of whatever failed last.
DIFFERENT['a server that admits only others'] = {
  server: [
    'bind tcp://<server>',
    'accept:error tcp://<server> {Permission denied; code=EACCES; errno=13}',
    ...['close tcp://<server>', 'end', '(over)'],
  ],
}
// The endpoint is dead in libzmq.
DIFFERENT['a reply without a delimiter'] = {
  client: [
    ...['connect:delay tcp://<server>', 'connect tcp://<server>', 'handshake tcp://<server>'],
    ...['disconnect tcp://<server>', 'connect:retry tcp://<server> in time', 'end', '(over)'],
  ],
}

// -- both ------------------------------------------------------------------------------------------------------------------

// The child plays them in the order of the tests, at the same time.
const native = new Map<string, Report>()
let failed: unknown

async function playNative(names: readonly string[], count: number): Promise<void> {
  const script = path.resolve('test/interop/support/events.mjs')
  const child = new Child(process.execPath, [script, ...names], { TMPDIR: tmpdir() })
  for (let i = 0; i < count; i++) {
    const { name, report } = JSON.parse(await child.line(60_000)) as { name: string; report: Report }
    native.set(name, report)
  }
  await child.end()
}

test.before(() => {
  const all = [playNative([], Object.keys(SCENARIOS).length - 1), playNative([CLOSED_EARLY], 1)]
  Promise.all(all).catch((error) => {
    failed = error
  })
})

const ipv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
if (!ipv6) console.log('SKIPPED: events with IPv6: this machine has none')

for (const name of Object.keys(SCENARIOS)) {
  const run = ipv6 || !name.includes('IPv6') ? test : test.skip // skipped ones count for the floor
  if (name.includes('dialled')) run(`M18: ${name}: what we tell, and whether we dial again`, compare(name))
  else run(`M17: ${name}: the events of the native package, or the difference that is stated`, compare(name))
}

function compare(name: string): () => Promise<void> {
  return async () => {
    const ours = await within(20_000, play(zmq, name), name)
    await until(() => native.has(name) || failed !== undefined, 60_000, 'the report of the native package')
    assert.is(failed, undefined)
    const theirs = native.get(name)!
    assert.not(theirs.failed, theirs.failed?.join())
    assert.equal(ours, { ...theirs, ...DIFFERENT[name] })
    if (DIFFERENT[name] !== undefined) assert.not.equal(ours, theirs, 'a difference that is none')
  }
}

test('every difference that is stated belongs to a scenario', () => {
  assert.equal(
    Object.keys(DIFFERENT).filter((name) => !(name in SCENARIOS)),
    [],
  )
})

test('a row that repeats itself stands once in a report, and nothing else is lost', () => {
  assert.equal(withoutCycles(['a', 'b', 'c', 'b', 'c', 'b', 'c', 'd']), ['a', 'b', 'c', 'd'])
  assert.equal(withoutCycles(['a', 'a', 'b']), ['a', 'b'])
  assert.equal(withoutCycles(['a', 'b', 'c', 'b']), ['a', 'b', 'c', 'b'])
})

test.run()
