// PING and PONG between our sockets and libzmq's: a silent peer that lives stays, one that has stopped is left, and what each tells the
// other of its time to live holds. Times are an order apart, so that a loaded machine does not decide.
import * as assert from 'uvu/assert'
import { sleep } from '../support/within.ts'
import type { Player } from './support/player.ts'
import type { Type } from './support/scenario.ts'
import { against, type Options, type Stage } from './support/stage.ts'

const SIDES = [
  [true, 'our', "libzmq's"],
  [false, "libzmq's", 'our'],
] as const
const PAIRS = [
  ['DEALER', 'ROUTER'],
  ['REQ', 'REP'],
  ['PUSH', 'PULL'],
  ['SUB', 'PUB'],
  ['PAIR', 'PAIR'],
] as const
const BEATS: Options = { heartbeatInterval: 50, heartbeatTimeout: 1500, reconnectInterval: 20 }
// Several PINGs go in that time.
const SILENCE_MS = 400
/** `04 04 'PING'` and `04 05 'PONG'`, from the length of the name on. */
const PING = '\x04PING'
const PONG = '\x04PONG'

/** Sends one message through whatever the types allow, from one side or the other. */
async function talk(one: Player, other: Player): Promise<void> {
  switch (one.type) {
    case 'SUB':
      for (let got: unknown; got === undefined; got = await one.maybeReceive(20)) await other.send('news')
      return
    case 'REQ':
      await one.send('question')
      assert.equal(await other.receive(), ['question'])
      await other.send('answer')
      assert.equal(await one.receive(), ['answer'])
      return
    default:
      await one.send('text')
      assert.is((await other.receive()).at(-1), 'text')
  }
}

async function opened(stage: Stage, weBeat: boolean, beating: Type, silent: Type): Promise<[Player, Player]> {
  const [one, other] = await stage.cast(weBeat, [beating, BEATS], [silent])
  if (beating === 'SUB') await one.subscribe('')
  await one.watch()
  return [one, other]
}

against('heartbeats', (test) => {
  for (const [weBeat, our, their] of SIDES) {
    for (const [beating, silent] of PAIRS) {
      test(`M8, C17: ${our} ${beating} and a silent ${silent} of ${their} side stay connected by PING and PONG`, async (stage) => {
        const [one, other] = await opened(stage, weBeat, beating, silent)
        const relay = await stage.relay(await other.bind())
        await one.connect(relay.endpoint)
        await one.seen('handshake')
        await sleep(SILENCE_MS)
        assert.is(await one.events('disconnect'), 0)
        assert.is(await one.events('handshake'), 1)
        const pings = relay.octets('up').toString('latin1').split(PING).length - 1
        const pongs = relay.octets('down').toString('latin1').split(PONG).length - 1
        assert.ok(pings >= 2 && pongs >= 2 && pongs <= pings, `${pings} PINGs, ${pongs} PONGs`)
        await talk(one, other)
        if (beating === 'REQ') await talk(one, other)
      })
    }

    test(`M8: ${our} DEALER leaves ${their} ROUTER from which nothing comes any more, and dials again`, async (stage) => {
      const [dealer, router] = await stage.cast(
        weBeat,
        ['DEALER', { ...BEATS, heartbeatTimeout: 200, routingId: 'd' }],
        ['ROUTER'],
      )
      const relay = await stage.relay(await router.bind())
      await dealer.watch()
      await dealer.connect(relay.endpoint)
      await dealer.send('here')
      assert.equal(await router.receive(), ['d', 'here'])
      relay.freeze()
      await dealer.seen('disconnect')
    })

    test(`M9: ${their} ROUTER leaves ${our} DEALER when its time to live is over without a word`, async (stage) => {
      const [dealer, router] = await stage.cast(
        weBeat,
        ['DEALER', { heartbeatInterval: 50, heartbeatTimeout: 60_000, heartbeatTimeToLive: 1000 }],
        ['ROUTER'],
      )
      const relay = await stage.relay(await router.bind())
      await router.watch()
      await dealer.connect(relay.endpoint)
      await router.seen('handshake')
      await sleep(SILENCE_MS)
      assert.is(await router.events('disconnect'), 0)
      relay.freeze()
      await router.seen('disconnect')
    })

    test(`M9: ${their} ROUTER does not leave ${our} DEALER that gave no time to live`, async (stage) => {
      const [dealer, router] = await stage.cast(
        weBeat,
        ['DEALER', { heartbeatInterval: 50, heartbeatTimeout: 60_000, routingId: 'd' }],
        ['ROUTER'],
      )
      const relay = await stage.relay(await router.bind())
      await router.watch()
      await dealer.connect(relay.endpoint)
      await router.seen('handshake')
      relay.freeze()
      await sleep(SILENCE_MS)
      assert.is(await router.events('disconnect'), 0)
      relay.thaw()
      await dealer.send('back')
      assert.equal(await router.receive(), ['d', 'back'])
    })
  }

  for (const [ours, theirs] of [
    ['DEALER', 'ROUTER'],
    ['REQ', 'REP'],
    ['SUB', 'PUB'],
    ['PULL', 'PUSH'],
  ] as const) {
    test(`M8: our ${ours} leaves a ${theirs} whose process is stopped, and comes back when it goes on`, async (stage) => {
      const peer = stage.peer()
      const us = await stage.ours(ours, { ...BEATS, heartbeatTimeout: 200 })
      const them = await stage.theirs(theirs, {}, peer)
      if (ours === 'SUB') await us.subscribe('')
      await us.watch()
      await us.connect(await them.bind())
      await us.seen('handshake')
      peer.child.signal('SIGSTOP')
      await us.seen('disconnect')
      peer.child.signal('SIGCONT')
      await us.seen('handshake', 2)
      await (ours === 'PULL' ? talk(them, us) : talk(us, them))
    })
  }

  test('M9: our ROUTER without heartbeats leaves a DEALER that is stopped when its time to live is over', async (stage) => {
    const peer = stage.peer()
    const router = await stage.ours('ROUTER')
    const dealer = await stage.theirs('DEALER', { heartbeatInterval: 50, heartbeatTimeToLive: 1000 }, peer)
    await router.watch()
    await dealer.connect(await router.bind())
    await router.seen('handshake')
    await sleep(SILENCE_MS)
    assert.is(await router.events('disconnect'), 0)
    peer.child.signal('SIGSTOP')
    await router.seen('disconnect')
    peer.child.signal('SIGCONT')
  })
})
