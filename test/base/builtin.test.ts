import dns from 'node:dns/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { builtin } from '../../src/base/builtin.ts'

const test = suite('modules of Node at their first use')

test('are what an import gives, each time', () => {
  const module = builtin('node:dns/promises')
  assert.is(module().lookup, dns.lookup)
  assert.is(module(), module())
})

test.run()
