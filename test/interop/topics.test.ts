// Subscriptions on the wire between our sockets and libzmq's: topics of every size at which some libzmq frames them in a way of its own, as
// the commands of ZMTP 3.1 and as the messages of 3.0, and very many of them. libzmq 4.3 announces 3.1 always: a relay makes it 3.0.
import * as assert from 'uvu/assert'
import { digestOf } from './support/actions.mjs'
import { checkSame } from './support/links.ts'
import type { Player } from './support/player.ts'
import { against, type Stage } from './support/stage.ts'

// A publisher of ours takes no topic of more than 4,096 octets (decision 0034); theirs take all.
const TO_US = [...Array.from({ length: 301 }, (_, size) => size), 4095, 4096]
const TO_THEM = [...TO_US, 20_000, 70_000]
const MANY = Array.from({ length: 5000 }, (_, i) => `topic ${String(i).padStart(4, '0')}`)
// libzmq's number of it, for a SUB, which has no such option in the native package.
const SNDHWM = 23

/** What an XPUB reports of these topics. */
function reported(topics: readonly string[], first: 0 | 1): string[] {
  return topics.map((topic) => digestOf([Buffer.from(`${String.fromCharCode(first)}${topic}`, 'latin1')]))
}

async function heard(publisher: Player, count: number): Promise<string[]> {
  return (await publisher.act({ do: 'receive', count })) as string[]
}

async function checkTopics(publisher: Player, subscriber: Player, sizes: readonly number[]): Promise<void> {
  const topics = sizes.map((size) => 't'.repeat(size))
  // So that later ones are sent as they are made, not replayed.
  await subscriber.subscribe('first')
  assert.equal(await heard(publisher, 1), reported(['first'], 1))
  await subscriber.subscribe(...topics)
  checkSame(await heard(publisher, topics.length), reported(topics, 1))
  await subscriber.unsubscribe(...topics)
  checkSame(await heard(publisher, topics.length), reported(topics, 0))
}

against('subscriptions', (test) => {
  for (const subscriber of ['SUB', 'XSUB'] as const) {
    for (const weSubscribe of [true, false]) {
      const most = weSubscribe ? '70,000' : '4,096'
      const topics = weSubscribe ? TO_THEM : TO_US
      const who = weSubscribe ? `our ${subscriber} to an XPUB` : `${subscriber} to our XPUB`
      test(`S13, S14, C23: topics of 0 to 300 and up to ${most} octets come from ${who} of ZMTP 3.1, and are cancelled`, async (stage) => {
        const { pub, sub, up } = await relayed(stage, weSubscribe, subscriber, 1)
        await checkTopics(pub, sub, topics)
        // libzmq's XSUB passes on what the application sends, as a message; ours says it as its peer understands it best.
        assert.is(up().includes('\x09SUBSCRIBEfirst'), weSubscribe || subscriber === 'SUB')
      })

      test(`C21, C22, C23: and so they do between ends that take each other for ZMTP 3.0, from ${who}, as messages`, async (stage) => {
        const { pub, sub, up } = await relayed(stage, weSubscribe, subscriber, 0)
        // libzmq frames its topic of 255 octets wrongly for a peer of 3.0: an empty message comes, and then anything.
        const sizes = weSubscribe || subscriber === 'XSUB' ? topics : topics.filter((size) => size !== 255)
        await checkTopics(pub, sub, sizes)
        assert.ok(up().includes('\x00\x06\x01first'))
        assert.not(up().includes('SUBSCRIBE'))
        assert.not(up().includes('CANCEL'))
      })
    }
  }

  test('S4, S12: 5,000 subscriptions of our SUB reach an XPUB, and its successor after it was killed', async (stage) => {
    const sub = await stage.ours('SUB', { reconnectInterval: 20 })
    await sub.subscribe(...MANY)
    const first = stage.peer()
    const pub = await stage.theirs('XPUB', {}, first)
    const endpoint = await pub.bind()
    await sub.connect(endpoint)
    checkSame(await heard(pub, MANY.length), reported(MANY, 1))
    await first.kill()
    const successor = await stage.theirs('XPUB')
    await successor.bind(endpoint)
    checkSame(await heard(successor, MANY.length), reported(MANY, 1))
  })

  test('S12: 5,000 subscriptions of a SUB reach our XPUB, and its successor', async (stage) => {
    const sub = await stage.theirs('SUB', { reconnectInterval: 20 })
    await sub.act({ do: 'number', number: SNDHWM, value: 0 }) // libzmq would replay 1,000 of them
    await sub.subscribe(...MANY)
    let endpoint = 'tcp'
    for (let round = 0; round < 2; round++) {
      const pub = await stage.ours('XPUB')
      endpoint = await pub.bind(endpoint)
      if (round === 0) await sub.connect(endpoint)
      const requests = heard(pub, MANY.length)
      let waiting = true
      const stop = () => {
        waiting = false
      }
      requests.then(stop, stop)
      // libzmq subscribes again only when its application calls it.
      while (waiting) await sub.maybeReceive(20)
      checkSame((await requests).sort(), reported(MANY, 1).sort()) // in the order of libzmq's own tree
      await pub.close()
    }
  })
})

/** Bound publisher and connected subscriber, with a relay in between that says which ZMTP they speak; `up` is what the subscriber sent. */
async function relayed(
  stage: Stage,
  weSubscribe: boolean,
  type: 'SUB' | 'XSUB',
  minor: number,
): Promise<{ pub: Player; sub: Player; up: () => string }> {
  const [sub, pub] = await stage.cast(weSubscribe, [type], ['XPUB'])
  const relay = await stage.relay(await pub.bind(), { minor })
  await sub.connect(relay.endpoint)
  return { pub, sub, up: () => relay.octets('up').toString('latin1') }
}
