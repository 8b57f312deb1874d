// ROUTER with libzmq at either end: who gets which id, who else may have it, what becomes of messages that reach nobody.
import * as assert from 'uvu/assert'
import { anywhere, strays } from './support/links.ts'
import type { Player } from './support/player.ts'
import { expected } from './support/scenario.ts'
import { against } from './support/stage.ts'

const SIDES = [
  [true, 'our', "libzmq's"],
  [false, "libzmq's", 'our'],
] as const

/** Sends from `a` to `b` until it gets there: whoever was refused a moment ago dials again. */
async function arrives(a: Player, b: Player, parts: string[]): Promise<string[]> {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    await a.trySend(parts, 100)
    const got = await b.maybeReceive(100)
    if (got !== undefined) return got
  }
  throw new Error(`nothing arrives at ${b.name}`)
}

against('ROUTER', (test) => {
  test("R13, R23: our ROUTER gives libzmq's nameless DEALERs ids of five octets that begin with 00, and sends none of them", async (stage) => {
    const router = await stage.ours('ROUTER')
    const relay = await stage.relay(await router.bind())
    const ids: string[] = []
    const dealers = [await stage.theirs('DEALER'), await stage.theirs('DEALER'), await stage.theirs('REQ')]
    for (const [n, dealer] of dealers.entries()) {
      await dealer.connect(relay.endpoint)
      await dealer.send(`I am ${n}`)
      const parts = await router.receive()
      assert.equal(parts.slice(1), n === 2 ? ['', 'I am 2'] : [`I am ${n}`])
      ids.push(parts[0]!)
    }
    for (const id of ids) assert.match(id, /^\0.{4}$/s)
    assert.is(new Set(ids).size, 3)
    for (const [n, id] of ids.entries()) {
      await router.send(id, ...(n === 2 ? [''] : []), `you are ${n}`)
      assert.equal(await dealers[n]!.receive(), [`you are ${n}`])
      assert.not(relay.octets('down').toString('latin1').includes(id))
    }
  })

  for (const [weRoute, our, their] of SIDES) {
    test(`R14: ${our} ROUTER knows ${their} DEALER and REQ by the identity they announce, octet for octet`, async (stage) => {
      const router = weRoute ? await stage.ours('ROUTER') : await stage.theirs('ROUTER')
      const endpoint = await router.bind()
      for (const name of ['', 'åbçdéfghïjk', 'i'.repeat(254)]) {
        for (const type of ['DEALER', 'REQ'] as const) {
          const id = `${type[0]}${name}` // libzmq does not free an identity at once
          const options = { routingId: id }
          const peer = weRoute ? await stage.theirs(type, options) : await stage.ours(type, options)
          await peer.connect(endpoint)
          await peer.send('here')
          const octets = Buffer.from(id).toString('latin1')
          const envelope = type === 'REQ' ? [octets, ''] : [octets]
          assert.equal(await router.receive(), [...envelope, 'here'])
          await router.send(...envelope, 'there')
          assert.equal(await peer.receive(), ['there'])
          await peer.close()
        }
      }
    })

    test(`R21: ${our} ROUTER reaches ${their} DEALER by the id it gave it at connect, before that is there`, async (stage) => {
      const [router, dealer] = await stage.cast(
        weRoute,
        ['ROUTER', { mandatory: true }],
        ['DEALER', { routingId: 'own' }],
      )
      const endpoint = anywhere('ipc')
      await router.connect(endpoint, 'given')
      assert.is(await router.trySend(['given', 'early'], 1000), 'sent')
      await dealer.bind(endpoint)
      assert.equal(await dealer.receive(), ['early'])
      await dealer.send('answer')
      assert.equal(await router.receive(), ['given', 'answer'])
      assert.is(await router.trySend(['own', 'by its own'], 0), 'EHOSTUNREACH')
    })

    for (const type of ['DEALER', 'ROUTER', 'REQ'] as const) {
      test(`R22: ${their} ${type} with probeRouter shows itself to ${our} ROUTER by an empty message, once`, async (stage) => {
        const probing = { probeRouter: true, routingId: 'prober' }
        const [router, prober] = await stage.cast(
          weRoute,
          ['ROUTER', { routingId: 'router' }],
          [type, probing],
        )
        await prober.connect(await router.bind())
        assert.equal(await router.receive(), ['prober', ''])
        await router.send('prober', ...(type === 'REQ' ? [''] : []), 'welcome')
        if (type === 'REQ') {
          assert.is(await prober.trySend(['now']), 'sent')
          assert.equal(await router.receive(), ['prober', '', 'now'])
        } else {
          assert.equal(await prober.receive(), type === 'ROUTER' ? ['router', 'welcome'] : ['welcome'])
          assert.is(await router.maybeReceive(50), undefined)
        }
      })
    }

    test(`R24: ${our} ROUTER and ${their} ROUTER that dials it talk by their identities`, async (stage) => {
      const [one, two] = await stage.cast(
        weRoute,
        ['ROUTER', { routingId: 'one', mandatory: true }],
        ['ROUTER', { routingId: 'two', mandatory: true }],
      )
      await two.connect(await one.bind())
      await two.send('one', 'hello')
      assert.equal(await one.receive(), ['two', 'hello'])
      await one.send('two', 'and', 'back')
      assert.equal(await two.receive(), ['one', 'and', 'back'])
    })
  }

  test("R15, R17: what our ROUTER sends to nobody, or without content, is dropped, and the next message arrives at libzmq's DEALER", async (stage) => {
    const [router, dealer] = await stage.cast(true, ['ROUTER'], ['DEALER', { routingId: 'd' }])
    await dealer.connect(await router.bind())
    await dealer.send('here')
    await router.receive()
    assert.is(await router.trySend(['nobody', 'lost']), 'sent')
    assert.is(await router.trySend(['d']), 'sent')
    assert.is(await router.trySend(['d', 'found']), 'sent')
    assert.equal(await dealer.receive(), ['found'])
    await router.set('mandatory', true)
    assert.is(await router.trySend(['nobody', 'refused']), 'EHOSTUNREACH')
    assert.is(await router.trySend(['d', 'found again']), 'sent')
    assert.equal(await dealer.receive(), ['found again'])
    await dealer.close()
    while ((await router.trySend(['d', 'gone'])) === 'sent') await router.maybeReceive(10)
    assert.is(await router.trySend(['d', 'gone']), 'EHOSTUNREACH')
  })

  test('R16: what our ROUTER sends to a full DEALER of libzmq is dropped, whole messages of it; others get theirs', async (stage) => {
    const router = await stage.ours('ROUTER', { sendHighWaterMark: 10 })
    const endpoint = await router.bind()
    const full = await stage.theirs('DEALER', { routingId: 'full', receiveHighWaterMark: 10 })
    const other = await stage.theirs('DEALER', { routingId: 'other' })
    for (const dealer of [full, other]) {
      await dealer.connect(endpoint)
      await dealer.send('here')
      await router.receive()
    }
    const run = { seed: 'flood', count: 3000, shapes: [[10, 10_000], [5000]] }
    await router.act({ do: 'send', run, prefix: ['full'] })
    await router.send('other', 'still there')
    assert.equal(await other.receive(), ['still there'])
    const got = (await full.act({ do: 'drain', ms: 300 })) as string[]
    assert.ok(got.length >= 20 && got.length < run.count, `${got.length} messages arrived`)
    assert.equal(strays(got, expected(run)), [])
  })

  test('R16: with mandatory our ROUTER waits for a full DEALER of libzmq, or fails with EAGAIN, and loses nothing', async (stage) => {
    const [router, dealer] = await stage.cast(
      true,
      ['ROUTER', { sendHighWaterMark: 10, mandatory: true }],
      ['DEALER', { routingId: 'd', receiveHighWaterMark: 10 }],
    )
    await dealer.connect(await router.bind())
    await router.send('d', 'first')
    let sent = 0
    while ((await router.trySend(['d', String(sent), 'x'.repeat(20_000)], 100)) === 'sent') sent++
    assert.is(await router.trySend(['d', 'too much']), 'EAGAIN')
    assert.equal(await dealer.receive(), ['first'])
    for (let n = 0; n < sent; n++) assert.is((await dealer.receive())[0], String(n))
    assert.is(await router.trySend(['d', 'last'], 5000), 'sent')
    assert.equal(await dealer.receive(), ['last'])
  })

  test('R18: our ROUTER refuses a second DEALER of the same identity, which sees that; the first is not disturbed', async (stage) => {
    const router = await stage.ours('ROUTER')
    const endpoint = await router.bind()
    const first = await (await stage.theirs('DEALER', { routingId: 'twin' })).watch()
    await first.connect(endpoint)
    await first.send('I am the first')
    assert.equal(await router.receive(), ['twin', 'I am the first'])
    const second = await (await stage.theirs('DEALER', { routingId: 'twin' })).watch()
    await second.connect(endpoint)
    await second.seen('disconnect')
    await router.send('twin', 'which?')
    assert.equal(await first.receive(), ['which?'])
    assert.is(await first.events('disconnect'), 0)
    // The place becomes free, and libzmq's second dials on.
    await first.close()
    await second.send('I am next')
    assert.equal(await router.receive(), ['twin', 'I am next'])
    await router.send('twin', 'so you are')
    assert.equal(await second.receive(), ['so you are'])
  })

  test("R18: our second DEALER of an identity does not disturb the first at libzmq's ROUTER", async (stage) => {
    const router = await stage.theirs('ROUTER')
    const endpoint = await router.bind()
    const first = await stage.ours('DEALER', { routingId: 'twin' })
    await first.connect(endpoint)
    await first.send('one')
    assert.equal(await router.receive(), ['twin', 'one'])
    const second = await (await stage.ours('DEALER', { routingId: 'twin' })).watch()
    await second.connect(endpoint)
    await second.seen('handshake')
    await second.send('two')
    await first.send('three')
    assert.equal(await router.receive(), ['twin', 'three'])
    await router.send('twin', 'which?')
    assert.equal(await first.receive(), ['which?'])
  })

  test("R19: with handover our ROUTER's newest DEALER gets the traffic; the old one sees the end, and what it sent is read", async (stage) => {
    const router = await stage.ours('ROUTER', { handover: true })
    const endpoint = await router.bind()
    const old = await (await stage.theirs('DEALER', { routingId: 'twin', reconnectInterval: -1 })).watch()
    await old.connect(endpoint)
    await old.send('from the old one')
    assert.equal(await router.receive(), ['twin', 'from the old one'])
    await old.send('unread')
    await old.send('when the other comes')
    // They have arrived before the newer one does.
    assert.equal(await arrives(router, old, ['twin', 'go on']), ['go on'])
    const newer = await stage.theirs('DEALER', { routingId: 'twin' })
    await newer.connect(endpoint)
    await newer.send('from the newer one')
    await old.seen('disconnect')
    assert.equal(await router.texts(3), [
      'twin unread',
      'twin when the other comes',
      'twin from the newer one',
    ])
    await router.send('twin', 'to the newer one')
    assert.equal(await newer.receive(), ['to the newer one'])
  })

  test("R19: with handover libzmq's ROUTER sends to the newest of our DEALERs", async (stage) => {
    const router = await stage.theirs('ROUTER', { handover: true })
    const endpoint = await router.bind()
    const old = await stage.ours('DEALER', { routingId: 'twin' })
    await old.connect(endpoint)
    await old.send('old')
    assert.equal(await router.receive(), ['twin', 'old'])
    const newer = await stage.ours('DEALER', { routingId: 'twin' })
    await newer.connect(endpoint)
    await newer.send('newer')
    assert.equal(await router.receive(), ['twin', 'newer'])
    await router.send('twin', 'which?')
    assert.equal(await newer.receive(), ['which?'])
  })

  test('R20: a DEALER of libzmq comes back to our ROUTER under its identity, though its old messages are unread', async (stage) => {
    const router = await stage.ours('ROUTER')
    const endpoint = await router.bind()
    const before = await stage.theirs('DEALER', { routingId: 'd' })
    await before.connect(endpoint)
    for (const text of ['1', '2', '3']) await before.send(text)
    assert.equal(await router.receive(), ['d', '1'])
    await before.close()
    const after = await stage.theirs('DEALER', { routingId: 'd' })
    await after.connect(endpoint)
    await after.send('4')
    assert.equal(await router.texts(3), ['d 2', 'd 3', 'd 4'])
    await router.send('d', 'back')
    assert.equal(await after.receive(), ['back'])
  })
})
