// M20: sockets that come and go, a thousand times, by every transport and in every state that they can be closed in, leave nothing behind.
// Handles and timers are counted by async_hooks: ours are unreferenced, so that Node's own list of active resources does not show them.
import { createHook } from 'node:async_hooks'
import { existsSync, readdirSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  Dealer,
  Pair,
  Publisher,
  Request,
  Router,
  type Socket,
  Stream,
  Subscriber,
} from '../../../src/zmtp/index.ts'
import { overAll, type Scenario, TRANSPORTS } from '../../support/sockets.ts'
import { until, within } from '../../support/within.ts'

const test = suite('cycles')

const WATCHED = /^(TCP|PIPE)(SERVER)?WRAP$|^Timeout$|^Immediate$|^(TCP|PIPE)CONNECTWRAP$/
const alive = new Map<number, string>()
const hook = createHook({
  init: (id, type) => {
    if (WATCHED.test(type)) alive.set(id, type)
  },
  destroy: (id) => {
    alive.delete(id)
  },
})

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const CYCLES = 1000

/** What was let go of is closed and collected in the turns that follow. */
async function settle(): Promise<void> {
  for (let i = 0; i < 4; i++) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
  }
}

function listeners(): number {
  return process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
}

function openFiles(): number {
  return existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0
}

type Cycle = (index: number) => Promise<void>

/** Runs `cycle` so many times with handles and timers watched, and again so many times with the heap watched. */
async function leavesNothing(cycle: Cycle, cycles: number, settled: () => boolean): Promise<void> {
  for (let i = 0; i < 200; i++) await cycle(i)
  await until(settled)
  await settle()
  const before = { files: openFiles(), listeners: listeners() }
  hook.enable()
  for (let i = 0; i < cycles; i++) await cycle(i)
  await until(settled)
  await settle()
  hook.disable()
  const counts: Record<string, number> = {}
  for (const type of alive.values()) counts[type] = (counts[type] ?? 0) + 1
  alive.clear()
  // What is under way at the moment of looking is a handful, at most.
  for (const [type, count] of Object.entries(counts)) assert.ok(count <= 5, `${count} of ${type}`)
  assert.ok(openFiles() <= before.files + 5, `open files: ${before.files} before, ${openFiles()} after`)
  assert.is(listeners(), before.listeners)

  // Without the hook, which keeps something for every promise.
  await settle()
  const heap = process.memoryUsage().heapUsed
  for (let i = 0; i < cycles; i++) await cycle(i)
  await until(settled)
  await settle()
  const grown = Math.round((process.memoryUsage().heapUsed - heap) / cycles)
  // A socket that is not forgotten holds several thousand.
  assert.ok(grown < 800, `${grown} octets of heap for each cycle`)
}

function close(socket: Socket): void {
  socket.linger = 0
  socket.close()
}

overAll(
  test,
  'M20: 1,000 sockets that connect, talk and close leave no handle, timer, listener or memory',
  async (s) => {
    const router = s.use(new Router())
    const address = await s.bind(router)
    const cycle = async (): Promise<void> => {
      const dealer = new Dealer({ heartbeatInterval: 1000, receiveTimeout: 5000 })
      let seen = 0
      dealer.events.on('handshake', () => seen++)
      dealer.connect(address)
      await dealer.send(['hello', Buffer.alloc(500)])
      const [id] = await router.receive()
      await router.send([id!, 'you'])
      await dealer.receive()
      dealer.close()
    }
    await leavesNothing(cycle, CYCLES, () => router.counters.peers === 0)
  },
  TRANSPORTS,
  60_000,
)

overAll(
  test,
  'M20: nor do 1,000 that are closed in other states',
  async (s) => {
    const bound = s.use(new Publisher())
    const address = await s.bind(bound)
    const nobody = await s.freeAddress()
    const cycle = (index: number): Promise<void> => interrupted(s, index % 5, address, nobody)
    await leavesNothing(cycle, CYCLES, () => bound.counters.peers === 0)
  },
  TRANSPORTS,
  60_000,
)

test('M20: nor do 500 that bind, are met, unbind and close', async () => {
  await within(
    60_000,
    leavesNothing(bindAndLeave, 500, () => true),
  )
})

overAll(
  test,
  'M20: nor do 1,000 connections to one address that a Stream makes and ends, and stays',
  async (s) => {
    const server = s.use(new Stream({ notify: false, receiveTimeout: 5000 }))
    const client = s.use(new Stream({ receiveTimeout: 5000 }))
    const address = await s.bind(server)
    const cycle = async (): Promise<void> => {
      client.connect(address)
      const [id] = await client.receive()
      await client.send([id, 'octets', id, ''])
      await server.receive()
    }
    await leavesNothing(cycle, CYCLES, () => server.counters.peers + client.counters.peers === 0)
  },
  ['tcp'],
  60_000,
)

test.run()

/** A socket that is closed while it dials, waits, has subscribed, has unsent messages, or has given a signal to wait on. */
async function interrupted(s: Scenario, kind: number, address: string, nobody: string): Promise<void> {
  if (kind === 0) {
    const subscriber = new Subscriber()
    subscriber.subscribe('a')
    subscriber.connect(address)
    close(subscriber)
  } else if (kind === 1) {
    const request = new Request({ reconnectInterval: 1 })
    request.connect(nobody)
    await request.send('unsent')
    const reply = request.receive().catch(() => {})
    await new Promise((resolve) => setImmediate(resolve))
    close(request)
    await reply
  } else if (kind === 2) {
    const pair = new Pair({ receiveTimeout: 60_000 })
    const signal = new AbortController()
    const message = pair.receive({ signal: signal.signal }).catch(() => {})
    pair.connect(nobody)
    signal.abort()
    await message
    close(pair)
  } else if (kind === 3) {
    const subscriber = new Subscriber({ handshakeInterval: 5000, connectTimeout: 5000 })
    subscriber.connect(address)
    subscriber.disconnect(address)
    subscriber.connect(address)
    await new Promise((resolve) => setImmediate(resolve))
    close(subscriber)
  } else {
    const dealer = new Dealer({ linger: 5 })
    dealer.connect(nobody)
    await dealer.send('unsent')
    dealer.close()
    if (s.transport === 'inproc') await new Promise((resolve) => setImmediate(resolve))
  }
}

async function bindAndLeave(): Promise<void> {
  const router = new Router()
  await router.bind('tcp://127.0.0.1:0')
  const dealer = new Dealer({ reconnectInterval: 1 })
  dealer.connect(router.lastEndpoint!)
  await dealer.send('hello')
  await router.receive()
  await router.unbind(router.lastEndpoint!)
  close(router)
  close(dealer)
}
