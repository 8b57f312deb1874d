// The sweep over real connections: one bound ROUTER among thousands of strangers, and DEALERs that dial strangers, with an honest peer at
// work beside them. Each mechanism is a test file of its own, so that they run side by side.
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Mechanism } from '../../src/zmtp/engine/security/mechanism.ts'
import * as zmq from '../../src/zmtp/index.ts'
import {
  curveClient,
  curveServer,
  newKeyPair,
  nullMechanism,
  plainClient,
  plainServer,
} from '../../src/zmtp/transport/mechanisms.ts'
import { until, within } from '../support/within.ts'
import { effectOf, mayStop, wholeMessages } from './rules.ts'
import { type Case, FAULTS, type Fault, SweptPeer } from './socket-peer.ts'
import { classify, MESSAGES, type Stream } from './stream.ts'

type Options = Record<string, unknown>

interface Security {
  readonly server: Options
  readonly client: Options
  makeServer(): Mechanism
  makeClient(): Mechanism
}

// Timers are for stalls: on a busy machine they would end what only takes long.
const STALL_TIMERS: Options = { handshakeInterval: 1000, heartbeatInterval: 300, heartbeatTimeout: 300 }
const STALL: readonly Fault[] = ['stall']
const OTHERS = FAULTS.filter((fault) => fault !== 'stall')
const STRANGERS = 64
const DIALLERS = 32

function securityOf(name: string): Security {
  const spend = (): void => {}
  if (name === 'NULL') {
    const make = nullMechanism()
    return { server: {}, client: {}, makeServer: () => make(spend), makeClient: () => make(spend) }
  }
  if (name === 'PLAIN') {
    const client = plainClient(Buffer.from('admin'), Buffer.from('secret'))
    const server = plainServer()
    return {
      server: { plainServer: true },
      client: { plainUsername: 'admin', plainPassword: 'secret' },
      makeServer: () => server(spend),
      makeClient: () => client(spend),
    }
  }
  const [server, client] = [newKeyPair(), newKeyPair()]
  const makeClient = curveClient(client, server.publicKey)
  const makeServer = curveServer(server.secretKey, () => false)
  return {
    server: { curveServer: true, curveSecretKey: server.secretKey },
    client: {
      curveServerKey: server.publicKey,
      curvePublicKey: client.publicKey,
      curveSecretKey: client.secretKey,
    },
    makeServer: () => makeServer(spend),
    makeClient: () => makeClient(spend),
  }
}

/** What became of one connection. */
interface Outcome {
  readonly messages: string[][]
  readonly code: string
}

/** Registers and runs the sweep of one mechanism. */
export function sweepSockets(name: string): void {
  const test = suite(`sweep over sockets, ${name}`)
  const security = securityOf(name)

  for (const faults of [OTHERS, STALL]) {
    const timers = faults === STALL ? STALL_TIMERS : {}

    test(`${name}: a bound ROUTER takes ${faults.join(', ')} at every octet of its peers`, async () => {
      const world = await BoundWorld.open(security, timers)
      const run = (swept: Case | undefined): Promise<[SweptPeer, Outcome]> => world.run(swept)
      await sweep(name, faults, STRANGERS, run, () => world.serve())
      await world.close()
    })

    test(`${name}: DEALERs that dial take ${faults.join(', ')} at every octet of their peers`, async () => {
      const opening = Array.from({ length: DIALLERS }, () => DiallingWorld.open(security, timers))
      const worlds = await Promise.all(opening)
      const free = [...worlds]
      const run = async (swept: Case | undefined): Promise<[SweptPeer, Outcome]> => {
        const world = free.pop()!
        const result = await world.run(swept)
        free.push(world)
        return result
      }
      await sweep(name, faults, DIALLERS, run, () => Promise.resolve())
      for (const world of worlds) await world.close()
    })
  }

  test.run()
}

/** All cases, so many at a time; `serve` shows that an honest peer is served meanwhile. */
async function sweep(
  name: string,
  faults: readonly Fault[],
  atOnce: number,
  run: (swept: Case | undefined) => Promise<[SweptPeer, Outcome]>,
  serve: () => Promise<void>,
): Promise<void> {
  // A peer that comes to its end in good order shows what the stream is.
  const [honest] = await run(undefined)
  const { ready, ends, said } = honest
  const stream: Stream = {
    setup: { name, type: '', lockstep: name === 'CURVE', mechanism: securityOf('NULL').makeClient },
    bytes: said,
    ready,
    ends,
    octets: classify(said, ready, ends).octets,
    turns: [],
  }
  const cases = faults.flatMap((fault) =>
    Array.from({ length: said.length + (fault === 'flip' ? 0 : 1) }, (_, at): Case => ({ fault, at })),
  )
  const queue = [...cases]
  const work = async (): Promise<void> => {
    for (let swept = queue.shift(); swept !== undefined; swept = queue.shift()) {
      if (swept.at % 50 === 0) await serve()
      const [, outcome] = await run(swept)
      judge(stream, swept, outcome)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  await serve()
  console.log(`REPORT: ${cases.length} connections`)
}

function judge(stream: Stream, { fault, at }: Case, { messages, code }: Outcome): void {
  const where = `${fault} at ${at} of ${stream.bytes.length}, ready at ${stream.ready}: ${code} ${JSON.stringify(messages)}`
  const whole = wholeMessages(stream, at)
  assert.match(code, /^(-|[A-Z][A-Z_]+)$/, where)
  if (fault === 'FIN') {
    assert.equal(messages, whole, where)
    assert.is(code, mayStop(stream, at) ? '-' : 'PEER_CLOSED', where)
  } else if (fault === 'RST') {
    // What the system had not handed over is lost with it.
    assert.equal(messages, MESSAGES.slice(0, messages.length), where)
    assert.ok(messages.length <= whole.length, where)
    assert.ok(['RESET', 'PEER_CLOSED', '-'].includes(code), where)
  } else if (fault === 'stall') {
    // A machine so slow that the handshake is not over in time is not what this is about.
    if (at >= stream.ready && code === 'HANDSHAKE_TIMEOUT' && messages.length === 0) return
    assert.equal(messages, whole, where)
    assert.is(code, at < stream.ready ? 'HANDSHAKE_TIMEOUT' : 'SILENT_PEER', where)
  } else judgeFlip(stream, at, messages, code, where)
}

function judgeFlip(stream: Stream, at: number, messages: string[][], code: string, where: string): void {
  const effect = effectOf(stream, at, 1 << (at % 8))
  const before = wholeMessages(stream, at)
  assert.equal(messages.slice(0, before.length), before, where)
  if (effect === 'content') assert.is(messages.length, MESSAGES.length, where)
  if (effect === 'error') assert.equal(messages, before, where)
  if (effect === 'error' || effect === 'length') assert.is.not(code, '-', where)
  if (effect === 'error or nothing') assert.equal(messages, code === '-' ? MESSAGES : before, where)
}

/** Endings of the connections of a socket, by the address of the peer. */
class Endings {
  readonly #codes = new Map<string, string>()

  constructor(socket: zmq.Socket) {
    socket.events.on('disconnect', ({ peer, error }) => {
      this.#codes.set(peer.address, error?.code ?? '-')
    })
  }

  async of(address: string): Promise<string> {
    await until(() => this.#codes.has(address), 20_000, `the end of ${address}`)
    const code = this.#codes.get(address)!
    this.#codes.delete(address)
    return code
  }
}

class BoundWorld {
  readonly #security: Security
  readonly #router: zmq.Router
  readonly #honest: zmq.Dealer
  readonly #endings: Endings
  readonly #port: number
  readonly #got = new Map<string, string[][]>()
  // Of peers whose identity was none.
  readonly #nameless: string[][] = []
  #cases = 0
  #served: Promise<void> = Promise.resolve()

  private constructor(security: Security, router: zmq.Router, honest: zmq.Dealer) {
    this.#security = security
    this.#router = router
    this.#honest = honest
    this.#endings = new Endings(router)
    this.#port = Number(router.lastEndpoint!.split(':').at(-1))
    void this.#receive()
  }

  static async open(security: Security, timers: Options): Promise<BoundWorld> {
    const options = { ...security.server, ...timers, linger: 0 }
    const router = new zmq.Router(options)
    if ('plainServer' in options) router.authenticator = () => ({ status: '200' })
    await router.bind('tcp://127.0.0.1:0')
    const honest = new zmq.Dealer({ ...security.client, routingId: 'honest', linger: 0 })
    honest.connect(router.lastEndpoint!)
    const world = new BoundWorld(security, router, honest)
    await world.serve()
    return world
  }

  /** The honest peer sends, and has it back; one after the other. */
  serve(): Promise<void> {
    this.#served = this.#served.then(async () => {
      await this.#honest.send('work')
      const [answer] = await within(20_000, this.#honest.receive(), 'the honest answer')
      assert.is(String(answer), 'work')
    })
    return this.#served
  }

  async run(swept: Case | undefined): Promise<[SweptPeer, Outcome]> {
    const name = `c${String(this.#cases++).padStart(5, '0')}`
    this.#got.set(name, [])
    const socket = connect(this.#port, '127.0.0.1')
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
    const address = `tcp://127.0.0.1:${socket.localPort}`
    const peer = new SweptPeer(socket, 'DEALER', name.repeat(3), this.#security.makeClient(), swept)
    const messages = this.#got.get(name)!
    if (swept === undefined) {
      await until(() => messages.length === MESSAGES.length, 5000, 'the messages of an honest peer')
      socket.end()
    }
    const code = await this.#endings.of(address)
    await within(20_000, peer.closed, 'the end of the connection')
    this.#got.delete(name)
    // A flip in the word Identity leaves it without one.
    const isNameless = swept?.fault === 'flip' && code === '-' && messages.length === 0
    return [peer, { messages: isNameless ? this.#nameless.splice(0, MESSAGES.length) : messages, code }]
  }

  /** Nothing is left of the strangers. */
  async close(): Promise<void> {
    await until(() => this.#router.counters.peers === 1, 5000, 'the end of all strangers')
    const { queuedToReceive, queuedToSend } = this.#router.counters
    assert.equal([queuedToReceive, queuedToSend], [0, 0])
    this.#honest.close()
    this.#router.close()
  }

  async #receive(): Promise<void> {
    for await (const [from, ...parts] of this.#router) {
      if (String(from) === 'honest') await this.#router.send([from!, ...parts])
      else (this.#got.get(nameIn(String(from))) ?? this.#nameless).push(parts.map(String))
    }
  }
}

/** Who it is, also when an octet of its identity was changed: that has the name three times. */
function nameIn(identity: string): string {
  const size = identity.length / 3
  const [one, other, third] = [0, 1, 2].map((n) => identity.slice(n * size, (n + 1) * size))
  return one === other || one === third ? one! : other!
}

class DiallingWorld {
  readonly #security: Security
  readonly #dealer: zmq.Dealer
  readonly #server: Server
  readonly #endings: Endings
  readonly #got: string[][] = []

  private constructor(security: Security, timers: Options, server: Server) {
    this.#security = security
    this.#server = server
    // It dials when it is told to, and not again.
    this.#dealer = new zmq.Dealer({ ...security.client, ...timers, linger: 0, reconnectInterval: 600_000 })
    this.#endings = new Endings(this.#dealer)
    void this.#receive()
  }

  static async open(security: Security, timers: Options): Promise<DiallingWorld> {
    const server = createServer({ pauseOnConnect: true })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new DiallingWorld(security, timers, server)
  }

  get #endpoint(): string {
    return `tcp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async run(swept: Case | undefined): Promise<[SweptPeer, Outcome]> {
    const peer = await new Promise<SweptPeer>((resolve) => {
      this.#server.once('connection', (socket) => {
        const peer = new SweptPeer(socket, 'ROUTER', '', this.#security.makeServer(), swept)
        socket.resume()
        if (swept === undefined) setTimeout(() => socket.end(), 300)
        resolve(peer)
      })
      this.#dealer.connect(this.#endpoint)
    })
    const code = await this.#endings.of(this.#endpoint)
    await within(20_000, peer.closed, 'the end of the connection')
    this.#dealer.disconnect(this.#endpoint)
    return [peer, { messages: this.#got.splice(0), code }]
  }

  async close(): Promise<void> {
    this.#dealer.close()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #receive(): Promise<void> {
    for await (const parts of this.#dealer) this.#got.push(parts.map(String))
  }
}
