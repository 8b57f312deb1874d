// One process of the memory benchmark: `memory KIND ROLE`. Of idle connections KIND is net or pseud, ROLE server or client; of kept messages KIND is buffers,
// zeromq or pseud, ROLE keeper or sender. Driven over IPC by memory.bench.ts.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { checksum, hex, NO_OCTETS } from '../support/flow.ts'
import { answer } from '../support/process.ts'

/** What the sockets of both libraries have. */
interface OneSocket {
  bind(endpoint: string): Promise<void>
  connect(endpoint: string): void
  readonly lastEndpoint: string | null
  send(body: Buffer): Promise<void>
  [Symbol.asyncIterator](): AsyncIterator<Buffer[]>
}

type Library = Record<'Push' | 'Pull', new (options?: object) => OneSocket>

// Enough that 10,000 are there soon, few enough for the backlog of a listener and for its lid on handshakes.
const AT_ONCE = 50
const BODY_SIZE = 16

const [kind = '', role = ''] = process.argv.slice(2)
const isBare = kind === 'net'
// What has to stay in memory.
const held: unknown[] = []

if (role === 'server') await serve()
else if (role === 'client') dial()
else if (role === 'keeper') keepMessages()
else answer({ send })

/** Resident octets once garbage is gone and the allocator has given back what it will. */
async function weigh(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.()
    await pause(50)
  }
  return process.memoryUsage.rss()
}

// -- idle connections --------------------------------------------------------------------------------------------------

async function serve(): Promise<void> {
  if (isBare) {
    const server = createServer((socket) => held.push(socket.setNoDelay()))
    answer({
      listen: async () => {
        server.listen(0, '127.0.0.1')
        await once(server, 'listening')
        return (server.address() as AddressInfo).port
      },
      connected: (count: number) => settled(() => held.length, count),
      weigh,
    })
    return
  }
  const { Server } = await import('pseud')
  const server = new Server('bench')
  server.registerRpc('echo', (value: unknown) => value)
  answer({
    listen: async () => Number((await server.bind('tcp://127.0.0.1:*')).split(':').at(-1)),
    connected: (count: number) => settled(() => server.peers.size, count),
    weigh,
  })
}

function dial(): void {
  let one: (port: number) => Promise<unknown>
  answer({
    // So that the library itself is not weighed.
    prepare: async () => {
      if (isBare) {
        one = bareSocket
        return
      }
      const { Client } = await import('pseud')
      one = (port) => {
        const client = new Client('bench')
        client.connect(`tcp://127.0.0.1:${port}`)
        return client.ready()
      }
    },
    connect: async ({ port, clients }: { port: number; clients: number }) => {
      let left = clients
      const dialler = async (): Promise<void> => {
        while (left-- > 0) held.push(await one(port))
      }
      await Promise.all(Array.from({ length: AT_ONCE }, dialler))
    },
    weigh,
  })
}

async function bareSocket(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return socket
}

/** How many there are once there are `count`. */
async function settled(now: () => number, count: number): Promise<number> {
  while (now() < count) await pause(20)
  return now()
}

// -- kept messages -----------------------------------------------------------------------------------------------------

function keepMessages(): void {
  let next: () => Promise<Buffer>
  answer({
    listen: async () => {
      if (kind === 'buffers') {
        let i = 0
        next = async () => Buffer.from(bodyOf(i++))
        return 0
      }
      const { Pull } = await library()
      const pull = new Pull()
      await pull.bind('tcp://127.0.0.1:*')
      const messages = pull[Symbol.asyncIterator]()
      next = async () => (await messages.next()).value[0]
      return Number(pull.lastEndpoint?.split(':').at(-1))
    },
    kept: async (count: number) => {
      while (held.length < count) held.push(await next())
      return hex((held as Buffer[]).reduce(checksum, NO_OCTETS))
    },
    weigh,
  })
}

async function send({ port, count }: { port: number; count: number }): Promise<void> {
  if (kind === 'buffers') return
  const { Push } = await library()
  const push = new Push()
  held.push(push)
  push.connect(`tcp://127.0.0.1:${port}`)
  for (let i = 0; i < count; i++) await push.send(bodyOf(i))
}

async function library(): Promise<Library> {
  return (kind === 'zeromq' ? await import('zeromq') : await import('pseud/zmtp')) as unknown as Library
}

function bodyOf(index: number): Buffer {
  const body = Buffer.alloc(BODY_SIZE, 'pseud ')
  body.writeUInt32BE(index, 0)
  return body
}
