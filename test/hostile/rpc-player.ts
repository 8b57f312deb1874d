/**
 * Plays the rows `rpc`: the stranger shakes hands as any peer does and says one message, in the four ways, to a live Server or Client over tcp,
 * that has an honest peer as well. A connection that lives answers a further call; one that ends does so promptly, with the code of the row.
 */
import * as assert from 'uvu/assert'
import { decode } from '../../src/codec/index.ts'
import type { RpcError } from '../../src/rpc/index.ts'
import { deliver, seedOf, type Way } from '../support/delivery.ts'
import { SEED } from '../support/noise.ts'
import { until, within } from '../support/within.ts'
import type { Echo } from './echo.ts'
import type { RpcRow } from './rows.ts'
import {
  BEFORE,
  BESIDES,
  MEANWHILE,
  messagesOf,
  type Played,
  type RpcOutcome,
  STILL,
} from './rpc-outcomes.ts'
import { answers, message, messageOf, RpcWorld } from './rpc-world.ts'

/** Of the call that shows that a connection lives. */
const LIFE = 2 ** 20

export async function playRpc(row: RpcRow, outcome: RpcOutcome, way: Way, echo: Echo): Promise<void> {
  const world = await RpcWorld.open({ to: row.to, fakeClock: STILL.includes(row.id) })
  try {
    const peer = await world.stranger()
    const call = row.to === 'client' ? settled(world) : undefined
    if (call !== undefined) await until(() => peer.messages.length > 0, 5000, 'the call')
    const heardBefore = peer.messages.length
    if (call !== undefined) assert.equal((decode(peer.messages[0]![0]!) as unknown[]).slice(0, 2), [0, 1])
    await MEANWHILE[row.id]?.(world)
    const work = world.work(way === 'beside an honest peer at work' ? 200 : 5)
    const before = { ...world.subject.stats() } as unknown as Record<string, number>
    for (const first of [...(BEFORE[row.id] ?? []).map(messageOf), ...(row.before ?? []).map(framed)])
      peer.write(first)
    const bytes = Buffer.concat(messagesOf(row).map(message))
    await deliver(peer, bytes, way, seedOf(`${SEED} ${row.id}`))

    if (outcome.ends !== undefined) {
      await echo.seesEnd(peer)
      await until(() => world.endings.length > 0, 5000, 'the event')
      assert.is(world.endings[0], outcome.ends)
      assert.is(world.subject.stats().protocolErrors, before.protocolErrors! + 1)
      assert.equal(answers(peer).slice(heardBefore), [])
    } else {
      await echo.settle()
      assert.not(peer.closed)
      assert.equal(world.endings, [])
      if (outcome.answers !== undefined) {
        const count = heardBefore + outcome.answers.length
        await until(() => peer.messages.length >= count, 5000, 'the answers')
        assert.equal(answers(peer).slice(heardBefore), outcome.answers)
      }
    }
    const played: Played = { world, peer, call, settle: () => echo.settle() }
    if (call !== undefined) await judgeCall(played, outcome)
    if (outcome.runs !== undefined) {
      await until(() => world.ran.length >= outcome.runs!, 5000, 'the call')
      assert.is(world.ran.length, outcome.runs)
    }
    await BESIDES[row.id]?.(played)
    for (const [name, moved] of Object.entries(outcome.counts ?? {})) {
      const stats = (): Record<string, number> => world.subject.stats() as unknown as Record<string, number>
      await until(() => stats()[name] === before[name]! + moved, 5000, `${name} + ${moved}`)
    }
    if (outcome.ends === undefined && row.to === 'server') await answersOn(played)
    await work
    peer.destroy()
    await world.isAsBefore()
  } finally {
    await world.close()
  }
  await world.hasNoTimers()
}

const framed = (hex: string): Buffer => message(Buffer.from(hex, 'hex'))

async function settled(world: RpcWorld): Promise<PromiseSettledResult<unknown>> {
  const [outcome] = await Promise.allSettled([world.client.call('svc.add', [1, 2]) as Promise<unknown>])
  return outcome!
}

async function judgeCall(
  { call, world, peer }: Played,
  { resolves, rejects, ends }: RpcOutcome,
): Promise<void> {
  if (resolves !== undefined || rejects !== undefined) {
    const outcome = await within(5000, call!, 'the end of the call')
    if (outcome.status === 'fulfilled') assert.is(outcome.value, resolves)
    else assert.equal([(outcome.reason as RpcError).code, (outcome.reason as RpcError).executed], rejects)
  }
  if (ends !== undefined) return
  // The next one is answered as if nothing had been.
  const next = world.client.call('svc.add', [2, 4]) as Promise<unknown>
  const heard = peer.messages.length
  await until(() => peer.messages.length > heard, 5000, 'the next call')
  const [kind, id] = decode(peer.messages.at(-1)![0]!) as [number, number]
  assert.is(kind, 0)
  peer.write(messageOf([1, id, 6]))
  assert.is(await within(5000, next), 6)
}

async function answersOn({ peer, world }: Played): Promise<void> {
  // Where no more can run for this peer there is nothing to be asked.
  if (world.server.stats().waiting > 0) return
  peer.write(messageOf([0, LIFE, 'svc.add', [2, 4]]))
  await until(() => answers(peer).some(([kind, id]) => kind === 1 && id === LIFE), 5000, 'the next answer')
}
