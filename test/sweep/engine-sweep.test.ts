// FIN, RST, a stall and a flipped bit at every octet of a handshake, a message, one of three frames and another, for each mechanism and
// role: driver and engine over a link of memory, on a clock that stands still. Thousands of runs, judged by rules.ts.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HANDSHAKE_MS, INTERVAL_MS, type Outcome, Run, STALL_MS, TIMEOUT_MS } from './driver-run.ts'
import { effectOf, mayStop, wholeMessages } from './rules.ts'
import { MESSAGES, STREAMS, type Stream } from './stream.ts'

const test = suite('sweep over the engine')
let runs = 0

for (const stream of STREAMS) {
  const name = `${stream.setup.name} ${stream.setup.type}`
  const places = Array.from({ length: stream.bytes.length + 1 }, (_, count) => count)

  test(`${name}: a FIN behind every octet delivers what was whole, and ends`, async () => {
    for (const count of places) {
      const run = await begin(stream, count)
      run.fin()
      const outcome = settle(run)
      expectCut(stream, count, outcome, mayStop(stream, count) ? '-' : 'PEER_CLOSED')
    }
  })

  test(`${name}: a RST behind every octet delivers what was whole, and ends with RESET`, async () => {
    for (const count of places) {
      const run = await begin(stream, count)
      run.reset()
      expectCut(stream, count, settle(run), 'RESET')
    }
  })

  test(`${name}: a stall behind every octet ends by the handshake's timer, or the heartbeat's`, async () => {
    for (const count of places) {
      const run = await begin(stream, count)
      run.pass(STALL_MS * 2)
      const [code, atMs] =
        count < stream.ready ? ['HANDSHAKE_TIMEOUT', HANDSHAKE_MS] : ['SILENT_PEER', INTERVAL_MS + TIMEOUT_MS]
      const outcome = settle(run)
      expectCut(stream, count, outcome, code as string)
      assert.is(outcome.end?.atMs, atMs, `behind ${count}`)
    }
  })

  test(`${name}: without heartbeats a stall inside a message ends it, and one between messages does not`, async () => {
    for (const count of places.slice(stream.ready)) {
      const run = await begin(stream, count, false)
      run.pass(STALL_MS * 2)
      const outcome = settle(run)
      if (mayStop(stream, count)) assert.is(outcome.end, undefined, `behind ${count}`)
      else {
        expectCut(stream, count, outcome, 'STALLED')
        assert.is(outcome.end?.atMs, STALL_MS, `behind ${count}`)
      }
    }
  })

  test(`${name}: a bit flipped in every octet ends with a code, or changes what cannot be checked and no more`, async () => {
    for (let at = 0; at < stream.bytes.length; at++) {
      // A handshake of CURVE costs a millisecond: there one bit of each octet, another each time.
      const bits = stream.setup.lockstep ? [at % 8] : [0, 1, 2, 3, 4, 5, 6, 7]
      for (const bit of bits) await flip(stream, at, 1 << bit)
    }
  })
}

test('the sweep has more than 6,000 runs', () => {
  console.log(`REPORT: ${runs} runs over ${STREAMS.length} streams`)
  assert.ok(runs > 6000, `${runs} runs`)
})

test.run()

/** The first `count` octets have come. */
async function begin(stream: Stream, count: number, heartbeats = true): Promise<Run> {
  runs++
  return new Run(stream, heartbeats).feed(stream, stream.bytes.subarray(0, count))
}

function settle(run: Run): Outcome {
  const outcome = run.outcome()
  assert.equal([outcome.ends, outcome.timers, outcome.destroyed], [1, 0, true], 'ends, timers, destroyed')
  return outcome
}

function expectCut(stream: Stream, count: number, outcome: Outcome, code: string): void {
  const where = `behind ${count} of ${stream.bytes.length}, ready at ${stream.ready}`
  assert.is(outcome.end?.code, code, where)
  assert.is(outcome.readies, count < stream.ready ? 0 : 1, where)
  assert.equal(outcome.messages, wholeMessages(stream, count), where)
}

async function flip(stream: Stream, at: number, mask: number): Promise<void> {
  runs++
  const bytes = Buffer.from(stream.bytes)
  bytes[at] = bytes[at]! ^ mask
  const run = await new Run(stream, true).feed(stream, bytes)
  run.fin()
  const { end, messages } = settle(run)
  const where = `bit ${mask} at ${at} (${JSON.stringify(stream.octets[at])}): ${JSON.stringify({ end, messages })}`
  assert.match(end?.code ?? 'none', /^(-|[A-Z][A-Z_]+)$/, where)
  const isClean = end?.code === '-'
  switch (effectOf(stream, at, mask)) {
    case 'content':
      assert.ok(isClean, where)
      assert.is(differences(messages, MESSAGES), 1, where)
      break
    case 'boundary':
      assert.equal(messages.flat().slice(0, 5), MESSAGES.flat().slice(0, messages.flat().length), where)
      break
    case 'length': {
      const { message } = stream.octets[at]!
      assert.not(isClean, where)
      assert.equal(messages.slice(0, message), MESSAGES.slice(0, message), where)
      assert.ok(messages.length <= message + 1, where)
      break
    }
    case 'error or nothing':
      if (isClean) assert.equal(messages, MESSAGES, where)
      else assert.equal(messages, wholeMessages(stream, at), where)
      break
    default:
      assert.not(isClean, where)
      assert.equal(messages, wholeMessages(stream, at), where)
  }
}

/** In how many octets messages of the same form differ; -1: they have another form. */
function differences(some: readonly (readonly string[])[], others: readonly (readonly string[])[]): number {
  const forms = [some, others].map((messages) =>
    JSON.stringify(messages.map((parts) => parts.map(({ length }) => length))),
  )
  if (forms[0] !== forms[1]) return -1
  const [left, right] = [some.flat().join(''), others.flat().join('')]
  return [...left!].filter((char, i) => char !== right![i]).length
}
