/**
 * A tcp proxy that does what networks do: delays, splits and merges, breaks off at an octet by FIN or RST, lets nothing through in one
 * direction, changes an octet, repeats or loses a segment, is slow. The rules of a direction may change while octets pass. Knows no frame.
 * (test/interop/support/relay.ts is the simpler one that writes down what passes.)
 */
import { once } from 'node:events'
import { createServer, connect as netConnect, type Server, type Socket } from 'node:net'
import type { Noise } from '../support/noise.ts'
import { portOf } from '../support/raw-peer.ts'
import { sleep } from '../support/within.ts'

/** From the end that connected, or to it. */
export type Direction = 'up' | 'down'
export type Ending = 'fin' | 'reset'

export interface Rules {
  /** Before this octet of a connection it is ended, or nothing more is let through. */
  cutAt?: number
  cutBy?: Ending | 'stall'
  /** This octet of a connection is changed, by this mask. */
  flipAt?: number
  flipMask?: number
  /** The segment of this number is sent twice, or not at all. */
  repeatSegment?: number
  loseSegment?: number
  /** Sizes of the pieces in which octets go on; whatever waits is merged first. */
  pieces?: () => number
  /** Before each piece, in ms. */
  delayMs?: () => number
  /** Octets a second. */
  rate?: number
  /** Nothing is let through, not even the end of a connection. */
  held?: boolean
}

const WAITING_MAX = 1024 * 1024

export class ChaosProxy {
  readonly rules: Record<Direction, Rules> = { up: {}, down: {} }
  /** Octets let through, of all connections. */
  readonly passed: Record<Direction, number> = { up: 0, down: 0 }
  /** When each connection came, by `performance.now`. */
  readonly accepted: number[] = []
  /** Connections that the rules have cut or stalled. */
  cuts = 0
  /** Connections are accepted and reset at once. */
  refuses = false
  target: number
  readonly #server: Server
  readonly #lines = new Set<Line>()
  readonly #sockets = new Set<Socket>()
  #port = 0

  private constructor(server: Server, target: number) {
    this.#server = server
    this.target = target
    server.on('connection', (near) => this.#join(near))
  }

  static async to(endpoint: string): Promise<ChaosProxy> {
    const proxy = new ChaosProxy(createServer({ allowHalfOpen: true }), portOf(endpoint))
    await proxy.up()
    return proxy
  }

  get endpoint(): string {
    return `tcp://127.0.0.1:${this.#port}`
  }

  /** How many connections there are. */
  get open(): number {
    return this.#lines.size / 2
  }

  /** Listens, again at the same port. */
  async up(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as { port: number }).port
  }

  /** Ends all connections and listens no more. */
  async down(ending: Ending = 'reset'): Promise<void> {
    this.break(ending)
    const closed = new Promise((resolve) => this.#server.close(resolve))
    await closed
  }

  /** Ends all connections there are; returns how many. */
  break(ending: Ending = 'reset'): number {
    const count = this.open
    for (const line of [...this.#lines]) line.end(ending)
    return count
  }

  /** Nothing passes any more in this direction, or it does again. */
  hold(direction: Direction, held = true): void {
    this.rules[direction].held = held
    for (const line of this.#lines) line.turn()
  }

  /** New rules for a direction, also for connections that there are. */
  rule(direction: Direction, rules: Rules): void {
    this.rules[direction] = rules
    for (const line of this.#lines) line.turn()
  }

  async close(): Promise<void> {
    for (const line of [...this.#lines]) line.end('reset')
    for (const socket of this.#sockets) socket.destroy()
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve))
  }

  #join(near: Socket): void {
    this.accepted.push(performance.now())
    if (this.refuses) {
      near.on('error', () => {})
      near.resetAndDestroy()
      return
    }
    const far = netConnect({ port: this.target, host: '127.0.0.1', allowHalfOpen: true })
    for (const socket of [near, far]) {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    }
    this.#lines.add(new Line(this, 'up', near, far, this.#lines))
    this.#lines.add(new Line(this, 'down', far, near, this.#lines))
  }
}

/** One direction of one connection. */
class Line {
  readonly #proxy: ChaosProxy
  readonly #direction: Direction
  readonly #from: Socket
  readonly #to: Socket
  readonly #all: Set<Line>
  #waiting: Buffer[] = []
  #size = 0
  #segments = 0
  #position = 0
  #ended: Ending | undefined
  #stalled = false
  #over = false
  #running = false
  #wake: (() => void) | undefined

  constructor(proxy: ChaosProxy, direction: Direction, from: Socket, to: Socket, all: Set<Line>) {
    this.#proxy = proxy
    this.#direction = direction
    this.#from = from
    this.#to = to
    this.#all = all
    from.setNoDelay(true)
    from.on('data', (chunk) => this.#take(chunk))
    from.on('end', () => this.#finish('fin'))
    from.on('error', () => this.#finish('reset'))
    from.on('close', () => this.#finish('fin'))
  }

  /** Ends the connection now. */
  end(ending: Ending): void {
    this.#over = true
    this.#all.delete(this)
    this.#wake?.()
    for (const socket of [this.#from, this.#to]) {
      if (socket.destroyed) continue
      if (ending === 'reset') reset(socket)
      else {
        socket.end()
        socket.destroySoon()
      }
    }
  }

  /** Rules have changed. */
  turn(): void {
    this.#wake?.()
    if (!this.#running) this.#run().catch(() => this.end('reset'))
  }

  #take(chunk: Buffer): void {
    if (this.#stalled) return
    const { repeatSegment, loseSegment } = this.#proxy.rules[this.#direction]
    const number = this.#segments++
    if (number === loseSegment) {
      this.#proxy.cuts++
      return
    }
    this.#waiting.push(chunk)
    this.#size += chunk.length
    if (number === repeatSegment) {
      this.#proxy.cuts++
      this.#waiting.push(chunk)
      this.#size += chunk.length
    }
    if (this.#size > WAITING_MAX) this.#from.pause()
    this.turn()
  }

  #finish(ending: Ending): void {
    this.#ended ??= ending
    this.turn()
  }

  async #run(): Promise<void> {
    this.#running = true
    while (!this.#over) {
      const rules = this.#proxy.rules[this.#direction]
      if (rules.held === true || (this.#stalled && this.#ended === undefined)) await this.#woken()
      else if (this.#size > 0 && !this.#stalled) await this.#pass(rules)
      else break
    }
    this.#running = false
    if (!this.#over && this.#ended !== undefined) this.#end(this.#ended)
  }

  async #pass(rules: Rules): Promise<void> {
    const rate = rules.rate ?? Number.POSITIVE_INFINITY
    const limit = Math.min(rules.pieces?.() ?? Number.POSITIVE_INFINITY, Math.max(1, Math.floor(rate / 50)))
    const left = (rules.cutAt ?? Number.POSITIVE_INFINITY) - this.#position
    if (left <= 0) {
      this.#cut(rules.cutBy ?? 'fin')
      return
    }
    const piece = this.#shift(Math.min(limit, left))
    const delay = (rules.delayMs?.() ?? 0) + (piece.length * 1000) / rate
    if (delay >= 1) await this.#sleep(delay)
    if (this.#over) return
    const flip = (rules.flipAt ?? -1) - this.#position
    if (flip >= 0 && flip < piece.length) {
      piece[flip]! ^= rules.flipMask ?? 1
      this.#proxy.cuts++
    }
    this.#position += piece.length
    this.#proxy.passed[this.#direction] += piece.length
    if (!this.#to.write(piece) && !this.#to.destroyed) await this.#drained()
    // Each piece is a segment of its own.
    if (rules.pieces !== undefined) await new Promise((resolve) => setImmediate(resolve))
    if (this.#size < WAITING_MAX) this.#from.resume()
  }

  #shift(limit: number): Buffer {
    const all = this.#waiting.length === 1 ? this.#waiting[0]! : Buffer.concat(this.#waiting)
    const piece = all.subarray(0, limit)
    this.#waiting = piece.length < all.length ? [all.subarray(piece.length)] : []
    this.#size -= piece.length
    return Buffer.from(piece)
  }

  #cut(by: Ending | 'stall'): void {
    this.#proxy.cuts++
    if (by !== 'stall') {
      this.end(by)
      return
    }
    // Read on, so that its end is noticed.
    this.#stalled = true
    this.#waiting = []
    this.#size = 0
    this.#from.resume()
  }

  /** What the one side has ended, the other hears of. */
  #end(ending: Ending): void {
    this.#over = true
    this.#all.delete(this)
    if (this.#to.destroyed) return
    if (ending === 'reset') reset(this.#to)
    else this.#to.end()
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
    })
  }

  async #sleep(ms: number): Promise<void> {
    await Promise.race([sleep(ms), this.#woken()])
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#to.off('drain', done).off('close', done)
        resolve()
      }
      this.#to.on('drain', done).on('close', done)
    })
  }
}

/**
 * A socket that is connecting, or still has octets or its end to write, can only be destroyed: libuv resets none whose shutdown is under way
 * (EINVAL), and Node then forgets the handle, which stays open.
 */
function reset(socket: Socket): void {
  if (socket.connecting || socket.writableEnded || socket.writableLength > 0) socket.destroy()
  else socket.resetAndDestroy()
}

/** Sizes from 1 to `most`, from a seed. */
export function pieces(dice: Noise, most: number): () => number {
  return () => 1 + dice.random(most)
}
