/**
 * Strangers at a real listener, in numbers: silent ones, ones that ask for key exchanges (faults 22 and 24, V06), and one connection too
 * many. Limits are small here; what they are by default, and how they count, is in reception.test.ts.
 */
import { once } from 'node:events'
import { connect as netConnect } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TransportContext } from '../../../src/zmtp/transport/context.ts'
import { Dialer } from '../../../src/zmtp/transport/dialer.ts'
import { parseEndpoint } from '../../../src/zmtp/transport/endpoint.ts'
import { type Listener, listen } from '../../../src/zmtp/transport/listener.ts'
import { curveClient, curveServer, newKeyPair } from '../../../src/zmtp/transport/mechanisms.ts'
import type { ReceptionLimits } from '../../../src/zmtp/transport/reception.ts'
import type { ConnectionOptions } from '../../../src/zmtp/transport/transport.ts'
import { FakeClock } from '../../support/clock.ts'
import { CurveScript } from '../../support/curve-script.ts'
import { greeting } from '../../support/engine.ts'
import { portOf, RawPeer } from '../../support/raw-peer.ts'
import { until, within } from '../../support/within.ts'
import { connectionOptions, Party } from './support.ts'

const test = suite('strangers')

const KEYS = newKeyPair()
const CURVE = { mechanism: curveServer(KEYS.secretKey, () => false) }

/** A ROUTER's listener with small limits, and everybody that a test connects to it. */
class World {
  readonly clock = new FakeClock()
  readonly party = new Party()
  readonly peers: RawPeer[] = []
  readonly #endings: (() => void)[] = []
  #listener!: Listener

  static async open(
    reception: Partial<ReceptionLimits>,
    changes: Partial<ConnectionOptions> = {},
  ): Promise<World> {
    const world = new World()
    const options = connectionOptions({ socketType: 'ROUTER', reception, ...CURVE, ...changes })
    const context = new TransportContext({ clock: world.clock })
    world.#listener = await listen(parseEndpoint('tcp://127.0.0.1:*', 'bind'), options, world.party, context)
    return world
  }

  get endpoint(): string {
    return this.#listener.endpoint
  }

  /** Connections that are held. */
  get held(): number {
    return this.#listener.drivers.size
  }

  /** How connections ended, by code. */
  get ends(): (string | undefined)[] {
    return this.party.ends.map((error) => error?.code)
  }

  async stranger(): Promise<RawPeer> {
    const peer = await (await RawPeer.connect(this.endpoint)).hears(64)
    this.peers.push(peer)
    return peer
  }

  /** An honest client, ready; with `from`, at another address of this machine. */
  async client(from?: string): Promise<Party> {
    const party = new Party()
    const target = from === undefined ? this.endpoint : this.endpoint.replace('//', `//${from}:0;`)
    const mechanism = curveClient(newKeyPair(), KEYS.publicKey)
    const dialer = new Dialer(
      parseEndpoint(target, 'connect'),
      connectionOptions({ mechanism }),
      party,
      new TransportContext(),
    )
    this.#endings.push(() => {
      dialer.close()
      for (const driver of party.drivers) driver.destroy()
    })
    dialer.start()
    await until(() => party.ready, 10_000, 'the honest handshake')
    assert.not(party.eventTypes().includes('connect:retry'), 'the first attempt was enough')
    return party
  }

  close(): void {
    for (const end of this.#endings) end()
    for (const peer of this.peers) peer.destroy()
    for (const driver of this.party.drivers) driver.destroy()
    this.#listener.close()
  }
}

function scenario(
  name: string,
  reception: Partial<ReceptionLimits>,
  run: (world: World) => Promise<void>,
): void {
  test(name, async () => {
    const world = await World.open(reception)
    try {
      await within(30_000, run(world), name)
    } finally {
      world.close()
    }
  })
}

/** Says a HELLO, and waits until it is welcomed or sent away. */
async function ask(world: World, hello: Buffer): Promise<boolean> {
  const peer = await world.stranger()
  peer.write(greeting('CURVE'), hello)
  await until(() => peer.closed || peer.frames.length > 0, 10_000, 'an answer')
  return peer.frames.length > 0
}

const welcomes = (answers: boolean[]): number => answers.filter(Boolean).length

scenario(
  'V06, fault 24: of a hundred HELLOs at once, all the same, as many are answered as the budget of their address allows',
  { keyExchangesPerAddress: 20 },
  async (world) => {
    const hello = new CurveScript(KEYS.publicKey).hello()
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask(world, hello)))
    assert.is(welcomes(answers), 20)
    await until(() => world.party.ends.length === 80)
    assert.equal([...new Set(world.ends)], ['TOO_MANY_KEY_EXCHANGES'])
    assert.is((world.party.ends[0] as unknown as { limit: string }).limit, 'keyExchangesPerAddress')
    // Those that were welcomed are stuck: the HELLO is not theirs.
    assert.is(world.held, 20)
    world.clock.advance(500)
    const later = await Promise.all(Array.from({ length: 30 }, () => ask(world, hello)))
    assert.is(welcomes(later), 10)
  },
)

scenario(
  'fault 24: the budget of a listener holds for all addresses together',
  { keyExchangesPerSecond: 7, keyExchangesPerAddress: 100 },
  async (world) => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => ask(world, new CurveScript(KEYS.publicKey).hello())),
    )
    assert.is(welcomes(answers), 7)
    assert.is((world.party.ends[0] as unknown as { limit: string }).limit, 'keyExchangesPerSecond')
  },
)

scenario('a HELLO that is none costs the budget nothing', { keyExchangesPerAddress: 1 }, async (world) => {
  const script = new CurveScript(KEYS.publicKey)
  const padded = script.hello({ padding: Buffer.alloc(72, 1) })
  const answers = await Promise.all(Array.from({ length: 30 }, () => ask(world, padded)))
  assert.is(welcomes(answers), 0)
  assert.equal([...new Set(world.ends)], ['BAD_COMMAND'])
  assert.ok(await ask(world, script.hello()))
  assert.not(await ask(world, script.hello()))
})

scenario(
  'fault 24: who floods from one address keeps nobody out who comes from another',
  { keyExchangesPerSecond: 1000, keyExchangesPerAddress: 10 },
  async (world) => {
    // Only Linux has all of 127.0.0.0/8; elsewhere the flood must end first.
    const elsewhere = process.platform === 'linux' ? '127.0.0.2' : undefined
    const hello = new CurveScript(KEYS.publicKey).hello()
    let flooding = true
    const flood = async (): Promise<void> => {
      while (flooding) {
        await ask(world, hello)
        world.peers.pop()!.destroy()
      }
    }
    const floods = Array.from({ length: 8 }, flood)
    await until(() => world.ends.includes('TOO_MANY_KEY_EXCHANGES'))
    if (elsewhere === undefined) world.clock.advance(1000)
    const honest = await world.client(elsewhere)
    flooding = false
    await Promise.all(floods)
    honest.driver.sendPart(Buffer.from('hi'), false)
    await until(() => world.party.messages.length === 1)
    assert.equal(world.party.messages, [['hi']])
  },
)

scenario(
  'fault 22: of silent connections the oldest give way, in order, and an honest client comes in among them',
  { maxPendingHandshakes: 5, maxPendingPerAddress: 100 },
  async (world) => {
    for (let n = 0; n < 8; n++) {
      const peer = await world.stranger()
      // The first say nothing, the others half a greeting: that does not make them younger.
      if (n > 3) peer.write(greeting('CURVE').subarray(0, 32))
    }
    await until(() => world.ends.length === 3)
    assert.equal(world.ends, ['TOO_MANY_HANDSHAKES', 'TOO_MANY_HANDSHAKES', 'TOO_MANY_HANDSHAKES'])
    await until(() => world.peers[2]!.closed)
    assert.equal(
      world.peers.map(({ closed }) => closed),
      [true, true, true, false, false, false, false, false],
    )
    await world.client()
    await until(() => world.peers[3]!.closed)
    // Its handshake is over, so it is in nobody's way, and nobody is in its.
    await world.stranger()
    assert.is(world.peers[4]!.closed, false)
    await world.stranger()
    await until(() => world.peers[4]!.closed)
    assert.is(world.party.driver.ready, true)
  },
)

scenario(
  'fault 22: an address that holds too many silent connections loses its oldest, whoever else is there',
  { maxPendingHandshakes: 100, maxPendingPerAddress: 3 },
  async (world) => {
    for (let n = 0; n < 6; n++) await world.stranger()
    await until(() => world.ends.length === 3)
    const limits = world.party.ends.map((error) => (error as unknown as { limit: string }).limit)
    assert.equal(limits, ['maxPendingPerAddress', 'maxPendingPerAddress', 'maxPendingPerAddress'])
  },
)

scenario(
  'one connection more than maxConnections is closed without an octet, and may come when another has gone',
  { maxConnections: 3 },
  async (world) => {
    await world.client()
    await world.client()
    const third = await world.stranger()
    const socket = netConnect(portOf(world.endpoint), '127.0.0.1')
    let octets = 0
    socket.on('data', (chunk) => {
      octets += chunk.length
    })
    socket.on('error', () => {})
    await within(5000, once(socket, 'close'), 'the end of the fourth')
    assert.is(octets, 0)
    const refused = world.party.events.filter(({ type }) => type === 'accept:error')
    assert.equal(
      refused.map(({ error }) => (error as unknown as { code: string }).code),
      ['TOO_MANY_CONNECTIONS'],
    )
    third.destroy()
    await until(() => world.held === 2)
    await world.client()
    assert.is(world.held, 3)
  },
)

test.run()
