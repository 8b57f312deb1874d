/**
 * What must come of the rows `rpc`: how the message goes out (`before`, `messages`), and either the code with which the connection ends, or what
 * the stranger hears, or what becomes of the call that it answers. What needs more than that is in `besides`, by id.
 */
import * as assert from 'uvu/assert'
import { decode, encode } from '../../src/codec/index.ts'
import { RpcError } from '../../src/rpc/index.ts'
import type { FakeClock } from '../support/clock.ts'
import type { RawPeer } from '../support/raw-peer.ts'
import { until } from '../support/within.ts'
import type { RpcRow } from './rows.ts'
import { messageOf, type RpcWorld } from './rpc-world.ts'

export interface RpcOutcome {
  /** The code of the end. Without it, the connection lives. */
  readonly ends?: string
  /** All that the stranger hears: `[2, id, code, executed]` of errors. */
  readonly answers?: readonly unknown[]
  /** The call that the stranger was asked for: what it resolves with, or code and `executed` of what it rejects with. */
  readonly resolves?: unknown
  readonly rejects?: readonly [code: string, executed: string]
  /** Counters that it moves, and how far. */
  readonly counts?: Readonly<Record<string, number>>
  /** How often a function was called. */
  readonly runs?: number
}

const ENDS: RpcOutcome = { ends: 'PROTOCOL', runs: 0 }
const INVALID: RpcOutcome = { answers: [[2, 1, 'INVALID_ARGUMENT', 'no']], runs: 0 }
const NOT_FOUND: RpcOutcome = { answers: [[2, 1, 'NOT_FOUND', 'no']], runs: 0 }
const REJECTS: RpcOutcome = { rejects: ['PROTOCOL', 'yes'] }

const OUTCOMES: Readonly<Record<string, RpcOutcome>> = {
  R01: ENDS,
  R03: ENDS,
  R04: ENDS,
  R07: ENDS,
  R09: ENDS,
  R10: ENDS,
  R11: ENDS,
  R12: ENDS,
  R14: { ends: 'PROTOCOL', runs: 1 },
  R15: INVALID,
  R16: NOT_FOUND,
  R17: INVALID,
  R19: NOT_FOUND,
  R25: NOT_FOUND,
  R26: NOT_FOUND,
  R28: NOT_FOUND,
  R31: NOT_FOUND,
  R32: NOT_FOUND,
  R33: NOT_FOUND,
  R35: NOT_FOUND,
  R40: NOT_FOUND,
  R42: INVALID,
  R44: ENDS,
  R47: INVALID,
  R48: ENDS,
  R49: { answers: [[1, 1, '0[object Object]']], runs: 1 },
  R50: { runs: 1 },
  R53: { resolves: 'a', counts: { late: 1 } },
  R54: { rejects: ['constructor', 'maybe'] },
  R55: REJECTS,
  R56: REJECTS,
  R57: { rejects: ['X', 'maybe'] },
  R58: REJECTS,
  R59: REJECTS,
  R61: NOT_FOUND,
  R64: { answers: [], counts: { ignored: 1 } },
  R65: { ends: 'PROTOCOL' },
  R67: { counts: { late: 1 } },
  R68: {},
  R69: ENDS,
  R70: ENDS,
  R71: { answers: [], counts: { ignored: 1 } },
  R73: { answers: [[1, 1, 3]], runs: 1 },
  R75: {},
  R77: { answers: [[2, 1, 'INTERNAL', 'yes']] },
  R78: { answers: [[2, 1, 'INTERNAL', 'yes']] },
  R80: {},
}

export function rpcOutcome(row: RpcRow): RpcOutcome {
  const outcome = row.ours ?? OUTCOMES[row.id]
  if (outcome === undefined) throw new Error(`no outcome for ${row.id}`)
  return outcome
}

/** What comes before the row's message, on its connection. */
export const BEFORE: Readonly<Record<string, readonly unknown[]>> = {
  R65: [[0, 1, 'svc.slow', []]],
  R68: [[0, 1, 'svc.endless', []]],
}

/** The messages that a row stands for, where it is not one. */
export function messagesOf(row: RpcRow): Buffer[] {
  const frame = Buffer.from(row.hex, 'hex')
  switch (row.gen) {
    case undefined:
      return [frame]
    case 'send the frame twice':
    case 'send twice':
      return [frame, frame]
    case '[5,1] then [4,1,"late"]':
      return [frame, encode([4, 1, 'late'])]
    case 'ids 1..1400': {
      const [, , method, args] = decode(frame) as unknown[]
      return Array.from({ length: 1400 }, (_, n) => encode([0, n + 1, method, args]))
    }
    default:
      throw new Error(`${row.id}: what is "${row.gen}"?`)
  }
}

export interface Played {
  readonly world: RpcWorld
  readonly peer: RawPeer
  /** What became of the call, where the stranger was asked for one. */
  readonly call: Promise<PromiseSettledResult<unknown>> | undefined
  readonly settle: () => Promise<void>
}

/** What becomes of another peer at the same time, for rows about two. */
export const MEANWHILE: Readonly<Record<string, (world: RpcWorld) => Promise<void>>> = {
  // The id is the one of the row, the connection another.
  async R64(world) {
    const other = await world.stranger()
    other.write(messageOf([0, 1, 'svc.slow', []]))
    await until(() => world.server.stats().running === 1)
  },
}

/** What else must hold, once the row's messages have gone out. */
export const BESIDES: Readonly<Record<string, (played: Played) => Promise<void>>> = {
  async R16({ peer }) {
    assert.match(textOf(peer), 'there is no function ""')
  },
  // Nothing in the text but the name says which of them it was.
  async R19({ peer }) {
    assert.match(textOf(peer), 'there is no function "constructor"')
  },
  async R49({ world }) {
    assert.equal(world.ran, [[inert()]])
  },
  async R50({ world, peer }) {
    const [value] = world.ran[0] as [object]
    assert.equal(Object.entries(value), [
      ['toJSON', 'x'],
      ['constructor', 'y'],
    ])
    await until(() => peer.messages.length > 0)
    const [, , result] = decode(peer.messages[0]![0]!) as unknown[]
    assert.equal(Object.entries(result as object), Object.entries(value))
  },
  async R54({ call }) {
    const { reason } = (await call!) as PromiseRejectedResult
    assert.is(Object.getPrototypeOf(reason), RpcError.prototype)
  },
  async R57({ call }) {
    const { reason } = (await call!) as PromiseRejectedResult
    assert.is(Buffer.byteLength(reason.message), 1024)
    assert.is(reason.remoteStack, undefined)
  },
  async R64({ world }) {
    assert.is(world.server.stats().running, 1, 'it was cancelled by another')
  },
  async R65({ world }) {
    await until(() => world.server.stats().running === 0)
  },
  // The frame says that the 64 before it were taken.
  async R68({ peer, settle }) {
    await until(() => peer.messages.length >= 64 + 1024, 5000, 'the items')
    await settle()
    assert.is(peer.messages.length, 64 + 1024)
  },
  async R73({ world, peer, settle }) {
    peer.write(messageOf([0, 2, 'svc.slow', [], { d: 2n ** 53n }]))
    await until(() => world.server.stats().running === 1)
    ;(world.clock as FakeClock).advance(10_000)
    await settle()
    assert.is(world.server.stats().running, 1, 'it overflowed')
  },
  async R75({ world, peer }) {
    await until(() => peer.messages.length === 120, 5000, 'the refusals')
    const { running, waiting } = world.server.stats()
    assert.equal([running, waiting, world.ran.length], [256, 1024, 256])
    const codes = peer.messages.map(([frame]) => (decode(frame!) as [number, number, { c: string }])[2].c)
    assert.ok(codes.every((code) => code === 'RESOURCE_EXHAUSTED'))
    await world.work(10)
  },
  async R77({ peer }) {
    assert.equal(decode(peer.messages[0]![0]!), [
      2,
      1,
      { c: 'INTERNAL', m: 'too far', n: 'RangeError', x: 'yes' },
    ])
  },
  async R78({ peer }) {
    peer.write(messageOf([0, 2, 'svc.rejectUndefined', []]))
    await until(() => peer.messages.length === 2)
    const [, id, { c }] = decode(peer.messages[1]![0]!) as [number, number, { c: string }]
    assert.equal([id, c], [2, 'INTERNAL'])
  },
  async R80({ world, peer, settle }) {
    const clock = world.clock as FakeClock
    await until(() => world.server.stats().running === 1)
    peer.write(messageOf([0, 2, 'svc.never', [], { d: 500 }]))
    await until(() => world.server.stats().running === 2)
    clock.advance(501)
    await until(() => peer.messages.length === 1)
    assert.is(world.server.stats().running, 1)
    assert.is((decode(peer.messages[0]![0]!) as [number, number, { c: string }])[2].c, 'DEADLINE_EXCEEDED')
    clock.advance(10_000)
    await settle()
    assert.is(world.server.stats().running, 1)
  },
}

/** Rows in which time must not pass unless it is moved. */
export const STILL: readonly string[] = ['R73', 'R80']

const textOf = (peer: RawPeer): string =>
  (decode(peer.messages[0]![0]!) as [number, number, { m: string }])[2].m

/** What looks like a promise, and is none: its `then` is no function. */
function inert(): object {
  return Object.fromEntries([['then', 1]])
}
