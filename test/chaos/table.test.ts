// The table is whole, the ledger can fail, and some faults at once leave it right.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RpcError } from '../../src/rpc/index.ts'
import { SEED } from '../support/noise.ts'
import { COMBINABLE } from './combination.ts'
import { FAULTS } from './index.ts'
import { bodyOf, Ledger } from './ledger.ts'
import { runFault } from './runner.ts'

const test = suite('chaos')

test('the 64 faults are all there, in their order, each with a name of its own', () => {
  const all = Array.from({ length: 64 }, (_, n) => n + 1)
  assert.equal(
    FAULTS.map(({ number }) => number),
    all,
  )
  assert.is(new Set(FAULTS.map(({ title }) => title)).size, 64)
  for (const number of COMBINABLE) assert.ok(all.includes(number))
})

function failsWith(ledger: Ledger, pattern: RegExp): void {
  let text = ''
  try {
    ledger.check()
  } catch (error) {
    text = (error as Error).message
  }
  assert.match(text, pattern)
}

test('the ledger finds calls that are pending, run twice, run although they are said not to, or end with anything else', async () => {
  const pending = new Ledger()
  pending.call(() => new Promise(() => {}))
  failsWith(pending, /is pending/)
  const twice = new Ledger()
  await twice.call(async (number) => {
    twice.ran(number)
    twice.ran(number)
    return number
  })
  failsWith(twice, /ran 2 times/)
  const liar = new Ledger()
  await liar.call((number) => {
    liar.ran(number)
    return Promise.reject(new RpcError('UNAVAILABLE', 'gone', { executed: 'no' }))
  })
  failsWith(liar, /ended with UNAVAILABLE 'no'/)
  const strange = new Ledger()
  await strange.call(() => Promise.reject(new Error('what is this')))
  failsWith(strange, /no RpcError/)
  const wrong = new Ledger()
  await wrong.call((number) => {
    wrong.ran(number)
    return Promise.resolve(number + 1)
  })
  failsWith(wrong, /gave 1, not 0/)
})

test('the ledger finds messages that are lost, repeated, altered or out of order', async () => {
  const flowOf = async (...delivered: Buffer[]): Promise<Ledger> => {
    const ledger = new Ledger()
    const flow = ledger.flow('a flow')
    for (let n = 0; n < 3; n++) await flow.send(async () => {})
    for (const body of delivered) flow.got(body)
    return ledger
  }
  const [zero, one, two] = [0, 1, 2].map((number) => bodyOf(number, 8)) as [Buffer, Buffer, Buffer]
  ;(await flowOf(zero, one, two)).check()
  failsWith(await flowOf(zero, one), /1 are nowhere/)
  failsWith(await flowOf(zero, two), /1 gaps/)
  failsWith(await flowOf(zero, zero, one, two), /0 came after 0/)
  failsWith(await flowOf(one, zero, two), /0 came after 1/)
  const altered = bodyOf(1, 8)
  altered[7]! ^= 1
  failsWith(await flowOf(zero, altered, two), /altered/)
})

test('combinations of three faults, seeded', async () => {
  const combined = FAULTS.find(({ number }) => number === 64)!
  for (let n = 0; n < 3; n++) await runFault(combined, SEED + n, 'small')
})

test.run()
