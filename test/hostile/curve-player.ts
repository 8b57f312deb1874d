/**
 * Plays the rows `curve_live` against a live CURVE server in the four ways, with the honest peer encrypted and judged like everybody. Judged as
 * rows of octets are: code, event, promptness, what is delivered, what the stranger is told, and what is left.
 */
import * as assert from 'uvu/assert'
import { maybeDecodeZ85 } from '../../src/base/z85.ts'
import * as zmq from '../../src/zmtp/index.ts'
import type { FakeClock } from '../support/clock.ts'
import type { Way } from '../support/delivery.ts'
import { until } from '../support/within.ts'
import { Dialog, type Judge, RECIPES } from './curve-recipes.ts'
import type { Echo } from './echo.ts'
import type { CurveOutcome } from './outcomes.ts'
import type { CurveRow } from './rows.ts'
import { World } from './world.ts'

const HANDSHAKE_MS = 30_000
const KEYS = zmq.curveKeyPair()
const CLIENT = zmq.curveKeyPair()

export async function playDialog(row: CurveRow, outcome: CurveOutcome, way: Way, echo: Echo): Promise<void> {
  const judge: Judge = { asked: 0, gate: Promise.resolve() }
  const authenticator = async ({ credentials }: zmq.AuthenticationRequest): Promise<zmq.Verdict> => {
    judge.asked++
    await judge.gate
    return { status: credentials.mechanism === 'CURVE' ? '200' : '400' }
  }
  const timed = outcome.code === 'HANDSHAKE_TIMEOUT'
  const world = await World.open({
    type: 'ROUTER',
    dials: false,
    settings: { curveServer: true, curveSecretKey: KEYS.secretKey, authenticator },
    honest: {
      curveServerKey: KEYS.publicKey,
      curvePublicKey: CLIENT.publicKey,
      curveSecretKey: CLIENT.secretKey,
    },
    fakeClock: timed,
  })
  try {
    const delivered = outcome.delivered ?? []
    const work = world.work(way === 'beside an honest peer at work' ? 200 : 5)
    const dialog = await Dialog.open({
      id: row.id,
      world,
      judge,
      serverKey: maybeDecodeZ85(KEYS.publicKey)!,
      way,
    })
    const { peer } = dialog
    await RECIPES[row.id]!(dialog)
    if (timed) {
      await echo.settle()
      ;(world.clock as FakeClock).advance(HANDSHAKE_MS - 1)
      await echo.settle()
      assert.not(peer.closed, 'it is given time')
      ;(world.clock as FakeClock).advance(1)
    }
    if (outcome.code === undefined) {
      await until(() => world.delivered.length >= delivered.length, 5000, 'the delivery')
      await echo.settle()
      assert.not(peer.closed)
      assert.equal(world.endings, [])
    } else {
      await echo.seesEnd(peer)
      await until(() => world.endings.length > 0, 5000, 'the event')
      const [{ code, event }] = world.endings as [(typeof world.endings)[0]]
      assert.is(code, outcome.code)
      assert.is(event, outcome.ready ? 'disconnect' : (outcome.event ?? 'handshake:error:protocol'))
      // Nobody is told what was wrong: at most WELCOME, READY and the echo.
      assert.ok(peer.frames.length <= 2 + delivered.length)
      assert.is(world.endings.length, 1)
    }
    await work
    peer.destroy()
    await world.isAsBefore()
    assert.equal(world.delivered, delivered)
  } finally {
    await world.close()
  }
  await world.hasNoTimers()
}
