import { format, inspect } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Client } from '../../src/rpc/api/client.ts'
import { createStub } from '../../src/rpc/api/stub.ts'

const test = suite('stubs')

// biome-ignore lint/suspicious/noExplicitAny: an untyped stub
function recorded(): { stub: any; calls: unknown[][] } {
  const calls: unknown[][] = []
  const caller = {
    call: (method: string, args: unknown[]) => {
      calls.push([method, ...args])
      return Promise.resolve(method)
    },
  }
  return { stub: createStub(caller, '[stub of test]'), calls }
}

test('turns names into calls, dotted ones too', async () => {
  const { stub, calls } = recorded()
  assert.is(await stub.lower('ABC', 1), 'lower')
  await stub.this.is.a.name()
  await stub.name.length()
  assert.equal(calls, [['lower', 'ABC', 1], ['this.is.a.name'], ['name.length']])
})

test('calls whatever name the program gives, but for those that JavaScript asks for by itself', async () => {
  const { stub, calls } = recorded()
  for (const name of [
    'constructor',
    'hasOwnProperty',
    '__proto__',
    'arguments',
    'caller',
    '_private',
    'inspect',
  ]) {
    await stub[name]()
    await stub.math[name]()
  }
  assert.is(calls.length, 14)
  assert.is(stub.then, undefined)
  assert.is(stub.math.then, undefined)
  assert.is(stub.toJSON, undefined)
  assert.is(stub.math.prototype, undefined)
})

test('each name has one stub, made once; but a program that makes up names does not fill the memory', () => {
  const { stub } = recorded()
  assert.is(stub.a, stub.a)
  assert.is(stub.a.b, stub.a.b)
  assert.is.not(stub.a.b, stub.b)
  for (let i = 0; i < 2000; i++) void stub[`name${i}`]
  assert.is(stub.name3, stub.name3)
  assert.is.not(stub.name1999, stub.name1999)
})

test('cannot be changed', () => {
  const { stub } = recorded()
  for (const target of [stub, stub.a]) {
    assert.throws(() => {
      target.b = 1
    }, TypeError)
    assert.throws(() => Object.defineProperty(target, 'b', { value: 1 }), TypeError)
    assert.throws(() => delete target.b, TypeError)
    assert.throws(() => Object.setPrototypeOf(target, null), TypeError)
    assert.throws(() => Object.freeze(target), TypeError)
    assert.equal(Object.keys(target), [])
    assert.is('b' in target, false)
  }
})

test('await, text, JSON, printing, spreading and comparing make no call', async () => {
  const { stub, calls } = recorded()
  for (const target of [stub, stub.a.b]) {
    assert.is(await target, target)
    assert.match(String(target), /^\[stub of test\]/)
    assert.match(`${target}`, /^\[stub of test\]/)
    assert.match(target.toString(), /^\[stub of test\]/)
    JSON.stringify(target)
    JSON.stringify({ target })
    inspect(target)
    inspect(target, { showProxy: true, showHidden: true, depth: 5 })
    format('%s %o %O %j', target, target, target, target)
    void { ...target }
    void target[Symbol.iterator]
    void (target == null)
    void Promise.resolve(target)
    void Array.isArray(target)
    structuredCloneFails(target)
  }
  assert.equal(calls, [])
})

function structuredCloneFails(target: unknown): void {
  try {
    structuredClone(target)
  } catch {
    // A proxy cannot be cloned; that it makes no call is all that counts.
  }
}

test('a client is its members and otherwise its stub', async () => {
  const client = new Client('remote')
  assert.type(client.lower, 'function')
  assert.is(client.lower, client.lower)
  assert.is(client.lower, client.api.lower)
  assert.is.not(client.close, client.api.close)
  assert.is(client.then, undefined)
  assert.is(client.constructor, Client)
  assert.is(await client, client)
  assert.is(String(client), '[object Client]')
  assert.is(JSON.stringify(client), '{}')
  assert.is(inspect(client), 'Client { name: "remote", connected: false }')
  assert.match(inspect(client.api), /stub|\{\}/)
  assert.is(client instanceof Client, true)
  assert.is(client.stats().started, 0)
  inspect(Client.prototype)
  inspect(client, { showHidden: true, depth: 4 })
  assert.is((Client.prototype as { lower?: unknown }).lower, undefined)
  await client.close()
})

test('a stub that was read before is as hidden as one that was not, and can be put aside', async () => {
  const client = new Client('remote')
  const { lower } = client
  assert.equal(Object.keys(client), [])
  assert.is(JSON.stringify({ ...client }), '{}')
  assert.is(inspect(client), 'Client { name: "remote", connected: false }')
  assert.is(client.then, undefined)
  Object.assign(client, { lower: () => 'in its place' })
  assert.is(client.lower(), 'in its place')
  assert.is(Reflect.deleteProperty(client, 'lower'), true)
  assert.is(client.lower, lower)
  for (let i = 0; i < 2000; i++) void client[`name${i}`]
  assert.is(Object.getOwnPropertyNames(client).length < 1100, true)
  const frozen = Object.freeze(new Client('remote'))
  assert.is(frozen.lower, frozen.lower)
  await client.close()
  await frozen.close()
})

test('a subclass of Client has its own members too', async () => {
  class Own extends Client {
    greeting = 'hello'
    greet(): string {
      return this.greeting
    }
  }
  const client = new Own('remote')
  assert.is(client.greet(), 'hello')
  assert.type(client.lower, 'function')
  await client.close()
})

test.run()
