// Publish and subscribe with libzmq at either end: matching, counting, what an XPUB is told, and each option of publishers. Topics as they are
// on the wire, of every size, are in topics.test.ts.
import * as assert from 'uvu/assert'
import { strays } from './support/links.ts'
import { acquainted, type Player } from './support/player.ts'
import { expected, type Type } from './support/scenario.ts'
import { against, type Options, type Stage } from './support/stage.ts'

type Who = 'our' | "libzmq's"
const SIDES: readonly (readonly [boolean, Who, Who])[] = [
  [true, 'our', "libzmq's"],
  [false, "libzmq's", 'our'],
]

/** A publisher that is bound, and a subscriber that is connected to it. */
async function publication(
  stage: Stage,
  wePublish: boolean,
  publisher: [Type, Options?],
  subscriber: [Type, Options?],
): Promise<[Player, Player]> {
  const [pub, sub] = await stage.cast(wePublish, publisher, subscriber)
  await sub.connect(await pub.bind())
  return [pub, sub]
}

against('publish and subscribe', (test) => {
  for (const [wePublish, our, their] of SIDES) {
    test(`S1: ${their} SUB gets from ${our} PUB what begins with its topics, by the first part alone`, async (stage) => {
      const [pub, some] = await publication(stage, wePublish, ['PUB'], ['SUB'])
      const all = wePublish ? await stage.theirs('SUB') : await stage.ours('SUB')
      await all.connect((await pub.act({ do: 'endpoint' })) as string)
      await some.subscribe('ab', 'z')
      await all.subscribe('')
      await acquainted(pub, some, 'z')
      await acquainted(pub, all, 'meet')
      for (const parts of [['a'], ['ab', 'x'], ['b', 'ab'], ['', 'y'], ['abc'], ['x', 'z'], ['z', 'end']]) {
        await pub.send(...parts)
      }
      assert.equal(await some.texts(3), ['ab x', 'abc', 'z end'])
      assert.equal(await all.texts(7), ['a', 'ab x', 'b ab', ' y', 'abc', 'x z', 'z end'])
    })

    test(`S2, S3: ${their} SUB that subscribed twice and cancelled once still receives, one copy each; then no more`, async (stage) => {
      const [pub, sub] = await publication(stage, wePublish, ['PUB'], ['SUB'])
      await sub.subscribe('A', 'A', 'AB', 'z')
      await sub.unsubscribe('A')
      await acquainted(pub, sub, 'z')
      for (const text of ['A1', 'AB2', 'z3']) await pub.send(text)
      assert.equal(await sub.texts(3), ['A1', 'AB2', 'z3'])
      await sub.unsubscribe('A')
      await sub.subscribe('y')
      await acquainted(pub, sub, 'y')
      for (const text of ['A4', 'AB5', 'z6']) await pub.send(text)
      assert.equal(await sub.texts(2), ['AB5', 'z6'])
    })

    test(`S4, S11: ${their} bound SUB subscribes at ${our} PUB that connects, and at its successor`, async (stage) => {
      const sub = wePublish ? await stage.theirs('SUB') : await stage.ours('SUB')
      await sub.subscribe('A')
      const endpoint = await sub.bind()
      for (const round of ['1', '2']) {
        const pub = wePublish ? await stage.ours('PUB') : await stage.theirs('PUB')
        await pub.connect(endpoint)
        await acquainted(pub, sub, `A${round}`)
        await pub.close()
      }
    })

    test(`S5: ${their} SUB drops what it did not ask for, though ${our} XPUB with manual sends it`, async (stage) => {
      const [pub, sub] = await publication(stage, wePublish, ['XPUB', { manual: true }], ['SUB'])
      await sub.subscribe('A')
      assert.equal(await pub.receive(), ['\x01A'])
      await pub.subscribe('')
      for (const text of ['B1', 'A2', '', 'A3']) await pub.send(text)
      assert.equal(await sub.texts(2), ['A2', 'A3'])
    })

    test(`S6, S7: ${our} PUB never waits for ${their} SUB that does not read, which misses whole messages only`, async (stage) => {
      const few = { sendHighWaterMark: 20 }
      const [pub, sub] = await publication(
        stage,
        wePublish,
        ['PUB', few],
        ['SUB', { receiveHighWaterMark: 20 }],
      )
      await sub.subscribe('')
      await acquainted(pub, sub, '')
      const run = { seed: 'flood', count: 10_000, shapes: [[40, 2000, 40], [3000]] }
      await pub.act({ do: 'send', run })
      const got = (await sub.act({ do: 'drain', ms: 300 })) as string[]
      assert.ok(got.length >= 40 && got.length < run.count, `${got.length} messages arrived`)
      assert.equal(strays(got, expected(run)), [], 'what is neither sent nor in order')
    })

    test(`S7: ${our} XPUB with noDrop reports EAGAIN while ${their} SUB does not read, and loses nothing`, async (stage) => {
      const few = { sendHighWaterMark: 20, noDrop: true }
      const [pub, sub] = await publication(
        stage,
        wePublish,
        ['XPUB', few],
        ['SUB', { receiveHighWaterMark: 20 }],
      )
      await sub.subscribe('')
      assert.equal(await pub.receive(), ['\x01'])
      // What the two queues hold goes sooner or later; an EAGAIN before that is a machine that stood still for longer than the 100 ms.
      const held = 40
      let sent = 0
      for (let outcome = 'sent'; outcome === 'sent' || sent < held; ) {
        outcome = await pub.trySend([String(sent), 'x'.repeat(20_000)], 100)
        if (outcome === 'sent') sent++
      }
      for (let n = 0; n < sent; n++) assert.is((await sub.receive())[0], String(n))
      assert.is(await pub.trySend(['after'], 5000), 'sent')
      assert.equal(await sub.receive(), ['after'])
    })

    for (const [verbosity, again, less] of [
      [null, [], []],
      ['allSubs', ['\x01A'], []],
      ['allSubsUnsubs', ['\x01A'], ['\x00A']],
    ] as const) {
      test(`S8: ${our} XPUB with verbosity ${verbosity} reports what two SUBs of ${their} side ask for`, async (stage) => {
        const options = verbosity === null ? {} : { verbosity }
        const [pub, one] = await publication(stage, wePublish, ['XPUB', options], ['SUB'])
        const two = wePublish ? await stage.theirs('SUB') : await stage.ours('SUB')
        await two.connect((await pub.act({ do: 'endpoint' })) as string)
        let step = 0
        // Up to a topic of its own that each step ends with: that is reported whatever the verbosity.
        const reports = async (sub: Player) => {
          const mark = `step ${++step}`
          await sub.subscribe(mark)
          const heard: string[] = []
          for (let text = ''; text !== `\x01${mark}`; heard.push(text)) text = (await pub.receive()).join(' ')
          return heard.slice(0, -1)
        }
        await one.subscribe('A')
        assert.equal(await reports(one), ['\x01A'], 'the first')
        await one.subscribe('A')
        assert.equal(await reports(one), again, 'the same once more')
        await two.subscribe('A')
        assert.equal(await reports(two), again, 'another one')
        await one.unsubscribe('A', 'A')
        assert.equal(await reports(one), less, 'one of them no more')
        await two.unsubscribe('A')
        assert.equal(await reports(two), ['\x00A'], 'nobody any more')
      })
    }

    test(`S9: ${our} XPUB hears what ends with ${their} SUB, whether it closes or cancels`, async (stage) => {
      const [pub, sub] = await publication(stage, wePublish, ['XPUB'], ['SUB'])
      await sub.subscribe('A', 'B')
      assert.equal(await pub.texts(2), ['\x01A', '\x01B'])
      await sub.unsubscribe('A')
      assert.equal(await pub.receive(), ['\x00A'])
      await sub.close()
      assert.equal(await pub.receive(), ['\x00B'])
    })

    test(`S10: what ${their} XSUB sends up reaches ${our} XPUB, the empty message too`, async (stage) => {
      const [pub, sub] = await publication(stage, wePublish, ['XPUB'], ['XSUB'])
      await sub.subscribe('A')
      assert.equal(await pub.receive(), ['\x01A'])
      // libzmq tears a message up whose later parts begin with 00 or 01; we do not.
      const parts = wePublish ? ['\x02up', '\x01mid', 'end'] : ['\x02up', 'mid', 'end']
      await sub.send(...parts)
      assert.equal(await pub.receive(), parts)
      await sub.send('')
      assert.equal(await pub.receive(), [''])
    })

    test(`with manual ${our} XPUB decides what ${their} XSUB gets, and hears of its end`, async (stage) => {
      const [pub, sub] = await publication(stage, wePublish, ['XPUB', { manual: true }], ['XSUB'])
      await sub.subscribe('A')
      assert.equal(await pub.receive(), ['\x01A'])
      await pub.subscribe('B', 'C')
      await pub.unsubscribe('C')
      for (const text of ['A1', 'B2', 'C3', 'B4']) await pub.send(text)
      assert.equal(await sub.texts(2), ['B2', 'B4'])
      await sub.subscribe('A')
      assert.equal(await pub.receive(), ['\x01A'], 'every request, repeated ones too')
      await sub.unsubscribe('A', 'A')
      assert.equal(await pub.receive(), ['\x00A'])
      await pub.unsubscribe('B')
      await sub.subscribe('D')
      assert.equal(await pub.receive(), ['\x01D'])
      await pub.subscribe('D')
      for (const text of ['B5', 'D6']) await pub.send(text)
      assert.equal(await sub.receive(), ['D6'])
      await sub.close()
      assert.match((await pub.receive())[0]!, /^\0[BD]$/)
    })

    test(`${our} XPUB welcomes each new SUB of ${their} side that wants it`, async (stage) => {
      const pub = wePublish
        ? await stage.ours('XPUB', { welcomeMessage: 'Welcome' })
        : await stage.theirs('XPUB', { welcomeMessage: 'Welcome' })
      const endpoint = await pub.bind()
      for (const topic of ['W', '']) {
        const sub = wePublish ? await stage.theirs('SUB') : await stage.ours('SUB')
        await sub.subscribe(topic)
        await sub.connect(endpoint)
        assert.equal(await pub.receive(), [`\x01${topic}`])
        await pub.send('Wnext')
        assert.equal(await sub.texts(2), ['Welcome', 'Wnext'])
        await sub.close()
        assert.equal(await pub.receive(), [`\x00${topic}`])
      }
    })

    for (const type of ['PUB', 'XPUB'] as const) {
      test(`with invertMatching ${our} ${type} sends ${their} SUB what does not match`, async (stage) => {
        const invert = { invertMatching: true }
        const [pub, sub] = await publication(stage, wePublish, [type, invert], ['SUB', invert])
        await sub.subscribe('A')
        if (type === 'XPUB') assert.equal(await pub.receive(), ['\x01A'])
        // Until the subscription arrives, everything is sent, and dropped at the SUB.
        await acquainted(pub, sub, 'B')
        for (const text of ['A1', 'B2', 'AB3', 'C4', '']) await pub.send(text)
        assert.equal(await sub.texts(3), ['B2', 'C4', ''])
      })
    }
  }

  test('H10: our SUB with conflate keeps the newest message of a PUB, and all of its subscriptions', async (stage) => {
    const [pub, sub] = await stage.cast(false, ['XPUB'], ['SUB', { conflate: true }])
    await sub.subscribe('A', 'B', 'C')
    await sub.connect(await pub.bind())
    assert.equal((await pub.texts(3)).sort(), ['\x01A', '\x01B', '\x01C'])
    await newest(pub, sub, ['A1', 'B2', 'X3', 'C4'], 'C4')
    await newest(pub, sub, ['C5', 'B6'], 'B6')
    await newest(pub, sub, ['B7', 'A8'], 'A8')
  })

  test("H10: libzmq's SUB with conflate gets the newest message of our PUB", async (stage) => {
    const [pub, sub] = await stage.cast(true, ['XPUB'], ['SUB', { conflate: true }])
    await sub.subscribe('A')
    await sub.connect(await pub.bind())
    assert.equal(await pub.receive(), ['\x01A'])
    await newest(pub, sub, ['A1', 'A2', 'X3', 'A4'], 'A4')
  })

  test('H10: our PUB with conflate sends the newest message only to a SUB that does not read', async (stage) => {
    const [pub, sub] = await stage.cast(
      true,
      ['PUB', { conflate: true }],
      ['SUB', { receiveHighWaterMark: 1 }],
    )
    await sub.subscribe('')
    await sub.connect(await pub.bind())
    await acquainted(pub, sub, 'A')
    const run = { seed: 'flood', count: 5000, shapes: [[5000]] }
    await pub.act({ do: 'send', run })
    const got = (await sub.act({ do: 'drain', ms: 300 })) as string[]
    assert.ok(got.length < run.count, `${got.length} messages arrived`)
    assert.equal(strays(got, expected(run)), [])
    assert.is(got.at(-1), expected(run).at(-1))
  })
})

/** Sends while nobody reads; whatever is read first, it ends with the newest that matches. */
async function newest(pub: Player, sub: Player, texts: string[], last: string): Promise<void> {
  for (const text of texts) await pub.send(text)
  const got: string[] = []
  for (let text = await sub.maybeReceive(1000); text !== undefined; text = await sub.maybeReceive(100)) {
    got.push(text.join(' '))
  }
  assert.is(got.at(-1), last)
}
