// The lids on strangers: who goes when there are too many, and who may have a key exchange.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Newcomer, Reception } from '../../../src/zmtp/transport/reception.ts'

const test = suite('reception')

class Stranger implements Newcomer {
  reception: Reception
  why: string | undefined

  constructor(reception: Reception, address = 'a') {
    this.reception = reception
    reception.enter(this, address)
  }

  destroy(error: { code: string; limit: string }): void {
    this.why = `${error.code} ${error.limit}`
    this.reception.leave(this)
  }
}

const still = (): number => 0

test('evicts the oldest handshake, not the newest, when there are too many', () => {
  const reception = new Reception({ maxPendingHandshakes: 3 }, still)
  const strangers = Array.from({ length: 5 }, (_, n) => new Stranger(reception, `address ${n}`))
  const evicted = 'TOO_MANY_HANDSHAKES maxPendingHandshakes'
  assert.equal(
    strangers.map(({ why }) => why),
    [evicted, evicted, undefined, undefined, undefined],
  )
  assert.is(reception.pending, 3)
})

test('evicts the oldest of an address that has too many, and nobody else', () => {
  const reception = new Reception({ maxPendingPerAddress: 2 }, still)
  const honest = new Stranger(reception, 'b')
  const many = Array.from({ length: 10 }, () => new Stranger(reception, 'a'))
  assert.is(honest.why, undefined)
  assert.equal(
    many.map(({ why }) => why !== undefined),
    [true, true, true, true, true, true, true, true, false, false],
  )
  assert.is(many[0]!.why, 'TOO_MANY_HANDSHAKES maxPendingPerAddress')
})

test('an honest handshake that is over makes room, however many hold on', () => {
  const reception = new Reception({ maxPendingHandshakes: 2 }, still)
  const silent = new Stranger(reception)
  for (let n = 0; n < 100; n++) reception.leave(new Stranger(reception))
  assert.is(silent.why, undefined)
  assert.is(reception.pending, 1)
  reception.leave(silent)
  reception.leave(silent)
  assert.is(reception.pending, 0)
})

test('gives a second of key exchanges at once, then as many as time brings', () => {
  let now = 0
  const reception = new Reception({ keyExchangesPerSecond: 10, keyExchangesPerAddress: 100 }, () => now)
  const granted = (tries: number): number => {
    let count = 0
    for (let n = 0; n < tries; n++) {
      try {
        reception.spendKeyExchange(`address ${n}`)
        count++
      } catch (error) {
        assert.is((error as { code: string }).code, 'TOO_MANY_KEY_EXCHANGES')
      }
    }
    return count
  }
  assert.is(granted(50), 10)
  now += 300
  assert.is(granted(50), 3)
  now += 60_000
  assert.is(granted(50), 10)
})

test('an address that wants too many spends nothing of the others', () => {
  let now = 0
  const reception = new Reception({ keyExchangesPerSecond: 10, keyExchangesPerAddress: 4 }, () => now)
  const tries = (address: string, count: number): boolean[] =>
    Array.from({ length: count }, () => {
      try {
        reception.spendKeyExchange(address)
        return true
      } catch (error) {
        assert.is((error as { limit: string }).limit, 'keyExchangesPerAddress')
        return false
      }
    })
  assert.is(tries('a', 1000).filter(Boolean).length, 4)
  assert.equal(tries('b', 4), [true, true, true, true])
  now += 250
  assert.equal(tries('a', 2), [true, false])
})

test('says when there are enough connections', () => {
  const reception = new Reception({ maxConnections: 2 }, still)
  assert.equal([reception.isFull(1), reception.isFull(2)], [false, true])
})

test.run()
