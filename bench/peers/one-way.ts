// One end of the one-way benchmark: `one-way KIND ROLE`, KIND net, zeromq or pseud, ROLE send or receive. Messages go
// from a DEALER to a ROUTER; net sends the same frames without either. Driven over IPC by sockets.bench.ts.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { FrameReader, FrameWriter } from '../support/bare-frames.ts'
import { answer } from '../support/process.ts'

/** What both socket libraries have: the calls are the same, so the code is. */
interface SocketLibrary {
  Router: new () => {
    bind(endpoint: string): Promise<unknown>
    receive(): Promise<Buffer[]>
    lastEndpoint: string | null
  }
  Dealer: new (options: {
    linger: number
  }) => { connect(endpoint: string): void; send(body: Buffer): Promise<void> }
}

interface Order {
  count: number
  size: number
  /** Hash every body: for the check, outside the clock. */
  hashed: boolean
}

interface Outcome {
  elapsedMs: number
  digest: string
}

const [kind = '', role = ''] = process.argv.slice(2)

if (kind === 'net') {
  if (role === 'receive') receiveBare()
  else sendBare()
} else {
  const library = (kind === 'zeromq'
    ? await import('zeromq')
    : await import('pseud/zmtp')) as unknown as SocketLibrary
  if (role === 'receive') receive(library)
  else send(library)
}

function receive(library: SocketLibrary): void {
  const router = new library.Router()
  answer({
    listen: async () => {
      await router.bind('tcp://127.0.0.1:*')
      return Number(router.lastEndpoint?.split(':').at(-1))
    },
    expect: async (order: Order): Promise<Outcome> => {
      const tally = new Tally(order)
      while (!tally.done) {
        const [, body] = await router.receive()
        tally.add(body!, 0, body!.length)
      }
      return tally.outcome()
    },
  })
}

function send(library: SocketLibrary): void {
  const dealer = new library.Dealer({ linger: 0 })
  answer({
    connect: (port: number) => dealer.connect(`tcp://127.0.0.1:${port}`),
    send: async (order: Order) => {
      for (let i = 0; i < order.count; i++) await dealer.send(bodyOf(order, i))
    },
  })
}

function receiveBare(): void {
  let tally: Tally | undefined
  let onDone: () => void = () => {}
  const server = createServer((socket) => {
    const reader = new FrameReader((chunk, start, end) => {
      tally!.add(chunk, start, end)
      if (tally!.done) onDone()
    })
    socket.on('data', (data) => reader.read(data))
  })
  answer({
    listen: async () => {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return (server.address() as AddressInfo).port
    },
    expect: async (order: Order): Promise<Outcome> => {
      tally = new Tally(order)
      await new Promise<void>((resolve) => {
        onDone = resolve
      })
      return tally.outcome()
    },
  })
}

function sendBare(): void {
  let writer: FrameWriter
  let drained: () => Promise<unknown>
  answer({
    connect: async (port: number) => {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      writer = new FrameWriter(socket)
      drained = () => once(socket, 'drain')
    },
    send: async (order: Order) => {
      for (let i = 0; i < order.count; i++) if (!writer.write(bodyOf(order, i))) await drained()
    },
  })
}

/** Counts what arrives, from the first message to the last. */
class Tally {
  readonly #order: Order
  readonly #hash = createHash('sha1')
  #count = 0
  #started = 0
  #ended = 0

  constructor(order: Order) {
    this.#order = order
  }

  get done(): boolean {
    return this.#count >= this.#order.count
  }

  add(bytes: Buffer, start: number, end: number): void {
    if (end - start !== this.#order.size) throw new Error(`a body of ${end - start} octets`)
    if (this.#order.hashed) this.#hash.update(bytes.subarray(start, end))
    if (this.#count === 0) this.#started = performance.now()
    this.#count++
    if (this.done) this.#ended = performance.now()
  }

  outcome(): Outcome {
    return { elapsedMs: this.#ended - this.#started, digest: this.#hash.digest('hex') }
  }
}

const sameBody = new Map<number, Buffer>()

/** In the check every body differs; against the clock it is the same one, so that making it costs nothing. */
function bodyOf(order: Order, index: number): Buffer {
  if (order.hashed) return Buffer.alloc(order.size, `message ${index} `)
  let body = sameBody.get(order.size)
  if (body === undefined) {
    body = Buffer.alloc(order.size, 'pseud ')
    sameBody.set(order.size, body)
  }
  return body
}
