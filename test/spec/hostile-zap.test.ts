/**
 * Z01 to Z45 (T15): three mechanisms, fifteen things that a judge may do, of which one lets a stranger in. The stranger says all that it has to
 * say without waiting, whole, an octet per write, split at random, and beside an honest peer at work, which had been let in before
 * and is served in each of them. In the 42 cells that are not 200 no message reaches the application.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { maybeDecodeZ85 } from '../../src/base/z85.ts'
import * as zmq from '../../src/zmtp/index.ts'
import { CurveScript } from '../support/curve-script.ts'
import { deliver, nextTurn, seedOf, WAYS, type Way } from '../support/delivery.ts'
import { command, greeting, octets, property, ready } from '../support/engine.ts'
import { HostileWorld, openSockets, type SocketSettings } from '../support/hostile-world.ts'
import type { RawPeer } from '../support/raw-peer.ts'
import { until, within } from '../support/within.ts'

const test = suite('hostile peers and their judges')

const socketsBefore = openSockets()
const rejections: unknown[] = []
process.on('unhandledRejection', (reason) => rejections.push(reason))

const KEYS = zmq.curveKeyPair()
const CLIENT = zmq.curveKeyPair()
const SERVER_KEY = maybeDecodeZ85(KEYS.publicKey)!

interface Mechanism {
  readonly server: SocketSettings
  readonly honest: SocketSettings
  /** All that a stranger has to say. */
  speak(peer: RawPeer, say: (...pieces: Buffer[]) => Promise<void>): Promise<void>
}

const MESSAGE = octets('00 06 "sneaky"')
const DEALER = property('Socket-Type', 'DEALER')

const MECHANISMS: Readonly<Record<string, Mechanism>> = {
  NULL: {
    server: { zapDomain: 'd' },
    honest: {},
    speak: (_peer, say) => say(greeting(), ready('DEALER'), MESSAGE),
  },
  PLAIN: {
    server: { zapDomain: 'd', plainServer: true },
    honest: { plainUsername: 'admin', plainPassword: 'password' },
    speak: (_peer, say) =>
      say(greeting('PLAIN'), command('HELLO', '\x05admin\x08password'), command('INITIATE', DEALER), MESSAGE),
  },
  CURVE: {
    server: { zapDomain: 'd', curveServer: true, curveSecretKey: KEYS.secretKey },
    honest: {
      curveServerKey: KEYS.publicKey,
      curvePublicKey: CLIENT.publicKey,
      curveSecretKey: CLIENT.secretKey,
    },
    // Without WELCOME there is nothing to say, and who does not wait for READY is closed for that: V21.
    async speak(peer, say) {
      const script = new CurveScript(SERVER_KEY)
      await say(greeting('CURVE'), script.hello())
      await until(() => peer.frames.length > 0 || peer.closed, 5000, 'WELCOME')
      script.readWelcome(peer.frames[0]!.body)
      await say(script.initiate())
      await until(() => peer.frames.length > 1 || peer.closed, 5000, 'READY, or the end')
      await say(script.message('sneaky'))
    },
  },
}

type Request = readonly Buffer[]
type Answer = readonly (string | Buffer)[]

function grant([, version, id]: Request, status = '200'): Answer {
  return ['', version!, id!, status, 'text', 'alice', '']
}

/** By handlers at inproc://zeromq.zap.01. */
const HANDLERS: Readonly<Record<string, (request: Request) => Answer>> = {
  '200': grant,
  '300': (request) => grant(request, '300'),
  '400': (request) => grant(request, '400'),
  '500': (request) => grant(request, '500'),
  '201': (request) => grant(request, '201'),
  '2OO': (request) => grant(request, '2OO'),
  'an empty status': (request) => grant(request, ''),
  'six parts': (request) => grant(request).slice(0, 6),
  'eight parts': (request) => [...grant(request), ''],
  'another id': ([delimiter, version]) => grant([delimiter!, version!, Buffer.from('0')]),
  'another version': ([delimiter, , id]) => grant([delimiter!, Buffer.from('2.0'), id!]),
}

const GRANTED: zmq.Verdict = { status: '200' }
let late: (verdict: zmq.Verdict) => void = () => {}

/** By the socket's own authenticator. */
const JUDGES: Readonly<Record<string, zmq.Authenticate>> = {
  throws: () => {
    throw new Error('no')
  },
  rejects: () => Promise.reject(new Error('no')),
  'answers when it is too late': () =>
    new Promise((resolve) => {
      late = resolve
    }),
}

const TOLD = ['400', '500']
const HANDSHAKE_MS = 400

let number = 0
for (const [name, mechanism] of Object.entries(MECHANISMS)) {
  for (const [answer, answerTo] of Object.entries(HANDLERS)) {
    cell(`${name}, the handler answers ${answer}`, mechanism, async (play) => {
      const context = new zmq.Context()
      const handler = await Handler.bind(context)
      const world = await HostileWorld.open(mechanism.server, mechanism.honest, context)
      handler.answerTo = answerTo
      const code = answer === '200' ? undefined : 'AUTHENTICATION_FAILED'
      await play(world, code, TOLD.includes(answer) ? answer : '').finally(() => handler.close())
    })
  }
  for (const [what, judge] of Object.entries(JUDGES)) {
    cell(`${name}, the judge ${what}`, mechanism, async (play) => {
      let authenticator: zmq.Authenticate = () => GRANTED
      const isLate = what === 'answers when it is too late'
      const world = await HostileWorld.open(
        {
          ...mechanism.server,
          authenticator: ((request) => authenticator(request)) satisfies zmq.Authenticate,
          ...(isLate && { handshakeInterval: HANDSHAKE_MS }),
        },
        mechanism.honest,
      )
      authenticator = judge
      await play(world, isLate ? 'HANDSHAKE_TIMEOUT' : 'AUTHENTICATION_FAILED', '')
    })
  }
  cell(`${name}, nobody is there to judge`, mechanism, async (play) => {
    const context = new zmq.Context()
    const handler = await Handler.bind(context)
    const world = await HostileWorld.open(mechanism.server, mechanism.honest, context)
    handler.close()
    await play(world, 'AUTHENTICATION_FAILED', '')
  })
}

test('there are 45 cells', () => {
  assert.is(number, 45)
})

test('after all of them, nothing is rejected unheard, and no connection is left', async () => {
  await nextTurn()
  assert.equal(rejections, [])
  await until(() => openSockets() === socketsBefore, 5000, 'the end of all sockets')
})

test.run()

type Play = (world: HostileWorld, code: string | undefined, told: string) => Promise<void>

function cell(name: string, mechanism: Mechanism, run: (play: Play) => Promise<void>): void {
  const id = `Z${String(++number).padStart(2, '0')}`
  for (const way of WAYS) {
    test(`${id}: ${name}, ${way}`, () =>
      within(
        20_000,
        run((world, code, told) =>
          play(mechanism, way, world, code, told)
            .finally(() => world.dismiss())
            .finally(() => world.close()),
        ),
        'the end of the cell',
      ))
  }
}

/** One stranger: in without a code, and otherwise out with it; told why, or not. */
async function play(
  mechanism: Mechanism,
  way: Way,
  world: HostileWorld,
  code: string | undefined,
  told: string,
): Promise<void> {
  const { delivered, endings } = world
  endings.length = 0
  const served = world.serve(way === 'beside an honest peer at work' ? 200 : 3)
  const stranger = await (await world.stranger()).hears(64)
  await mechanism.speak(stranger, (...pieces) => deliver(stranger, Buffer.concat(pieces), way, seedOf(way)))
  if (code === undefined) {
    await until(() => delivered.length === 1)
    assert.equal(delivered, ['sneaky'])
    assert.not(stranger.closed)
    stranger.destroy()
  } else {
    await stranger.over()
    await until(() => endings.length > 0)
    assert.is(endings[0]!.code, code)
    assert.match(endings[0]!.event, /^handshake:error:/)
    const last = stranger.frames.at(-1)?.body
    assert.is(last?.includes('ERROR') ? last.subarray(7).toString() : '', told)
    late(GRANTED)
    await nextTurn()
  }
  await served
  await world.serve(1)
  await world.quiet()
  assert.is(delivered.length, code === undefined ? 1 : 0)
}

/** A ROUTER at inproc://zeromq.zap.01; it grants until it is told otherwise. */
class Handler {
  answerTo: (request: Request) => Answer = grant
  readonly #socket: zmq.Router

  private constructor(context: zmq.Context) {
    this.#socket = new zmq.Router({ context, linger: 0 })
  }

  static async bind(context: zmq.Context): Promise<Handler> {
    const handler = new Handler(context)
    await handler.#socket.bind('inproc://zeromq.zap.01')
    handler.#answer()
    return handler
  }

  close(): void {
    this.#socket.close()
  }

  async #answer(): Promise<void> {
    for await (const [peer, ...request] of this.#socket) {
      await this.#socket.send([peer!, ...this.answerTo(request)])
    }
  }
}
