// Queues between our sockets and libzmq's: who gets what in turn, what a peer that does not read stops, what survives the loss
// of a connection. What closes, binds and dials is in endpoints.test.ts.
import * as assert from 'uvu/assert'
import { anywhere, strays } from './support/links.ts'
import type { Player } from './support/player.ts'
import { expected, type Type } from './support/scenario.ts'
import { against, type Options, type Stage } from './support/stage.ts'

const SIDES = [
  [true, 'our', "libzmq's"],
  [false, "libzmq's", 'our'],
] as const
const LARGE = 'x'.repeat(20_000)
const MOST = 10_000

async function linked(
  stage: Stage,
  weAreFirst: boolean,
  bound: [Type, Options?],
  connected: [Type, Options?],
): Promise<[Player, Player]> {
  const [one, two] = await stage.cast(weAreFirst, bound, connected)
  await two.connect(await one.bind())
  return [one, two]
}

/** Sends numbered messages until no more fits, and returns how many did. */
async function fill(player: Player): Promise<number> {
  for (let n = 0; n < MOST; n++) {
    if ((await player.trySend([String(n), LARGE], 200)) !== 'sent') return n
  }
  throw new Error(`${player.name} takes ${MOST} messages that nobody reads`)
}

async function numbers(player: Player, count: number): Promise<string[]> {
  const got: string[] = []
  while (got.length < count) got.push((await player.receive())[0]!)
  return got
}

function upTo(count: number): string[] {
  return Array.from({ length: count }, (_, n) => String(n))
}

against('queues', (test) => {
  for (const [weSend, our, their] of SIDES) {
    test(`H1: ${our} PUSH sends to two PULLs of ${their} side in turn, whole messages`, async (stage) => {
      const push = weSend ? await stage.ours('PUSH') : await stage.theirs('PUSH')
      const pulls: Player[] = []
      for (let n = 0; n < 2; n++) {
        const pull = weSend ? await stage.theirs('PULL') : await stage.ours('PULL')
        await push.connect(await pull.bind())
        pulls.push(pull)
      }
      for (let n = 0; n < 8; n++) await push.send(String(n), 'x')
      const got = [await pulls[0]!.texts(4), await pulls[1]!.texts(4)]
      assert.equal(got.map((texts) => texts[0]).sort(), ['0 x', '1 x'])
      for (const [first, ...rest] of got) {
        assert.equal(
          rest,
          [2, 4, 6].map((n) => `${Number(first![0]) + n} x`),
        )
      }
    })

    test(`H1: ${their} PULL receives all from two PUSHes of ${our} side, in the order of each`, async (stage) => {
      const pull = weSend ? await stage.theirs('PULL') : await stage.ours('PULL')
      const endpoint = await pull.bind()
      const pushes: Player[] = []
      for (let n = 0; n < 2; n++) {
        const push = weSend ? await stage.ours('PUSH') : await stage.theirs('PUSH')
        await push.connect(endpoint)
        pushes.push(push)
      }
      for (const text of upTo(100)) for (const push of pushes) await push.send(push.name, text)
      const got = await pull.texts(200)
      for (const { name } of pushes) {
        const own = got.filter((text) => text.startsWith(name))
        assert.equal(
          own,
          upTo(100).map((text) => `${name} ${text}`),
        )
      }
    })

    for (const [sender, receiver] of [
      ['PUSH', 'PULL'],
      ['DEALER', 'DEALER'],
      ['PAIR', 'PAIR'],
    ] as const) {
      test(`H3, H4: ${their} ${receiver} that does not read stops ${our} ${sender}; then all comes, and it sends on`, async (stage) => {
        const [to, from] = await linked(
          stage,
          !weSend,
          [receiver, { receiveHighWaterMark: 10 }],
          [sender, { sendHighWaterMark: 10 }],
        )
        const sent = await fill(from)
        assert.ok(sent >= 20, `${sent} messages were taken`)
        assert.is(await from.trySend(['too much']), 'EAGAIN')
        assert.equal(await numbers(to, sent), upTo(sent))
        assert.is(await from.trySend(['after'], 5000), 'sent')
        assert.equal(await to.receive(), ['after'])
      })
    }

    test(`H5: what waits in ${our} PUSH that dialled survives the loss of ${their} PULL; of a bound one nothing does`, async (stage) => {
      const [push, first] = await stage.cast(weSend, ['PUSH', { reconnectInterval: 20 }], ['PULL'])
      const endpoint = await first.bind()
      await push.connect(endpoint)
      await push.send('first')
      assert.equal(await first.receive(), ['first'])
      await push.watch()
      await first.close()
      await push.seen('disconnect')
      for (const text of upTo(100)) assert.is(await push.trySend([text]), 'sent')
      const second = weSend ? await stage.theirs('PULL') : await stage.ours('PULL')
      await second.bindAgain(endpoint)
      assert.equal(await numbers(second, 100), upTo(100))

      const [bound, gone] = await stage.cast(
        weSend,
        ['PUSH', { sendHighWaterMark: 10 }],
        ['PULL', { receiveHighWaterMark: 10 }],
      )
      const place = await bound.bind()
      await gone.connect(place)
      const taken = await fill(bound)
      await bound.watch()
      await gone.close()
      await bound.seen('disconnect')
      while ((await bound.trySend(['nobody is there'])) !== 'EAGAIN') {}
      const next = weSend ? await stage.theirs('PULL') : await stage.ours('PULL')
      await next.connect(place)
      await bound.send('new')
      assert.equal(await next.receive(), ['new'])
      assert.ok(taken >= 20)
    })

    test(`H6: what ${our} PUSH sent before it went is still read by ${their} bound PULL`, async (stage) => {
      const [pull, push] = await linked(stage, !weSend, ['PULL'], ['PUSH'])
      await pull.watch()
      for (const text of upTo(500)) await push.send(text)
      await push.close()
      await pull.seen('disconnect')
      assert.equal(await numbers(pull, 500), upTo(500))
    })

    test(`H7: a multipart that breaks off on its way from ${our} DEALER does not reach ${their} ROUTER in part, nor later`, async (stage) => {
      const [router, dealer] = await stage.cast(!weSend, ['ROUTER'], ['DEALER', { reconnectInterval: 20 }])
      const relay = await stage.relay(await router.bind())
      await router.watch()
      await dealer.connect(relay.endpoint)
      await dealer.send('whole')
      assert.equal((await router.receive()).slice(1), ['whole'])
      relay.cutAfter('up', 300_000)
      await dealer.send('begin', 'x'.repeat(1_000_000), 'end')
      await router.seen('disconnect')
      await router.seen('handshake', 2)
      await dealer.send('next', 'whole')
      assert.equal((await router.receive()).slice(1), ['next', 'whole'])
    })

    test(`H8: ${our} PUSH with immediate takes nothing before ${their} PULL is there, then all`, async (stage) => {
      const [push, pull] = await stage.cast(
        weSend,
        ['PUSH', { immediate: true, reconnectInterval: 20 }],
        ['PULL'],
      )
      const endpoint = anywhere('ipc')
      await push.connect(endpoint)
      assert.is(await push.trySend(['early'], 50), 'EAGAIN')
      await pull.bind(endpoint)
      assert.is(await push.trySend(['on time'], 5000), 'sent')
      assert.equal(await pull.receive(), ['on time'])
    })

    for (const [sender, receiver] of [
      ['PUSH', 'PULL'],
      ['DEALER', 'DEALER'],
    ] as const) {
      test(`H10: ${our} ${sender} with conflate sends the newest of what waits to ${their} ${receiver}, which gets that one last`, async (stage) => {
        const [from, to] = await stage.cast(
          weSend,
          [sender, { conflate: true, reconnectInterval: 20 }],
          [receiver],
        )
        const endpoint = anywhere('ipc')
        await from.connect(endpoint)
        for (const text of upTo(20)) assert.is(await from.trySend([text]), 'sent')
        await to.bind(endpoint)
        assert.equal(await to.receive(), ['19'])
        assert.is(await to.maybeReceive(50), undefined)
      })

      test(`H10: ${their} ${receiver} with conflate keeps the newest message of ${our} ${sender}`, async (stage) => {
        const [to, from] = await linked(stage, !weSend, [receiver, { conflate: true }], [sender])
        const run = { seed: 'conflated', count: 2000, shapes: [[100]] }
        await from.act({ do: 'send', run })
        const got = (await to.act({ do: 'drain', ms: 300 })) as string[]
        assert.equal(strays(got, expected(run)), [])
        assert.is(got.at(-1), expected(run).at(-1))
        assert.ok(got.length < run.count, `${got.length} messages came`)
      })
    }
  }

  for (const [weBind, our, their] of SIDES) {
    test(`H9: one PAIR of ${their} side talks to ${our} PAIR, a second one does not disturb them`, async (stage) => {
      const [pair, first] = await linked(stage, weBind, ['PAIR'], ['PAIR'])
      await first.send('first')
      assert.equal(await pair.receive(), ['first'])
      const second = weBind ? await stage.theirs('PAIR') : await stage.ours('PAIR')
      await second.watch()
      await second.connect((await pair.act({ do: 'endpoint' })) as string)
      await second.seen(weBind ? 'disconnect' : 'handshake') // libzmq leaves it open, deaf and mute
      await pair.send('whom?')
      assert.equal(await first.receive(), ['whom?'])
      assert.is(await second.maybeReceive(20), undefined)
      await first.send('still here')
      assert.equal(await pair.receive(), ['still here'])
    })
  }

  test('H9: a second PAIR of libzmq gets its turn at our PAIR when the first has gone', async (stage) => {
    const [pair, first] = await linked(stage, true, ['PAIR'], ['PAIR'])
    await first.send('first')
    assert.equal(await pair.receive(), ['first'])
    const second = await (await stage.theirs('PAIR', { reconnectInterval: 20 })).watch()
    await second.connect((await pair.act({ do: 'endpoint' })) as string)
    await second.seen('disconnect')
    await first.close()
    await second.send('second')
    assert.equal(await pair.receive(), ['second'])
    await pair.send('welcome')
    assert.equal(await second.receive(), ['welcome'])
  })
})
