// Whether a peer still lives: heartbeats by messages, backends that hear of them, how long a heartbeat takes.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encode } from '../../src/codec/index.ts'
import type { HeartbeatBackend } from '../../src/rpc/api/heartbeat.ts'
import type { ParticipantOptions } from '../../src/rpc/api/options.ts'
import type { Peer } from '../../src/rpc/api/peer.ts'
import { Client, Server } from '../../src/rpc/index.ts'
import { ServerCore } from '../../src/rpc/participants/server-core.ts'
import { TransportContext } from '../../src/zmtp/connections.ts'
import { FakeClock } from '../support/clock.ts'
import { frame, greeting, ready } from '../support/engine.ts'
import { RawPeer } from '../support/raw-peer.ts'
import { ScriptedConnection, type ScriptedPeer } from '../support/scripted-driver-rpc.ts'
import { sleep, until, within } from '../support/within.ts'

const test = suite('RPC heartbeats')

const closable = new Set<{ close(): Promise<void> }>()
const kept = <T extends { close(): Promise<void> }>(one: T): T => {
  closable.add(one)
  return one
}

test.after.each(async () => {
  for (const one of closable) await within(5000, one.close(), 'close')
  closable.clear()
})

interface Bench {
  readonly clock: FakeClock
  readonly core: ServerCore
  connect(peer?: ScriptedPeer): ScriptedConnection
  /** Moves time on and has the connection heard then. */
  hear(wire: ScriptedConnection, message: readonly unknown[]): void
}

function newServer(options: ParticipantOptions = {}): Bench {
  const clock = new FakeClock()
  const context = new TransportContext({ clock })
  const core = kept(new ServerCore('remote', { context, ...options }, undefined))
  const connect = (peer: ScriptedPeer = {}): ScriptedConnection => {
    const wire = new ScriptedConnection(peer)
    wire.lastHeard = clock.now()
    return wire.open(core)
  }
  const hear = (wire: ScriptedConnection, message: readonly unknown[]): void => {
    wire.lastHeard = clock.now()
    wire.feed(message)
  }
  return { clock, core, connect, hear }
}

const peerOf = (core: ServerCore): Peer<never> => [...core.peers.values()][0]!

// -- messages of kinds 11 and 12 ------------------------------------------------------------------------------------------

test('row 26: a peer of ZMTP 3.0 that knows PING gets one after 5 s of silence, and is given up after 15', () => {
  const { clock, core, connect, hear } = newServer()
  const wire = connect({ minor: 0, pseud: false })
  hear(wire, [8, { v: 2, name: 'old' }])
  assert.is(wire.take()[0]![0], 9)
  clock.advance(4999)
  assert.equal(wire.take(), [])
  clock.advance(2)
  assert.equal(wire.take(), [[11, 1]])
  clock.advance(7)
  assert.is(peerOf(core).rttMs, undefined)
  hear(wire, [12, 1])
  assert.is(peerOf(core).rttMs, 8)
  clock.advance(5000)
  assert.equal(wire.take(), [[11, 2]])
  // Another token, and one that was answered before, measure nothing; they are signs of life all the same.
  hear(wire, [12, 1])
  hear(wire, [12])
  assert.is(peerOf(core).rttMs, 8)
  clock.advance(14_999)
  assert.is(wire.over, false)
  clock.advance(2)
  assert.is(wire.over, true)
  assert.is(wire.error?.code, 'SILENT_PEER')
  assert.is(core.peers.size, 0)
})

test('a minimal peer of ZMTP 3.0 is never sent a PING, which it could take for its answer, and not given up', () => {
  const { clock, core, connect, hear } = newServer()
  core.registry.registerRpc({ never: () => new Promise(() => {}) })
  const wire = connect({ minor: 0, pseud: false })
  hear(wire, [0, 1, 'never', []])
  clock.advance(100_000)
  assert.equal([wire.take(), wire.over], [[], false])
})

test('a peer of ZMTP 3.1 is left to ZMTP’s own heartbeat, and `heartbeat: false` asks nobody', () => {
  for (const [minor, heartbeat] of [
    [1, {}],
    [0, false],
  ] as const) {
    const { clock, connect, hear } = newServer({ heartbeat })
    const wire = connect({ minor })
    hear(wire, [8, { v: 2, name: 'x' }])
    wire.take()
    clock.advance(100_000)
    assert.equal([wire.take(), wire.over], [[], false])
  }
})

test('a PONG with too long a token, or with something behind it, ends the session; behind a proxy it counts for nothing', () => {
  for (const message of [[12, 'x'.repeat(100)], Buffer.from([0x92, 12, 1, 0])]) {
    const { connect } = newServer()
    const wire = connect({ pseud: false })
    wire.feed(message)
    assert.is(wire.over, true)
  }
  const { core, connect } = newServer()
  const wire = connect({ pseud: false })
  wire.feed([12, 1], [Buffer.from('id')])
  assert.equal([wire.over, core.stats().ignored], [false, 1])
})

// -- backends -------------------------------------------------------------------------------------------------------------

test('a backend hears of a peer when it comes, and once for each interval in which it was heard', () => {
  let beats = 0
  const { clock, connect, hear } = newServer({
    heartbeat: { intervalMs: 1000, onHeartbeat: () => void beats++ },
  })
  const wire = connect({ pseud: false })
  assert.is(beats, 1)
  clock.advance(3000)
  assert.is(beats, 1)
  for (let i = 0; i < 20; i++) {
    clock.advance(200)
    hear(wire, [12])
  }
  assert.is(beats, 5)
  wire.lose()
  clock.advance(10_000)
  assert.is(beats, 5)
})

test('a backend is asked before a silent peer is given up, and again after as much more silence', async () => {
  const asked: number[] = []
  let answer: unknown = true
  const { clock, core, connect } = newServer({
    heartbeat: {
      onTimeout: (peer) => {
        asked.push(clock.now())
        assert.is(peer, peerOf(core))
        return answer as boolean
      },
    },
  })
  const wire = connect({ pseud: false })
  clock.advance(15_001)
  assert.equal([asked, wire.over], [[15_000], false])
  clock.advance(15_000)
  assert.equal([asked, wire.over], [[15_000, 30_000], false])
  answer = undefined
  clock.advance(15_000)
  assert.equal([asked.length, wire.over, wire.error?.code], [3, true, 'SILENT_PEER'])
})

test('a backend may take its time; a peer that is heard meanwhile stays, one whose backend never answers does not', async () => {
  const verdicts: ((stays: boolean) => void)[] = []
  const { clock, connect, hear } = newServer({
    heartbeat: { onTimeout: () => new Promise<boolean>((resolve) => verdicts.push(resolve)) },
  })
  const first = connect({ pseud: false })
  clock.advance(15_100)
  assert.is(verdicts.length, 1)
  hear(first, [12])
  verdicts[0]!(false)
  await sleep(0)
  assert.is(first.over, false)
  clock.advance(15_100)
  assert.is(verdicts.length, 2)
  verdicts[1]!(true)
  await sleep(0)
  clock.advance(15_100)
  assert.equal([verdicts.length, first.over], [3, false])
  clock.advance(16_000)
  assert.is(first.over, true)
})

test('a backend that throws or rejects is reported, and the peer fares as without one', async () => {
  for (const fail of [
    () => {
      throw new Error('store is down')
    },
    () => Promise.reject(new Error('store is down')),
  ]) {
    const reports: unknown[] = []
    const { clock, core, connect } = newServer({ heartbeat: { onHeartbeat: fail, onTimeout: fail } })
    core.emitter.on('error', (error, { peer }) => reports.push((error as Error).message, peer))
    const wire = connect({ pseud: false, identity: 'x' })
    await sleep(0)
    assert.equal(reports, ['store is down', '"x" (inproc://script)'])
    assert.is(wire.over, false)
    clock.advance(15_100)
    await sleep(0)
    assert.equal([reports.length, wire.over, wire.error?.code], [4, true, 'SILENT_PEER'])
  }
})

test('a peer that we do not read from is not judged by its silence', () => {
  let asked = 0
  const { clock, core, connect } = newServer({
    heartbeat: { onTimeout: () => void asked++ },
    limits: { slowPeerBytes: 1 },
  })
  core.registry.registerRpc({ one: () => 1 })
  const wire = connect({ pseud: false })
  wire.congested = true
  wire.queuedBytes = 6400
  wire.feed([0, 1, 'one', []])
  assert.is(wire.paused, true)
  clock.advance(15_100)
  assert.equal([wire.over, wire.error?.code, asked], [true, 'SLOW_PEER', 0])
})

test('a backend is an object with functions, or none', () => {
  for (const heartbeat of [{ onHeartbeat: 1 }, { onTimeout: 'x' }, { intervalMs: 0 }]) {
    assert.throws(() => new Server('x', { heartbeat: heartbeat as never }), /heartbeat/)
  }
})

test('two servers keep presence in one store: a peer that is silent here and alive there stays', async () => {
  const alive = new Map<string, number>()
  let spared = 0
  class Store implements HeartbeatBackend {
    readonly intervalMs = 20
    readonly timeoutMs = 60
    readonly here: string

    constructor(here: string) {
      this.here = here
    }

    async onHeartbeat(peer: Peer): Promise<void> {
      alive.set(peer.claimedName!, performance.now())
      alive.set(`${peer.claimedName} at ${this.here}`, performance.now())
    }

    async onTimeout(peer: Peer): Promise<boolean> {
      const stays = performance.now() - (alive.get(peer.claimedName!) ?? -Infinity) < 10_000
      if (stays) spared++
      return stays
    }
  }
  const one = kept(new Server('one', { heartbeat: new Store('one') }))
  const two = kept(new Server('two', { heartbeat: new Store('two') }))
  // It says who it is, and never anything again: no PONG either.
  const silent = await RawPeer.connect(await one.bind('tcp://127.0.0.1:0'))
  silent.hello('DEALER', { identity: 'worker' })
  const client = kept(new Client('two', { userId: 'worker' }).connect(await two.bind('tcp://127.0.0.1:0')))
  await client.ready({ timeoutMs: 5000 })
  await until(() => spared > 1, 5000, 'the store’s word for the silent peer')
  assert.equal([one.peers.size, two.peers.size], [1, 1])
  assert.ok(alive.has('worker at one') && alive.has('worker at two'))
  // Nobody has seen it for a long time.
  await client.close()
  await two.close()
  alive.clear()
  await within(5000, silent.over(), 'the end of the silent peer')
  assert.is(one.peers.size, 0)
})

test('a server that closes waits for a peer that does not read no longer than it lingers', async () => {
  const server = new Server('remote', { lingerMs: 100 })
  server.registerRpc('big', () => new Uint8Array(8 << 20))
  const deaf = await RawPeer.connect(await server.bind('tcp://127.0.0.1:0'))
  await deaf.hello('DEALER').ready()
  deaf.socket.pause()
  deaf.write(frame(0, encode([0, 1, 'big', []])), frame(0, encode([0, 2, 'big', []])))
  await until(() => server.stats().answered === 2)
  await within(5000, server.close(), 'close')
  deaf.destroy()
})

// -- rttMs ----------------------------------------------------------------------------------------------------------------

test('rttMs is that of the last heartbeat, also on a connection that is never silent', async () => {
  const server = kept(new Server('remote', { heartbeat: { intervalMs: 20, timeoutMs: 5000 } }))
  server.registerRpc('one', () => 1)
  const at = await server.bind('tcp://127.0.0.1:0')
  const client = kept(new Client('remote', { heartbeat: { intervalMs: 20, timeoutMs: 5000 } }).connect(at))
  await client.ready({ timeoutMs: 5000 })
  const [peer] = [...server.peers.values()]
  assert.is(peer!.rttMs, undefined)
  const end = performance.now() + 5000
  while (peer!.rttMs === undefined && performance.now() < end) await client.one()
  assert.ok(peer!.rttMs! >= 0 && peer!.rttMs! < 5000, `${peer!.rttMs}`)
})

test('a peer of ZMTP 3.0 hears no PING of ZMTP from us, and lives on in silence', async () => {
  const server = kept(new Server('remote', { heartbeat: { intervalMs: 10, timeoutMs: 30 } }))
  const raw = await RawPeer.connect(await server.bind('tcp://127.0.0.1:0'))
  raw.write(greeting('NULL', 3, 0), ready('DEALER'))
  await raw.ready()
  await sleep(200)
  assert.equal([raw.closed, raw.frames.length], [false, 1])
  raw.destroy()
})

test.run()
