// Servers and clients without their faces, on a fake clock: one alone with a script at its other end, or two whose sessions are joined. What was made is
// closed by `closeCores`, which a suite calls after each test.
import * as assert from 'uvu/assert'
import type { ParticipantOptions } from '../../src/rpc/api/options.ts'
import type { CallOptions } from '../../src/rpc/api/settings.ts'
import type { RpcError } from '../../src/rpc/errors/errors.ts'
import { ClientCore } from '../../src/rpc/participants/client-core.ts'
import type { ClientOptions } from '../../src/rpc/participants/client-options.ts'
import { ServerCore } from '../../src/rpc/participants/server-core.ts'
import { TransportContext } from '../../src/zmtp/connections.ts'
import { FakeClock } from './clock.ts'
import { ScriptedConnection, type ScriptedPeer } from './scripted-driver-rpc.ts'
import { within } from './within.ts'

const cores = new Set<ServerCore | ClientCore>()

export async function closeCores(): Promise<void> {
  for (const core of cores) await core.close()
  cores.clear()
}

/** Has `closeCores` close it. */
export function opened<T extends ServerCore | ClientCore>(core: T): T {
  cores.add(core)
  return core
}

export function contextOn(clock: FakeClock): TransportContext {
  // Ids of calls begin at 1 where the dice show nothing; sessions need different ones.
  let draws = 0
  return new TransportContext({ clock, random: () => Math.max(0, draws++ - 2) / 1000 })
}

export interface ClientBench {
  readonly clock: FakeClock
  readonly core: ClientCore
  call(method: string, args?: unknown[], options?: CallOptions): ReturnType<ClientCore['calls']['start']>
  connect(peer?: ScriptedPeer): ScriptedConnection
}

export function newClient(options: ClientOptions = {}, clock: FakeClock = new FakeClock()): ClientBench {
  const core = opened(new ClientCore('remote', { context: contextOn(clock), ...options }))
  return {
    clock,
    core,
    call: (name, args = [], callOptions = {}) =>
      core.calls.start(core, name, args, core.settings.with(callOptions)),
    connect: (peer = {}) =>
      new ScriptedConnection({ socketType: 'ROUTER', identity: 'remote', pseud: false, ...peer }).open(core),
  }
}

export interface ServerBench {
  readonly clock: FakeClock
  readonly core: ServerCore
  connect(peer?: ScriptedPeer): ScriptedConnection
}

export function newServer(options: ParticipantOptions = {}, clock: FakeClock = new FakeClock()): ServerBench {
  const core = opened(new ServerCore('remote', { context: contextOn(clock), ...options }, undefined))
  return { clock, core, connect: (peer = {}) => new ScriptedConnection({ pseud: false, ...peer }).open(core) }
}

/** How a promise ended, or `undefined` while it has not. */
export function outcome(promise: Promise<unknown>): {
  settled: boolean
  value?: unknown
  error?: RpcError & Error
} {
  const state: { settled: boolean; value?: unknown; error?: RpcError & Error } = { settled: false }
  promise.then(
    (value) => Object.assign(state, { settled: true, value }),
    (error) => Object.assign(state, { settled: true, error }),
  )
  return state
}

/** Code and executed of what the promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<[string, string]> {
  const error = await promise.then(
    () => {
      throw new Error('it was resolved')
    },
    (reason: unknown) => reason as RpcError,
  )
  return [error.code, error.executed]
}

export async function collect(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const list: unknown[] = []
  for await (const item of items) list.push(item)
  return list
}

export async function rejection(promise: Promise<unknown>): Promise<RpcError & Error> {
  return within(
    5000,
    promise.then(
      () => {
        throw new Error('it was resolved')
      },
      (error: unknown) => error as RpcError & Error,
    ),
  )
}

/** Nothing of a call is left, on either side. */
export function assertIdle(...sides: (ServerCore | ClientCore)[]): void {
  for (const core of sides) {
    const { inFlight, queued, running, waiting } = core.stats()
    assert.equal([inFlight, queued, running, waiting, core.calls.open], [0, 0, 0, 0, 0])
    for (const { lane, open } of core.sessions) {
      if (open) assert.equal([lane.pending.size, lane.running.size], [0, 0])
    }
    assert.is(core.deadlines.size, 0)
  }
}
