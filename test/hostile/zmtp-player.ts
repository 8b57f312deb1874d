/**
 * Plays rows of octets against live sockets, in four ways: whole; an octet per write, as far as the octet that decides; split at random; and
 * whole beside an honest peer at work on the same socket. And against the engine alone, however the octets are cut.
 *
 * Refused means: the code of the row, on `disconnect`, with the event before it that says in which phase; within 50 ms of the octet that
 * decides, or at the moment of the timer, on a clock of ours. Accepted means: what is due is delivered, and the connection answers a PING.
 */
import * as assert from 'uvu/assert'
import { secretOctets } from '../../src/base/clock.ts'
import { maybeDecodeZ85 } from '../../src/base/z85.ts'
import type { Engine } from '../../src/zmtp/engine/engine.ts'
import { CurveClient } from '../../src/zmtp/engine/security/curve-client.ts'
import { CurveServer } from '../../src/zmtp/engine/security/curve-server.ts'
import type { Mechanism } from '../../src/zmtp/engine/security/mechanism.ts'
import { NullMechanism } from '../../src/zmtp/engine/security/null.ts'
import { PlainClient } from '../../src/zmtp/engine/security/plain-client.ts'
import { PlainServer } from '../../src/zmtp/engine/security/plain-server.ts'
import * as zmq from '../../src/zmtp/index.ts'
import { FakeClock } from '../support/clock.ts'
import { deliver, nextTurn, seedOf, type Way } from '../support/delivery.ts'
import { eventsOf, makeEngine, octets } from '../support/engine.ts'
import type { SocketSettings } from '../support/hostile-world.ts'
import { SEED } from '../support/noise.ts'
import type { RawPeer } from '../support/raw-peer.ts'
import { until } from '../support/within.ts'
import type { Echo } from './echo.ts'
import type { ZmtpOutcome } from './outcomes.ts'
import { bytesOf, type ZmtpRow } from './rows.ts'
import { SECRET, World } from './world.ts'

const HANDSHAKE_MS = 30_000
const KEYS = zmq.curveKeyPair()
const CLIENT_KEYS = zmq.curveKeyPair()
const USER = 'admin'
const PASSWORD = 'password'
const REFUSAL = octets('05 "ERROR" 03 "400"').toString('hex')
const LIFE = octets('04 0d 04 "PING" 0000 "alive?"')
const SIGN_OF_LIFE = octets('04 "PONG" "alive?"').toString('hex')

const SERVERS: Readonly<Record<string, SocketSettings>> = {
  NULL: {},
  PLAIN: {
    plainServer: true,
    authenticator: ({ credentials }: zmq.AuthenticationRequest): zmq.Verdict => {
      if (credentials.mechanism !== 'PLAIN') return { status: '500' }
      return { status: judge(credentials.username, credentials.password) }
    },
  },
  CURVE: { curveServer: true, curveSecretKey: KEYS.secretKey },
}
const CLIENTS: Readonly<Record<string, SocketSettings>> = {
  NULL: {},
  PLAIN: { plainUsername: USER, plainPassword: PASSWORD },
  CURVE: {
    curveServerKey: KEYS.publicKey,
    curvePublicKey: CLIENT_KEYS.publicKey,
    curveSecretKey: CLIENT_KEYS.secretKey,
  },
}

function judge(username: Buffer, password: Buffer): '200' | '400' {
  return String(username) === USER && String(password) === PASSWORD ? '200' : '400'
}

interface Subject {
  readonly type: string
  readonly mechanism: string
  readonly dials: boolean
}

export function subjectOf({ sut }: ZmtpRow): Subject {
  const [, client, type, mechanism] = /^(client:)?(\w+)\/(\w+)$/.exec(sut)!
  return { type: type!, mechanism: mechanism!, dials: client !== undefined }
}

// -- live ------------------------------------------------------------------------------------------------------------------

export async function playLive(row: ZmtpRow, outcome: ZmtpOutcome, way: Way, echo: Echo): Promise<void> {
  const { type, mechanism, dials } = subjectOf(row)
  const [settings, honest] = dials ? [CLIENTS, SERVERS] : [SERVERS, CLIENTS]
  const world = await World.open({
    type,
    dials,
    ipc: row.ipc === true,
    settings: { ...outcome.settings, ...settings[mechanism] },
    honest: honest[mechanism]!,
    fakeClock: outcome.timerMs !== undefined,
  })
  try {
    await new Run(row, outcome, way, world, echo).play()
  } finally {
    await world.close()
  }
  await world.hasNoTimers()
}

class Run {
  readonly row: ZmtpRow
  readonly outcome: ZmtpOutcome
  readonly way: Way
  readonly world: World
  readonly echo: Echo
  peer!: RawPeer

  constructor(row: ZmtpRow, outcome: ZmtpOutcome, way: Way, world: World, echo: Echo) {
    this.row = row
    this.outcome = outcome
    this.way = way
    this.world = world
    this.echo = echo
  }

  async play(): Promise<void> {
    const { world, outcome } = this
    const { dials, type } = subjectOf(this.row)
    this.peer = await world.stranger()
    // Two peers take turns: one of these waits for the stranger.
    const secretive = dials && type === 'DEALER'
    if (secretive) for (let n = 0; n < 2; n++) await world.socket.send(SECRET)
    const work = world.work(this.way === 'beside an honest peer at work' ? 200 : 5)
    await this.peer.hears(64)
    await this.#write()
    if (outcome.timerMs !== undefined) await this.#timer(outcome.timerMs)
    else if (this.row.fin) this.peer.socket.end()
    if (outcome.code === undefined && !this.row.fin) await this.#lives()
    else await this.#ends()
    await work
    if (secretive)
      assert.not(
        outcome.code !== undefined && !outcome.ready && this.peer.heard.includes(SECRET),
        'a secret was told',
      )
    if (dials && outcome.code !== undefined) await this.#isDialledAgain()
    this.peer.destroy()
    await world.isAsBefore()
    assert.equal(world.delivered, [...(outcome.delivered ?? []), ...(outcome.afterwards ?? [])])
  }

  /** Each step waits until what must come before it has been heard. */
  async #write(): Promise<void> {
    const { row, outcome, peer, way } = this
    let left = way === 'an octet per write' ? (outcome.at ?? Infinity) : Infinity
    for (const [index, step] of row.steps.entries()) {
      if (index > 0)
        await until(() => this.#answered(index) || peer.closed, 5000, `an answer before step ${index}`)
      const bytes = bytesOf(step)
      const part = bytes.subarray(0, Math.min(left, bytes.length))
      left -= part.length
      await deliver(peer, part, way, seedOf(`${SEED} ${row.id} ${index}`))
      // Octets that come late must not buy time.
      if (outcome.code === 'HANDSHAKE_TIMEOUT' && index < row.steps.length - 1) {
        await this.echo.settle()
        this.#advance(1000)
      }
    }
  }

  #answered(index: number): boolean {
    const { mechanism, dials } = subjectOf(this.row)
    // A client speaks first, a server of NULL need not be waited for, and each command of the others is answered.
    const due = dials ? Math.min(index, mechanism === 'NULL' ? 1 : 2) : mechanism === 'NULL' ? 0 : index - 1
    return this.peer.frames.length >= due
  }

  #elapsed = 0

  #advance(ms: number): void {
    this.#elapsed += ms
    ;(this.world.clock as FakeClock).advance(ms)
  }

  /** Not a millisecond before its time. */
  async #timer(ms: number): Promise<void> {
    await this.echo.settle()
    this.#advance(ms - 1 - this.#elapsed)
    await this.echo.settle()
    assert.not(this.peer.closed, 'it is given time')
    assert.equal(this.world.endings, [])
    this.#advance(1)
  }

  async #ends(): Promise<void> {
    const { peer, world, outcome, echo } = this
    await echo.seesEnd(peer)
    // An orderly end has no error, and nothing to report.
    if (outcome.code !== undefined) {
      await until(() => world.endings.length > 0, 5000, 'the event')
      const [{ code, event, text }] = world.endings as [(typeof world.endings)[0]]
      assert.is(code, outcome.code)
      const phase = outcome.ready ? 'disconnect' : (outcome.event ?? 'handshake:error:protocol')
      assert.is(event, phase)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
      assert.not.match(text, /[\x00-\x1f\x7f-\x9f]/, 'control octets of a peer in a text for people')
    } else {
      assert.equal(world.endings, [])
    }
    const told = peer.frames.filter(
      ({ flags, body }) => flags === 4 && /^.ERROR/.test(body.toString('latin1')),
    )
    if (outcome.code === 'AUTHENTICATION_FAILED') {
      assert.equal(
        told.map(({ body }) => body.toString('hex')),
        [REFUSAL],
      )
    } else {
      assert.is(told.length, outcome.code === 'INCOMPATIBLE_SOCKET_TYPE' ? 1 : 0, 'what it is told')
    }
    // Nothing is said to whom one cannot talk with.
    if (outcome.code === 'MECHANISM_MISMATCH' || outcome.code === 'UNSUPPORTED_VERSION')
      assert.ok(peer.size <= 64)
  }

  async #lives(): Promise<void> {
    const { peer, world, outcome, echo } = this
    const delivered = outcome.delivered ?? []
    await until(() => world.delivered.length >= delivered.length, 5000, 'the delivery')
    await echo.settle()
    assert.equal(world.delivered, delivered)
    if (outcome.dropped !== undefined) assert.is(world.socket.counters.dropped, outcome.dropped)
    assert.not(peer.closed)
    assert.equal(world.endings, [])
    if (!outcome.mute) {
      peer.write(LIFE)
      await until(
        () => peer.frames.some(({ flags, body }) => flags === 4 && body.toString('hex') === SIGN_OF_LIFE),
        5000,
        'an answer to PING',
      )
    }
  }

  /** Unless it was refused for what it is. */
  async #isDialledAgain(): Promise<void> {
    const { world, outcome, echo } = this
    if (world.clock instanceof FakeClock) world.clock.advance(1000)
    if (outcome.code === 'PEER_ERROR' && !outcome.later) {
      for (let n = 0; n < 5; n++) await echo.settle()
      assert.is(world.listener!.count, 1, 'it was dialled again')
    } else {
      await until(() => world.listener!.count > 1, 5000, 'another attempt')
    }
  }
}

/** A server that says the octets of a row and breaks off, so many times. */
export async function playResets(row: ZmtpRow, times: number): Promise<void> {
  const { type, dials } = subjectOf(row)
  const world = await World.open({
    type,
    dials,
    fakeClock: true,
    settings: { reconnectInterval: 100, reconnectMaxInterval: 3000 },
  })
  const clock = world.clock as FakeClock
  const before = clock.armed
  const intervals: number[] = []
  world.socket.events.on('connect:retry', ({ interval }: { interval: number }) => intervals.push(interval))
  try {
    await world.stranger()
    for (let n = 0; n < times; n++) {
      await turns(() => world.listener!.count > n)
      const peer = await world.listener!.peer(n)
      peer.write(bytesOf(row.steps[0]!))
      await turns(() => peer.size >= 64)
      peer.socket.resetAndDestroy()
      await turns(() => intervals.length === n + 1)
      // The one of the back-off, and that of the context.
      assert.ok(clock.armed <= before + 2)
      assert.is(world.listener!.count, n + 1, 'it does not wait')
      if (n % 10 === 0) await world.work(1)
      clock.advance(6000)
    }
    assert.ok(
      intervals.slice(0, 6).every((ms, n) => ms > (intervals[n - 1] ?? 0)),
      `${intervals.slice(0, 6)}`,
    )
    assert.ok(intervals.at(-1)! >= 1500)
    assert.equal(
      world.endings.filter(({ code }) => code !== 'RESET' && code !== 'PEER_CLOSED'),
      [],
    )
    await world.isAsBefore()
  } finally {
    await world.close()
  }
  await world.hasNoTimers()
}

/** `until`, without a timer for each look: this is looked at thousands of times. */
async function turns(condition: () => boolean): Promise<void> {
  for (const end = performance.now() + 10_000; !condition(); ) {
    if (performance.now() > end) throw new Error(`${condition} did not hold within 10 s`)
    await nextTurn()
  }
}

// -- the engine alone ------------------------------------------------------------------------------------------------------

/** What the engine makes of a row. */
export interface EngineRun {
  readonly code: string | undefined
  /** How many octets had come. */
  readonly at: number
  readonly ready: boolean
  /** Whole messages. */
  readonly messages: string[]
}

/** Feeds chunks until the engine ends; PLAIN logins are judged at once. */
export function runEngine(row: ZmtpRow, outcome: ZmtpOutcome, chunks: readonly Buffer[]): EngineRun {
  const engine = engineOf(row, outcome)
  const messages: string[] = []
  let message: string[] = []
  let ready = false
  let at = 0
  const look = (): void => {
    for (let events = eventsOf(engine); events.length > 0; events = eventsOf(engine)) {
      for (const event of events) {
        const [kind, body = ''] = event.split(' ') as [string, string?]
        ready ||= kind === 'ready'
        if (kind !== 'more' && kind !== 'part') continue
        message.push(Buffer.from(body, 'hex').toString())
        if (kind === 'part') messages.push(message.splice(0).join('|'))
      }
      if (engine.error !== undefined || engine.question === undefined) break
      const { question } = engine
      const status = question.mechanism === 'PLAIN' ? judge(question.username, question.password) : '200'
      engine.handleVerdict({ status })
    }
    message = message.slice()
  }
  look()
  for (const chunk of chunks) {
    engine.handleBytes(chunk, 0)
    at += chunk.length
    look()
    if (engine.error !== undefined) return { code: engine.error.code, at, ready, messages }
  }
  if (row.fin) engine.handleEnd(0)
  look()
  if (outcome.timerMs !== undefined) {
    assert.is(engine.error, undefined, 'it is given time')
    assert.is(engine.pollDeadline(), outcome.timerMs)
    engine.handleTimeout(outcome.timerMs)
    look()
  }
  return { code: engine.error?.code, at, ready, messages }
}

function engineOf(row: ZmtpRow, { settings = {} }: ZmtpOutcome): Engine {
  const { type, mechanism, dials } = subjectOf(row)
  const make = dials ? CLIENT_MECHANISMS : SERVER_MECHANISMS
  return makeEngine(type, {
    mechanism: make[mechanism]!(),
    maxFrameSize: (settings.maxMessageSize as number | undefined) ?? Infinity,
    handshakeTimeoutMs: (settings.handshakeInterval as number | undefined) ?? HANDSHAKE_MS,
    stallTimeoutMs: 30_000,
  })
}

const key = (text: string): Buffer => maybeDecodeZ85(text)!

const SERVER_MECHANISMS: Readonly<Record<string, () => Mechanism>> = {
  NULL: () => new NullMechanism(),
  PLAIN: () => new PlainServer(),
  CURVE: () =>
    new CurveServer({
      publicKey: key(KEYS.publicKey),
      secretKey: key(KEYS.secretKey),
      asks: false,
      spend: () => {},
      draw: secretOctets,
    }),
}
const CLIENT_MECHANISMS: Readonly<Record<string, () => Mechanism>> = {
  NULL: () => new NullMechanism(),
  PLAIN: () => new PlainClient(Buffer.from(USER), Buffer.from(PASSWORD)),
  CURVE: () =>
    new CurveClient({
      publicKey: key(CLIENT_KEYS.publicKey),
      secretKey: key(CLIENT_KEYS.secretKey),
      serverKey: key(KEYS.publicKey),
      draw: secretOctets,
    }),
}
