// One run against a driver with a link of memory and a clock that stands still: so many octets, then what happens to them.
import type { PseudError } from '../../src/base/errors.ts'
import { TransportContext } from '../../src/zmtp/transport/context.ts'
import { Driver } from '../../src/zmtp/transport/driver.ts'
import type { Link, LinkOwner } from '../../src/zmtp/transport/transport.ts'
import { FakeClock } from '../support/clock.ts'
import { connectionOptions, Party } from '../zmtp/transport/support.ts'
import type { Stream } from './stream.ts'

export const HANDSHAKE_MS = 10_000
export const INTERVAL_MS = 1000
export const TIMEOUT_MS = 3000
export const STALL_MS = 30_000

export interface Outcome {
  readonly readies: number
  readonly messages: string[][]
  /** `undefined`: it lives. */
  readonly end: { readonly code: string; readonly atMs: number } | undefined
  /** At the very end: what is left. */
  readonly timers: number
  readonly ends: number
  readonly destroyed: boolean
}

class MemoryEnd implements Link {
  readonly remoteAddress = 'tcp://127.0.0.1:1'
  readonly pendingBytes = 0
  owner!: LinkOwner
  destroyed = false

  start(owner: LinkOwner): void {
    this.owner = owner
  }

  write(): void {}
  pause(): void {}
  resume(): void {}

  end(): void {
    this.destroyed = true
  }

  destroy(): void {
    this.destroyed = true
  }
}

export class Run {
  readonly #link = new MemoryEnd()
  readonly #clock = new FakeClock()
  readonly #party = new Party()
  readonly #driver: Driver
  #end: Outcome['end']

  constructor({ setup }: Stream, heartbeats: boolean) {
    const onFinished = (_driver: Driver, error: PseudError | undefined): void => {
      this.#end = { code: error?.code ?? '-', atMs: this.#clock.now() }
    }
    const options = connectionOptions({
      socketType: setup.type,
      mechanism: () => setup.mechanism(),
      // The one user that the honest peer is.
      authenticate: ({ credentials }) => {
        const isGood =
          credentials.mechanism !== 'PLAIN' ||
          `${credentials.username}:${credentials.password}` === 'admin:secret'
        return { status: isGood ? '200' : '400' }
      },
      handshakeTimeoutMs: HANDSHAKE_MS,
      heartbeatIntervalMs: heartbeats ? INTERVAL_MS : 0,
      heartbeatTimeoutMs: heartbeats ? TIMEOUT_MS : 0,
      stallTimeoutMs: STALL_MS,
    })
    const context = new TransportContext({ clock: this.#clock })
    this.#driver = new Driver(this.#link, 'tcp://127.0.0.1:1', false, options, this.#party, context, {
      onFinished,
    })
    this.#driver.start()
  }

  /** Octets come; where the peer waits for answers, after each turn of its. */
  async feed({ turns, setup }: Stream, bytes: Buffer): Promise<this> {
    let from = 0
    for (const to of [...turns, bytes.length]) {
      const piece = bytes.subarray(from, Math.min(to, bytes.length))
      from = Math.max(from, to)
      // Boxes are opened where they lie.
      if (piece.length > 0) this.#link.owner.onChunk(Buffer.from(piece))
      // Whoever judges takes a few microtasks.
      if (setup.name !== 'NULL') for (let i = 0; i < 12; i++) await undefined
    }
    return this
  }

  fin(): void {
    this.#link.owner.onClose(undefined)
  }

  reset(): void {
    this.#link.owner.onClose(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))
  }

  pass(ms: number): void {
    this.#clock.advance(ms)
  }

  /** What became of it. It is over then, whatever it was. */
  outcome(): Outcome {
    const end = this.#end
    this.#driver.destroy()
    // Last words have a moment to leave, a judge his time.
    this.#clock.advance(10_000)
    return {
      readies: this.#party.readies,
      messages: this.#party.messages,
      end,
      timers: this.#clock.armed,
      ends: this.#party.ends.length,
      destroyed: this.#link.destroyed,
    }
  }
}
