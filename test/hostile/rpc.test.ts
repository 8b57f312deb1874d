// The rows `rpc` of inputs.json and own-rows.json: messages of the RPC layer to live Servers and Clients, each in four ways.
import { suite } from 'uvu'
import { WAYS } from '../support/delivery.ts'
import { SEED } from '../support/noise.ts'
import { Base } from './base.ts'
import { Echo } from './echo.ts'
import { Pool } from './pool.ts'
import { GIVEN, OWN } from './rows.ts'
import { rpcOutcome } from './rpc-outcomes.ts'
import { playRpc } from './rpc-player.ts'

const test = suite('hostile RPC messages')
const base = new Base()
const pool = new Pool(test)
let echo: Promise<Echo> | undefined
const only = process.env.PSEUD_ROW

for (const row of [...GIVEN.rpc, ...OWN.rpc].filter(({ id }) => only === undefined || id === only)) {
  const outcome = rpcOutcome(row)
  for (const way of WAYS) {
    const seed = way === 'split at random' ? ` (PSEUD_FUZZ_SEED=${SEED})` : ''
    pool.test(`${row.id}: ${row.what}: ${outcome.ends ?? 'lives'}, ${way}${seed}`, async () => {
      echo ??= Echo.open()
      await playRpc(row, outcome, way, await echo)
    })
  }
}

base.test(test, async () => (await echo)?.close())

test.run()
