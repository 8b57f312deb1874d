// Whatever a judge does, there is a verdict, and only a proper one lets anybody in.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Verdict } from '../../../src/zmtp/engine/security/admission.ts'
import { hostOf, JUDGE_TIMEOUT_MS, judge } from '../../../src/zmtp/transport/judge.ts'
import type { ConnectionOptions } from '../../../src/zmtp/transport/transport.ts'
import { FakeClock } from '../../support/clock.ts'

const test = suite('judge')

const REQUEST = {
  credentials: { mechanism: 'NULL' },
  address: '127.0.0.1',
  identity: Buffer.alloc(0),
} as const

async function verdictOf(authenticate: ConnectionOptions['authenticate']): Promise<Verdict> {
  const clock = new FakeClock()
  const verdict = await judge(authenticate, REQUEST, clock)
  assert.is(clock.armed, 0, 'a timer is left')
  return verdict
}

test('passes a verdict on, at once or later, as it is', async () => {
  const verdict = { status: '200', userId: 'alice' }
  assert.is(await verdictOf(() => verdict), verdict)
  assert.is(await verdictOf(async () => verdict), verdict)
  assert.is((await verdictOf(() => ({ status: '400' }))).status, '400')
})

test('shows the judge the request', async () => {
  let seen: unknown
  await verdictOf((request) => {
    seen = request
    return { status: '200' }
  })
  assert.is(seen, REQUEST)
})

test('Z6: without a judge nobody comes in', async () => {
  assert.is((await verdictOf(undefined)).status, '')
})

test('a judge that throws, rejects, or answers with something else lets nobody in', async () => {
  for (const authenticate of [
    () => {
      throw new Error('no')
    },
    async () => {
      throw null
    },
    () => undefined,
    () => null,
    () => true,
    () => ({}),
    () => ({ status: 200 }),
    async () => '200',
  ] as unknown as NonNullable<ConnectionOptions['authenticate']>[]) {
    const verdict = await verdictOf(authenticate)
    assert.is(verdict.status, '', String(authenticate))
  }
})

test('a judge that takes too long lets nobody in, and what it says then is not heard', async () => {
  const clock = new FakeClock()
  let late: (verdict: Verdict) => void = () => {}
  const verdict = judge(() => new Promise((resolve) => (late = resolve)), REQUEST, clock)
  await Promise.resolve()
  clock.advance(JUDGE_TIMEOUT_MS - 1)
  await Promise.resolve()
  clock.advance(1)
  assert.is((await verdict).status, '')
  late({ status: '200' })
})

test('knows a TCP peer by its host, any other by all of its address', () => {
  assert.is(hostOf('tcp://127.0.0.1:5555'), '127.0.0.1')
  assert.is(hostOf('tcp://[fe80::1%eth0]:5555'), 'fe80::1%eth0')
  assert.is(hostOf('ipc:///tmp/a:1'), 'ipc:///tmp/a:1')
})

test.run()
