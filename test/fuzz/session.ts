// RPC sessions as a target: an input is a row of operations on a server and a client that are joined in memory. What has to hold after
// each: the ledger (started = succeeded + failed + timed out + cancelled + open). At the end, when both are closed: every call has ended
// once, nothing is pending, running, waiting, queued or armed, whatever was entered was left, no promise was rejected unseen; and
// as long as nobody tampered with messages, what says that it was not run was not, and nothing was run twice that may not be.
import { encode } from '../../src/codec/index.ts'
import type { RpcError } from '../../src/rpc/errors/errors.ts'
import type { Noise } from '../support/noise.ts'
import type { LinkEnd } from './session-link.ts'
import { METHODS, turn, World } from './session-world.ts'
import { Choices, demand, type Target } from './target.ts'

const OPERATIONS_MAX = 120
// What calls are kept in; a chunk to go on with stays.
const KEPT_CHUNK = 8192
const TIMES = [1, 10, 100, 1000, 3000, 11_000, 40_000]

const unseen: unknown[] = []
process.on('unhandledRejection', (reason) => unseen.push(reason))

export const sessionTarget: Target = {
  name: 'session',
  sources: ['src/rpc/'],

  draw(noise: Noise): Buffer {
    // Something to talk over comes first, mostly.
    const opening = noise.random(8) === 0 ? [] : [CONNECT, SETTLE]
    return Buffer.concat([noise.octets(1), Buffer.from(opening), noise.octets(20 + noise.random(160))])
  },

  async run(input: Buffer): Promise<void> {
    if (input.length === 0) return
    unseen.length = 0
    const world = new World(input[0]!)
    const signals: AbortController[] = []
    const choices = new Choices(input.subarray(1))
    for (let n = 0; n < OPERATIONS_MAX && !choices.over; n++) {
      await operate(world, choices, signals)
      expectLedger(world)
      if (n % 8 === 0) expectWhereabouts(world)
    }
    expectWhereabouts(world)
    await end(world)
    expectNothing(world)
  },
}

const CONNECT = 0
const SETTLE = 1

async function operate(world: World, choices: Choices, signals: AbortController[]): Promise<void> {
  const operation = choices.random(32)
  switch (operation) {
    case CONNECT:
      world.connect()
      break
    case SETTLE:
      await world.settle()
      break
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
      call(world, choices, signals)
      break
    case 8:
      notify(world, choices)
      break
    case 9:
    case 10:
    case 11:
      await pull(world, choices)
      break
    case 12:
      await leave(world, choices)
      break
    case 13:
      signals[choices.random(signals.length + 1)]?.abort(new Error('enough'))
      break
    case 14:
    case 15:
    case 16:
      world.gates.splice(choices.random(3), 1)[0]?.()
      await turn()
      break
    case 17:
    case 18:
      world.clock.advance(choices.pick(TIMES))
      await turn()
      break
    case 19:
    case 20:
    case 21:
    case 22:
      endOf(world, choices)?.deliver(1 + choices.random(6))
      await turn()
      break
    case 23:
      endOf(world, choices)?.cut()
      break
    case 24:
      if (choices.random(2) === 0) endOf(world, choices)?.destroy()
      else closeSession(world, choices)
      break
    case 25:
      if (choices.random(2) === 0) world.register(choices.pick(world.cores))
      else choices.pick(world.cores).registry.unregister(choices.pick(METHODS))
      break
    case 26:
      if (choices.random(4) > 0) break
      world.endings.push(choices.pick(world.cores).drain({ timeoutMs: choices.pick(TIMES) }))
      break
    case 27:
      if (choices.random(8) > 0) break
      world.endings.push(choices.pick(world.cores).close())
      break
    case 28:
      tamper(world, choices)
      break
    case 29:
      inject(world, choices)
      break
    case 30:
      world.server.broadcast('echo', ['all'])
      break
    default:
      await turn()
  }
}

function endOf(world: World, choices: Choices): LinkEnd | undefined {
  return world.links[choices.random(2)]?.[choices.random(2)]
}

function closeSession(world: World, choices: Choices): void {
  const sessions = [...choices.pick(world.cores).sessions]
  sessions[choices.random(2)]?.close(0, () => new Error('closed by hand'))
}

function call(world: World, choices: Choices, signals: AbortController[]): void {
  const from = choices.random(3) === 0 ? world.server : world.client
  const method = choices.pick(METHODS)
  const how = choices.octet()
  const controller = new AbortController()
  if ((how & 1) !== 0) signals.push(controller)
  if ((how & 3) === 3 && how > 240) controller.abort(new Error('before it began'))
  const options = {
    ...((how & 1) !== 0 && { signal: controller.signal }),
    ...((how & 4) !== 0 && { timeoutMs: choices.pick(TIMES) }),
    ...((how & 24) === 24 && { idempotencyKey: `k${choices.random(3)}` }),
    ...((how & 24) === 16 && { idempotent: true }),
    ...((how & 96) === 96 && { failFast: true }),
  }
  world.call(from, method, options, method === 'sum')
}

function notify(world: World, choices: Choices): void {
  // Nobody gives a notify up, so that nobody is told.
  const method = choices.pick(METHODS.filter((name) => name !== 'obey'))
  if (choices.random(2) === 0) world.client.notify(method, ['note'])
  else world.server.notify('client', method, ['note'])
}

/** Asks streams for items: what does not come waits, as consumers do. */
async function pull(world: World, choices: Choices): Promise<void> {
  const stream = world.streams[choices.random(world.streams.length + 1)]
  if (stream === undefined) return
  for (let n = 1 + choices.random(80); n > 0; n--) stream.next().catch(() => {})
  await turn()
}

async function leave(world: World, choices: Choices): Promise<void> {
  const stream = world.streams[choices.random(world.streams.length + 1)]
  stream?.return().catch(() => {})
  await turn()
}

/** Changes a message that is under way. */
function tamper(world: World, choices: Choices): void {
  const end = endOf(world, choices)
  const frames = end?.underWay[choices.random(4)]
  if (frames === undefined) return
  world.tampered = true
  const last = Buffer.from(frames.at(-1)!)
  if (last.length === 0) return
  last[choices.random(last.length)] = choices.octet()
  frames[frames.length - 1] = last
}

/** Puts a message in between that nobody wrote. */
function inject(world: World, choices: Choices): void {
  const end = endOf(world, choices)
  if (end === undefined || end.over) return
  world.tampered = true
  const kind = choices.random(14)
  const id = choices.random(2) === 0 ? 1 + choices.random(8) : 1000
  const bodies: unknown[] = [
    [kind, id],
    [kind, id, choices.octet()],
    [kind, id, 'echo', []],
    [kind, { id: 'x' }],
    [kind, id, 'wait', [], { a: 2 }],
    [kind, id, 60, 60],
  ]
  const frame = choices.random(8) === 0 ? choices.take(choices.random(20)) : encode(choices.pick(bodies))
  const route = choices.random(4) === 0 ? [Buffer.from('proxied')] : []
  end.underWay.splice(choices.random(3), 0, [...route, Buffer.from(frame)])
}

// -- what has to hold --------------------------------------------------------------------------------------------------------

function expectLedger(world: World): void {
  for (const core of world.cores) {
    const { started, succeeded, failed, timedOut, cancelled } = core.counters
    const early = world.stillborn.get(core) ?? 0
    const { open } = core.calls
    const ended = succeeded + failed + timedOut + cancelled - early
    demand(started === ended + open, () => `${core.name}: ${started} started, ${ended} ended, ${open} open`)
    const { running, waiting } = core.slots
    demand(running >= 0 && waiting >= 0, () => `${running} calls run, ${waiting} wait`)
  }
}

/** What is open is somewhere: waiting, or sent. */
function expectWhereabouts(world: World): void {
  for (const core of world.cores) {
    const { queued, inFlight } = core.stats()
    const { open } = core.calls
    demand(queued + inFlight === open, () => `${queued} queued, ${inFlight} in flight, but ${open} are open`)
  }
}

async function end(world: World): Promise<void> {
  world.closing = true
  if (world.endsQuietly) {
    // Nobody closes: links end, functions answer, time passes. What still waits for a time then would do so for ever.
    await letGo(world)
    expectFewDeadlines(world)
    await passAway(world)
    for (const core of world.cores) {
      demand(
        core.closed || core.deadlines.size === 0,
        () => `${core.deadlines.size} deadlines are left, and nothing to wait for`,
      )
      demand(core.calls.open === 0, () => `${core.calls.open} calls are open, and nobody to answer`)
    }
  }
  world.endings.push(world.client.close(), world.server.close())
  await world.settle()
  await passAway(world)
  for (const stream of world.streams) stream.return().catch(() => {})
  await turn()
  await turn()
}

async function passAway(world: World): Promise<void> {
  for (let n = 0; n < 3; n++) {
    await letGo(world)
    world.clock.advance(60_000)
    await world.settle()
  }
}

/** Links end, and functions go on. */
async function letGo(world: World): Promise<void> {
  for (const [one] of world.links) one.cut()
  for (const open of world.gates.splice(0)) open()
  await world.settle()
}

/** A deadline is left for what is open or remembered, and for nothing that is over. */
function expectFewDeadlines(world: World): void {
  if (world.tampered) return
  const remembered = world.entries.filter(({ repeatable }) => repeatable).length
  for (const { deadlines, calls, slots, closed } of world.cores) {
    if (closed) continue
    const most = 2 * calls.open + slots.running + slots.waiting + remembered + 1
    demand(deadlines.size <= most, () => `${deadlines.size} deadlines, where at most ${most} have a reason`)
  }
}

function expectNothing(world: World): void {
  demand(unseen.length === 0, () => `a promise was rejected and nobody saw it: ${String(unseen[0])}`)
  for (const entry of world.entries) {
    demand(entry.settled, () => `${entry.method} ${entry.token} never ended`)
    if (world.tampered) continue
    const runs = world.runs.get(entry.token) ?? 0
    const executed = (entry.error as RpcError | undefined)?.executed
    demand(
      executed !== 'no' || runs === 0,
      () => `${entry.method} was not executed, it says, but ran: ${String(entry.error)}`,
    )
    demand(runs <= 1 || entry.repeatable, () => `${entry.method} ran ${runs} times`)
    if (entry.method === 'echo' && entry.error === undefined && !entry.repeatable)
      demand(entry.value === entry.token, () => `echo of ${entry.token} is ${String(entry.value)}`)
  }
  for (const core of world.cores) {
    expectLedger(world)
    const left = {
      calls: core.calls.open,
      kept: core.calls.keeper.byteLength % KEPT_CHUNK,
      retries: core.calls.retries.waiting.size,
      sessions: core.sessions.size,
      running: core.slots.running,
      waiting: core.slots.waiting,
      queued: core.queuedCalls,
    }
    const names = Object.entries(left).filter(([, count]) => count !== 0)
    demand(
      names.length === 0,
      () => `left at the ${core === world.server ? 'server' : 'client'}: ${JSON.stringify(names)}`,
    )
  }
  demand(world.server.peers.size === 0, () => `${world.server.peers.size} peers are left`)
  demand(world.clock.armed === 0, () => `${world.clock.armed} timers are left`)
  demand(world.tampered || world.obeying === 0, () => `${world.obeying} functions were never told to end`)
  demand(world.entered === world.left, () => `${world.entered} were entered, ${world.left} left`)
}
