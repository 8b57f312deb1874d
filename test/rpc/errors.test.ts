import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Codec } from '../../src/codec/index.ts'
import {
  DeadlineError,
  RpcError,
  ServiceNotFoundError,
  UnauthorizedError,
} from '../../src/rpc/errors/errors.ts'
import { answered, type ExposeErrors, fromWire, toWire } from '../../src/rpc/errors/remote-error.ts'

const test = suite('errors across the wire')
const codec = new Codec()

/** What the caller gets when the function throws `value`. */
function across(value: unknown, expose: ExposeErrors = 'message'): RpcError & Error {
  const wire = codec.decode(codec.encode(toWire(value, expose, 'ref-1', codec)))
  return fromWire(wire) as RpcError
}

for (const type of [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]) {
  test(`a ${type.name} comes back as one, and is an RpcError too`, () => {
    const error = across(new type('too far'))
    assert.instance(error, type)
    assert.instance(error, RpcError)
    assert.instance(error, Error)
    assert.is(error.name, type.name)
    assert.is(error.message, 'too far')
    assert.is(error.code, 'INTERNAL')
    assert.is(error.executed, 'yes')
    assert.is(error.cause, undefined)
    assert.is(error.remoteStack, undefined)
    assert.not.instance(error, ServiceNotFoundError)
  })
}

test('an Error comes back as an RpcError INTERNAL', () => {
  const error = across(new Error('broken'))
  assert.instance(error, RpcError)
  assert.equal(
    [error.name, error.code, error.message, error.executed],
    ['RpcError', 'INTERNAL', 'broken', 'yes'],
  )
})

test('a class that nobody declared comes back as an RpcError of its name, whatever that name is', () => {
  for (const name of ['OutOfStock', 'constructor', '__proto__', 'toString', 'Function', 'Object', 'Error']) {
    const thrown = new Error('x')
    thrown.name = name
    const error = across(thrown)
    assert.instance(error, RpcError)
    assert.is(error.name, name === 'Error' ? 'RpcError' : name)
    assert.is(Object.getPrototypeOf(error), RpcError.prototype)
  }
})

test('a declared class comes back as itself, with its details', () => {
  const NoStock = RpcError.define<{ wanted: number }>('NoStock', 'FAILED_PRECONDITION')
  const error = across(new NoStock('none left', { details: { wanted: 3 } }))
  assert.instance(error, NoStock)
  assert.instance(error, RpcError)
  assert.equal([error.name, error.code, error.details], ['NoStock', 'FAILED_PRECONDITION', { wanted: 3 }])
})

test('a name is declared once, and none of the language', () => {
  for (const name of ['TypeError', 'NoStock', '', '1a', 'a b']) {
    assert.throws(
      () => RpcError.define(name, 'X'),
      (error: { code?: string }) => error.code === 'BAD_NAME',
    )
  }
})

test('a thrown RpcError keeps code and details; its caller learns that it ran', () => {
  const error = across(new RpcError('MY_CODE', 'mine', { executed: 'no', details: [1, { a: 2 }] }))
  assert.equal(
    [error.code, error.message, error.executed, error.details],
    ['MY_CODE', 'mine', 'yes', [1, { a: 2 }]],
  )
})

test('details that cannot be sent, or are longer than 8 KiB, stay behind, and the error comes', () => {
  for (const details of [() => 1, { a: Symbol('x') }, 'x'.repeat(9000)]) {
    const error = across(new RpcError('CODE', 'm', { details }))
    assert.equal([error.code, error.message, error.details], ['CODE', 'm', undefined])
  }
})

for (const [value, message] of [
  ['a text', 'a text'],
  [null, 'the function threw null'],
  [undefined, 'the function threw undefined'],
  [3, 'the function threw number'],
  [{ message: 'no error' }, 'the function threw object'],
] as const) {
  test(`a function that throws ${JSON.stringify(value)} is an INTERNAL error`, () => {
    const error = across(value)
    assert.equal([error.code, error.message, error.executed], ['INTERNAL', message, 'yes'])
  })
}

test('an error whose properties throw is an INTERNAL error', () => {
  const evil = Object.defineProperty(new Error('x'), 'message', {
    get: () => {
      throw new Error('gotcha')
    },
  })
  assert.is(across(evil).code, 'INTERNAL')
})

test("an error of the operating system does not tell this machine's paths", () => {
  const thrown = Object.assign(new Error("ENOENT: no such file or directory, open '/etc/secret'"), {
    code: 'ENOENT',
    syscall: 'open',
    path: '/etc/secret',
    errno: -2,
  })
  const error = across(thrown)
  assert.equal([error.code, error.message], ['INTERNAL', 'ENOENT: open'])
})

test('by default neither stack nor cause leave; `full` sends both', () => {
  const thrown = new RangeError('outer', { cause: new TypeError('inner', { cause: 'innermost' }) })
  const plain = across(thrown)
  assert.equal([plain.remoteStack, plain.cause], [undefined, undefined])
  const full = across(thrown, 'full')
  assert.instance(full, RangeError)
  assert.match(full.remoteStack!, /errors\.test/)
  const inner = full.cause as RpcError
  assert.instance(inner, TypeError)
  assert.is(inner.message, 'inner')
  assert.is((inner.cause as Error).message, 'innermost')
})

test('a chain of causes ends after four', () => {
  const thrown = new Error('0')
  thrown.cause = thrown
  let depth = 0
  for (
    let error: Error | undefined = across(thrown, 'full');
    error !== undefined;
    error = error.cause as Error
  )
    depth++
  assert.is(depth, 5)
})

test('`none` tells nothing but a reference', () => {
  for (const thrown of [new RangeError('secret'), new RpcError('SECRET', 'secret'), 'secret']) {
    const wire = toWire(thrown, 'none', 'ref-1', codec)
    assert.equal(wire, { c: 'INTERNAL', m: 'the function failed', x: 'yes', r: 'ref-1' })
    assert.is(across(thrown, 'none').reference, 'ref-1')
  }
})

test('messages are cut to 1 KiB, between characters, on both sides', () => {
  for (const text of ['m'.repeat(2000), 'ä'.repeat(2000), '😀'.repeat(2000), `x${'€'.repeat(2000)}`]) {
    const wire = toWire(new Error(text), 'message', '', codec)
    for (const message of [wire.m, fromWire({ c: 'X', m: text })!.message]) {
      const bytes = Buffer.byteLength(message)
      assert.ok(bytes <= 1024 && bytes > 1016, `${bytes}`)
      assert.ok(text.startsWith(message))
    }
  }
  assert.is(toWire(new Error('ä'.repeat(512)), 'message', '', codec).m.length, 512)
})

test('codes that programs catch most have classes', () => {
  const of = (c: string, x?: string) => fromWire({ c, m: 'm', ...(x !== undefined && { x }) })
  assert.instance(of('NOT_FOUND', 'no'), ServiceNotFoundError)
  assert.instance(of('UNAUTHENTICATED'), UnauthorizedError)
  assert.instance(of('DEADLINE_EXCEEDED'), DeadlineError)
  assert.is((of('X') as RpcError).executed, 'maybe')
  assert.is((of('X', 'perhaps') as RpcError).executed, 'maybe')
})

test("a function's own NOT_FOUND is not the service's", () => {
  assert.not.instance(across(new RpcError('NOT_FOUND', 'no such user')), ServiceNotFoundError)
})

for (const [what, map] of [
  ['nil', null],
  ['a number', 5],
  ['a text', 'x'],
  ['an array', ['c', 'm']],
  ['an empty map', {}],
  ['a map with a code that is a number', { c: 5, m: 'x' }],
  ['a map with a message that is a map', { c: 'X', m: {} }],
] as const) {
  test(`${what} is no error map`, () => assert.is(fromWire(map), undefined))
}

test('R57: keys that are none of ours do nothing', () => {
  const error = fromWire({
    c: 'X',
    m: 'm',
    stack: 'at evil',
    message: 'other',
    name: 'Evil',
    executed: 'no',
  }) as RpcError
  assert.equal(
    [error.message, error.name, error.executed, error.remoteStack],
    ['m', 'RpcError', 'maybe', undefined],
  )
  assert.not.match(error.stack!, /evil/)
})

test('the stack of an error from there names the function and who ran it, not what this side did meanwhile', () => {
  const before = Error.stackTraceLimit
  const map = { c: 'INTERNAL', m: 'broken', n: 'TypeError', x: 'yes' }
  const error = answered(map, 'math.add', '"remote" (tcp://127.0.0.1:5555)', false)!
  assert.is(error.stack, 'TypeError: broken\n    at math.add of "remote" (tcp://127.0.0.1:5555)')
  assert.is(Error.stackTraceLimit, before)
  assert.is(answered(5, 'math.add', 'x', false), undefined)
})

test('R54: a code is a text, and looks nothing up', () => {
  const error = fromWire({ c: 'constructor', m: 'x' }) as RpcError
  assert.is(error.code, 'constructor')
  assert.is(Object.getPrototypeOf(error), RpcError.prototype)
})

test('instanceof RpcError goes by a mark, so it holds for another copy of the library', () => {
  const foreign = Object.create(Error.prototype, { [Symbol.for('pseud.RpcError')]: { value: true } })
  assert.instance(foreign, RpcError)
  assert.not.instance(new Error('x'), RpcError)
  assert.not.instance(null, RpcError)
  assert.not.instance(new RpcError('X', 'x'), DeadlineError)
})

test.run()
