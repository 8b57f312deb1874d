import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Fifo } from '../../src/base/fifo.ts'

const test = suite('Fifo')

test('gives 10,000 items back in order while the ring wraps and grows', () => {
  const fifo = new Fifo<number>()
  let next = 0
  let expected = 0
  while (expected < 10_000) {
    for (let i = 0; i < 7 && next < 10_000; i++) fifo.push(next++)
    for (let i = 0; i < 5 && fifo.length > 0; i++) assert.is(fifo.shift(), expected++)
  }
  assert.is(fifo.length, 0)
  assert.is(fifo.shift(), undefined)
})

test('peeks without taking, and at nothing when empty', () => {
  const fifo = new Fifo<string>()
  assert.is(fifo.peek(), undefined)
  fifo.push('a')
  assert.is(fifo.peek(), 'a')
  assert.is(fifo.length, 1)
})

test('an item put back in front comes out first, also when the ring is full', () => {
  const fifo = new Fifo<number>()
  for (let i = 1; i <= 8; i++) fifo.push(i)
  fifo.unshift(0)
  assert.equal([...fifo], [0, 1, 2, 3, 4, 5, 6, 7, 8])
  assert.is(fifo.shift(), 0)
  fifo.unshift(-1)
  assert.is(fifo.shift(), -1)
})

test('removes one item from the middle, keeps the order of the rest, and says when it is not there', () => {
  const fifo = new Fifo<string>()
  for (const item of ['a', 'b', 'c', 'b']) fifo.push(item)
  assert.is(fifo.remove('b'), true)
  assert.equal([...fifo], ['a', 'c', 'b'])
  assert.is(fifo.remove('z'), false)
  fifo.push('d')
  assert.equal([...fifo], ['a', 'c', 'b', 'd'])
})

test('works on after a burst of 5,000 has drained, and after clear', () => {
  const fifo = new Fifo<number>()
  for (let i = 0; i < 5000; i++) fifo.push(i)
  for (let i = 0; i < 5000; i++) assert.is(fifo.shift(), i)
  fifo.push(1)
  fifo.clear()
  assert.is(fifo.length, 0)
  fifo.push(2)
  assert.equal([...fifo], [2])
})

test.run()
