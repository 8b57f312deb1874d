// Passwords and how they are compared. How long that takes is bench/password.bench.ts.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Passwords, sameSecret } from '../../src/rpc/security/passwords.ts'

const test = suite('passwords')

test('two secrets are the same, octet by octet, or they are not', () => {
  assert.ok(sameSecret('secret', 'secret'))
  assert.ok(sameSecret('', ''))
  assert.ok(sameSecret('\u{1f511}', '\u{1f511}'))
  for (const other of [
    'Secret',
    'secreT',
    'secret ',
    'secre',
    '',
    'secret\0',
    'ſecret',
    'x'.repeat(10_000),
  ]) {
    assert.not(sameSecret('secret', other), JSON.stringify(other))
    assert.not(sameSecret(other, 'secret'), JSON.stringify(other))
  }
  // As characters they look alike; as octets they differ.
  assert.not(sameSecret('\u00e9', 'e\u0301'))
})

test('a user is let in by its own password only, be they in a Map or an object', () => {
  const users = { alice: 'wonderland', bob: 'w', empty: '' }
  for (const given of [users, new Map(Object.entries(users))]) {
    const passwords = new Passwords(given)
    assert.is(passwords.check('alice', 'wonderland'), 'alice')
    assert.is(passwords.check('bob', 'w'), 'bob')
    assert.is(passwords.check('empty', ''), 'empty')
    for (const [user, password] of [
      ['alice', 'w'],
      ['alice', ''],
      ['bob', 'wonderland'],
      ['Alice', 'wonderland'],
      ['', ''],
      ['nobody', ''],
      ['__proto__', ''],
      ['constructor', ''],
      ['toString', ''],
    ] as const) {
      assert.is(passwords.check(user, password), undefined, `${user} ${password}`)
    }
  }
})

test('what becomes of the given users afterwards changes nothing', () => {
  const users = new Map([['alice', 'a']])
  const passwords = new Passwords(users)
  users.set('alice', 'b')
  users.set('mallory', 'm')
  assert.is(passwords.check('alice', 'a'), 'alice')
  assert.is(passwords.check('alice', 'b'), undefined)
  assert.is(passwords.check('mallory', 'm'), undefined)
})

test('a password that is no string is refused when it is given, and not repeated', () => {
  for (const password of [12_345, null, undefined, true, Buffer.from('secret'), ['secret']]) {
    try {
      new Passwords({ alice: password as unknown as string })
    } catch (error) {
      assert.is((error as { code: string }).code, 'BAD_OPTION')
      assert.is((error as Error).message, 'the password of "alice" is a string')
      continue
    }
    assert.unreachable(String(password))
  }
})

test.run()
