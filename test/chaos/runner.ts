// Makes one fault once: in a world of its own, with a deadline, then the ledger, then the end of everything, and nothing is left open.
import * as assert from 'uvu/assert'
import { openSockets } from '../support/hostile-world.ts'
import { until, within } from '../support/within.ts'
import { childFile } from './child-file.ts'
import type { Fault } from './fault.ts'
import { type Scale, World } from './world.ts'

export interface Outcome {
  readonly summary: string
  readonly notes: readonly string[]
  readonly ms: number
}

/** Throws with the command that repeats it. */
export async function runFault(fault: Fault, seed: number, scale: Scale, turn = 0): Promise<Outcome> {
  const world = new World(seed, scale, turn)
  const started = performance.now()
  // What opens descriptors once for a process is there before they are counted.
  childFile()
  for (const stream of [process.stdout, process.stderr]) stream.write('')
  const before = openSockets()
  const stray = (reason: unknown): unknown => world.strays.push(reason)
  process.on('unhandledRejection', stray)
  try {
    try {
      await within(
        fault.deadlineMs ?? 30_000,
        fault.inject(world).then(() => world.check()),
      )
    } finally {
      await world.close()
    }
    if (before !== undefined)
      await until(() => openSockets()! <= before, 5000, 'the end of all sockets').catch(() => {
        const kinds = process.getActiveResourcesInfo().join(', ')
        assert.unreachable(`${openSockets()} sockets are open, before ${before}: ${kinds}`)
      })
    assert.equal(world.strays.map(String), [], 'unhandled rejections')
  } catch (error) {
    const replay = `npm run chaos -- --fault ${fault.number} --seed ${seed} --turn ${turn} --times 1${scale === 'small' ? ' --small' : ''}`
    const failure = error as Error
    failure.message = `fault ${fault.number}, seed ${seed}: ${failure.message}\n  ${[...world.notes, world.ledger.summary.slice(-2000)].join('\n  ')}\n  again: ${replay}`
    throw failure
  } finally {
    process.off('unhandledRejection', stray)
  }
  return {
    summary: world.ledger.summary,
    notes: world.notes,
    ms: performance.now() - started,
  }
}
