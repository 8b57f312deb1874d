// Calls that are sent again: what is kept of them, how they leave a lane, and where they go then. On a fake clock, with scripted peers.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LinkError } from '../../src/base/errors.ts'
import { Mark, Slab } from '../../src/base/slab.ts'
import type { CallOptions } from '../../src/rpc/api/settings.ts'
import type { Call } from '../../src/rpc/calls/call.ts'
import { type Keepable, Keeper } from '../../src/rpc/calls/kept.ts'
import type { RpcError } from '../../src/rpc/errors/errors.ts'
import { ClientCore } from '../../src/rpc/participants/client-core.ts'
import type { ClientOptions } from '../../src/rpc/participants/client-options.ts'
import { TransportContext } from '../../src/zmtp/connections.ts'
import { FakeClock } from '../support/clock.ts'
import { ScriptedConnection } from '../support/scripted-driver-rpc.ts'

const test = suite('calls that are sent again')

const cores = new Set<ClientCore>()

test.after.each(async () => {
  for (const core of cores) await core.close()
  cores.clear()
})

function newClient(options: ClientOptions = {}) {
  const clock = new FakeClock()
  let draws = 0
  const context = new TransportContext({ clock, random: () => Math.max(0, draws++ - 2) / 1000 })
  const core = new ClientCore('remote', { context, timeoutMs: Number.POSITIVE_INFINITY, ...options })
  cores.add(core)
  return {
    clock,
    core,
    call: (name: string, args: unknown[] = [], callOptions: CallOptions = {}): Promise<unknown> =>
      core.calls.start(core, name, args, core.settings.with(callOptions)) as unknown as Promise<unknown>,
    connect: (): ScriptedConnection =>
      new ScriptedConnection({ socketType: 'ROUTER', identity: 'remote', pseud: false }).open(core),
    sent: (): Call[] =>
      [...core.sessions].filter(({ open }) => open).flatMap(({ lane }) => [...lane.pending.values()]),
  }
}

const LINK = new LinkError('RESET', 'the connection was lost')

/** Code and executed of what the promise rejects with. */
function failure(promise: Promise<unknown>): Promise<[string, string]> {
  return promise.then(
    () => {
      throw new Error('it was resolved')
    },
    (error: RpcError) => [error.code, error.executed],
  )
}

test('a call taken off its lane goes to another server that is ready, as it was encoded, with its id', async () => {
  const { core, call, connect, sent } = newClient()
  const first = connect()
  const args = [{ n: 1 }]
  const answer = call('store.put', args)
  args[0]!.n = 2
  assert.equal(first.take(), [[0, 1, 'store.put', [{ n: 1 }]]])
  const [open] = sent()
  first.congested = true
  const second = connect()
  assert.equal(core.calls.resend([open!], false), [])
  assert.equal(second.take(), [[0, 1, 'store.put', [{ n: 1 }]]])
  // The first may answer what it wants: the call is not its any more.
  first.feed([1, 1, 'from the first'])
  assert.is(core.stats().late, 1)
  second.feed([1, 1, 'from the second'])
  assert.is(await answer, 'from the second')
  assert.equal([core.calls.open, core.stats().started, core.stats().queued], [0, 1, 0])
})

test('without another server it waits for the next session; deadline and signal stay with it', async () => {
  const { core, clock, call, connect, sent } = newClient()
  const first = connect()
  const controller = new AbortController()
  const timed = failure(call('timed', [], { timeoutMs: 50 }))
  const aborted = call('aborted', [], { signal: controller.signal }).catch((error: unknown) => error)
  const kept = call('kept')
  first.take()
  first.congested = true
  assert.equal(core.calls.resend(sent(), false), [])
  assert.equal([core.stats().queued, core.stats().inFlight], [3, 0])
  clock.advance(50)
  assert.equal(await timed, ['DEADLINE_EXCEEDED', 'no'])
  controller.abort('changed')
  assert.is(await aborted, 'changed')
  assert.equal(first.take(), [], 'nobody is told of calls that it does not have')
  first.lose(LINK)
  const second = connect()
  assert.equal(second.take(), [[0, 3, 'kept', []]])
  second.feed([1, 3, 'done'])
  assert.is(await kept, 'done')
})

test('what may have been run once stays so, whatever becomes of it', async () => {
  const { core, clock, call, connect, sent } = newClient()
  const first = connect()
  const result = failure(call('x', [], { timeoutMs: 50 }))
  first.congested = true
  assert.equal(core.calls.resend(sent(), true), [])
  clock.advance(50)
  assert.equal(await result, ['DEADLINE_EXCEEDED', 'maybe'])
})

test('calls that already stream, or whose octets found no room, stay where they are', async () => {
  const { core, call, connect, sent } = newClient({ limits: { maxKeptBytes: 4096 } })
  const wire = connect()
  void call('big', [Buffer.alloc(5000)]).catch(() => {})
  assert.is(core.stats().unkept, 1)
  assert.is(core.calls.resend(sent(), false).length, 1)
  assert.is(core.stats().inFlight, 1)
  const roomy = newClient()
  const other = roomy.connect()
  const stream = roomy.call('items') as Promise<AsyncIterable<unknown>>
  other.take()
  other.feed([4, 1, 'item'])
  assert.is(roomy.core.calls.resend(roomy.sent(), false).length, 1)
  other.feed([5, 1])
  for await (const item of await stream) assert.is(item, 'item')
  wire.lose(LINK)
})

test('a peer that a server calls is the only one that can answer: nothing is kept for it', () => {
  const { core, connect } = newClient()
  const wire = connect()
  const [session] = core.sessions
  void (core.calls.start(session!.lane, 'x', [], core.settings) as unknown as Promise<unknown>).catch(
    () => {},
  )
  assert.is(core.calls.keeper.byteLength, 0)
  wire.lose(LINK)
})

// -- what is kept --------------------------------------------------------------------------------------------------------

function keepable(): Keepable {
  return { kept: undefined, keptAt: 0, keptEnd: 0 }
}

function writeTo(slab: Slab, bytes: Buffer): void {
  slab.reserve(bytes.length)
  slab.bytes.set(bytes, slab.at)
  slab.at += bytes.length
}

test('octets are kept whole, of whatever size, wherever they lie', () => {
  const keeper = new Keeper(16 * 1024 * 1024, () => assert.unreachable())
  const slab = new Slab()
  const mark = new Mark()
  const all: { readonly call: Keepable; readonly bytes: Buffer }[] = []
  for (const size of [1, 40, 48, 49, 500, 2048, 2049, 4000, 9000, 60_000, 65_536, 65_537, 200_000, 30]) {
    const bytes = Buffer.alloc(size, size % 251)
    writeTo(slab, Buffer.from('before'))
    slab.save(mark)
    const before = slab.byteLength
    const half = size >> 1
    writeTo(slab, bytes.subarray(0, half))
    if (size > 8192) slab.append(bytes.subarray(half))
    else writeTo(slab, bytes.subarray(half))
    const call = keepable()
    keeper.keep(call, slab, mark, slab.byteLength - before)
    all.push({ call, bytes })
  }
  for (const { call, bytes } of all) assert.ok(keeper.octets(call).equals(bytes), `${bytes.length} octets`)
  for (const { call } of all) keeper.release(call)
  assert.ok(keeper.byteLength <= 8192 + 65_536, 'only the two chunks in use stay')
})

test('kept memory is bounded, used again, and what finds no room is told of', () => {
  let full = 0
  const keeper = new Keeper(3 * 8192, () => full++)
  const slab = new Slab()
  const mark = new Mark()
  const calls: Keepable[] = []
  const keep = (): void => {
    slab.save(mark)
    writeTo(slab, Buffer.alloc(1024, calls.length))
    const call = keepable()
    keeper.keep(call, slab, mark, 1024)
    calls.push(call)
    slab.take([], [])
  }
  for (let i = 0; i < 25; i++) keep()
  assert.is(full, 1)
  assert.is(calls[24]!.kept, undefined)
  assert.is(keeper.octets(calls[9]!)[0], 9)
  for (const call of calls.splice(0)) keeper.release(call)
  for (let i = 0; i < 24; i++) keep()
  assert.equal([full, keeper.byteLength], [1, 3 * 8192])
})

test.run()
