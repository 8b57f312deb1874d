// What every cell of docs/runtimes.md runs: each step is work that a program does with the package, checked, bounded in time, and closed
// behind it. Written as a program would be, against the doors alone; it is compiled, bundled and started in every way that users have, so it
// uses nothing that one of them lacks: no top-level await, no import.meta.
import { strictEqual as is, deepStrictEqual as same } from 'node:assert'
import { tracingChannel } from 'node:diagnostics_channel'
import { MessageChannel, Worker } from 'node:worker_threads'
import { type CallContext, type CallTrace, Client, curve, method, RpcError, registerRpc, Server } from 'pseud'
import { Codec, decode, encode } from 'pseud/codec'
import { SyncClient } from 'pseud/sync'
import * as zmq from 'pseud/zmtp'
import * as v5 from 'pseud/zmtp/v5-compat'

export interface Settings {
  /** A path for a socket of the file system; without one ipc is left out. */
  ipc?: string
  /** The file of peer.ts, for the steps that need a thread. */
  peer?: string
  /** Steps to leave out. */
  without?: string[]
  /** The only steps. */
  only?: string[]
}

export interface Report {
  ok: boolean
  runtime: string
  /** Milliseconds that a step took, or what went wrong. */
  steps: Record<string, number | string>
}

/** What peer.ts serves. */
export interface PeerApi {
  double(n: number): number
  squares(below: number): AsyncGenerator<number>
}

const TCP = 'tcp://127.0.0.1:*'
const BOUND_MS = 20_000
// More than a read brings: such a body is read into memory of its own.
const LARGE = 5_000_000

const api = {
  lower: (text: string) => text.toLowerCase(),
  math: { add: async (a: number, b: number) => a + b },
  echo: (bytes: Uint8Array) => bytes,
  fail: (age: number) => {
    if (age < 0) throw new RangeError('an age is not negative')
    throw new RpcError('PERMISSION_DENIED', 'ask somebody else')
  },
  slow: method((ctx: CallContext, ms: number) => {
    return new Promise<string>((resolve) => {
      const timer = setTimeout(resolve, ms, 'slept')
      ctx.signal.addEventListener('abort', () => clearTimeout(timer))
    })
  }),
  async *squares(below: number) {
    for (let n = 0; n < below; n++) yield n * n
  },
  async sum(numbers: AsyncIterable<number>) {
    let total = 0
    for await (const n of numbers) total += n
    return total
  },
  callBack: method((ctx: CallContext, word: string) => ctx.peer.call('shout', [word])),
}

/** Runs the steps, one after another. Never rejects. */
export async function run(settings: Settings = {}): Promise<Report> {
  const report: Report = { ok: true, runtime: runtime(), steps: {} }
  for (const [name, step] of Object.entries(steps)) {
    if (settings.without?.includes(name) || (settings.only && !settings.only.includes(name))) continue
    if (name === 'ipc' && settings.ipc === undefined) continue
    if ((name === 'threads' || name === 'sync') && settings.peer === undefined) continue
    const began = Date.now()
    try {
      await within(step(settings))
      report.steps[name] = Date.now() - began
    } catch (error) {
      report.ok = false
      report.steps[name] = String(error instanceof Error ? (error.stack ?? error) : error)
    }
  }
  return report
}

const steps: Record<string, (settings: Settings) => Promise<void>> = {
  tcp: () => calls(TCP),
  ipc: (settings) => calls(`ipc://${settings.ipc}`),
  inproc: () => calls('inproc://scenario'),

  async streams() {
    await served({}, async (client) => {
      let seen = 0
      for await (const n of client.squares(1000)) is(n, seen ** 2, String(seen++))
      is(seen, 1000)
      for await (const n of client.squares(1e9)) if (n > 50) break
      is(await client.sum(numbersBelow(500)), 124_750)
    })
  },

  async errors() {
    await served({}, async (client) => {
      await rejects(client.fail(1), { code: 'PERMISSION_DENIED', message: 'ask somebody else' })
      is(await client.fail(-1).catch((error: unknown) => error instanceof RangeError), true)
      // @ts-expect-error: there is no such function, and the server says so too
      await rejects(client.nothing(), { code: 'NOT_FOUND', executed: 'no' })
      await rejects(client.with({ timeoutMs: 30 }).slow(60_000), { code: 'DEADLINE_EXCEEDED' })
      const canceller = new AbortController()
      const slow = client.with({ signal: canceller.signal }).slow(60_000)
      canceller.abort()
      await rejects(slow, { name: 'AbortError' })
    })
    const nobody = new Client('scenario', { timeoutMs: 200 }).connect('tcp://127.0.0.1:1')
    await rejects(nobody.call('lower', ['ABC']), { code: 'DEADLINE_EXCEEDED', executed: 'no' })
    await nobody.close()
  },

  async curve() {
    const ours = curve.keyPair()
    const alices = curve.keyPair()
    const authorize = new Map([[alices.publicKey, 'alice']])
    const server = new Server('scenario', {
      security: curve.server({ secretKey: ours.secretKey, authorize }),
    })
    server.registerRpc({ whoAmI: method((ctx: CallContext) => ctx.user) })
    const endpoint = await server.bind(TCP)
    const client = new Client('scenario', {
      security: curve.client({ serverKey: ours.publicKey, ...alices }),
    })
    is(await client.connect(endpoint).call('whoAmI'), 'alice')
    const stranger = new Client('scenario', {
      timeoutMs: 2000,
      security: curve.client({ serverKey: ours.publicKey, ...curve.keyPair() }),
    })
    await rejects(stranger.connect(endpoint).call('whoAmI'), { executed: 'no' })
    await Promise.all([stranger.close(), client.close()])
    await server.close()
  },

  /** Peers that vanish: what waits is told, and a client finds its server again. */
  async reconnect() {
    const first = await bound(new Server('scenario'))
    const client = new Client<typeof api>('scenario', { reconnect: { minMs: 20 } })
    client.connect(first.endpoint)
    is(await client.lower('A'), 'a')
    const open = client.slow(60_000)
    const lost = rejects(open, { code: 'UNAVAILABLE' })
    await first.server.close()
    await lost
    const waits = client.lower('B')
    const second = await bound(new Server('scenario'), first.endpoint)
    is(await waits, 'b')
    await client.close()
    await second.server.close()
  },

  async sockets() {
    await publish()
    await ask()
    await push()
  },

  async sockets5() {
    const push = v5.socket('push')
    const pull = v5.socket('pull')
    push.bindSync('tcp://127.0.0.1:*')
    const arrived = new Promise<Buffer[]>((resolve) => pull.once('message', (...parts) => resolve(parts)))
    pull.connect(push.getsockopt(v5.ZMQ_LAST_ENDPOINT) as string)
    push.send(['two', 'parts'])
    same((await arrived).map(String), ['two', 'parts'])
    push.close()
    pull.close()
  },

  async codec() {
    class Point {
      readonly x: number
      readonly y: number
      constructor(x: number, y: number) {
        this.x = x
        this.y = y
      }
    }
    const value = {
      when: new Date(0),
      big: 2n ** 80n,
      seen: new Set([1, 2.5, -3]),
      by: new Map<unknown, unknown>([[1, 'äöü€😀']]),
      octets: Buffer.from('abc'),
      floats: new Float64Array([1.5, Number.NaN]),
      none: undefined,
    }
    same(decode(encode(value)), value)
    const codec: Codec = new Codec({
      extensions: [
        {
          type: 1,
          class: Point,
          encode: (p: Point) => codec.encode([p.x, p.y]),
          decode: (data) => new Point(...(codec.decode(data) as [number, number])),
        },
      ],
    })
    same(codec.decode(codec.encode(new Point(2, 4))), new Point(2, 4))
  },

  async traces() {
    const seen: string[] = []
    const channel = tracingChannel<unknown, CallTrace>('pseud:call')
    const nothing = () => {}
    const listener = {
      start: nothing,
      end: nothing,
      asyncStart: nothing,
      error: nothing,
      asyncEnd: (call: CallTrace) => void seen.push(`${call.side} ${call.method} ${call.executed}`),
    }
    channel.subscribe(listener)
    await served({}, async (client) => is(await client.lower('ABC'), 'abc'))
    channel.unsubscribe(listener)
    same(seen, ['server lower yes', 'client lower yes'])
  },

  async disposal() {
    class Greeter {
      @registerRpc('scenario.greet')
      greet(name: string) {
        return `hello ${name}`
      }
    }
    const server = new Server('scenario')
    server.registerRpc(new Greeter())
    const client = new Client('scenario').connect(await server.bind(TCP))
    is(await client.call('scenario.greet', ['you']), 'hello you')
    await client[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
    await rejects(client.call('scenario.greet', ['you']), { code: 'CLOSED' })
  },

  async threads({ peer }) {
    const worker = new Worker(peer!)
    const client = new Client<PeerApi>('peer').connect(worker)
    is(await client.double(21), 42)
    const seen: number[] = []
    for await (const n of client.squares(4)) seen.push(n)
    same(seen, [0, 1, 4, 9])
    await client.close()
    await worker.terminate()
    const { port1, port2 } = new MessageChannel()
    const server = new Server('ports')
    server.registerRpc(api)
    await server.bind(port1)
    const other = new Client<typeof api>('ports').connect(port2)
    is(await other.math.add(2, 4), 6)
    await Promise.all([other.close(), server.close()])
  },

  async sync({ peer }) {
    const worker = new Worker(peer!)
    const endpoint = await new Promise<string>((resolve, reject) => {
      worker.on('message', (word: unknown) => String(word).startsWith('tcp:') && resolve(String(word)))
      worker.on('error', reject)
    })
    const client = new SyncClient<{ double(n: number): number; squares(below: number): Iterable<number> }>(
      'peer',
    )
    client.connect(endpoint)
    is(client.double(4), 8)
    same([...(client.call('squares', [4]) as Iterable<number>)], [0, 1, 4, 9])
    client.close()
    await worker.terminate()
  },
}

/** Both directions, small and large, many at once. */
async function calls(endpoint: string): Promise<void> {
  await served(
    {},
    async (client, server) => {
      is(await client.lower('ABC'), 'abc')
      is(await client.math.add(2, 4), 6)
      const many = await Promise.all(Array.from({ length: 1000 }, (_, n) => client.math.add(n, 1)))
      same(
        many,
        Array.from({ length: 1000 }, (_, n) => n + 1),
      )
      const large = Buffer.alloc(LARGE, 'large')
      is(large.equals(await client.echo(large)), true)
      is(await client.callBack('abc'), 'ABC')
      is(await server.sendTo('ada').shout('def'), 'DEF')
      is(server.peers.size, 1)
    },
    endpoint,
  )
}

async function publish(): Promise<void> {
  const publisher = new zmq.Publisher()
  await publisher.bind(TCP)
  const subscribers = [new zmq.Subscriber(), new zmq.Subscriber()]
  for (const subscriber of subscribers) {
    subscriber.subscribe('news')
    subscriber.connect(publisher.lastEndpoint!)
  }
  // Who subscribes is known to the publisher some time later: what was published before is not for him.
  const firsts = Promise.all(subscribers.map((subscriber) => subscriber.receive()))
  let arrived = false
  void firsts.then(() => {
    arrived = true
  })
  while (!arrived) {
    await publisher.send(['news', 'now'])
    await publisher.send(['olds', 'then'])
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  for (const [topic, text] of await firsts) same([String(topic), String(text)], ['news', 'now'])
  publisher.close()
  for (const subscriber of subscribers) subscriber.close()
}

async function ask(): Promise<void> {
  const reply = new zmq.Reply()
  await reply.bind(TCP)
  const request = new zmq.Request()
  request.connect(reply.lastEndpoint!)
  for (const size of [0, 1, 300, 70_000, LARGE]) {
    const question = Buffer.alloc(size, 'question')
    await request.send(question)
    const [asked] = await reply.receive()
    is(question.equals(asked!), true)
    await reply.send(asked!)
    const [answer] = await request.receive()
    is(question.equals(answer!), true)
  }
  request.close()
  reply.close()
}

/** Messages that are kept stay what they were while others come behind them. */
async function push(): Promise<void> {
  const COUNT = 5000
  const pull = new zmq.Pull()
  await pull.bind(TCP)
  const push = new zmq.Push()
  push.connect(pull.lastEndpoint!)
  const sent = (async () => {
    for (let n = 0; n < COUNT; n++) await push.send([String(n), Buffer.alloc(n % 2000, n)])
  })()
  const kept: Buffer[][] = []
  while (kept.length < COUNT) kept.push((await pull.receive()) as Buffer[])
  await sent
  kept.forEach(([number, body], n) => {
    is(String(number), String(n))
    is(Buffer.alloc(n % 2000, n).equals(body!), true)
  })
  push.close()
  pull.close()
}

async function served(
  options: object,
  body: (client: Client<typeof api>, server: Server) => Promise<void>,
  at = TCP,
): Promise<void> {
  const { server, endpoint } = await bound(new Server('scenario', options), at)
  const client = new Client<typeof api>('scenario', { userId: 'ada' })
  client.registerRpc('shout', (text: string) => text.toUpperCase())
  client.connect(endpoint)
  await client.ready()
  await body(client, server)
  await client.close()
  await server.close()
}

async function bound(server: Server, at = TCP): Promise<{ server: Server; endpoint: string }> {
  server.registerRpc(api)
  return { server, endpoint: await server.bind(at) }
}

async function* numbersBelow(end: number): AsyncGenerator<number> {
  for (let n = 0; n < end; n++) yield n
}

async function rejects(promise: Promise<unknown>, like: object): Promise<void> {
  const error = await promise.then(
    (value) => {
      throw new Error(`it resolved to ${String(value)}`)
    },
    (reason: unknown) => reason as Record<string, unknown>,
  )
  for (const [key, value] of Object.entries(like)) is(error[key], value, `${key} of ${String(error)}`)
}

async function within(promise: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${BOUND_MS} ms`)), BOUND_MS)
  })
  try {
    await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

function runtime(): string {
  const { bun, deno, electron, node } = process.versions
  if (bun !== undefined) return `Bun ${bun}`
  if (deno !== undefined) return `Deno ${deno}`
  return electron === undefined ? `Node ${node}` : `Electron ${electron}`
}
