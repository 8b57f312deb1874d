// The work of the fan-out benchmark, shared with the guard: messages from a publisher's distributor to many ready engines, without sockets.
// What leaves is taken once per turn and thrown away.
import { createHash } from 'node:crypto'
import { Broadcast } from '../../src/base/broadcast.ts'
import { giveChunk } from '../../src/base/slab.ts'
import type { Engine } from '../../src/zmtp/engine/engine.ts'
import { type Outlet, Pipe } from '../../src/zmtp/routing/pipe.ts'
import { readyEngine } from './frames.ts'
import { type Contender, perSecond, type Stopwatch, wallMs } from './measure.ts'

export interface FanOut {
  readonly pipes: number
  readonly size: number
  readonly messagesPerTurn: number
}

/** Deliveries per second: each connection writes its own frames, then all share those of the first. */
export function fanOutContenders(
  { pipes: count, size, messagesPerTurn }: FanOut,
  time: Stopwatch = wallMs,
): Contender[] {
  const body = Buffer.alloc(size, 'pseud ')
  const outlets = Array.from({ length: count }, () => new EngineOutlet())
  const pipes = outlets.map((outlet) => {
    const pipe = new Pipe(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)
    pipe.setOutlet(outlet)
    return pipe
  })
  const message = new Broadcast()
  const turn = (send: () => void) => (): void => {
    for (let i = 0; i < messagesPerTurn; i++) send()
    for (const outlet of outlets) outlet.take()
  }
  const byEach = turn(() => {
    for (const pipe of pipes) pipe.sendOne(body)
  })
  const shared = turn(() => {
    message.begin([body])
    for (const pipe of pipes) pipe.broadcast(message)
    message.finish()
  })
  const contender = (name: string, work: () => void): Contender => ({
    name,
    result: () => {
      work()
      return outlets.map((outlet) => outlet.digest)
    },
    rate: perSecond(count * messagesPerTurn * TURNS, () => repeat(work), time),
  })
  return [contender('by each', byEach), contender('shared', shared)]
}

// Between two looks at the clock.
const TURNS = 20

function repeat(work: () => void): void {
  for (let i = 0; i < TURNS; i++) work()
}

class EngineOutlet implements Outlet {
  readonly congested = false
  readonly peer: undefined
  readonly #engine: Engine = readyEngine()
  readonly #pieces: Buffer[] = []
  readonly #chunks: Buffer[] = []
  #last: Buffer[] = []

  /** Of what left last. */
  get digest(): string {
    const hash = createHash('sha1')
    for (const piece of this.#last) hash.update(piece)
    return hash.digest('hex')
  }

  take(): void {
    this.#engine.output.take(this.#pieces, this.#chunks)
    this.#last = this.#pieces.slice()
    for (const chunk of this.#chunks) giveChunk(chunk)
    this.#pieces.length = 0
    this.#chunks.length = 0
  }

  sendPart(body: Buffer, more: boolean): void {
    this.#engine.sendPart(body, more)
  }

  broadcast(message: Broadcast): void {
    this.#engine.broadcast(message)
  }

  sendCommand(): void {}
  pause(): void {}
  resume(): void {}
}
