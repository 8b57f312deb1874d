// How a socket comes back to a peer, and when it lets go of one: delays, what sets them back, which failures are final, heartbeats. Seen by
// its events, against peers made of octets. Ids in the names are those of the conformance checklist.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Dealer, type EventOfType, Router, type Socket } from '../../../src/zmtp/index.ts'
import { command, greeting, octets } from '../../support/engine.ts'
import { RawListener, RawPeer } from '../../support/raw-peer.ts'
import { freePort } from '../../support/sockets.ts'
import { sleep, until, within } from '../../support/within.ts'

const test = suite('reconnects')

/** Runs with sockets and raw ends that are closed at the end. */
function scenario(name: string, run: (world: World) => Promise<void>): void {
  test(name, async () => {
    const world = new World()
    try {
      await within(15_000, run(world), name)
    } finally {
      world.close()
    }
  })
}

class World {
  readonly #ends: (() => void)[] = []

  use<S extends Socket>(socket: S): S {
    socket.linger = 0
    this.#ends.push(() => socket.close())
    return socket
  }

  async listener(): Promise<RawListener> {
    const listener = await RawListener.open()
    this.#ends.push(() => listener.close())
    return listener
  }

  async bound(router: Router): Promise<RawPeer> {
    await this.use(router).bind('tcp://127.0.0.1:0')
    const peer = await RawPeer.connect(router.lastEndpoint!)
    this.#ends.push(() => peer.destroy())
    return peer
  }

  close(): void {
    for (const end of this.#ends) end()
  }
}

/** The intervals that a socket announces, one after the other. */
function intervalsOf(socket: Socket): number[] {
  const intervals: number[] = []
  socket.events.on('connect:retry', ({ interval }) => intervals.push(interval))
  return intervals
}

function next<T extends 'disconnect' | 'handshake' | 'handshake:error:auth'>(
  socket: Socket,
  type: T,
): Promise<EventOfType<T>> {
  return new Promise((resolve) => socket.events.on(type, resolve))
}

// -- delays ------------------------------------------------------------------------------------------------------------------

scenario('M2: without a maximum every delay lies within [interval, 2 x interval), and is kept', async (w) => {
  const dealer = w.use(new Dealer({ reconnectInterval: 10 }))
  const intervals = intervalsOf(dealer)
  const attempts: number[] = []
  dealer.events.on('connect:delay', () => attempts.push(performance.now()))
  dealer.connect(`tcp://127.0.0.1:${await freePort()}`)
  await until(() => attempts.length > 8)
  assert.ok(
    intervals.every((interval) => interval >= 10 && interval < 20),
    intervals.join(),
  )
  assert.ok(new Set(intervals).size > 1, 'no two are different')
  for (const [index, at] of attempts.slice(1).entries()) {
    // Timers may be late, never early, but for the fraction of a millisecond that Node cuts off.
    assert.ok(
      at - attempts[index]! >= intervals[index]! - 1,
      `${at - attempts[index]!} for ${intervals[index]}`,
    )
  }
})

scenario(
  'M2: with a maximum the delay doubles, plus a random part of the interval, and stays at it',
  async (w) => {
    const dealer = w.use(new Dealer({ reconnectInterval: 4, reconnectMaxInterval: 50 }))
    const intervals = intervalsOf(dealer)
    dealer.connect(`tcp://127.0.0.1:${await freePort()}`)
    await until(() => intervals.length >= 7)
    for (const [index, interval] of intervals.entries()) {
      const least = Math.min(4 * 2 ** index, 50)
      assert.ok(interval >= least && interval <= Math.min(least + 4, 50), intervals.join())
    }
  },
)

scenario(
  'M3: a peer that accepts and hangs up does not set the delay back, a finished handshake does',
  async (w) => {
    const listener = await w.listener()
    const dealer = w.use(new Dealer({ reconnectInterval: 4, reconnectMaxInterval: 1000 }))
    const intervals = intervalsOf(dealer)
    dealer.connect(listener.endpoint)
    for (let i = 0; i < 4; i++) {
      const peer = await listener.peer(i)
      if (i % 2 === 1) await peer.write(greeting()).hears(70)
      peer.destroy()
      await until(() => intervals.length > i)
    }
    assert.ok(
      intervals.every((interval, i) => interval >= 4 * 2 ** i),
      intervals.join(),
    )
    ;(await (await listener.peer(4)).hello('ROUTER').ready()).destroy()
    await until(() => intervals.length > 4)
    assert.ok(intervals[4]! < 8, intervals.join())
  },
)

// -- which failures are final --------------------------------------------------------------------------------------------------

for (const [what, talk] of [
  ['closes in the greeting', (peer: RawPeer) => peer.write(greeting().subarray(0, 20)).socket.end()],
  ['resets in the handshake', (peer: RawPeer) => peer.write(greeting()).socket.resetAndDestroy()],
  ['has another mechanism', (peer: RawPeer) => peer.write(greeting('PLAIN'))],
  ['is of the wrong type', (peer: RawPeer) => peer.hello('PUB')],
  ['breaks the handshake', (peer: RawPeer) => peer.write(greeting(), command('HELLO'))],
  ['says nothing', () => {}],
  ['closes in traffic', (peer: RawPeer) => peer.hello('ROUTER').socket.end()],
  ['breaks the protocol in traffic', (peer: RawPeer) => peer.hello('ROUTER', {}, octets('f8 00'))],
  ['sends a frame that is too large', (peer: RawPeer) => peer.hello('ROUTER', {}, octets('00 65 41*101'))],
  ['says ERROR 300', (peer: RawPeer) => peer.write(greeting(), command('ERROR', '\x03300'))],
] as const) {
  scenario(`M18: who ${what} is dialled again, after connect:retry has said so and why`, async (w) => {
    const listener = await w.listener()
    const dealer = w.use(new Dealer({ reconnectInterval: 5, handshakeInterval: 100, maxMessageSize: 100 }))
    const reasons: (string | undefined)[] = []
    dealer.events.on('connect:retry', ({ error }) => reasons.push(error?.code))
    dealer.connect(listener.endpoint)
    talk(await listener.peer(0))
    await listener.peer(1)
    assert.type(reasons[0], 'string')
  })
}

for (const [reason, status] of [
  ['400', 400],
  ['500', 500],
  ['No entry', undefined],
] as const) {
  scenario(
    `N4: a peer that says ERROR ${reason} is not dialled again, nor is what waited for it kept`,
    async (w) => {
      const listener = await w.listener()
      const dealer = w.use(new Dealer({ reconnectInterval: 5, sendTimeout: 0 }))
      const retries = intervalsOf(dealer)
      const statuses: number[] = []
      dealer.events.on('handshake:error:auth', ({ error }) => statuses.push(error.status))
      const gone = next(dealer, 'disconnect')
      dealer.connect(listener.endpoint)
      await dealer.send('in vain')
      const size = String.fromCharCode(reason.length)
      ;(await listener.peer(0)).write(greeting(), command('ERROR', `${size}${reason}`))
      assert.is((await gone).error?.code, 'PEER_ERROR')
      await until(() => dealer.counters.peers === 0)
      await sleep(40)
      assert.is(listener.count, 1)
      assert.equal(retries, [])
      assert.equal(statuses, status === undefined ? [] : [status])
      assert.is(dealer.counters.dropped, 1)
      // The user may try anew.
      dealer.connect(listener.endpoint)
      await listener.peer(1)
    },
  )
}

scenario('N4: ERROR 300 is told, and dialled again', async (w) => {
  const listener = await w.listener()
  const dealer = w.use(new Dealer({ reconnectInterval: 5 }))
  const told = next(dealer, 'handshake:error:auth')
  dealer.connect(listener.endpoint)
  ;(await listener.peer(0)).write(greeting(), command('ERROR', '\x03300'))
  const { error } = await told
  assert.equal([error.status, error.message], [300, 'Temporary error'])
  ;(await listener.peer(1)).hello('ROUTER')
  await next(dealer, 'handshake')
})

// -- heartbeats ------------------------------------------------------------------------------------------------------------------

const PONG = command('PONG')

scenario('M8: a PING goes out at every interval, and a peer that answers stays', async (w) => {
  const router = new Router({ heartbeatInterval: 20, heartbeatTimeout: 2000 })
  const peer = (await w.bound(router)).hello('DEALER')
  for (let count = 1; count <= 5; count++) {
    await until(() => peer.frames.length > count)
    assert.equal(peer.frames[count], { flags: 4, body: octets('04 "PING" 00 00') })
    peer.write(PONG)
  }
  assert.is(router.counters.peers, 1)
})

scenario('M8: a peer that falls silent is given up, and the event says why', async (w) => {
  const router = new Router({ heartbeatInterval: 20 })
  const peer = (await w.bound(router)).hello('DEALER')
  assert.is((await next(router, 'disconnect')).error?.code, 'SILENT_PEER')
  await peer.over()
})

scenario('M8: any octet counts as life, also of a message that is not whole yet', async (w) => {
  const router = new Router({ heartbeatInterval: 20, heartbeatTimeout: 400 })
  const peer = (await w.bound(router)).hello('DEALER', {}, octets('02 00*6 01 00'))
  const begun = performance.now()
  for (let i = 0; i < 255; i++) {
    peer.write(octets('41'))
    if (i % 20 === 0) await sleep(50)
  }
  // It has taken longer than the timeout, and no answer to a PING was among it.
  assert.ok(performance.now() - begun > 400)
  peer.write(octets('41'))
  assert.is((await router.receive())[1]!.length, 256)
})

scenario('M9: a peer that has said how long it lives is closed when it is silent for so long', async (w) => {
  const peer = (await w.bound(new Router())).hello('DEALER', {}, command('PING', '\0\x01'))
  await peer.over()
  assert.is(peer.frames[1]!.body.toString(), '\x04PONG')
})

scenario('M9: a time to live of 0 closes nobody, nor does one whose peer goes on talking', async (w) => {
  const router = new Router()
  const eternal = (await w.bound(router)).hello('DEALER', {}, command('PING', '\0\0'))
  const talkative = (await RawPeer.connect(router.lastEndpoint!)).hello(
    'DEALER',
    {},
    command('PING', '\0\x05'),
  )
  for (let i = 0; i < 12; i++) {
    await sleep(60)
    talkative.write(octets('00 01 "x"'))
  }
  assert.not(eternal.closed)
  assert.not(talkative.closed)
  talkative.destroy()
})

scenario('M9: what we say to live is in our PING, in tenths of a second', async (w) => {
  const router = new Router({ heartbeatInterval: 20, heartbeatTimeToLive: 1250 })
  const peer = (await w.bound(router)).hello('DEALER')
  await until(() => peer.frames.length > 1)
  assert.equal(peer.frames[1]!.body, octets('04 "PING" 00 0c'))
})

test.run()
