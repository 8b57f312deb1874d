/**
 * Faults 63 and 64: peers of several kinds killed at random, and faults of this list together. libzmq 4.1 and 4.2 are in no package that is
 * installed here: their part is played by what is (4.3.4 and 4.3.5), and by links on which both ends take the other for ZMTP 3.0, as those
 * versions speak it.
 */
import * as assert from 'uvu/assert'
import * as ours from '../../../src/zmtp/index.ts'
import { Peer } from '../../interop/support/peer.ts'
import { findPython } from '../../interop/support/python.ts'
import { Relay } from '../../interop/support/relay.ts'
import { combine } from '../combination.ts'
import { type Fault, fault } from '../fault.ts'
import { until, type World } from '../world.ts'

async function mixedVersions(world: World): Promise<void> {
  const pull = world.socket(new ours.Pull({ receiveTimeout: 20_000 }))
  await pull.bind('tcp://127.0.0.1:0')
  const relay = await Relay.to(pull.lastEndpoint!, { minor: 0 })
  world.keep(relay)
  const libraries = findPython() === undefined ? (['zeromq'] as const) : (['zeromq', 'pyzmq'] as const)
  const got = new Map<string, number[]>()
  let reading = true
  const read = (async () => {
    while (reading) {
      const parts = await pull.receive().catch(() => undefined)
      if (parts === undefined) break
      const [name, number] = String(parts[0]).split(' ')
      const list = got.get(name!) ?? []
      got.set(name!, list)
      list.push(Number(number))
    }
  })()
  const count = world.size(3, 4)
  for (let n = 0; n < count; n++) {
    const library = libraries[n % libraries.length]!
    const peer = new Peer(library)
    world.keep({ close: () => peer.kill() })
    const name = `${library}-${n}`
    await peer.run({ do: 'socket', name: 's', type: 'PUSH' })
    await peer.run({
      do: 'connect',
      name: 's',
      endpoint: world.dice.random(2) === 0 ? relay.endpoint : pull.lastEndpoint!,
    })
    for (let m = 0; m < 20; m++)
      await peer.run({ do: 'put', name: 's', parts: [Buffer.from(`${name} ${m}`).toString('base64')] })
    // At any moment: with messages under way, or after them.
    await new Promise((resolve) => setTimeout(resolve, world.dice.random(30)))
    await peer.kill()
    await until(() => pull.counters.peers === 0, 10_000, 'the end of the killed peer')
  }
  reading = false
  pull.close()
  await read
  for (const [name, list] of got)
    assert.equal(
      list,
      Array.from({ length: list.length }, (_, n) => n),
      `${name}: a gap, a repetition or another order`,
    )
  assert.ok(got.size > 0)
}

export const MIXTURES: readonly Fault[] = [
  fault(63, 'peers of several versions, killed at random', mixedVersions),
  fault(64, 'three faults at once', (world) => combine(world, 3, world.size(1500, 1500)), {
    deadlineMs: 60_000,
  }),
]
