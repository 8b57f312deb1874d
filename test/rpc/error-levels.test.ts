// What callers learn of errors at each level, over a real connection, whatever the error comes from: the function, its stream, its result, a
// schema in front of it, middleware, another server behind it. Nothing of what a level hides may stand anywhere in what arrives.
import { inspect } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { z } from 'zod'
import { type Client, type ExposeErrors, method, RpcError, type Server } from '../../src/rpc/index.ts'
import { failure, World } from './semantics/world.ts'

const test = suite('levels of errors')
const world = new World('inproc')
test.after.each(() => world.clear())
test.after(() => world.remove())

const OutOfStock = RpcError.define<{ left: number }>('LevelsOutOfStock', 'FAILED_PRECONDITION')

// Words that mark what an error is made of.
const functions = {
  throws: () => {
    throw new RangeError('the-message', { cause: new TypeError('the-cause') })
  },
  rejects: async () => {
    throw new RpcError('MY_CODE', 'the-message', {
      details: { a: 'the-details' },
      cause: new Error('the-cause'),
    })
  },
  declared: () => {
    throw new OutOfStock('the-message', { details: { left: 3 } })
  },
  text: () => {
    throw 'the-message'
  },
  streams: async function* () {
    yield 1
    throw new RangeError('the-message', { cause: new TypeError('the-cause') })
  },
  unsendable: () => ({ 'the-message': () => 1 }),
  item: function* () {
    yield { 'the-message': Symbol('x') }
  },
  output: method({ output: z.number({ error: 'the-details' }) }, () => 'x' as never),
}

async function serving(
  exposeErrors: ExposeErrors,
): Promise<{ server: Server; client: Client; told: unknown[]; references: unknown[] }> {
  const { server, client } = await world.pair(functions, { server: { exposeErrors } })
  const told: unknown[] = []
  const references: unknown[] = []
  server.on('error', (error, about) => {
    told.push(error)
    references.push(about.reference)
  })
  return { server, client, told, references }
}

async function errorOf(client: Client, name: string): Promise<RpcError> {
  if (name !== 'streams' && name !== 'item') return failure(client.call(name))
  return failure(
    (async () => {
      for await (const item of client.call(name)) void item
    })(),
  )
}

/** Everything that can be seen of an error but the stack that it got here, which names this very file. */
function seen(error: unknown): string {
  if (!(error instanceof Error)) return inspect(error)
  const own = Object.getOwnPropertyNames(error).filter((key) => key !== 'stack' && key !== 'cause')
  return `${error.name} ${own.map((key) => inspect(Reflect.get(error, key), { depth: 9 })).join(' ')} ${seen(error.cause)}`
}

for (const name of Object.keys(functions)) {
  test(`none: ${name}: a fixed text, and what happened is told at the server`, async () => {
    const { client, told, references } = await serving('none')
    const error = await errorOf(client, name)
    assert.equal([error.code, error.message, error.executed], ['INTERNAL', 'the function failed', 'yes'])
    assert.not.match(seen(error), /the-|LevelsOutOfStock|RangeError|MY_CODE/)
    assert.equal([error.details, error.cause, error.remoteStack], [undefined, undefined, undefined])
    assert.is(told.length, 1)
    if (error.reference !== undefined) assert.is(error.reference, references[0])
  })

  test(`message: ${name}: neither stack nor cause`, async () => {
    const { client } = await serving('message')
    const error = await errorOf(client, name)
    assert.is(error.executed, 'yes')
    assert.not.match(seen(error), /the-cause/)
    assert.equal([error.cause, error.remoteStack, error.reference], [undefined, undefined, undefined])
    if (name === 'output') assert.not.match(seen(error), /the-/)
    else assert.match(error.message, 'the-message')
  })
}

test('message: declared classes with typed details, standard classes, and codes of an application', async () => {
  const { client } = await serving('message')
  const declared = await errorOf(client, 'declared')
  assert.instance(declared, OutOfStock)
  // Typed where it is caught.
  if (declared instanceof OutOfStock) assert.is(declared.details?.left, 3)
  assert.instance(await errorOf(client, 'throws'), RangeError)
  assert.instance(await errorOf(client, 'streams'), RangeError)
  const own = await errorOf(client, 'rejects')
  assert.equal([own.code, own.details], ['MY_CODE', { a: 'the-details' }])
})

test('full: stack and causes, each cause as what it was', async () => {
  const { client } = await serving('full')
  for (const name of ['throws', 'streams']) {
    const error = await errorOf(client, name)
    assert.match(error.remoteStack!, 'the-message')
    assert.instance(error.cause, TypeError)
    assert.is((error.cause as Error).message, 'the-cause')
    assert.match((error.cause as RpcError).remoteStack!, 'the-cause')
  }
})

test('an error of a server behind this one is this one’s: it ran here, and what was told of it is told on by this level', async () => {
  const behind = world.server('behind', { exposeErrors: 'full' })
  behind.registerRpc(functions)
  const at = await behind.bind(world.endpoint())
  const inner = world.client('behind').connect(at)
  const { client } = await world.pair({ through: (name: string) => inner.call(name) })
  const error = await failure(client.through('throws'))
  assert.equal([error.code, error.message, error.executed], ['INTERNAL', 'the-message', 'yes'])
  assert.equal([error.cause, error.remoteStack], [undefined, undefined])
  const missing = await failure(client.through('nothing'))
  assert.equal([missing.code, missing.executed], ['NOT_FOUND', 'yes'])
})

test('a predicate hides, middleware refuses, a function denies: NOT_FOUND, and PERMISSION_DENIED that did not run or did', async () => {
  const { server, client } = await world.pair({
    denies: () => {
      throw new RpcError('PERMISSION_DENIED', 'not you')
    },
    guarded: () => 1,
  })
  server.registerRpc({ name: 'hidden', domain: 'some' }, () => 1)
  server.registerPredicate('some', () => false)
  server.use((call, next) => {
    if (call.method === 'guarded') throw new RpcError('PERMISSION_DENIED', 'not today')
    return next()
  })
  const results = await Promise.all(['hidden', 'guarded', 'denies'].map((name) => failure(client.call(name))))
  assert.equal(
    results.map(({ code, executed }) => `${code} ${executed}`),
    ['NOT_FOUND no', 'PERMISSION_DENIED no', 'PERMISSION_DENIED yes'],
  )
})

test('none: a guard’s code is told, and its text is not', async () => {
  const { server, client } = await world.pair({ guarded: () => 1 }, { server: { exposeErrors: 'none' } })
  server.on('error', () => {})
  let thrown: Error = new RpcError('PERMISSION_DENIED', 'the-message', { details: 'the-details' })
  server.use(() => {
    throw thrown
  })
  const denied = await failure(client.guarded())
  assert.equal(
    [denied.code, denied.message, denied.executed, denied.details],
    ['PERMISSION_DENIED', 'the call was refused', 'no', undefined],
  )
  thrown = new RpcError('SECRET_CODE', 'the-message')
  assert.is((await failure(client.guarded())).code, 'INTERNAL')
})

test.run()
