// An endless stream against a consumer that stopped reading: over every transport at once, for a minute where the whole suite is
// run, because a leak of a few octets in each turn shows only then. Elsewhere for a few seconds.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sleep, until } from '../support/within.ts'
import { TRANSPORTS, World } from './semantics/world.ts'

const SECONDS = process.env.CI === 'true' ? 60 : 5

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

interface Use {
  readonly heap: number
  readonly outside: number
  readonly cpu: number
}

function use(): Use {
  gc()
  const { heapUsed, external } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  return { heap: heapUsed, outside: external, cpu: user + system }
}

const test = suite('an endless stream')

test(`section 6, 10: nobody reads for ${SECONDS} s: the producers sleep, and memory is flat`, async () => {
  const worlds = TRANSPORTS.map((transport) => new World(transport))
  const made = worlds.map(() => 0)
  const streams: AsyncIterator<number>[] = []
  let left = 0
  for (const [i, world] of worlds.entries()) {
    const { client } = await world.pair({
      async *numbers() {
        try {
          for (;;) yield { n: made[i]!++, filling: 'x'.repeat(1000) }
        } finally {
          left++
        }
      },
    })
    const items = client.with({ timeoutMs: Number.POSITIVE_INFINITY }).numbers()[Symbol.asyncIterator]()
    streams.push(items)
    assert.is((await items.next()).value.n, 0)
  }
  await until(() => made.every((count) => count === 64), 5000, 'a full window in each')
  await sleep(500)
  const before = use()
  await sleep(SECONDS * 1000)
  const after = use()
  assert.equal(
    made,
    worlds.map(() => 64),
    'the producers have moved on',
  )
  // What the garbage collector leaves lying about is not much.
  assert.ok(after.heap - before.heap < 256 * 1024, `the heap has grown by ${after.heap - before.heap} octets`)
  assert.ok(after.outside - before.outside < 64 * 1024, `buffers by ${after.outside - before.outside}`)
  const busy = (after.cpu - before.cpu) / (SECONDS * 1e6)
  assert.ok(busy < 0.2, `the process was busy for ${(busy * 100).toFixed(1)} % of the time`)
  console.log(
    `REPORT: ${SECONDS} s, ${worlds.length} streams: heap ${after.heap - before.heap} B, buffers ${after.outside - before.outside} B, busy ${(busy * 100).toFixed(2)} %`,
  )
  // They go on where they stood.
  for (const items of streams) {
    for (let n = 1; n < 200; n++) assert.is((await items.next()).value.n, n)
    await items.return?.()
  }
  await until(() => left === worlds.length, 5000, 'the end of every producer')
  for (const world of worlds) {
    await world.clear()
    world.remove()
  }
})

test.run()
