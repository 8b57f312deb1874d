import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkName, faultInName, quote } from '../../src/rpc/registry/names.ts'

const test = suite('names')

const refused = [
  ...Object.getOwnPropertyNames(Object.prototype),
  'then',
  'prototype',
  'apply',
  'call',
  'bind',
  '',
  '_private',
  '#private',
  '.',
  'a.',
  '.a',
  'a..b',
  'math.constructor',
  'then.add',
  'a._b.c',
  '$stream',
]

for (const name of refused) {
  test(`no function can be named ${JSON.stringify(name)}`, () => {
    assert.ok(faultInName(name))
    assert.throws(
      () => checkName(name),
      (error: { code?: string; name?: string }) => error.code === 'BAD_NAME' && error.name === 'UsageError',
    )
  })
}

for (const name of [
  'add',
  'math.add',
  'this.is.a.name',
  'name',
  'length',
  'käse',
  'a b',
  'Then',
  'toJSON',
  '$other',
  'x'.repeat(256),
]) {
  test(`a function can be named ${name.slice(0, 20)}`, () => assert.is(faultInName(name), undefined))
}

test('a name has at most 256 octets, not characters', () => {
  assert.is(faultInName('ä'.repeat(128)), undefined)
  assert.ok(faultInName('ä'.repeat(129)))
})

test('a foreign text is shown in at most 64 characters of printable ASCII', () => {
  assert.is(quote('lower'), '"lower"')
  assert.is(quote('a"b\\'), '"a\\u{22}b\\u{5c}"')
  assert.is(quote('\u001b[31m\n\u0085ä😀'), '"\\u{1b}[31m\\u{a}\\u{85}\\u{e4}\\u{1f600}"')
  assert.is(quote('m'.repeat(64)), `"${'m'.repeat(64)}"`)
  assert.is(quote('m'.repeat(65)), `"${'m'.repeat(64)}"...`)
  assert.ok(quote('\n'.repeat(1000)).length < 72)
})

test.run()
