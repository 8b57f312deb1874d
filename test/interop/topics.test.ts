// Subscriptions between our sockets and libzmq's: topics of every size at which some libzmq frames them in a way of its own, and many of them.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as zmq from '../../src/zmtp/index.ts'
import { within } from '../support/within.ts'
import { Actor, digestOf } from './support/actions.mjs'
import { LIBRARIES, Peer } from './support/peer.ts'
import { pythonOr } from './support/python.ts'

const python = pythonOr('subscriptions against the libzmq of pyzmq')
const SIZES = [...Array.from({ length: 301 }, (_, size) => size), 20_000, 70_000]
const TOPICS = SIZES.map((size) => Buffer.alloc(size, 't').toString('base64'))
const MANY = Array.from({ length: 5000 }, (_, i) => Buffer.from(`topic ${String(i).padStart(4, '0')}`))

/** What an XPUB reports of these topics, in base64. */
function reported(topics: readonly Buffer[], first: 0 | 1): string[] {
  return topics.map((topic) => digestOf([Buffer.concat([Buffer.from([first]), topic])]))
}

const sized = SIZES.map((size) => Buffer.alloc(size, 't'))

for (const library of LIBRARIES) {
  const tests = suite(`subscriptions against ${library}`)
  const there = library === 'zeromq' || python !== undefined
  const test = there ? tests : tests.skip // skipped ones count for the floor
  const actor = new Actor(zmq)

  for (const [publisher, subscriber] of [
    ['XPUB', 'SUB'],
    ['XPUB', 'XSUB'],
  ] as const) {
    for (const weSubscribe of [true, false]) {
      const who = weSubscribe ? `our ${subscriber} to an ${publisher}` : `${subscriber} to our ${publisher}`
      test(`S14, C23: topics of 0 to 300, 20,000 and 70,000 octets come from ${who}, and are cancelled`, async () => {
        const peer = new Peer(library)
        try {
          const [up, down] = weSubscribe ? [peer, actor] : [actor, peer]
          await up.run({ do: 'socket', name: 'pub', type: publisher })
          await down.run({ do: 'socket', name: 'sub', type: subscriber })
          const endpoint = await up.run({ do: 'bind', name: 'pub', endpoint: 'tcp://127.0.0.1:0' })
          await down.run({ do: 'connect', name: 'sub', endpoint })
          // So that later ones are sent as they are made, not replayed.
          await down.run({ do: 'subscribe', name: 'sub', topics: [Buffer.from('first').toString('base64')] })
          const heard = (count: number) =>
            within(20_000, up.run({ do: 'receive', name: 'pub', count }) as Promise<string[]>, 'requests')
          assert.equal(await heard(1), reported([Buffer.from('first')], 1))
          await down.run({ do: 'subscribe', name: 'sub', topics: TOPICS })
          assert.equal(await heard(TOPICS.length), reported(sized, 1))
          await down.run({ do: 'subscribe', name: 'sub', topics: TOPICS, cancel: true })
          assert.equal(await heard(TOPICS.length), reported(sized, 0))
          await actor.run({ do: 'close', name: weSubscribe ? 'sub' : 'pub' })
        } finally {
          await peer.end()
        }
      })
    }
  }

  test('S4, S12: 5,000 subscriptions of our SUB reach an XPUB, and its successor after it was killed', async () => {
    let peer = new Peer(library)
    try {
      await actor.run({ do: 'socket', name: 'sub', type: 'SUB', options: { reconnectInterval: 20 } })
      await actor.run({
        do: 'subscribe',
        name: 'sub',
        topics: MANY.map((topic) => topic.toString('base64')),
      })
      await peer.run({ do: 'socket', name: 'pub', type: 'XPUB' })
      const endpoint = await peer.run({ do: 'bind', name: 'pub', endpoint: 'tcp://127.0.0.1:0' })
      await actor.run({ do: 'connect', name: 'sub', endpoint })
      const heard = () =>
        within(20_000, peer.run({ do: 'receive', name: 'pub', count: MANY.length }), 'requests')
      assert.equal(await heard(), reported(MANY, 1))
      await peer.kill()
      peer = new Peer(library)
      await peer.run({ do: 'socket', name: 'pub', type: 'XPUB' })
      await peer.run({ do: 'bind', name: 'pub', endpoint })
      assert.equal(await heard(), reported(MANY, 1))
      await actor.run({ do: 'close', name: 'sub' })
    } finally {
      await peer.end()
    }
  })

  tests.run()
}
