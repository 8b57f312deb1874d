// What runs from the sender of a one-way benchmark to its readers: bodies, their count and checksum, and back, where the sender would outrun the
// readers, how far they are. Knows no sockets of either library.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** What readers subscribe to, and what publishers send until all have. */
export const TOPIC = 'p'
export const PROBE: Buffer = Buffer.from(TOPIC)

export interface Order {
  /** Messages sent; each reader is to receive all of them when they are published, else they are all for the one. */
  count: number
  size: number
  /** Hash every body: for the check, outside the clock. */
  hashed: boolean
  /** Most messages on their way to one reader; 0: the library's own marks hold the sender back. */
  window: number
}

export interface Outcome {
  elapsedMs: number
  digest: string
}

export interface Trips {
  medianUs: number
  digest: string
}

/** Counts what arrives at every reader, from the first message to the last; tells the sender how far the readers are. */
export class Tally {
  readonly #readers: number
  #order: Order = { count: 0, size: 0, hashed: false, window: 0 }
  #hashes: number[] = []
  #probed = new Set<number>()
  #missing = 0
  #step = 0
  #nextWord = 0
  #started = 0
  #progress: Socket | undefined
  #outcome: Promise<Outcome> | undefined
  #onDone: (outcome: Outcome) => void = () => {}

  constructor(readers: number) {
    this.#readers = readers
  }

  /** How many readers have received a probe. */
  get probed(): number {
    return this.#probed.size
  }

  /** Listens for the sender, which wants to hear of progress. */
  async listen(): Promise<number> {
    const server = createServer((socket) => {
      this.#progress = socket.setNoDelay()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  /** What comes from now on belongs to `order`. */
  expect(order: Order): void {
    this.#order = order
    this.#hashes = Array.from({ length: this.#readers }, () => NO_OCTETS)
    this.#missing = order.count * this.#readers
    this.#step = (order.window >> 1) * this.#readers
    this.#nextWord = this.#step === 0 ? 0 : this.#missing - this.#step
    this.#outcome = new Promise((resolve) => {
      this.#onDone = resolve
    })
  }

  /** Settles when all has come. */
  get outcome(): Promise<Outcome> | undefined {
    return this.#outcome
  }

  add(reader: number, body: Buffer): void {
    if (body.length === PROBE.length) {
      this.#probed.add(reader)
      return
    }
    const order = this.#order
    if (body.length !== order.size) throw new Error(`a body of ${body.length} octets`)
    if (order.hashed) this.#hashes[reader] = checksum(this.#hashes[reader]!, body)
    if (this.#missing === order.count * this.#readers) this.#started = performance.now()
    if (--this.#missing === 0) this.#finish()
    else if (this.#missing === this.#nextWord && this.#step > 0) {
      this.#nextWord -= this.#step
      this.#progress!.write('.')
    }
  }

  #finish(): void {
    const elapsedMs = performance.now() - this.#started
    this.#onDone({ elapsedMs, digest: this.#hashes.map(hex).join(' ') })
  }
}

/** Lets the sender go on while no more than a window is on its way. Without one it always may. */
export class Pace {
  #window = 0
  #room = Number.POSITIVE_INFINITY
  #onWord: (() => void) | undefined

  async connect(port: number): Promise<void> {
    const socket = connect(port, '127.0.0.1')
    socket.on('data', (words) => {
      this.#room += (this.#window >> 1) * words.length
      this.#onWord?.()
    })
    await once(socket, 'connect')
  }

  begin(order: Order): void {
    this.#window = order.window
    this.#room = order.window === 0 ? Number.POSITIVE_INFINITY : order.window
  }

  get room(): number {
    return this.#room
  }

  sent(count: number): void {
    this.#room -= count
  }

  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#onWord = resolve
    })
  }
}

const sameBody = new Map<number, Buffer>()

/** In the check every body differs; against the clock it is the same one, so that making it costs nothing. */
export function bodyOf(order: Order, index: number): Buffer {
  if (order.hashed) return Buffer.alloc(order.size, `${TOPIC} message ${index} `)
  let body = sameBody.get(order.size)
  if (body === undefined) {
    body = Buffer.alloc(order.size, 'pseud ')
    sameBody.set(order.size, body)
  }
  return body
}

export const NO_OCTETS = 0x811c9dc5

/** FNV-1a: a checksum that bench/libzmq/peer.c has in two lines. */
export function checksum(hash: number, bytes: Uint8Array): number {
  let next = hash
  for (let i = 0; i < bytes.length; i++) next = Math.imul(next ^ bytes[i]!, 16_777_619)
  return next
}

export function hex(hash: number): string {
  return (hash >>> 0).toString(16).padStart(8, '0')
}
