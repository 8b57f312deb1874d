// The rows `curve_live` of inputs.json and own-rows.json: changes made on live CURVE dialogs, each in four ways.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { WAYS } from '../support/delivery.ts'
import { SEED } from '../support/noise.ts'
import { Base } from './base.ts'
import { playDialog } from './curve-player.ts'
import { RECIPES } from './curve-recipes.ts'
import { Echo } from './echo.ts'
import { curveOutcome } from './outcomes.ts'
import { Pool } from './pool.ts'
import { GIVEN, OWN } from './rows.ts'

const test = suite('hostile CURVE dialogs')
const base = new Base()
const pool = new Pool(test)
let echo: Promise<Echo> | undefined
const only = process.env.PSEUD_ROW

const rows = [...GIVEN.curve_live, ...OWN.curve_live]

for (const row of rows.filter(({ id }) => only === undefined || id === only)) {
  const outcome = curveOutcome(row)
  for (const way of WAYS) {
    const seed = way === 'split at random' ? ` (PSEUD_FUZZ_SEED=${SEED})` : ''
    pool.test(`${row.id}: ${row.what}: ${outcome.code ?? 'lives'}, ${way}${seed}`, async () => {
      echo ??= Echo.open()
      await playDialog(row, outcome, way, await echo)
    })
  }
}

test('each row has its recipe, and each recipe its row', () => {
  assert.equal(rows.map(({ id }) => id).sort(), Object.keys(RECIPES).sort())
})

base.test(test, async () => (await echo)?.close())

test.run()
