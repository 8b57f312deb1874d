// The rows `codec` of inputs.json and own-rows.json: octets for the codec, in the four ways in which a message can hold them.
import { suite } from 'uvu'
import { SEED } from '../support/noise.ts'
import { Base } from './base.ts'
import { CODEC_WAYS } from './codec-player.ts'
import { Echo } from './echo.ts'
import { codecOutcome } from './outcomes.ts'
import { Pool } from './pool.ts'
import { GIVEN, OWN } from './rows.ts'

const test = suite('hostile encodings')
const base = new Base()
const pool = new Pool(test)
let echo: Promise<Echo> | undefined
const only = process.env.PSEUD_ROW

for (const row of [...GIVEN.codec, ...OWN.codec].filter(({ id }) => only === undefined || id === only)) {
  const outcome = codecOutcome(row)
  for (const [way, play] of Object.entries(CODEC_WAYS)) {
    pool.test(
      `${row.id}: ${row.what}: ${outcome.code ?? 'a value'}, ${way} (PSEUD_FUZZ_SEED=${SEED})`,
      async () => {
        await play(row, outcome, () => {
          echo ??= Echo.open()
          return echo
        })
      },
    )
  }
}

base.test(test, async () => (await echo)?.close())

test.run()
