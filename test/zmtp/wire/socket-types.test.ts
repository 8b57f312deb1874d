import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compatible, sendsIdentity, takesSubscriptions } from '../../../src/zmtp/wire/socket-types.ts'

const test = suite('socket types')

test('a type that nobody knows is compatible with nothing', () => {
  assert.not(compatible('STREAM', 'STREAM'))
  assert.not(compatible('DEALER', 'dealer'))
  assert.not(compatible('DEALER', ''))
})

test('compatibility is mutual', () => {
  const types = ['REQ', 'REP', 'DEALER', 'ROUTER', 'PUB', 'XPUB', 'SUB', 'XSUB', 'PUSH', 'PULL', 'PAIR']
  for (const a of types) for (const b of types) assert.is(compatible(a, b), compatible(b, a), `${a} ${b}`)
})

test('three types announce an identity, two take subscriptions', () => {
  assert.ok(sendsIdentity('REQ') && sendsIdentity('DEALER') && sendsIdentity('ROUTER'))
  assert.not(sendsIdentity('REP'))
  assert.ok(takesSubscriptions('PUB') && takesSubscriptions('XPUB'))
  assert.not(takesSubscriptions('SUB'))
})

test.run()
