// One end of the round-trip benchmark: `round-trip KIND ROLE`. KIND is net (raw octets, sent back as they come), zeromq or pseud; ROLE req or rep.
// Driven over IPC by sockets.bench.ts.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { bodyOf, checksum, hex, NO_OCTETS, type Order, type Trips } from '../support/flow.ts'
import { medianTrip } from '../support/latency.ts'
import { answer } from '../support/process.ts'

type Trip = (body: Buffer) => Promise<Buffer>

/** What the sockets of both libraries have. */
interface OneSocket {
  bind(endpoint: string): Promise<void>
  connect(endpoint: string): void
  readonly lastEndpoint: string | null
  send(body: Buffer): Promise<void>
  receive(): Promise<Buffer[]>
}

type Library = Record<'Request' | 'Reply', new (options?: object) => OneSocket>

const [kind = '', role = ''] = process.argv.slice(2)

if (role === 'rep') {
  answer({ listen: async () => ({ data: await (kind === 'net' ? listenBare() : listen()), progress: 0 }) })
} else {
  let trip: Trip
  answer({
    connect: async ({ data }: { data: number }) => {
      trip = await (kind === 'net' ? connectBare(data) : connectTo(data))
    },
    trips: async (order: Order): Promise<Trips> => {
      let hash = NO_OCTETS
      const medianUs = await medianTrip(order.count, async (i) => {
        const echo = await trip(bodyOf(order, i))
        if (order.hashed) hash = checksum(hash, echo)
      })
      return { medianUs, digest: hex(hash) }
    },
  })
}

async function library(): Promise<Library> {
  return (kind === 'zeromq' ? await import('zeromq') : await import('pseud/zmtp')) as unknown as Library
}

async function listen(): Promise<number> {
  const { Reply } = await library()
  const socket = new Reply({ linger: 0 })
  await socket.bind('tcp://127.0.0.1:*')
  void (async () => {
    for (;;) {
      const [body] = await socket.receive()
      await socket.send(body!)
    }
  })()
  return Number(socket.lastEndpoint?.split(':').at(-1))
}

async function connectTo(port: number): Promise<Trip> {
  const { Request } = await library()
  const socket = new Request({ linger: 0 })
  socket.connect(`tcp://127.0.0.1:${port}`)
  return async (body) => {
    await socket.send(body)
    return (await socket.receive())[0]!
  }
}

async function listenBare(): Promise<number> {
  const server = createServer((socket) => {
    socket.setNoDelay().on('data', (data) => socket.write(data))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** A body this small comes back in one piece. */
async function connectBare(port: number): Promise<Trip> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  let onEcho: (echo: Buffer) => void = () => {}
  socket.on('data', (echo) => onEcho(echo))
  return (body) =>
    new Promise((resolve) => {
      onEcho = resolve
      socket.write(body)
    })
}
