/**
 * Fault 64: faults together. One stage under a load of every kind (calls, calls that may be repeated, messages to libzmq), and a number of
 * disturbances drawn from the seed, each the heart of one fault of the list, at the same time. In the end all is healed, and the ledger is right.
 */
import * as native from 'zeromq'
import type { Client } from '../../src/rpc/index.ts'
import { curve, type ServerOptions } from '../../src/rpc/index.ts'
import * as ours from '../../src/zmtp/index.ts'
import { RawPeer } from '../support/raw-peer.ts'
import type { Flow } from './ledger.ts'
import type { ChaosProxy } from './proxy.ts'
import { type ChildProgram, until, type World, within } from './world.ts'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** What disturbances act upon. */
interface Stage {
  readonly world: World
  readonly client: Client
  /** Between the client and its server, and between PUSH and PULL. */
  readonly calls: ChaosProxy
  readonly messages: ChaosProxy
  readonly flow: Flow
  server: ChildProgram
  readonly options: ServerOptions
  /** Ends when the disturbances should be over. */
  readonly until: number
  busy: number
}

/** A disturbance; afterwards the stage is as it was. The number is that of the fault. */
type Disturbance = readonly [number: number, act: (stage: Stage) => Promise<void>]

/** Messages that a connection held are lost with it. */
function breakBoth(stage: Stage, how: 'fin' | 'reset'): void {
  stage.calls.break(how)
  stage.flow.breaks += stage.messages.open > 0 ? 1 : 0
  stage.messages.break(how)
}

async function again(stage: Stage, signal: NodeJS.Signals): Promise<void> {
  const { endpoint } = stage.server
  // One restart at a time.
  while (stage.busy > 0) await sleep(10)
  stage.busy++
  stage.server.signal(signal)
  await stage.server.child.ended(15_000)
  await sleep(stage.world.dice.random(100))
  stage.server = await stage.world.serverProcess(endpoint, stage.options)
  stage.busy--
}

function forAWhile(
  change: (stage: Stage) => void,
  heal: (stage: Stage) => void,
): (stage: Stage) => Promise<void> {
  return async (stage) => {
    change(stage)
    await sleep(stage.until - performance.now())
    heal(stage)
  }
}

const whole = (stage: Stage): void => {
  for (const proxy of [stage.calls, stage.messages])
    for (const direction of ['up', 'down'] as const) proxy.rule(direction, {})
}

const DISTURBANCES: readonly Disturbance[] = [
  [3, (stage) => again(stage, 'SIGKILL')],
  [5, (stage) => again(stage, 'SIGTERM')],
  [
    6,
    async (stage) => {
      while (stage.busy > 0) await sleep(10)
      stage.busy++
      stage.server.signal('SIGSTOP')
      await sleep(100 + stage.world.dice.random(900))
      stage.server.signal('SIGCONT')
      stage.busy--
    },
  ],
  [
    13,
    forAWhile(
      ({ calls }) => {
        calls.hold('up')
        calls.hold('down')
      },
      ({ calls }) => {
        calls.hold('up', false)
        calls.hold('down', false)
        calls.break('reset')
      },
    ),
  ],
  [
    14,
    forAWhile(
      ({ calls, world }) => calls.hold(world.dice.pick(['up', 'down'])),
      ({ calls }) => {
        calls.hold('up', false)
        calls.hold('down', false)
        calls.break('reset')
      },
    ),
  ],
  [
    15,
    async (stage) => {
      breakBoth(stage, 'fin')
      stage.calls.rule('up', { cutAt: stage.world.dice.random(400), cutBy: 'fin' })
      await sleep(300)
      whole(stage)
    },
  ],
  [
    16,
    async (stage) => {
      breakBoth(stage, 'reset')
      stage.calls.rule('down', { cutAt: stage.world.dice.random(400), cutBy: 'reset' })
      await sleep(300)
      whole(stage)
    },
  ],
  [
    17,
    forAWhile(({ calls, messages }) => {
      calls.rule('up', { pieces: () => 1 })
      messages.rule('up', { pieces: () => 1 })
    }, whole),
  ],
  [
    18,
    forAWhile(({ calls, messages, world }) => {
      calls.rule('down', { pieces: () => 1 + world.dice.random(100) })
      messages.rule('up', { pieces: () => 1 + world.dice.random(100) })
    }, whole),
  ],
  [
    21,
    forAWhile(({ calls, messages, world }) => {
      const delayMs = (): number => world.dice.random(20) + (world.dice.random(20) === 0 ? 100 : 0)
      calls.rule('up', { delayMs })
      messages.rule('up', { delayMs })
    }, whole),
  ],
  [
    22,
    async ({ server }) => {
      const peers = await Promise.all(
        Array.from({ length: 30 }, () => RawPeer.connect(server.endpoint).catch(() => undefined)),
      )
      await sleep(500)
      for (const peer of peers) peer?.destroy()
    },
  ],
  [
    25,
    async ({ server, world }) => {
      for (let n = 0; n < 60; n++) {
        const peer = await RawPeer.connect(server.endpoint).catch(() => undefined)
        if (world.dice.random(2) === 0) peer?.socket.resetAndDestroy()
        else peer?.destroy()
      }
    },
  ],
  [31, forAWhile(({ calls }) => calls.rule('down', { rate: 5000 }), whole)],
  [
    34,
    async ({ server }) => {
      const peer = await RawPeer.connect(server.endpoint).catch(() => undefined)
      peer?.hello('DEALER', {}, Buffer.concat(Array.from({ length: 2000 }, () => Buffer.of(1, 1, 0))))
      await sleep(200)
      peer?.destroy()
    },
  ],
  [
    35,
    async ({ world, client }) => {
      const size = 4 * 1024 * 1024
      await world.ledger.call((number) => client.take(number, Buffer.alloc(size)), {
        expected: size,
        what: 'take',
      })
    },
  ],
  [
    50,
    async (stage) => {
      while (performance.now() < stage.until) {
        breakBoth(stage, stage.world.dice.pick(['fin', 'reset']))
        await sleep(60 + stage.world.dice.random(200))
      }
    },
  ],
  [
    53,
    async (stage) => {
      const { now } = Date
      Date.now = () => now() - 3_600_000
      await sleep(stage.until - performance.now())
      Date.now = now
    },
  ],
  [
    54,
    async ({ world }) => {
      const end = performance.now() + 100 + world.dice.random(900)
      while (performance.now() < end);
    },
  ],
  [
    57,
    async ({ world, client }) => {
      const reason = new Error('changed my mind')
      for (let n = 0; n < 30; n++) {
        const controller = new AbortController()
        const ending = world.ledger.call(
          (number) => client.with({ signal: controller.signal }).work(number, 5),
          {
            reason,
            what: 'aborted',
          },
        )
        await sleep(world.dice.random(8))
        controller.abort(reason)
        await ending
      }
    },
  ],
  [
    59,
    async ({ world, calls }) => {
      for (let n = 0; n < 10; n++) {
        const client = world.client().connect(calls.endpoint)
        const open = world.calls(client, 3, 5)
        await sleep(world.dice.random(20))
        await Promise.all([client.close(), client.close()])
        await open
      }
    },
  ],
  [
    61,
    async (stage) => {
      while (stage.busy > 0) await sleep(10)
      stage.busy++
      stage.server.signal('SIGSTOP')
      const end = performance.now() + 300 + stage.world.dice.random(500)
      while (performance.now() < end);
      stage.server.signal('SIGCONT')
      stage.busy--
    },
  ],
]

/** Faults that can be combined. */
export const COMBINABLE: readonly number[] = DISTURBANCES.map(([number]) => number)

/** So many of them at once, for `ms`. */
export async function combine(world: World, count: number, ms: number): Promise<void> {
  const stage = await open(world, ms)
  const drawn: Disturbance[] = []
  while (drawn.length < count) {
    const one = world.dice.pick(DISTURBANCES)
    if (!drawn.includes(one)) drawn.push(one)
  }
  world.note(`faults ${drawn.map(([number]) => number).join(', ')}`)
  const load = loadOf(stage)
  await Promise.all(
    drawn.map(async ([, act]) => {
      await sleep(world.dice.random(200))
      await act(stage)
    }),
  )
  await sleep(stage.until - performance.now())
  whole(stage)
  await stage.client.ready({ timeoutMs: 10_000 })
  await within(25_000, load(), `the end of the load beside ${drawn.map(([number]) => number).join(', ')}`)
  // It works as before.
  await until(() => stage.client.stats().peers === 1, 10_000)
  await world.calls(stage.client, 10)
}

async function open(world: World, ms: number): Promise<Stage> {
  const heartbeat = { intervalMs: 150, timeoutMs: 700 }
  const secure = world.dice.random(2) === 0
  const keys = curve.keyPair()
  const alice = curve.keyPair()
  // The judge of a process of its own is not here: any key may come in there.
  const options: ServerOptions = { heartbeat, maxMessageSize: 8 * 1024 * 1024 }
  const server = await world.serverProcess('tcp://127.0.0.1:0', options)
  const calls = await world.proxy(server.endpoint)
  const client = world
    .client({
      heartbeat,
      handshakeTimeoutMs: 1000,
      timeoutMs: 8000,
      idempotent: ['add'],
      retry: { budget: 1 },
    })
    .connect(calls.endpoint)
  const Pull = (world.dice.random(2) === 0 ? native : ours).Pull as typeof ours.Pull
  const pull = world.socket(
    new Pull(
      secure ? { curveServer: true, curveSecretKey: keys.secretKey, curvePublicKey: keys.publicKey } : {},
    ),
  )
  await pull.bind('tcp://127.0.0.1:0')
  const messages = await world.proxy(pull.lastEndpoint!)
  const security = {
    curveServerKey: keys.publicKey,
    curvePublicKey: alice.publicKey,
    curveSecretKey: alice.secretKey,
  }
  const push = world.socket(
    new ours.Push({ ...(secure ? security : {}), reconnectInterval: 10, sendTimeout: 10_000 }),
  )
  push.connect(messages.endpoint)
  const flow = world.ledger.flow('PUSH to PULL', { sender: push })
  sockets.set(flow, { push, pull })
  await client.ready({ timeoutMs: 15_000 })
  return { world, client, calls, messages, flow, server, options, until: performance.now() + ms, busy: 0 }
}

const sockets = new WeakMap<Flow, { push: ours.Push; pull: ours.Pull }>()

/** Begins the load; the function it returns ends it. */
function loadOf({ world, client, flow }: Stage): () => Promise<void> {
  const { push, pull } = sockets.get(flow)!
  let loading = true
  let sentAll = false
  const { ledger, dice } = world
  const calling = async (method: string): Promise<void> => {
    while (loading) {
      const repeatable = method === 'add'
      await ledger.call((number) => client.call(method, [number, dice.random(30)]), {
        what: method,
        repeatable,
      })
      await sleep(dice.random(4))
    }
  }
  const sending = async (): Promise<void> => {
    while (loading) {
      await flow.send((body) => push.send(body), dice.random(3000))
      await sleep(dice.random(4))
    }
  }
  const reading = (async () => {
    while (!sentAll || flow.delivered.at(-1) !== flow.sent - 1) flow.got((await pull.receive())[0]!)
  })()
  const work = Promise.all([calling('work'), calling('work'), calling('add'), calling('add'), sending()])
  return async () => {
    loading = false
    await work
    // The last message surely finds a whole connection: what is sent while one breaks nobody knows of.
    await sleep(50)
    sentAll = true
    await flow.send((body) => push.send(body))
    await reading
  }
}
