// One end of the one-way benchmark: `one-way KIND PATTERN ROLE READERS`. KIND is net (the same frames without any sockets), zeromq, pseud, or
// batches (pseud, by sendMany and batches()); PATTERN a key of PATTERNS; ROLE send or receive; READERS how many sockets receive.
// Driven over IPC by sockets.bench.ts.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { FrameReader, FrameWriter } from '../support/bare-frames.ts'
import { CURVE_CLIENT, CURVE_SERVER } from '../support/curve-keys.ts'
import { bodyOf, type Order, Pace, PROBE, Tally, TOPIC } from '../support/flow.ts'
import { answer } from '../support/process.ts'

/** What the sockets of both libraries have: the calls are the same, so the code is. The last two only ours have. */
interface OneSocket {
  bind(endpoint: string): Promise<void>
  connect(endpoint: string): void
  readonly lastEndpoint: string | null
  subscribe(topic: string): void
  send(body: Buffer): Promise<void>
  [Symbol.asyncIterator](): AsyncIterator<Buffer[]>
  sendMany(bodies: Buffer[]): Promise<void>
  batches(): AsyncIterable<Buffer[][]>
}

type Library = Record<
  'Dealer' | 'Router' | 'Push' | 'Pull' | 'Publisher' | 'Subscriber',
  new (
    options?: object,
  ) => OneSocket
>

/** A publisher drops what does not fit: no marks, and the senders of PACED wait for word from the readers instead. */
const PATTERNS: Record<string, { sender(zmq: Library): OneSocket; receiver(zmq: Library): OneSocket }> = {
  dealer: {
    sender: (zmq) => new zmq.Dealer({ linger: 0 }),
    receiver: (zmq) => new zmq.Router(),
  },
  push: {
    sender: (zmq) => new zmq.Push({ linger: 0 }),
    receiver: (zmq) => new zmq.Pull(),
  },
  curve: {
    sender: (zmq) => new zmq.Push({ linger: 0, ...CURVE_CLIENT }),
    receiver: (zmq) => new zmq.Pull(CURVE_SERVER),
  },
  publish: {
    sender: (zmq) => new zmq.Publisher({ linger: 0, sendHighWaterMark: 0 }),
    receiver: (zmq) => {
      const subscriber = new zmq.Subscriber({ receiveHighWaterMark: 0 })
      subscriber.subscribe(TOPIC)
      return subscriber
    },
  },
}
const BATCH = 500

/** Where the readers listen, or the publisher, and where the readers say how far they are. */
interface Ports {
  data: number
  progress: number
}

const [kind = '', pattern = '', role = '', readers = '1'] = process.argv.slice(2)
const inBatches = kind === 'batches'
const READERS = Number(readers)

if (kind === 'net') {
  if (role === 'receive') receiveBare()
  else sendBare()
} else {
  const library = (kind === 'zeromq'
    ? await import('zeromq')
    : await import('pseud/zmtp')) as unknown as Library
  if (role === 'receive') receive(library)
  else send(library)
}

// -- sockets -----------------------------------------------------------------------------------------------------------

function receive(library: Library): void {
  const tally = new Tally(READERS)
  const sockets = Array.from({ length: READERS }, () => PATTERNS[pattern]!.receiver(library))
  sockets.forEach((socket, reader) => {
    void (inBatches ? readBatches(socket, reader) : read(socket, reader))
  })
  async function read(socket: OneSocket, reader: number): Promise<void> {
    for await (const message of socket) tally.add(reader, message.at(-1)!)
  }
  async function readBatches(socket: OneSocket, reader: number): Promise<void> {
    for await (const batch of socket.batches()) {
      for (const message of batch) tally.add(reader, message.at(-1)!)
    }
  }
  answer({
    listen: async () => {
      await sockets[0]!.bind('tcp://127.0.0.1:*')
      return { data: portOf(sockets[0]!), progress: 0 }
    },
    connect: async (port: number) => {
      for (const socket of sockets) socket.connect(`tcp://127.0.0.1:${port}`)
      return await tally.listen()
    },
    probed: () => tally.probed,
    expect: (order: Order) => tally.expect(order),
    outcome: () => tally.outcome,
  })
}

function send(library: Library): void {
  const socket = PATTERNS[pattern]!.sender(library)
  const pace = new Pace()
  answer({
    listen: async () => {
      await socket.bind('tcp://127.0.0.1:*')
      return portOf(socket)
    },
    connect: (ports: Ports) => socket.connect(`tcp://127.0.0.1:${ports.data}`),
    pace: (port: number) => pace.connect(port),
    probe: () => socket.send(PROBE),
    send: async (order: Order) => {
      pace.begin(order)
      for (let i = 0; i < order.count; ) {
        const until = Math.min(order.count, i + pace.room, inBatches ? i + BATCH : order.count)
        if (until === i) {
          await pace.wait()
        } else if (inBatches) {
          const batch: Buffer[] = []
          for (let j = i; j < until; j++) batch.push(bodyOf(order, j))
          await socket.sendMany(batch)
          pace.sent(until - i)
        } else {
          for (let j = i; j < until; j++) await socket.send(bodyOf(order, j))
          pace.sent(until - i)
        }
        i = until
      }
    },
  })
}

function portOf(socket: OneSocket): number {
  return Number(socket.lastEndpoint?.split(':').at(-1))
}

// -- bare frames -------------------------------------------------------------------------------------------------------

function receiveBare(): void {
  const tally = new Tally(READERS)
  answer({
    listen: async () => {
      const server = createServer((socket) => {
        const reader = new FrameReader((chunk, start, end) => tally.add(0, chunk.subarray(start, end)))
        socket.on('data', (data) => reader.read(data))
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return { data: (server.address() as AddressInfo).port, progress: 0 }
    },
    expect: (order: Order) => tally.expect(order),
    outcome: () => tally.outcome,
  })
}

function sendBare(): void {
  let writer: FrameWriter
  let drained: () => Promise<unknown>
  answer({
    connect: async (ports: Ports) => {
      const socket = connect(ports.data, '127.0.0.1')
      await once(socket, 'connect')
      writer = new FrameWriter(socket)
      drained = () => once(socket, 'drain')
    },
    send: async (order: Order) => {
      for (let i = 0; i < order.count; i++) if (!writer.write(bodyOf(order, i))) await drained()
    },
  })
}
