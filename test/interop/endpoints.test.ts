// Endpoints of our sockets and libzmq's: what is delivered after a close, a disconnect or an unbind, who sees that, and what a message may measure.
import * as assert from 'uvu/assert'
import { anywhere, checkSame } from './support/links.ts'
import type { Player } from './support/player.ts'
import { expected, type Type } from './support/scenario.ts'
import { against, type Options, type Stage } from './support/stage.ts'

const SIDES = [
  [true, 'our', "libzmq's"],
  [false, "libzmq's", 'our'],
] as const

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

async function numbers(player: Player, count: number): Promise<string[]> {
  const got: string[] = []
  while (got.length < count) got.push((await player.receive())[0]!)
  return got
}

function upTo(count: number): string[] {
  return Array.from({ length: count }, (_, n) => String(n))
}

against('endpoints', (test) => {
  for (const [weSend, our, their] of SIDES) {
    test(`M1, M6: what ${our} DEALER says to nobody before it closes reaches ${their} ROUTER that binds later`, async (stage) => {
      const [dealer, router] = await stage.cast(
        weSend,
        ['DEALER', { routingId: 'd', linger: -1, reconnectInterval: 20 }],
        ['ROUTER'],
      )
      const endpoint = anywhere('ipc')
      await dealer.connect(endpoint)
      for (const text of upTo(100)) await dealer.send(text)
      await dealer.close()
      await router.bind(endpoint)
      assert.equal(
        await router.texts(100),
        upTo(100).map((text) => `d ${text}`),
      )
    })

    test(`M6: 8 MiB and 1,000 messages that ${our} PUSH has just sent when it closes reach ${their} PULL whole`, async (stage) => {
      const [pull, push] = await linked(
        stage,
        !weSend,
        ['PULL'],
        ['PUSH', { linger: -1, sendHighWaterMark: 0 }],
      )
      const run = { seed: 'farewell', count: 1001, shapes: [[1000, 1]], special: { 0: [8_388_608] } }
      await push.act({ do: 'send', run })
      await push.close()
      checkSame((await pull.act({ do: 'receive', count: run.count })) as string[], expected(run))
    })

    test(`M6: with linger 0 ${our} DEALER closes without a word to ${their} DEALER that comes later`, async (stage) => {
      const [dealer, other] = await stage.cast(weSend, ['DEALER', { linger: 0 }], ['DEALER'])
      const endpoint = anywhere('ipc')
      await dealer.connect(endpoint)
      await dealer.send('lost')
      await dealer.close()
      await other.bind(endpoint)
      assert.is(await other.maybeReceive(300), undefined)
    })

    test(`M5: ${their} DEALER sees that ${our} DEALER disconnects, after what that had sent, and may be dialled again`, async (stage) => {
      const [to, from] = await linked(stage, !weSend, ['DEALER'], ['DEALER'])
      const endpoint = (await to.act({ do: 'endpoint' })) as string
      await to.watch()
      for (const text of upTo(100)) await from.send(text)
      await from.disconnect(endpoint)
      // libzmq finishes this within later calls.
      assert.is(await from.maybeReceive(20), undefined)
      assert.equal(await numbers(to, 100), upTo(100))
      for (let calls = 0; calls < 200 && (await to.events('disconnect')) === 0; calls++)
        await from.maybeReceive(20)
      await to.seen('disconnect')
      await from.connect(endpoint)
      await from.send('again')
      assert.equal(await to.receive(), ['again'])
    })

    test(`M7: ${their} DEALER sees that ${our} DEALER unbinds, after what that had sent, and dials until it is bound again`, async (stage) => {
      const [bound, dialled] = await linked(stage, weSend, ['DEALER'], ['DEALER', { reconnectInterval: 20 }])
      const endpoint = (await bound.act({ do: 'endpoint' })) as string
      await dialled.watch()
      await dialled.send('here')
      assert.equal(await bound.receive(), ['here'])
      for (const text of upTo(100)) await bound.send(text)
      await bound.unbind(endpoint)
      // For libzmq it is the next call that ends the connections.
      assert.is(await bound.maybeReceive(20), undefined)
      assert.equal(await numbers(dialled, 100), upTo(100))
      await dialled.seen('disconnect')
      await bound.bindAgain(endpoint)
      await dialled.send('again')
      assert.equal(await bound.receive(), ['again'])
    })

    test(`F9, F10, F11: ${our} PULL takes parts of its maxMessageSize from ${their} PUSH, and not one of an octet more`, async (stage) => {
      const [pull, push] = await linked(
        stage,
        weSend,
        ['PULL', { maxMessageSize: 1000 }],
        ['PUSH', { reconnectInterval: 20 }],
      )
      await push.watch()
      await push.send('x'.repeat(1000), 'y'.repeat(1000))
      assert.equal(
        (await pull.receive()).map((part) => part.length),
        [1000, 1000],
      )
      await push.send('z'.repeat(1001))
      await push.seen('disconnect')
      await push.seen('handshake', 1)
      await push.send('small')
      assert.equal(await pull.receive(), ['small'])
    })
  }
})
