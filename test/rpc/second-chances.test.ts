import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SecondChances } from '../../src/rpc/participants/second-chances.ts'

const test = suite('second chances')

test('an endpoint gets one, each its own', () => {
  const chances = new SecondChances()
  assert.equal([chances.take('a'), chances.take('b'), chances.take('a')], [true, true, false])
})

test('it gets another one when a server has taken us, or when it was given up and is tried afresh', () => {
  const chances = new SecondChances()
  assert.ok(chances.take('a'))
  chances.restore('a')
  assert.equal([chances.take('a'), chances.take('a'), chances.take('a')], [true, false, true])
})

test.run()
