// Engines to fuzz, by mechanism, role and socket type, and for each what an honest peer says to it: recorded from our own engine at the
// other end, and from libzmq (test/vectors). CURVE has its chance written down, so that a recording can be played again.
import type { Engine, EngineOptions } from '../../src/zmtp/engine/engine.ts'
import { publicKeyOf, sharedKey, shortNonce } from '../../src/zmtp/engine/security/curve-box.ts'
import { CurveCipher } from '../../src/zmtp/engine/security/curve-cipher.ts'
import type { Mechanism } from '../../src/zmtp/engine/security/mechanism.ts'
import { NullMechanism } from '../../src/zmtp/engine/security/null.ts'
import { PlainClient } from '../../src/zmtp/engine/security/plain-client.ts'
import { PlainServer } from '../../src/zmtp/engine/security/plain-server.ts'
import { CLIENT_TRANSIENT, curveClient, curveServer, SERVER_TRANSIENT } from '../support/curve.ts'
import { command, eventsOf, frame, greeting, makeEngine, octets, outputOf } from '../support/engine.ts'
import { sessions } from '../support/vectors.ts'

export interface Setup {
  readonly name: string
  readonly type: string
  readonly peerType: string
  /** After each command of the handshake it is our turn. */
  readonly lockstep: boolean
  /** Inputs are what stands in the boxes, which are sealed on the way; the handshake is the recorded one. */
  readonly sealed: boolean
  mechanism(): Mechanism
  peerMechanism(): Mechanism
}

const TYPES: readonly (readonly [string, string])[] = [
  ['ROUTER', 'DEALER'],
  ['PUB', 'SUB'],
  ['DEALER', 'ROUTER'],
  ['SUB', 'PUB'],
  ['REP', 'REQ'],
  ['XPUB', 'XSUB'],
]

const user = (): Mechanism => new PlainClient(Buffer.from('admin'), Buffer.from('secret'))
const judge = (): Mechanism => new PlainServer()
const noJudge = (): Mechanism => new NullMechanism()

export const SETUPS: readonly Setup[] = [
  ...TYPES.flatMap(([type, peerType]): Setup[] => {
    const common = { type, peerType, lockstep: false, sealed: false }
    return [
      { ...common, name: 'NULL', mechanism: noJudge, peerMechanism: noJudge },
      { ...common, name: 'NULL, judged', mechanism: () => new NullMechanism(true), peerMechanism: noJudge },
      { ...common, name: 'PLAIN server', mechanism: judge, peerMechanism: user },
      { ...common, name: 'PLAIN client', mechanism: user, peerMechanism: judge },
    ]
  }),
  ...TYPES.slice(0, 2).flatMap(([type, peerType]): Setup[] =>
    [false, true].flatMap((sealed) => [
      {
        name: 'CURVE server',
        type,
        peerType,
        sealed,
        lockstep: true,
        mechanism: () => curveServer({ asks: true }),
        peerMechanism: curveClient,
      },
      {
        name: 'CURVE client',
        type: peerType,
        peerType: type,
        sealed,
        lockstep: true,
        mechanism: curveClient,
        peerMechanism: curveServer,
      },
    ]),
  ),
]

/** What an honest peer might go on to say, and what it might not. */
const TRAFFIC = Buffer.concat([
  octets('00 02 "hi" 01 00 00 01 41 04 07 04 "PING" 0005 02 00*6 01 2c 42*300'),
  command('SUBSCRIBE', 'topic'),
  command('CANCEL', 'topic'),
  octets('00 02 01 41 00 02 00 41 04 00*6 01 00 09 "SUBSCRIBE" 41*246'),
  command('PING', Buffer.concat([Buffer.from([0, 10]), Buffer.from('context')])),
  command('PONG', 'context'),
  command('NOPE', 'x'),
  frame(1, Buffer.alloc(40)),
  frame(0, Buffer.alloc(0)),
])

const recorded = new Map<Setup, readonly Buffer[]>()

/** What honest peers say to an engine of this setup; of a sealed one, what stands in the boxes. */
export function recordings(setup: Setup): readonly Buffer[] {
  let known = recorded.get(setup)
  if (known === undefined) {
    known = setup.sealed ? [TRAFFIC] : record(setup)
    recorded.set(setup, known)
  }
  return known
}

function record(setup: Setup): Buffer[] {
  const opening = handshakeOf(setup)
  const traffic = setup.lockstep ? new Sealer(setup).seal(TRAFFIC) : TRAFFIC
  const all = [Buffer.concat([opening, traffic]), Buffer.concat([opening, TRAFFIC.subarray(0, 20)])]
  if (setup.name !== 'NULL') return all
  for (const { settings, lines } of sessions()) {
    if (settings.listener !== setup.type || settings.greetings === 'yes') continue
    const said = lines.filter(({ from }) => from === 'C').map(({ bytes }) => bytes)
    all.push(Buffer.concat([greeting(), ...said]))
  }
  return all
}

const openings = new Map<Setup, Buffer>()

/** What an honest peer says until both are ready. */
export function handshakeOf(setup: Setup): Buffer {
  let opening = openings.get(setup)
  if (opening !== undefined) return opening
  const ours = makeEngine(setup.type, { mechanism: setup.mechanism() })
  const theirs = makeEngine(setup.peerType, { mechanism: setup.peerMechanism(), identity: Buffer.from('me') })
  const pieces: Buffer[] = []
  const ready = new Set<Engine>()
  for (let round = 0; round < 8; round++) {
    const said = outputOf(theirs)
    pieces.push(said)
    const told = outputOf(ours)
    ours.handleBytes(said, 0)
    theirs.handleBytes(told, 0)
    for (const engine of [ours, theirs]) {
      const events = eventsOf(engine)
      if (events.includes('ready')) ready.add(engine)
      if (!events.includes('authenticate')) continue
      engine.handleVerdict({ status: '200', userId: 'somebody' })
      if (eventsOf(engine).includes('ready')) ready.add(engine)
    }
  }
  if (ready.size < 2) throw new Error(`no handshake: ${setup.name} ${setup.type}`)
  opening = Buffer.concat(pieces)
  openings.set(setup, opening)
  return opening
}

// The key that both ends of the written-down handshake come to.
const KEY = sharedKey(publicKeyOf(SERVER_TRANSIENT), CLIENT_TRANSIENT)

/** Puts frames in clear into the boxes of the peer of this setup. */
export class Sealer {
  readonly #cipher: CurveCipher

  constructor(setup: Setup) {
    const isServer = setup.name === 'CURVE client'
    this.#cipher = new CurveCipher(Buffer.from(KEY), isServer, shortNonce(isServer ? 1 : 2), shortNonce(0), 0)
  }

  seal(clear: Buffer): Buffer {
    const frames: Buffer[] = []
    for (let at = 0; at < clear.length; ) {
      const end = endOfFrame(clear, at)
      const long = (clear[at]! & 2) !== 0
      const body = clear.subarray(Math.min(end, at + (long ? 9 : 2)), end)
      const box = Buffer.concat([Buffer.alloc(33), body])
      this.#cipher.seal(box, 0, box.length, clear[at]!)
      frames.push(frame(0, box))
      at = end
    }
    return Buffer.concat(frames)
  }
}

/** Where the frame ends that begins at `at`, or would. */
export function endOfFrame(bytes: Buffer, at: number): number {
  const long = (bytes[at]! & 2) !== 0
  const header = long ? 9 : 2
  if (at + header > bytes.length) return bytes.length
  const size = long ? Number(bytes.readBigUInt64BE(at + 1)) : bytes[at + 1]!
  return Math.min(bytes.length, at + header + size)
}

/** Bounds low enough to be met, or those of an engine that has none. */
export function engineOf(setup: Setup, limited: boolean): Engine {
  const limits: Partial<EngineOptions> = limited
    ? { maxFrameSize: 5000, maxMessageSize: 8000, maxFrames: 50 }
    : {}
  return makeEngine(setup.type, {
    mechanism: setup.mechanism(),
    handshakeTimeoutMs: 10_000,
    heartbeatIntervalMs: 1000,
    heartbeatTimeoutMs: 3000,
    heartbeatTtlMs: 3000,
    stallTimeoutMs: 5000,
    ...limits,
  })
}
