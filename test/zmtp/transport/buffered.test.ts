// Messages that have begun, of all connections together: the largest goes.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Buffered, type Holder } from '../../../src/zmtp/transport/buffered.ts'

const test = suite('buffered')

class Peer implements Holder {
  heldBytes = 0
  code = ''
  destroy(error: { code: string }): void {
    this.code = error.code
  }
}

test('above the bound the largest go, until it holds', () => {
  const buffered = new Buffered(100)
  const [a, b, c, d] = [new Peer(), new Peer(), new Peer(), new Peer()]
  buffered.set(a, 40)
  buffered.set(b, 50)
  buffered.set(c, 10)
  assert.equal([a.code, b.code, c.code, buffered.byteLength], ['', '', '', 100])
  buffered.set(d, 60)
  assert.equal([a.code, b.code, c.code, d.code], ['', '', '', 'TOO_MUCH_BUFFERED'])
  assert.is(buffered.byteLength, 100)
  buffered.set(c, 11)
  assert.is(b.code, 'TOO_MUCH_BUFFERED')
  assert.is(buffered.byteLength, 51)
})

test('one that is alone may hold more; what is whole is forgotten', () => {
  const buffered = new Buffered(100)
  const [a, b] = [new Peer(), new Peer()]
  buffered.set(a, 1000)
  assert.equal([a.code, buffered.byteLength], ['', 1000])
  buffered.set(b, 1)
  assert.equal([a.code, b.code, buffered.byteLength], ['TOO_MUCH_BUFFERED', '', 1])
  buffered.set(b, 0)
  assert.is(buffered.byteLength, 0)
})

test.run()
