/**
 * Limits of calls: a Server or Client in memory, on a clock that stands still. What a peer says goes to its session as messages; where octets
 * that wait are counted, through a real connection whose link takes none.
 */
import * as assert from 'uvu/assert'
import { Deadlines } from '../../../src/base/deadlines.ts'
import { LinkError } from '../../../src/base/errors.ts'
import { encode } from '../../../src/codec/index.ts'
import type { CallContext } from '../../../src/rpc/api/context.ts'
import type { RpcLimits } from '../../../src/rpc/api/options.ts'
import { ClientCore } from '../../../src/rpc/participants/client-core.ts'
import { Counters } from '../../../src/rpc/participants/counters.ts'
import { ServerCore } from '../../../src/rpc/participants/server-core.ts'
import { method } from '../../../src/rpc/registry/registration.ts'
import { Outcomes, Remembered } from '../../../src/rpc/serving/outcomes.ts'
import { TransportContext } from '../../../src/zmtp/connections.ts'
import { FakeClock } from '../../support/clock.ts'
import { framesOf, OctetPeer } from '../../support/octet-peer.ts'
import { ScriptedConnection } from '../../support/scripted-driver-rpc.ts'
import { sleep } from '../../support/within.ts'
import { type LimitRow, type Meter, ofEach, ofSent } from './row.ts'

const turn = (): Promise<void> => sleep(0)
// What no limit of the row is to reach.
const ASIDE = 1_000_000

interface ServerStage {
  readonly core: ServerCore
  readonly clock: FakeClock
  /** What functions were told while they ran. */
  readonly aborted: unknown[]
  /** How often `count` has run. */
  readonly count: number
  peer(): ScriptedConnection
}

type Attack = LimitRow['attack']

/** A Server in memory; `peer()` is one that has said HELLO. */
export function atServer(
  limits: Partial<RpcLimits>,
  run: (stage: ServerStage, size: number, meter: Meter) => string | Promise<string>,
): Attack {
  return async (size, meter) => {
    const clock = new FakeClock()
    const core = new ServerCore(
      'remote',
      { context: new TransportContext({ clock }), limits, heartbeat: false },
      undefined,
    )
    const aborted: unknown[] = []
    let count = 0
    core.registry.registerRpc({
      slow: method((ctx: CallContext) => {
        ctx.signal.addEventListener('abort', () => aborted.push((ctx.signal.reason as { code: string }).code))
        return new Promise(() => {})
      }),
      never: () => new Promise(() => {}),
      count: () => ++count,
      echo: (value: unknown) => value,
      *items() {
        for (;;) yield 1
      },
    })
    const peers: ScriptedConnection[] = []
    const peer = (): ScriptedConnection => {
      const wire = new ScriptedConnection().open(core)
      wire.feed([8, { v: 2, id: 'program' }])
      wire.take()
      peers.push(wire)
      return wire
    }
    const stage = {
      core,
      clock,
      aborted,
      peer,
      get count() {
        return count
      },
    }
    try {
      return await run(stage, size, meter)
    } finally {
      for (const wire of peers) wire.lose()
      await core.close()
    }
  }
}

interface ClientStage {
  readonly core: ClientCore
  /** Codes of calls that were refused. */
  readonly refused: string[]
  call(...args: unknown[]): void
  connect(): ScriptedConnection
}

function atClient(
  limits: Partial<RpcLimits>,
  run: (stage: ClientStage, size: number, meter: Meter) => string | Promise<string>,
): Attack {
  return async (size, meter) => {
    const context = new TransportContext({ clock: new FakeClock() })
    const core = new ClientCore('remote', { context, limits, heartbeat: false })
    const refused: string[] = []
    const call = (...args: unknown[]): void => {
      const answer = core.calls.start(core, 'x', args, core.settings) as unknown as Promise<unknown>
      answer.catch(({ code }) => refused.push(code))
    }
    const connect = (): ScriptedConnection =>
      new ScriptedConnection({ socketType: 'ROUTER', identity: 'remote' }).open(core)
    try {
      return await run({ core, refused, call, connect }, size, meter)
    } finally {
      await core.close()
    }
  }
}

/** So many calls at once. */
const flood =
  (connected: boolean) =>
  async ({ call, connect, refused }: ClientStage, size: number, meter: Meter) => {
    if (connected) connect()
    meter.begin()
    for (let n = 0; n < size; n++) call()
    meter.height()
    await turn()
    assert.ok(refused.length <= 1)
    return refused[0] ?? 'taken'
  }

/** One call that takes so many octets where it waits. `of` says how many those are. */
const large =
  (connected: boolean, of: (core: ClientCore) => number) =>
  async ({ core, call, connect, refused }: ClientStage, size: number, meter: Meter) => {
    if (connected) connect()
    // What a call has besides, found by one that is as large, nearly.
    const other = new ClientCore('remote', { context: core.context, heartbeat: false })
    if (connected) new ScriptedConnection({ socketType: 'ROUTER', identity: 'remote' }).open(other)
    const known = Buffer.alloc(90_000)
    ;(other.calls.start(other, 'x', [known], other.settings) as unknown as Promise<unknown>).catch(() => {})
    const besides = of(other) - known.length
    await other.close()
    const body = Buffer.alloc(size - besides)
    meter.begin()
    meter.sent = size
    call(body)
    meter.height()
    await turn()
    return refused[0] ?? (core.stats().unkept > 0 ? 'sent once' : 'taken')
  }

/** So many calls of one peer that do not end: the first code, or where they are. */
const running = ({ core, peer }: ServerStage, size: number, meter: Meter): string => {
  const wire = peer()
  const messages = Array.from({ length: size }, (_, n) => encode([0, n + 1, 'never', []]))
  meter.begin()
  for (const message of messages) {
    wire.feed(message)
    meter.sent += message.length
  }
  meter.height()
  const refusals = wire.take()
  assert.ok(refusals.length <= 1)
  if (refusals.length > 0) return (refusals[0]![2] as { c: string }).c
  return core.stats().waiting > 0 ? 'waits' : 'runs'
}

/** Calls that may be repeated; then the first of them is. */
const repeated = (stage: ServerStage, size: number, meter: Meter): string => {
  const wire = stage.peer()
  meter.begin()
  for (let n = 1; n <= size; n++) wire.feed([0, n, 'count', [], { a: 1 }])
  wire.take()
  meter.height()
  assert.is(stage.count, size)
  wire.feed([0, 1, 'count', [], { a: 2 }])
  return stage.count === size ? 'remembered' : 'run again'
}

/** What happens to a peer that takes nothing, of whom octets of this size wait: through a connection of which the link takes none. */
function unread(limits: Partial<RpcLimits>, fill: (size: number) => number): Attack {
  return atServer(limits, async ({ core }, size, meter) => {
    const peer = new OctetPeer(core, { socketType: 'DEALER', pseud: true })
    await turn()
    peer.pendingBytes = 1
    let id = 0
    const ask = (value: Buffer): void => {
      peer.octets(framesOf(encode([0, ++id, 'echo', [value]])))
      meter.sent += value.length
    }
    meter.begin()
    const before = peer.driver.queuedBytes
    ask(Buffer.alloc(90_000))
    const besides = peer.driver.queuedBytes - before - 90_000
    for (let n = 0; n < 3; n++) ask(Buffer.alloc(90_000))
    const rest = fill(size)
    if (rest > 0) ask(Buffer.alloc(rest - peer.driver.queuedBytes - besides))
    else for (let n = 0; n < size; n++) ask(Buffer.alloc(1))
    meter.height()
    await turn()
    const outcome = peer.over ? peer.error!.code! : core.stats().slowPeers > 0 ? 'not read from' : 'taken'
    if (!peer.over) peer.close()
    return outcome
  })
}

/** When a call of these metadata ends, to the millisecond. */
function timeOf(metaOf: (size: number) => unknown) {
  return ({ clock, peer }: ServerStage, size: number, meter: Meter): string => {
    const wire = peer()
    meter.begin()
    wire.feed([0, 1, 'slow', [], metaOf(size)])
    meter.height()
    for (let ms = 1; ms <= 2000; ms++) {
      clock.advance(1)
      const [end] = wire.take()
      if (end === undefined) continue
      assert.is((end[2] as { c: string }).c, 'DEADLINE_EXCEEDED')
      return `${ms} ms`
    }
    return 'it runs on'
  }
}

/** Outcomes of two of these octets together: whether the first is still known. */
function outcomes(maxRememberedBytes: number): Attack {
  return (size, meter) => {
    const clock = new FakeClock()
    const limits = { maxRememberedCalls: ASIDE, maxRememberedBytes, rememberMs: ASIDE }
    const options = { ...limits, counters: new Counters(), deadlines: new Deadlines(clock), now: () => 0 }
    const all = new Outcomes<{ left: boolean }>(options)
    const store = (key: string, octets: number): void => {
      const remembered = new Remembered<{ left: boolean }>(key, 'u', (over) => all.forget(over))
      all.add(remembered)
      all.store(remembered, { failed: false, octets: Buffer.alloc(octets) })
    }
    meter.begin()
    store('000', 50_000)
    const besides = all.byteLength - 50_000
    for (let n = 1; n < 19; n++) store(String(100 + n), 50_000)
    store('last', size - all.byteLength - besides - 2)
    meter.sent = size
    meter.height()
    return all.find('000')?.outcome === undefined ? 'run again' : 'remembered'
  }
}

export const CALL_ROWS: readonly LimitRow[] = [
  {
    limit: 'maxPendingCalls',
    value: 2000,
    comes: ['taken', 'taken', 'RESOURCE_EXHAUSTED'],
    holds: ofEach(4096),
    attack: atClient({ maxPendingCalls: 2000 }, flood(true)),
  },
  {
    limit: 'maxQueuedCalls',
    value: 2000,
    comes: ['taken', 'taken', 'RESOURCE_EXHAUSTED'],
    holds: ofEach(4096),
    attack: atClient({ maxQueuedCalls: 2000 }, flood(false)),
  },
  {
    limit: 'maxQueuedBytes',
    value: 100_000,
    comes: ['taken', 'taken', 'RESOURCE_EXHAUSTED'],
    holds: ofSent(),
    attack: atClient(
      { maxQueuedBytes: 100_000 },
      large(false, (core) => core.queue.byteLength),
    ),
  },
  {
    limit: 'maxKeptBytes',
    value: 100_000,
    comes: ['taken', 'taken', 'sent once'],
    holds: ofSent(),
    attack: atClient(
      { maxKeptBytes: 100_000 },
      large(true, (core) => core.calls.keeper.byteLength),
    ),
  },
  {
    limit: 'maxRunningCalls',
    value: 2000,
    comes: ['runs', 'runs', 'waits'],
    holds: ofEach(4096),
    attack: atServer({ maxRunningCalls: 2000, maxRunningCallsPerPeer: ASIDE }, running),
  },
  {
    limit: 'maxRunningCallsPerPeer',
    value: 2000,
    comes: ['runs', 'runs', 'waits'],
    holds: ofEach(4096),
    attack: atServer({ maxRunningCalls: ASIDE, maxRunningCallsPerPeer: 2000 }, running),
  },
  {
    limit: 'maxWaitingCalls',
    value: 2000,
    comes: ['waits', 'waits', 'RESOURCE_EXHAUSTED'],
    holds: ofEach(4096),
    // One of them runs.
    attack: atServer({ maxRunningCalls: 1, maxWaitingCalls: 2000 }, (stage, size, meter) =>
      running(stage, size + 1, meter),
    ),
  },
  {
    limit: 'maxTimeoutMs',
    value: 1000,
    comes: ['999 ms', '1000 ms', '1000 ms'],
    holds: ofSent(),
    attack: atServer(
      { maxTimeoutMs: 1000 },
      timeOf((size) => ({ d: size })),
    ),
  },
  {
    limit: 'maxTimeoutMs',
    what: 'of a call that says nothing of its time',
    value: 1000,
    comes: ['1000 ms', '1000 ms', '1000 ms'],
    holds: ofSent(),
    attack: atServer(
      { maxTimeoutMs: 1000 },
      timeOf(() => null),
    ),
  },
  {
    limit: 'maxRememberedCalls',
    value: 2000,
    comes: ['remembered', 'remembered', 'run again'],
    holds: ofEach(4096),
    attack: atServer({ maxRememberedCalls: 2000 }, repeated),
  },
  {
    limit: 'maxRememberedBytes',
    value: 1_000_000,
    comes: ['remembered', 'remembered', 'run again'],
    holds: ofSent(),
    attack: outcomes(1_000_000),
  },
  {
    limit: 'rememberMs',
    value: 1000,
    comes: ['remembered', 'run again', 'run again'],
    holds: ofSent(),
    attack: atServer({ rememberMs: 1000 }, (stage, size, meter) => {
      const wire = stage.peer()
      meter.begin()
      wire.feed([0, 1, 'count', [], { a: 1 }])
      stage.clock.advance(size)
      wire.feed([0, 1, 'count', [], { a: 2 }])
      meter.height()
      return stage.count === 1 ? 'remembered' : 'run again'
    }),
  },
  {
    limit: 'retryGraceMs',
    value: 1000,
    comes: ['runs on', 'PEER_GONE', 'PEER_GONE'],
    holds: ofSent(),
    attack: atServer({ retryGraceMs: 1000 }, (stage, size, meter) => {
      const wire = stage.peer()
      meter.begin()
      wire.feed([0, 1, 'slow', [], { a: 1 }])
      wire.lose(new LinkError('RESET', 'the connection was lost'))
      stage.clock.advance(size)
      meter.height()
      return (stage.aborted[0] as string) ?? 'runs on'
    }),
  },
  {
    limit: 'maxDepth',
    value: 32,
    comes: ['run', 'run', 'FAILED_PRECONDITION'],
    holds: ofSent(),
    attack: atServer({ maxDepth: 32 }, (stage, size, meter) => {
      const wire = stage.peer()
      meter.begin()
      wire.feed([0, 1, 'count', [], { n: size }])
      meter.height()
      return stage.count === 1 ? 'run' : (wire.take()[0]![2] as { c: string }).c
    }),
  },
  {
    limit: 'stallMs',
    value: 1000,
    comes: ['waits', 'RESOURCE_EXHAUSTED', 'RESOURCE_EXHAUSTED'],
    holds: ofSent(),
    attack: atServer({ stallMs: 1000 }, async (stage, size, meter) => {
      const wire = stage.peer()
      meter.begin()
      wire.feed([0, 1, 'items', []])
      await turn()
      meter.height()
      const before = wire.take().length
      assert.ok(before >= 64 && before < 70, `${before} items without credit`)
      stage.clock.advance(size)
      await turn()
      const [end] = wire.take()
      return end === undefined ? 'waits' : (end[2] as { c: string }).c
    }),
  },
  {
    limit: 'slowPeerBytes',
    value: 500_000,
    comes: ['taken', 'taken', 'not read from'],
    holds: ofSent(),
    attack: unread({ slowPeerBytes: 500_000 }, (size) => size),
  },
  // The messages that fill the connection are four, of which the last two stand where it is full already.
  {
    limit: 'slowPeerMessages',
    value: 100,
    comes: ['taken', 'taken', 'not read from'],
    holds: ofSent(),
    attack: unread({ slowPeerMessages: 102 }, () => 0),
  },
  {
    limit: 'deadPeerBytes',
    value: 500_000,
    comes: ['taken', 'taken', 'SLOW_PEER'],
    holds: ofSent(),
    attack: unread({ slowPeerBytes: ASIDE, deadPeerBytes: 500_000 }, (size) => size),
  },
]
