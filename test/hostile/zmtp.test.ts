// The rows `zmtp` of inputs.json and own-rows.json: octets against live sockets in four ways, and against the engine alone.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { WAYS } from '../support/delivery.ts'
import { feed } from '../support/feed.ts'
import { SEED } from '../support/noise.ts'
import { Base } from './base.ts'
import { Echo } from './echo.ts'
import { CONFLICTS, zmtpOutcome } from './outcomes.ts'
import { Pool } from './pool.ts'
import { bytesOf, GIVEN, OWN } from './rows.ts'
import { type EngineRun, playLive, playResets, runEngine, subjectOf } from './zmtp-player.ts'

const test = suite('hostile octets')
const base = new Base()
const pool = new Pool(test)
let echo: Promise<Echo> | undefined
const only = process.env.PSEUD_ROW

const rows = [...GIVEN.zmtp, ...OWN.zmtp].filter(({ id }) => only === undefined || id === only)
// Played a thousand times, in a test of its own.
const REPEATED = 'S23'

for (const row of rows.filter(({ id }) => id !== REPEATED)) {
  const outcome = zmtpOutcome(row)
  for (const way of WAYS) {
    const seed = way === 'split at random' ? ` (PSEUD_FUZZ_SEED=${SEED})` : ''
    pool.test(`${row.id}: ${row.what}: ${outcome.code ?? 'lives'}, ${way}${seed}`, async () => {
      echo ??= Echo.open()
      await playLive(row, outcome, way, await echo)
    })
  }
}

const broken = rows.find(({ id }) => id === REPEATED)
if (broken !== undefined) {
  // One octet has no other ways than whole; the honest peer is at work all the while.
  pool.test(
    `${broken.id}: ${broken.what}: as many back-offs, a timer each, and the honest peer is served`,
    () => playResets(broken, 1000),
  )
}

// What the engine takes from a publisher's peers, and what REQ and REP see, is not what reaches an application.
const AS_THEY_COME = ['ROUTER', 'DEALER', 'PULL', 'PAIR', 'SUB']

for (const row of rows) {
  const outcome = zmtpOutcome(row)
  test(`${row.id}: ${row.what}: ${outcome.code ?? 'lives'}, by the engine, however the octets are cut`, () => {
    const steps = row.steps.map(bytesOf)
    const code = outcome.bySocket ? undefined : outcome.code
    const check = (run: EngineRun): void => {
      assert.is(run.code, code)
      if (code !== undefined) assert.is(run.ready, outcome.ready === true)
      if (AS_THEY_COME.includes(subjectOf(row).type)) assert.equal(run.messages, outcome.delivered ?? [])
    }
    const bytewise = runEngine(
      row,
      outcome,
      steps.flatMap((step) => Array.from(step, (octet) => Buffer.of(octet))),
    )
    check(bytewise)
    if (code !== undefined && outcome.at !== undefined) assert.is(bytewise.at, outcome.at)
    // One step after the other is cut: a peer waits with each until the one before it was answered.
    for (const [index, step] of steps.entries()) {
      feed(
        step,
        (chunks) =>
          check(runEngine(row, outcome, [...steps.slice(0, index), ...chunks, ...steps.slice(index + 1)])),
        step.length > 10_000 ? 4 : 60,
      )
    }
  })
}

test('what conflicts with a row is in one table, and only rows are in it', () => {
  const ids = Object.values(GIVEN).flatMap((kind) => (Array.isArray(kind) ? kind.map(({ id }) => id) : []))
  assert.is(ids.length, 254)
  assert.equal(
    Object.keys(CONFLICTS).filter((id) => !ids.includes(id)),
    [],
  )
})

base.test(test, async () => (await echo)?.close())

test.run()
