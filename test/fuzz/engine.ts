// The engine as a target: what a peer sends, changed, and cut in two ways. What has to hold: nothing is thrown; the events are the same
// however the octets are cut; an end has a proper error and no deadline; what is sent and what is reserved is bounded by what came;
// and at every deadline something happens, until the connection is over or idle.

import { LimitError, LinkError, ProtocolError, UsageError } from '../../src/base/errors.ts'
import { AuthenticationError } from '../../src/zmtp/connections.ts'
import {
  AUTHENTICATE,
  COMMAND,
  ENDED,
  type Engine,
  NEED_MORE,
  PART,
  READY,
} from '../../src/zmtp/engine/engine.ts'
import { CLOSED, TRAFFIC } from '../../src/zmtp/engine/phase.ts'
import { outputOf } from '../support/engine.ts'
import { Noise } from '../support/noise.ts'
import { endOfFrame, engineOf, handshakeOf, recordings, SETUPS, Sealer, type Setup } from './engine-setups.ts'
import { demand, type Target } from './target.ts'

const HEADER = 4
const STATUSES = ['200', '200', '200', '400', '300', '500', '2OO', '']
// Greeting and handshake commands; the boxes of CURVE around what answers.
const OUTPUT_BASE = 2048
// A body that was announced, and chunks of output, which come from a list that all engines share, or are made.
const RESERVED_BASE = 3 * 65_536 + 16_384

export const engineTarget: Target = {
  name: 'engine',
  sources: ['src/zmtp/engine/', 'src/zmtp/wire/'],

  draw(noise: Noise): Buffer {
    const header = noise.octets(HEADER)
    // CURVE costs ten times as much: one in eight.
    const clear = SETUPS.filter(({ lockstep }) => !lockstep)
    if (noise.random(8) > 0) header[0] = noise.random(clear.length)
    return Buffer.concat([header, noise.pick(recordings(setupOf(header[0]!)))])
  },

  run(input: Buffer): void {
    if (input.length < HEADER) return
    const setup = setupOf(input[0]!)
    const options = input[1]!
    const limited = (options & 8) !== 0
    const status = STATUSES[options & 7]!
    const said = setup.sealed
      ? Buffer.concat([handshakeOf(setup), new Sealer(setup).seal(input.subarray(HEADER))])
      : input.subarray(HEADER)
    const turns = turnsOf(setup, said)
    const whole = new Play(engineOf(setup, limited), status).feed(turns)
    const noise = new Noise(input.readUInt16BE(2))
    const pieces = new Play(engineOf(setup, limited), status).feed(cut(turns, noise))
    demand(
      whole.join('\n') === pieces.join('\n'),
      () => `whole: ${whole.join()}; in pieces: ${pieces.join()}`,
    )
    if ((options & 48) === 0) new Play(engineOf(setup, limited), status).feedInTime([said], noise)
    if ((options & 48) === 16) new Play(engineOf(setup, limited), status).feedInTime(cut(turns, noise), noise)
  },
}

function setupOf(octet: number): Setup {
  return SETUPS[octet % SETUPS.length]!
}

/** Who is to be answered waits: where that counts, the commands of the handshake come one by one. */
function turnsOf({ lockstep }: Setup, said: Buffer): Buffer[] {
  if (!lockstep) return [said]
  const turns = [said.subarray(0, 64)]
  let at = 64
  for (let n = 0; n < 2 && at < said.length; n++) {
    const end = endOfFrame(said, at)
    turns.push(said.subarray(at, end))
    at = end
  }
  return at < said.length ? [...turns, said.subarray(at)] : turns
}

function cut(turns: readonly Buffer[], noise: Noise): Buffer[] {
  const most = [1, 3, 30, 200][noise.random(4)]!
  return turns.flatMap((turn) => {
    const chunks: Buffer[] = []
    for (let at = 0; at < turn.length; ) {
      const size = 1 + noise.random(most)
      chunks.push(turn.subarray(at, at + size))
      at += size
    }
    return chunks
  })
}

/** One engine, what it is told and what it makes of it. */
class Play {
  readonly #engine: Engine
  readonly #status: string
  readonly #events: string[] = []
  readonly #reservedBefore = reserved
  #fed = 0
  #sent = 0
  #over = false

  constructor(engine: Engine, status: string) {
    this.#engine = engine
    this.#status = status
  }

  /** All at one moment; the peer then closes. */
  feed(chunks: readonly Buffer[]): string[] {
    for (const chunk of chunks) {
      // Boxes are opened where they lie.
      this.#give(Buffer.from(chunk), 0)
      this.#listen()
      if (this.#over) break
    }
    this.#expectBounds()
    this.#engine.handleEnd(0)
    this.#listen()
    this.#expectOver()
    return this.#events
  }

  /** With time between the chunks, messages of our own, and timers. */
  feedInTime(chunks: readonly Buffer[], noise: Noise): void {
    const engine = this.#engine
    let now = 0
    for (const chunk of chunks) {
      now += noise.random(4) === 0 ? noise.random(4000) : noise.random(20)
      this.#passTime(now)
      if (this.#over) break
      this.#give(Buffer.from(chunk), now)
      if (noise.random(4) > 0) this.#listen()
      if (engine.phase === TRAFFIC && noise.random(4) === 0) this.#say(noise)
    }
    this.#listen()
    // Long enough for every timer that a silent peer is given.
    for (const end = now + 40_000; now < end && !this.#over; ) {
      now += 1000
      this.#passTime(now)
    }
    demand(this.#over, () => `alive after a silence of 40 s, in phase ${engine.phase}`)
    this.#expectBounds(40 * 64)
    this.#expectOver()
  }

  #give(chunk: Buffer, now: number): void {
    this.#fed += chunk.length
    this.#engine.handleBytes(chunk, now)
  }

  #say(noise: Noise): void {
    const engine = this.#engine
    const body = Buffer.alloc(noise.random(300))
    this.#sent -= body.length + 64
    engine.sendPart(body, noise.random(2) === 0)
    if (noise.random(2) === 0) engine.sendCommand('SUBSCRIBE', Buffer.from('a'))
    engine.beginPart(false)
    if (noise.random(2) === 0) engine.endPart()
    else engine.abandonPart()
    this.#sent -= 128
  }

  #passTime(now: number): void {
    const engine = this.#engine
    for (let n = 0; engine.pollDeadline() <= now; n++) {
      demand(n < 100, () => `the deadline ${engine.pollDeadline()} never moves at ${now}`)
      engine.handleTimeout(now)
      this.#listen()
      if (this.#over) return
    }
  }

  #listen(): void {
    const engine = this.#engine
    for (let n = 0; !this.#over; n++) {
      demand(n <= this.#fed + 8, () => `${n} events from ${this.#fed} octets`)
      switch (engine.poll()) {
        case NEED_MORE:
          this.#sent += outputOf(engine).length
          return
        case AUTHENTICATE:
          this.#events.push('authenticate')
          demand(engine.question !== undefined, () => 'there is no question')
          engine.handleVerdict({ status: this.#status })
          break
        case READY:
          this.#events.push(`ready ${engine.peer!.socketType}`)
          break
        case PART:
          this.#events.push(`${engine.more ? 'more' : 'part'} ${this.#body}`)
          break
        case COMMAND:
          this.#events.push(`${engine.commandName} ${this.#body}`)
          break
        case ENDED:
          this.#over = true
          this.#events.push(`ended ${engine.error?.code ?? '-'}`)
          this.#sent += outputOf(engine).length
      }
    }
  }

  get #body(): string {
    const { body, bodyStart, bodyEnd } = this.#engine
    demand(
      0 <= bodyStart && bodyStart <= bodyEnd && bodyEnd <= body.length,
      () => 'a range outside of its chunk',
    )
    return body.toString('latin1', bodyStart, bodyEnd)
  }

  #expectBounds(more = 0): void {
    const { phase } = this.#engine
    demand(
      this.#sent <= OUTPUT_BASE + 2 * this.#fed + more,
      () => `${this.#sent} octets sent for ${this.#fed}, in phase ${phase}`,
    )
    const taken = reserved - this.#reservedBefore
    demand(
      taken <= RESERVED_BASE + 8 * this.#fed + 1024 * more,
      () => `${taken} octets reserved for ${this.#fed}`,
    )
  }

  /** It is over for good, and holds nothing. */
  #expectOver(): void {
    const engine = this.#engine
    const { error } = engine
    demand(this.#over && engine.phase >= CLOSED, () => `not over: phase ${engine.phase}`)
    demand(
      error === undefined ||
        error instanceof ProtocolError ||
        error instanceof LimitError ||
        error instanceof LinkError ||
        error instanceof AuthenticationError,
      () => `ended with ${String(error)}`,
    )
    demand(engine.pollDeadline() === Number.POSITIVE_INFINITY, () => 'a deadline is left')
    engine.handleBytes(Buffer.from('after all'), 1e6)
    engine.handleTimeout(1e6)
    engine.handleResume(1e6)
    engine.handleVerdict({ status: '200' })
    demand(engine.poll() === ENDED && engine.error === error, () => 'it did not stay over')
    demand(engine.body.length === 0, () => 'it holds a chunk')
    demand(engine.pollDeadline() === Number.POSITIVE_INFINITY, () => 'a deadline has come back')
    try {
      engine.sendPart(Buffer.alloc(1), false)
    } catch (thrown) {
      demand(thrown instanceof UsageError, () => `thrown: ${String(thrown)}`)
      return
    }
    demand(false, () => 'it sends')
  }
}

// Octets that anybody has reserved, by the one way that does not zero them: what the engine takes for bodies and what it sends.
let reserved = 0
const { allocUnsafe, allocUnsafeSlow } = Buffer
Buffer.allocUnsafe = (size) => {
  reserved += size
  return allocUnsafe(size)
}
Buffer.allocUnsafeSlow = (size) => {
  reserved += size
  return allocUnsafeSlow(size)
}
