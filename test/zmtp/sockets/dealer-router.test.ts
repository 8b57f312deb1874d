// DEALER and ROUTER: who gets a message, under which id a peer is known, what happens to messages for nobody, and to a second
// peer of the same name. Ids in the names are those of the conformance checklist.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Dealer, Router } from '../../../src/zmtp/index.ts'
import { code, overAll, strings } from '../../support/sockets.ts'
import { sleep, until } from '../../support/within.ts'

const test = suite('DEALER and ROUTER')

overAll(test, 'R11: DEALER sends whole messages to its peers in turn, and receives from all', async (s) => {
  const dealer = s.use(new Dealer())
  const peers = [1, 2, 3].map(() => s.use(new Dealer()))
  for (const peer of peers) dealer.connect(await s.bind(peer))
  for (let i = 0; i < 6; i++) await dealer.send([`m${i}`, 'second part'])
  for (const [index, peer] of peers.entries()) {
    assert.equal(strings(await peer.receive()), [`m${index}`, 'second part'])
    assert.equal(strings(await peer.receive()), [`m${index + 3}`, 'second part'])
    await peer.send(`from ${index}`)
  }
  const heard = [await dealer.receive(), await dealer.receive(), await dealer.receive()]
  assert.equal(heard.map(String).sort(), ['from 0', 'from 1', 'from 2'])
})

overAll(test, 'R12: DEALER without a peer waits, and goes on when one arrives', async (s) => {
  const bound = s.use(new Dealer({ sendTimeout: 0 }))
  const address = await s.bind(bound)
  assert.not(bound.writable)
  assert.is(await code(() => bound.send('x')), 'EAGAIN')
  bound.sendTimeout = -1
  const waiting = bound.send('waited')
  const other = s.use(new Dealer())
  other.connect(address)
  await waiting
  assert.equal(strings(await other.receive()), ['waited'])
  assert.ok(bound.writable)
})

overAll(
  test,
  'R13: ROUTER gives nameless peers ids of five octets that begin with 00, each its own',
  async (s) => {
    const router = s.use(new Router())
    const address = await s.bind(router)
    const dealers = [1, 2, 3].map(() => s.use(new Dealer()))
    const ids: Buffer[] = []
    for (const dealer of dealers) {
      dealer.connect(address)
      await dealer.send('hello')
      const [id] = await router.receive()
      assert.is(id!.length, 5)
      assert.is(id![0], 0)
      ids.push(Buffer.from(id!))
    }
    assert.is(new Set(ids.map((id) => id.toString('hex'))).size, 3)
    for (const [index, id] of ids.entries()) await router.send([id, `to ${index}`])
    for (const [index, dealer] of dealers.entries()) {
      assert.equal(strings(await dealer.receive()), [`to ${index}`])
    }
  },
)

overAll(test, 'R14: ROUTER knows a peer by the identity it announces, octet for octet', async (s) => {
  const router = s.use(new Router())
  const address = await s.bind(router)
  for (const identity of ['plain', 'åbçdéfghïjk', 'x'.repeat(255)]) {
    const dealer = s.use(new Dealer({ routingId: identity }))
    dealer.connect(address)
    await dealer.send('hi')
    assert.equal(strings(await router.receive()), [identity, 'hi'])
    await router.send([identity, 'you'])
    assert.equal(strings(await dealer.receive()), ['you'])
  }
})

overAll(
  test,
  'R15: a message for nobody is dropped; with MANDATORY it fails with EHOSTUNREACH, and the next one goes',
  async (s) => {
    const [router, dealer] = await s.pair(new Router(), new Dealer({ routingId: 'D' }))
    await router.send(['nobody', 'dropped'])
    router.mandatory = true
    assert.is(await code(() => router.send(['nobody', 'x'])), 'EHOSTUNREACH')
    await dealer.send('here')
    await router.receive()
    await router.send(['D', 'ok'])
    assert.equal(strings(await dealer.receive()), ['ok'])
  },
)

overAll(
  test,
  'R16: a message for a full peer is dropped; with MANDATORY it waits, or fails with EAGAIN',
  async (s) => {
    const router = s.use(new Router({ sendHighWaterMark: 2 }))
    const address = await s.freeAddress()
    router.connect(address, { routingId: 'peer' })
    await router.send(['peer', '1'])
    await router.send(['peer', '2'])
    assert.ok(router.writable)
    await router.send(['peer', 'dropped'])
    assert.is(router.counters.dropped, 1)
    router.mandatory = true
    assert.not(router.writable)
    router.sendTimeout = 5
    assert.is(await code(() => router.send(['peer', 'no'])), 'EAGAIN')
    router.sendTimeout = -1
    const waiting = router.send(['peer', '3'])
    const dealer = s.use(new Dealer())
    await dealer.bind(address)
    await waiting
    for (const text of ['1', '2', '3']) assert.equal(strings(await dealer.receive()), [text])
  },
)

overAll(test, 'R17: an id with nothing behind it is ignored', async (s) => {
  const [router, dealer] = await s.pair(new Router({ mandatory: true }), new Dealer({ routingId: 'D' }))
  await dealer.send('here')
  await router.receive()
  await router.send('D')
  await router.send(['D'])
  await router.send(['nobody'])
  await router.send(['D', 'real'])
  assert.equal(strings(await dealer.receive()), ['real'])
})

overAll(
  test,
  'R18: a second peer of the same identity is refused visibly, and the first keeps working',
  async (s) => {
    const router = s.use(new Router())
    const address = await s.bind(router)
    const first = s.use(new Dealer({ routingId: 'same' }))
    first.connect(address)
    await first.send('first')
    await router.receive()
    const second = s.use(new Dealer({ routingId: 'same', reconnectInterval: -1 }))
    second.connect(address)
    assert.ok(second.writable)
    // Its connection is closed, and as it does not reconnect, it has no peer any more.
    await until(() => !second.writable)
    await router.send(['same', 'still you'])
    assert.equal(strings(await first.receive()), ['still you'])
    await first.send('me')
    assert.equal(strings(await router.receive()), ['same', 'me'])
  },
)

overAll(
  test,
  'R19: with HANDOVER the newest peer gets the traffic and the old connection is closed',
  async (s) => {
    const router = s.use(new Router({ handover: true }))
    const address = await s.bind(router)
    const first = s.use(new Dealer({ routingId: 'same', reconnectInterval: -1 }))
    first.connect(address)
    await first.send('before')
    await until(() => router.readable)
    const second = s.use(new Dealer({ routingId: 'same' }))
    second.connect(address)
    await until(() => !first.writable)
    assert.equal(strings(await router.receive()), ['same', 'before'])
    await router.send(['same', 'to the new one'])
    assert.equal(strings(await second.receive()), ['to the new one'])
    assert.not(first.readable)
  },
)

overAll(
  test,
  'R20: a peer that comes back under its identity is served, though its old messages are unread',
  async (s) => {
    const router = s.use(new Router({ mandatory: true }))
    const address = await s.bind(router)
    const first = s.use(new Dealer({ routingId: 'same', linger: -1 }))
    first.connect(address)
    for (let i = 0; i < 5; i++) await first.send(`old ${i}`)
    await until(() => router.counters.received === 5)
    first.close()
    await until(() => router.counters.peers === 0)
    const second = s.use(new Dealer({ routingId: 'same' }))
    second.connect(address)
    await second.send('new')
    for (let i = 0; i < 5; i++) assert.equal(strings(await router.receive()), ['same', `old ${i}`])
    assert.equal(strings(await router.receive()), ['same', 'new'])
    await router.send(['same', 'answer'])
    assert.equal(strings(await second.receive()), ['answer'])
  },
)

for (const handover of [false, true]) {
  const how = handover ? 'takes over' : 'comes back'
  overAll(test, `R20: a peer that ${how} under an identity is read after what came before it`, async (s) => {
    const router = s.use(new Router({ handover }))
    const address = await s.bind(router)
    const first = s.use(new Dealer({ routingId: 'same', linger: -1, reconnectInterval: -1 }))
    const other = s.use(new Dealer({ routingId: 'other' }))
    for (const dealer of [first, other]) dealer.connect(address)
    for (let i = 0; i < 3; i++) await first.send(`old ${i}`)
    await other.send('from another')
    await until(() => router.counters.received === 4)
    if (!handover) first.close()
    if (!handover) await until(() => router.counters.peers === 1)
    const second = s.use(new Dealer({ routingId: 'same' }))
    second.connect(address)
    for (let i = 0; i < 3; i++) await second.send(`new ${i}`)
    await until(() => router.counters.received === 7)
    const got = []
    while (router.readable) got.push(strings(await router.receive()))
    assert.is(got.length, 7)
    assert.equal(
      got.filter(([id]) => id === 'same').map(([, text]) => text),
      ['old 0', 'old 1', 'old 2', 'new 0', 'new 1', 'new 2'],
    )
    await router.send(['same', 'answer'])
    assert.equal(strings(await second.receive()), ['answer'])
  })
}

overAll(test, 'R21: a peer named at connect can be sent to before it is there', async (s) => {
  const router = s.use(new Router({ mandatory: true }))
  const address = await s.freeAddress()
  router.connect(address, { routingId: 'ours' })
  await router.send(['ours', 'early'])
  const dealer = s.use(new Dealer({ routingId: 'its own name' }))
  await dealer.bind(address)
  assert.equal(strings(await dealer.receive()), ['early'])
  await dealer.send('reply')
  assert.equal(strings(await router.receive()), ['ours', 'reply'])
  assert.is(await code(() => router.send(['its own name', 'x'])), 'EHOSTUNREACH')
  assert.is(await code(() => router.connect(address, { routingId: 'ours' })), 'EINVAL')
  assert.is(await code(() => router.connect(address, { routingId: 'x'.repeat(256) })), 'EINVAL')
})

overAll(test, 'R22: PROBE_ROUTER sends one empty message on each new pipe', async (s) => {
  const router = s.use(new Router())
  const address = await s.bind(router)
  const dealer = s.use(new Dealer({ routingId: 'D', probeRouter: true }))
  dealer.connect(address)
  await dealer.send('data')
  assert.equal(strings(await router.receive()), ['D', ''])
  assert.equal(strings(await router.receive()), ['D', 'data'])
  const bound = s.use(new Router({ routingId: 'R', probeRouter: true }))
  router.connect(await s.bind(bound))
  assert.equal(strings(await router.receive()), ['R', ''])
})

overAll(test, 'R23: the routing id is never on the wire', async (s) => {
  const [router, dealer] = await s.pair(new Router({ routingId: 'R' }), new Dealer({ routingId: 'D' }))
  await dealer.send(['only', 'this'])
  await router.receive()
  await router.send(['D', 'and', 'that'])
  assert.equal(strings(await dealer.receive()), ['and', 'that'])
})

overAll(test, 'R24: two ROUTERs with identities reach each other', async (s) => {
  const a = s.use(new Router({ routingId: 'A', mandatory: true }))
  const b = s.use(new Router({ routingId: 'B', mandatory: true }))
  a.connect(await s.bind(b))
  while ((await code(() => a.send(['B', 'hey']))) === 'EHOSTUNREACH') await sleep(2)
  assert.equal(strings(await b.receive()), ['A', 'hey'])
  await b.send(['A', 'you'])
  assert.equal(strings(await a.receive()), ['B', 'you'])
})

overAll(
  test,
  'what waited for a peer does not reach another one that answers at its address',
  async (s) => {
    const router = s.use(new Router({ mandatory: true, reconnectInterval: 5 }))
    const first = s.use(new Dealer({ routingId: 'first', linger: 0 }))
    const address = await s.bind(first, await s.freeAddress())
    router.connect(address)
    while ((await code(() => router.send(['first', 'hello']))) === 'EHOSTUNREACH') await sleep(2)
    await first.receive()
    first.close()
    await sleep(20)
    await router.send(['first', 'secret'])
    const second = s.use(new Dealer({ routingId: 'second' }))
    await second.bind(address)
    while ((await code(() => router.send(['second', 'for you']))) === 'EHOSTUNREACH') await sleep(2)
    assert.equal(strings(await second.receive()), ['for you'])
    assert.is(await code(() => router.send(['first', 'x'])), 'EHOSTUNREACH')
  },
  ['tcp', 'ipc'],
)

overAll(test, 'messages of many sizes and parts arrive as they were sent, in order', async (s) => {
  const [router, dealer] = await s.pair(new Router(), new Dealer({ routingId: 'D' }))
  const sizes = [0, 1, 31, 32, 33, 127, 128, 129, 255, 256, 4095, 4096, 8191, 8192, 65535, 65536, 300_000]
  const bodies = sizes.map((size) => Buffer.alloc(size, size & 0xff))
  for (const body of bodies) await dealer.send([body, 'mid', body])
  for (const body of bodies) {
    const [, first, mid, last] = await router.receive()
    assert.ok(first!.equals(body) && last!.equals(body))
    assert.is(String(mid), 'mid')
    await router.send(['D', body])
  }
  for (const body of bodies) assert.ok((await dealer.receive())[0]!.equals(body))
})

test.run()
