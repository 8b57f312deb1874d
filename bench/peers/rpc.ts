// One end of the call benchmark: `rpc KIND ROLE`, KIND pseud, handmade or net, ROLE server or client. `handmade` is what
// one writes with the native package: ROUTER and DEALER, msgpackr, a Map of open calls; no timeouts, no errors, no
// reconnect logic. `net` is the same without ZeroMQ: bare frames and JSON. Driven over IPC by rpc.bench.ts.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { FrameReader, FrameWriter } from '../support/bare-frames.ts'
import { answer } from '../support/process.ts'

type Add = (a: number, b: number) => Promise<number>

const add = (a: number, b: number): number => a + b
const [kind = '', role = ''] = process.argv.slice(2)

if (role === 'server') {
  answer({ listen: { pseud: servePseud, handmade: serveHandmade, net: serveBare }[kind]! })
} else {
  let call: Add
  answer({
    connect: async (port: number) => {
      call = await { pseud: callPseud, handmade: callHandmade, net: callBare }[kind]!(port)
    },
    results: () => Promise.all(Array.from({ length: 200 }, (_, i) => call(i, 2))),
    // Keeps `inFlight` calls open until `count` are done.
    run: async ({ count, inFlight }: { count: number; inFlight: number }) => {
      let left = count
      const started = performance.now()
      const caller = async (): Promise<void> => {
        while (left-- > 0) await call(left, 2)
      }
      await Promise.all(Array.from({ length: inFlight }, caller))
      return performance.now() - started
    },
  })
}

async function servePseud(): Promise<number> {
  const { Server } = await import('pseud')
  const server = new Server('bench')
  server.registerRpc('add', add)
  const endpoint = await server.bind('tcp://127.0.0.1:*')
  await server.start()
  return Number(endpoint.split(':').at(-1))
}

async function callPseud(port: number): Promise<Add> {
  const { Client } = await import('pseud')
  const client = new Client<{ add(a: number, b: number): number }>('bench')
  client.connect(`tcp://127.0.0.1:${port}`)
  await client.ready()
  return (a, b) => client.add(a, b)
}

/** The native socket allows one `send` at a time: a queue in front of it. */
class SendQueue {
  readonly #send: (message: Buffer[]) => Promise<void>
  #queue: Buffer[][] = []
  #busy = false

  constructor(send: (message: Buffer[]) => Promise<void>) {
    this.#send = send
  }

  push(message: Buffer[]): void {
    this.#queue.push(message)
    if (!this.#busy) void this.#flush()
  }

  async #flush(): Promise<void> {
    this.#busy = true
    while (this.#queue.length > 0) {
      const batch = this.#queue
      this.#queue = []
      for (const message of batch) await this.#send(message)
    }
    this.#busy = false
  }
}

async function serveHandmade(): Promise<number> {
  const { Router } = await import('zeromq')
  const { pack, unpack } = await import('msgpackr')
  const methods = new Map<string, (...args: never[]) => unknown>([['add', add]])
  // Without a mark: a ROUTER drops above it, and a call whose answer was dropped would never end.
  const router = new Router({ sendHighWaterMark: 0 })
  await router.bind('tcp://127.0.0.1:*')
  const queue = new SendQueue((message) => router.send(message))
  void (async () => {
    for await (const [peer, frame] of router) {
      const [, id, method, args] = unpack(frame!)
      const reply = async (): Promise<void> => {
        const value = await methods.get(method)!(...(args as never[]))
        queue.push([peer!, pack([1, id, value])])
      }
      void reply()
    }
  })()
  return Number(router.lastEndpoint?.split(':').at(-1))
}

async function callHandmade(port: number): Promise<Add> {
  const { Dealer } = await import('zeromq')
  const { pack, unpack } = await import('msgpackr')
  const dealer = new Dealer({ sendHighWaterMark: 0 })
  dealer.connect(`tcp://127.0.0.1:${port}`)
  const open = new Map<number, (value: number) => void>()
  const queue = new SendQueue((message) => dealer.send(message))
  let lastId = 0
  void (async () => {
    for await (const [frame] of dealer) {
      const [, id, value] = unpack(frame!)
      open.get(id)?.(value)
      open.delete(id)
    }
  })()
  return (a, b) =>
    new Promise((resolve) => {
      const id = ++lastId
      open.set(id, resolve)
      queue.push([pack([0, id, 'add', [a, b]])])
    })
}

async function serveBare(): Promise<number> {
  const server = createServer((socket) => {
    const writer = new FrameWriter(socket.setNoDelay())
    const reader = new FrameReader((chunk, start, end) => {
      const [, id, , args] = JSON.parse(chunk.toString('latin1', start, end))
      writer.write(Buffer.from(JSON.stringify([1, id, add(args[0], args[1])]), 'latin1'))
    })
    socket.on('data', (data) => reader.read(data))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function callBare(port: number): Promise<Add> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  const writer = new FrameWriter(socket)
  const open = new Map<number, (value: number) => void>()
  let lastId = 0
  const reader = new FrameReader((chunk, start, end) => {
    const [, id, value] = JSON.parse(chunk.toString('latin1', start, end))
    open.get(id)?.(value)
    open.delete(id)
  })
  socket.on('data', (data) => reader.read(data))
  return (a, b) =>
    new Promise((resolve) => {
      const id = ++lastId
      open.set(id, resolve)
      writer.write(Buffer.from(JSON.stringify([0, id, 'add', [a, b]]), 'latin1'))
    })
}
